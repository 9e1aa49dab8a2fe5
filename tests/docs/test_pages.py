"""What the documents point to is there: files, settings, commands, and the picture."""

import re
from pathlib import Path

import pytest
import yaml

from manager.cli.app import build
from manager.settings import Settings

_REPOSITORY = Path(__file__).parents[2]
_PAGES = [_REPOSITORY / "README.md", _REPOSITORY / "CHANGELOG.md", *sorted((_REPOSITORY / "docs").glob("*.md"))]
pages = pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)


@pages
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pages
def test_every_setting_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", text))
    for block in re.findall(r"```ini\n(.*?)```", text, flags=re.DOTALL):
        named |= set(re.findall(r"^([A-Z][A-Z0-9_]+)=", block, flags=re.MULTILINE))
    known = {name.upper() for name in Settings.model_fields}
    known |= set(re.findall(r"\$\{([A-Z_]+)", (_REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")))
    googles = {"GPUS_ALL_REGIONS", "NVIDIA_T4_GPUS", "NVIDIA_L4_GPUS", "ZONE_RESOURCE_POOL_EXHAUSTED"}
    assert named - known - googles == set()


@pages
def test_every_file_of_the_project_that_is_named_exists(page: Path) -> None:
    named = re.findall(
        r"`((?:manager|tests|startup|templates|static|docs|bench|script|deploy)/[\w./-]*)", page.read_text("utf-8")
    )
    assert [each for each in named if not (_REPOSITORY / each).exists()] == []


@pages
def test_every_command_of_gpubox_that_is_named_exists(page: Path) -> None:
    spans = re.findall(r"`([^`\n]+)`", page.read_text("utf-8"))
    found = [re.search(r"(?:^|panel |bin/)gpubox ([a-z][a-z-]+)", span) for span in spans]
    named = {match[1] for match in found if match}
    app = build()
    known = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    assert named <= known


def test_every_setting_is_in_the_example() -> None:
    example = (_REPOSITORY / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, flags=re.MULTILINE))
    assert {name.upper() for name in Settings.model_fields} <= named


def test_the_picture_is_a_picture_and_not_a_heavy_one() -> None:
    picture = _REPOSITORY / "docs/images/panel.png"
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert 20_000 < len(data) < 300_000


def test_the_version_of_compose_that_is_asked_for_is_the_one_that_is_needed() -> None:
    """A list of env files that may be missing came with compose 2.24."""
    compose = yaml.safe_load((_REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
    assert compose["services"]["panel"]["env_file"] == [{"path": ".env", "required": False}]
    assert "compose 2.24" in (_REPOSITORY / "docs/operating.md").read_text(encoding="utf-8")
