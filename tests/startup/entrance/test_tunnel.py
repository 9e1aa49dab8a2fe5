"""A Cloudflare Tunnel: its token, cloudflared, and the ports that stay closed. A stand-in plays cloudflared."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from box import Box, wait_until
from tunnelled import FIRST, ORIGIN, SECOND, running, tunnelled
from world import TOKEN, World

from tests.support.certificates import self_signed


@pytest.fixture
def box(make_box: Callable[..., Box], world: World) -> Box:
    return tunnelled(make_box, world)


def test_a_tunnel_that_connects_is_told_under_its_name(box: Box) -> None:
    told = box.apply()
    assert told == {"way": "tunnel", "url": ORIGIN, "certificate": None, "sha256": "", "problem": None}, box.said
    assert (box.folder / "connected-by").read_bytes() == FIRST


def test_the_token_comes_from_secret_manager(make_box: Callable[..., Box], world: World) -> None:
    world.secrets["a-project/a-token"] = SECOND
    box = tunnelled(make_box, world, cf_tunnel_token_path="secret://a-project/a-token")
    assert box.apply()["problem"] is None, box.said
    assert (box.folder / "connected-by").read_bytes() == SECOND


def test_the_token_comes_over_https_and_google_s_own_token_stays_at_home(
    make_box: Callable[..., Box], world: World, tmp_path: Path
) -> None:
    pair = tmp_path / "pair.pem"
    pair.write_bytes(b"".join(self_signed("localhost")))
    with World(pair) as web:
        web.files["/token"] = SECOND
        box = tunnelled(make_box, world, cf_tunnel_token_path=f"{web.url}/token")
        told = box.apply(CURL_CA_BUNDLE=str(pair), NO_PROXY="localhost,127.0.0.1,127.0.0.2")
        assert told["problem"] is None, box.said
        assert web.authorizations == [""]


@pytest.fixture
def overheard(box: Box, tmp_path: Path) -> Path:
    """A file with the arguments and the environment of every program that the shell starts."""
    spies = tmp_path / "spies"
    spies.mkdir()
    file = tmp_path / "overheard"
    for program in ("curl", "jq", "base64", "tr", "install", "mv", "cat", "grep", "openssl", "systemctl", "nginx"):
        spy = spies / program
        spy.write_text(
            f'#!/usr/bin/env bash\n{{ printf "%s\\n" "$0 $*"; export -p; }} >>"{file}"\n'
            f'PATH=${{PATH#{spies}:}} exec {program} "$@"\n'
        )
        spy.chmod(0o755)
    box.environment["PATH"] = f"{spies}:{box.environment['PATH']}"
    return file


def test_no_token_is_on_a_command_line_in_an_environment_in_a_log_or_in_what_is_told(box: Box, overheard: Path) -> None:
    box.apply()
    pid = running(box)
    assert pid
    proc = Path(f"/proc/{pid}")
    places = {name: (proc / name).read_bytes() for name in ("cmdline", "environ")}
    places["overheard"] = overheard.read_bytes()
    assert b"--token-file" in places["cmdline"]
    assert b"curl" in places["overheard"]
    places |= {str(path): path.read_bytes() for path in box.folder.rglob("*") if path.is_file() and _tells(path)}
    places["said"] = (box.said + box.told("entrance") + box.told("problem")).encode()
    for secret in (FIRST, b"the secret of first", TOKEN.encode()):
        assert not [name for name, content in places.items() if secret in content]


def _tells(path: Path) -> bool:
    return path.name not in ("token", "connected-by")


def test_it_is_for_root_alone_and_in_memory_only(box: Box) -> None:
    box.apply()
    token = box.folder / "run" / "tunnel" / "token"
    assert (stat.S_IMODE(token.stat().st_mode), stat.S_IMODE(token.parent.stat().st_mode)) == (0o600, 0o700)
    kept = [path for path in box.folder.rglob("*") if path.is_file() and FIRST in path.read_bytes()]
    # The stand-in keeps the two others: systemd's credential, and what it was told.
    assert {path.relative_to(box.folder).parts[0] for path in kept} == {"run", "credentials", "connected-by"}


def test_no_port_is_open_to_the_outside(box: Box) -> None:
    box.apply()
    assert box.listens(box.http_port, "127.0.0.2")
    assert not box.listens(box.http_port, "127.0.0.1")
    assert not box.listens(box.https_port)
    listening = [
        line
        for file in (box.folder / "etc" / "nginx" / "servers").iterdir()
        for line in file.read_text().splitlines()
        if line.strip().startswith("listen ") and "unix:" not in line
    ]
    assert listening == [f"  listen 127.0.0.2:{box.http_port} default_server;"]


def test_cloudflared_is_downloaded_once(box: Box) -> None:
    box.apply()
    box.apply()
    assert len([path for path in box.world.asked if path.startswith("/cloudflared/")]) == 1
    assert stat.S_IMODE((box.folder / "opt" / "cloudflared" / "cloudflared").stat().st_mode) == 0o755


def test_the_same_token_disturbs_nothing_and_a_new_one_takes_its_place(box: Box) -> None:
    box.apply()
    pid = running(box)
    box.apply()
    assert running(box) == pid
    box.world.objects["keys/token"] = SECOND
    assert box.apply()["problem"] is None, box.said
    assert running(box) not in (0, pid)
    assert (box.folder / "connected-by").read_bytes() == SECOND


def test_another_way_ends_the_tunnel_and_forgets_its_token(box: Box) -> None:
    box.apply()
    box.attributes["gpubox-entrance"] = "relay"
    assert box.apply()["way"] == "relay"
    wait_until(lambda: not running(box))
    assert not (box.folder / "run" / "tunnel").exists()
    assert not box.listens(box.http_port, "127.0.0.2")
    assert box.listens(box.https_port)


def test_the_tunnel_closes_the_ports_of_the_way_before(box: Box) -> None:
    box.attributes["gpubox-entrance"] = "relay"
    box.apply()
    assert box.listens(box.https_port)
    box.attributes["gpubox-entrance"] = "tunnel"
    box.apply()
    wait_until(lambda: not box.listens(box.https_port))
