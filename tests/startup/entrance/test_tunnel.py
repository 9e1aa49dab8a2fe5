"""A Cloudflare Tunnel: its token, and cloudflared with all that can go wrong with it. A stand-in plays cloudflared."""

import base64
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from box import DOMAIN, HERE, Box, wait_until
from echo import Echo
from world import TOKEN, World

from tests.support.certificates import self_signed

ORIGIN = f"https://{DOMAIN}"
CLOUDFLARED = (HERE / "bin" / "cloudflared").read_bytes()
VISITOR = "2001:db8::7"


def token_of(name: str) -> bytes:
    """As Cloudflare makes them: base64 of an account, a tunnel and a secret."""
    return base64.b64encode(json.dumps({"a": "account", "t": name, "s": f"the secret of {name}"}).encode())


FIRST, SECOND = token_of("first"), token_of("second")


def tunnelled(make: Callable[..., Box], world: World, **settings: str) -> Box:
    world.objects["keys/token"] = FIRST + b"\n"
    world.files |= {f"/cloudflared/cloudflared-linux-{name}": CLOUDFLARED for name in ("amd64", "arm64")}
    box = make(
        **{"gpubox_entrance": "tunnel", "domain_name": DOMAIN, "cf_tunnel_token_path": "gs://keys/token"} | settings
    )
    box.environment["GPUBOX_TUNNEL_SHA256"] = hashlib.sha256(CLOUDFLARED).hexdigest()
    does(box, "connects")
    return box


@pytest.fixture
def box(make_box: Callable[..., Box], world: World) -> Box:
    return tunnelled(make_box, world)


def does(box: Box, what: str) -> None:
    """What cloudflared does from its next start on: `connects`, `waits` for a connection, or `exits`."""
    (box.folder / "cloudflared").write_text(what)


def running(box: Box) -> int:
    """The process id of cloudflared; 0 where it does not run."""
    file = box.folder / "tunnel.pid"
    pid = int(file.read_text()) if file.exists() else 0
    return pid if pid and Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() else 0


def through(box: Box) -> httpx.Client:
    """A visitor, as cloudflared passes them on."""
    headers = {"Host": DOMAIN, "CF-Connecting-IP": VISITOR}
    return box.client(base=f"http://127.0.0.2:{box.http_port}", source="127.0.0.2", headers=headers)


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


UNREADABLE = [
    ("", "An address is missing: gs://BUCKET/OBJECT, https://HOST/PATH or secret://PROJECT/NAME."),
    ("/etc/token", "/etc/token is none of gs://BUCKET/OBJECT, https://HOST/PATH and secret://PROJECT/NAME."),
    ("http://example.com/token", "http://example.com/token is none of gs://BUCKET/OBJECT"),
    ("gs://keys/none", "gs://keys/none could not be read: there is nothing at this address (HTTP 404)."),
    ("secret://p/none", "secret://p/none could not be read: there is nothing at this address (HTTP 404)."),
    ("https://127.0.0.1:9/token", "https://127.0.0.1:9/token could not be read: no answer from 127.0.0.1:9."),
]


@pytest.mark.parametrize(("address", "words"), UNREADABLE)
def test_a_token_that_cannot_be_read_is_told_with_its_address(
    make_box: Callable[..., Box], world: World, address: str, words: str
) -> None:
    box = tunnelled(make_box, world, cf_tunnel_token_path=address)
    told = box.apply()
    assert (told["way"], told["url"], told["problem"]) == ("tunnel", None, "entrance_tunnel")
    assert box.told("problem").startswith(f"entrance_tunnel: {words}")
    assert not running(box)
    assert "--on-active 60" in box.calls("systemd-run")[-1]


def test_who_may_not_read_the_token_is_told_so(box: Box) -> None:
    box.world.may_read = False
    assert box.apply()["problem"] == "entrance_tunnel"
    assert "the VM's service account may not read it (HTTP 403)" in box.told("problem")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"<html>", b"hello", base64.b64encode(b"{}"), base64.b64encode(b"[]"), FIRST[:-9]]
)
def test_what_is_no_token_is_refused_without_repeating_it(box: Box, content: bytes) -> None:
    box.world.objects["keys/token"] = content
    assert box.apply()["problem"] == "entrance_tunnel"
    assert box.told("problem") == "entrance_tunnel: What lies at gs://keys/token is no tunnel's token."
    assert not running(box)
    assert not (box.folder / "run" / "tunnel" / "token").exists()


def test_cloudflared_is_downloaded_once(box: Box) -> None:
    box.apply()
    box.apply()
    assert len([path for path in box.world.asked if path.startswith("/cloudflared/")]) == 1
    assert stat.S_IMODE((box.folder / "opt" / "cloudflared" / "cloudflared").stat().st_mode) == 0o755


def test_where_cloudflared_cannot_be_had_it_is_told(box: Box) -> None:
    box.world.files.clear()
    assert box.apply()["problem"] == "entrance_tunnel"
    host = box.world.url.removeprefix("http://")
    assert box.told("problem") == f"entrance_tunnel: cloudflared could not be downloaded from {host}."


def test_another_cloudflared_than_the_pinned_one_is_not_run(box: Box) -> None:
    box.world.files |= dict.fromkeys(box.world.files, CLOUDFLARED + b"# and more\n")
    assert box.apply()["problem"] == "entrance_tunnel"
    assert "is not version 20" in box.told("problem")
    assert "its SHA-256 differs." in box.told("problem")
    assert not list((box.folder / "opt" / "cloudflared").iterdir())


def test_a_cloudflared_that_was_cut_short_is_downloaded_again(box: Box) -> None:
    box.apply()
    binary = box.folder / "opt" / "cloudflared" / "cloudflared"
    os.truncate(binary, 9)
    assert box.apply()["problem"] is None, box.said
    assert binary.read_bytes() == CLOUDFLARED


def test_a_cloudflared_that_exits_is_told_with_its_last_words_but_never_the_token(box: Box) -> None:
    does(box, "exits")
    told = box.apply()
    assert (told["url"], told["problem"]) == (None, "entrance_tunnel")
    assert "cloudflared does not connect. It says: " in box.told("problem")
    assert "Provided Tunnel token is not valid" in box.told("problem")
    assert FIRST.decode() not in box.told("problem") + box.said
    does(box, "connects")
    assert box.apply()["url"] == ORIGIN


def test_a_cloudflared_that_never_connects_is_told_and_goes_on_trying(box: Box) -> None:
    does(box, "waits")
    told = box.apply(GPUBOX_TUNNEL_PATIENCE="1")
    assert (told["url"], told["problem"]) == (None, "entrance_tunnel")
    assert "It says: 2026-11-21T12:00:00Z ERR Failed to dial" in box.told("problem")
    assert running(box)
    assert "--on-active 60" in box.calls("systemd-run")[-1]


def test_the_same_token_disturbs_nothing_and_a_new_one_takes_its_place(box: Box) -> None:
    box.apply()
    pid = running(box)
    box.apply()
    assert running(box) == pid
    box.world.objects["keys/token"] = SECOND
    assert box.apply()["problem"] is None, box.said
    assert running(box) not in (0, pid)
    assert (box.folder / "connected-by").read_bytes() == SECOND


def test_where_the_token_cannot_be_read_again_the_tunnel_that_stands_is_kept(box: Box) -> None:
    box.apply()
    pid = running(box)
    box.world.may_read = False
    told = box.apply()
    assert (told["url"], told["problem"]) == (ORIGIN, "entrance_tunnel")
    assert running(box) == pid


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


@pytest.fixture
def seen_by(world: World) -> Iterator[tuple[Box, Echo]]:
    """A tunnel to an upstream that tells what reached it."""
    with Echo() as echo, Box(world, echo.port) as made:
        box = tunnelled(lambda **settings: _with(made, settings), world)
        box.apply()
        yield box.open_gate(), echo


def _with(box: Box, settings: dict[str, str]) -> Box:
    box.attributes |= {key.replace("gpubox_", "gpubox-"): value for key, value in settings.items()}
    return box


def test_a_program_s_service_token_of_cloudflare_s_passes_and_stays_outside_of_comfyui(
    seen_by: tuple[Box, Echo],
) -> None:
    box, _ = seen_by
    access = {
        "CF-Access-Client-Id": "an-id.access",
        "CF-Access-Client-Secret": "a-client-secret",
        "Cf-Access-Jwt-Assertion": "what Cloudflare made of them",
    }
    with through(box) as program:
        assert box.speak_as(program, VISITOR).json()["address"] == VISITOR
        assert program.get("/api/queue", headers=access).status_code == 401
        answer = program.get("/api/queue", headers=access | box.bearer())
        assert answer.status_code == 200
        seen = answer.json()["headers"]
    assert not {name for name in seen if name.startswith(("cf-access", "authorization"))}
    assert seen["x-forwarded-for"] == VISITOR
    assert seen["x-forwarded-proto"] == "https"
    assert "a-client-secret" not in box.logs()


def test_a_browser_comes_in_through_the_tunnel(seen_by: tuple[Box, Echo]) -> None:
    box, echo = seen_by
    with through(box) as visitor:
        assert box.speak(visitor).status_code == 200
        entered = visitor.post("/_gpubox/enter", json={"ticket": box.ticket()}, headers={"Origin": ORIGIN})
        assert entered.status_code == 204, entered.text
        cookie = entered.headers["Set-Cookie"].partition(";")[0]
        assert visitor.get("/api/queue", headers={"Cookie": cookie}).status_code == 200
        # The same cookie from another visitor's address.
        other = {"Cookie": cookie, "CF-Connecting-IP": "203.0.113.9"}
        assert visitor.get("/api/queue", headers=other).status_code == 401
    assert echo.seen == ["/api/queue"]
