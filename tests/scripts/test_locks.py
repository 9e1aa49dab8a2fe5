"""pyproject.toml and requirements/*.txt agree; everything is pinned, hashed and without an address. Offline."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

_REPOSITORY = Path(__file__).parents[2]
_LISTS = ("run", "demo", "dev")
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[[a-z0-9,._-]+\])?==(?P<version>\S+)( ; (?P<marker>.+?))?( \\)?$")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((_REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def _text(name: str) -> str:
    return (_REPOSITORY / f"requirements/{name}.txt").read_text(encoding="utf-8")


def _pins(name: str) -> dict[str, set[Version]]:
    pins: dict[str, set[Version]] = {}
    for line in _text(name).splitlines():
        if not line.startswith((" ", "#")) and line:
            found = _PIN.match(line)
            assert found, f"requirements/{name}.txt: {line}"
            pins.setdefault(canonicalize_name(found["name"]), set()).add(Version(found["version"]))
    return pins


def _wanted(project: dict[str, Any], name: str) -> list[str]:
    wanted = list(project["project"]["dependencies"])
    if name != "run":
        wanted += project["project"]["optional-dependencies"]["demo"]
    if name == "dev":
        wanted += project["dependency-groups"]["dev"]
    return wanted


def _unmet(wanted: Iterable[str], pins: dict[str, set[Version]]) -> list[str]:
    requirements = [Requirement(each) for each in wanted]
    return [
        str(each)
        for each in requirements
        if not (found := pins.get(canonicalize_name(each.name)))
        or not all(each.specifier.contains(version, prereleases=True) for version in found)
    ]


@pytest.mark.parametrize("name", _LISTS)
def test_what_pyproject_asks_for_is_locked_in_a_version_that_fits(project: dict[str, Any], name: str) -> None:
    assert _unmet(_wanted(project, name), _pins(name)) == []


@pytest.mark.parametrize("name", _LISTS)
def test_every_pin_says_who_asked_for_it(project: dict[str, Any], name: str) -> None:
    """A dependency that was dropped from pyproject.toml leaves the lists when they are made anew."""
    direct = {
        canonicalize_name(entry.partition("==")[0].partition("[")[0])
        for entry in re.split(r"\n(?=[a-z0-9])", _text(name))
        if "gpubox (pyproject.toml" in entry
    }
    assert direct <= {canonicalize_name(Requirement(each).name) for each in _wanted(project, name)}
    assert len(direct) > 15


@pytest.mark.parametrize("name", _LISTS)
def test_every_pin_has_hashes_and_none_an_address(name: str) -> None:
    text = _text(name)
    assert "://" not in text
    assert "--index-url" not in text
    for entry in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in entry, entry


def test_tests_try_the_versions_that_users_run() -> None:
    run, dev = _pins("run"), _pins("dev")
    assert {name: dev.get(name) for name in run} == run
    demo = _pins("demo")
    assert {name: dev.get(name) for name in demo} == demo


def test_the_image_and_a_server_get_nothing_of_the_demo() -> None:
    assert "comfyui-frontend-package" in _pins("demo")
    assert "comfyui-frontend-package" not in _pins("run")
