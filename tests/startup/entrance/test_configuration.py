"""nginx's configuration in each of the four ways: what is put in force, what is kept where that fails."""

import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from box import DOMAIN, REPOSITORY, Box
from world import World

from tests.support.certificates import self_signed

GIXY = Path(sys.executable).with_name("gixy")
WAYS = ["letsencrypt", "origin", "tunnel", "relay"]
_KEYS = {"cf_cert_path": "gs://keys/cert.pem", "cf_key_path": "gs://keys/key.pem"}
SETTINGS = {
    "letsencrypt": {"gpubox-entrance": "domain", "cf_cert_path": "", "cf_key_path": ""},
    "origin": {"gpubox-entrance": "domain"} | _KEYS,
    "tunnel": {"gpubox-entrance": "tunnel"},
    "relay": {"gpubox-entrance": "relay"},
}


@pytest.fixture
def box(make_box: Callable[..., Box], world: World) -> Box:
    world.objects["keys/cert.pem"], world.objects["keys/key.pem"] = self_signed(DOMAIN)
    box = make_box(domain_name=DOMAIN)
    # A certificate that an authority has given at an earlier boot.
    folder = box.folder / "data" / "tls" / "letsencrypt"
    (folder / "live" / DOMAIN).mkdir(parents=True)
    (folder / "renewal").mkdir()
    for name, content in zip(("fullchain", "privkey"), self_signed(DOMAIN), strict=True):
        (folder / "live" / DOMAIN / f"{name}.pem").write_bytes(content)
    server = "https://acme-v02.api.letsencrypt.org/directory"
    (folder / "renewal" / f"{DOMAIN}.conf").write_text(f"server = {server}\n")
    return box


def go(box: Box, way: str, **environment: str) -> None:
    """Make it so; a tunnel that has no token and a name that cannot be looked up are told and change nothing here."""
    box.attributes |= SETTINGS[way]
    told = box.apply(GPUBOX_RESOLVER="127.0.0.1:9", **environment)
    assert told["way"] == way
    assert told["problem"] in (None, "entrance_tunnel", "entrance_dns"), box.said


def answers(box: Box, way: str) -> bool:
    """Whether the box answers where this way has it."""
    tunnel = {"base": f"http://127.0.0.2:{box.http_port}", "source": "127.0.0.2"}
    with box.client(headers={"Host": DOMAIN}, **(tunnel if way == "tunnel" else {})) as client:
        return client.get("/_gpubox/probe.html").status_code == 200


@pytest.mark.parametrize("way", WAYS)
def test_gixy_finds_nothing(box: Box, way: str) -> None:
    go(box, way)
    command = [GIXY, "--format", "text", box.folder / "etc" / "nginx" / "nginx.conf"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "No issues found" in found.stdout


@pytest.mark.parametrize("before", WAYS)
def test_each_way_gives_place_to_each_other(box: Box, before: str) -> None:
    for way in WAYS:
        if way != before:
            go(box, before)
            go(box, way)
            assert answers(box, way), f"{before} to {way}"


@pytest.mark.parametrize("way", WAYS)
def test_nginx_s_secrets_are_not_in_its_configuration(box: Box, way: str) -> None:
    go(box, way)
    for file in (box.folder / "etc" / "nginx.d").rglob("*"):
        if file.is_file():
            assert "PRIVATE KEY" not in file.read_text()
            assert stat.S_IMODE(file.stat().st_mode) == 0o644


def templates(box: Box, name: str, more: str) -> str:
    """The product's own templates, one of them with this line; as the shell's name for where they are."""
    folder = box.folder / "templates"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(REPOSITORY / "startup" / "nginx", folder)
    with (folder / name).open("a", encoding="utf-8") as template:
        template.write(f"{more}\n")
    return f"ENTRANCE_TEMPLATES={folder}"


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("facts.conf.template", "no_such_directive on;", 'unknown directive "no_such_directive" in '),
        ("tls.conf.template", "ssl_ciphers none;", "is duplicate in "),
        ("servers/relay.conf.template", "server {", 'unexpected end of file, expecting "}" in '),
        ("facts.conf.template", "map $a $b { default @NOT_A_NAME@; }", "The configuration could not be written"),
    ],
)
def test_a_configuration_that_nginx_refuses_is_never_put_in_force(box: Box, name: str, more: str, words: str) -> None:
    go(box, "relay")
    before, calls = (box.folder / "etc" / "nginx").readlink(), box.calls("systemctl")
    box.shell(f"{templates(box, name, more)}; entrance_apply")
    assert box.told("problem").startswith("entrance_nginx: ")
    assert words in box.told("problem")
    assert (box.folder / "etc" / "nginx").readlink() == before
    assert [call for call in box.calls("systemctl")[len(calls) :] if "nginx" in call] == []
    assert answers(box, "relay")
    # And it is over as soon as the configuration is good again.
    go(box, "relay")
    assert not box.told("problem")


def test_where_nginx_passes_its_test_and_yet_does_not_take_it_the_one_before_is_put_back(box: Box) -> None:
    go(box, "relay")
    before = (box.folder / "etc" / "nginx").readlink()
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", box.http_port))
        occupied.listen()
        box.attributes |= SETTINGS["origin"]
        assert box.apply(GPUBOX_NGINX_PATIENCE="1")["problem"] == "entrance_nginx"
    assert "nginx did not take the new configuration: " in box.told("problem")
    assert f"bind() to 0.0.0.0:{box.http_port} failed (98: Address already in use)" in box.told("problem")
    assert (box.folder / "etc" / "nginx").readlink() == before
    assert answers(box, "relay")


def test_a_reload_cuts_nobody_off(box: Box) -> None:
    go(box, "relay")
    box.attributes["gpubox-panel-origin"] = "https://another.example.com"
    go(box, "relay")
    assert [call for call in box.calls("systemctl") if "nginx" in call][-1] == "reload-or-restart nginx.service"


def test_old_configurations_are_not_kept(box: Box) -> None:
    for origin in ("https://a.example.com", "https://b.example.com", "https://a.example.com"):
        box.attributes["gpubox-panel-origin"] = origin
        go(box, "relay")
    kept = list((box.folder / "etc" / "nginx.d").iterdir())
    assert kept == [(box.folder / "etc" / "nginx").readlink()]
