"""The gate as it runs on a box: a process, two unix sockets, a folder that outlives it."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from makers import HERE, MANAGER, THERE, attributes
from running import PATIENCE_S, Beside, RunningGate, fresh_ticket, until


@pytest.fixture
async def beside() -> AsyncIterator[Beside]:
    async with Beside().served() as served:
        yield served


@pytest.fixture
async def gate(tmp_path: Path, beside: Beside) -> AsyncIterator[RunningGate]:
    running = RunningGate(tmp_path, beside)
    await running.start()
    yield running
    await running.stop()


async def coming_in(gate: RunningGate, session: str = "anna") -> str:
    status, headers, _ = await gate.enter(fresh_ticket(session))
    assert status == 204
    return headers["Set-Cookie"].partition(";")[0]


async def test_a_ticket_becomes_a_cookie_that_browsers_keep_in_a_frame(gate: RunningGate) -> None:
    shown = fresh_ticket()
    status, headers, _ = await gate.enter(shown)
    cookie, *rules = headers["Set-Cookie"].split("; ")
    age = next(rule for rule in rules if rule.startswith("Max-Age="))
    assert status == 204
    assert cookie.startswith("__Host-gpubox-box=")
    assert set(rules) - {age} == {"Path=/", "HttpOnly", "Secure", "SameSite=None", "Partitioned"}
    assert 8 * 3600 - 60 < int(age.removeprefix("Max-Age=")) <= 8 * 3600
    assert headers["Cache-Control"] == "no-store"
    assert await gate.check(cookie) == (204, "browser")
    assert await gate.check(cookie, THERE) == (401, "address")
    status, _, body = await gate.enter(shown)
    assert (status, json.loads(body)) == (401, {"code": "used"})
    log = gate.log.read_text()
    assert "anna" in log
    assert shown not in log
    assert cookie not in log


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"ticket": 5}', b"\xff", b'{"ticket": "' + b"x" * 9000 + b'"}'])
async def test_what_is_no_ticket_is_refused_in_one_word(gate: RunningGate, body: bytes) -> None:
    status, _, answer = await gate.ask("POST", "/_gpubox/enter", body, X_Gpubox_Address=HERE)
    assert (status, json.loads(answer)) == (401, {"code": "malformed"})


async def test_a_logout_ends_cookie_and_websocket_and_leaves_the_others(gate: RunningGate) -> None:
    anna, ben = await coming_in(gate, "anna"), await coming_in(gate, "ben")
    for cookie, number in ((anna, "1"), (ben, "2")):
        assert await gate.expect(cookie, number) == (204, "browser")
    async with gate.socket("1") as hers, gate.socket("2") as his:
        for open_one in (hers, his):
            await open_one.send_str("hello")
            assert await open_one.receive_str() == "heard hello"
        status, _ = await gate.speak("ben")
        assert status == 200
        # Her ticket may have been made in the same second as the statement, and then counts until the next.
        await until(lambda: told_again(gate, anna))
        ended = await asyncio.wait_for(hers.receive(), PATIENCE_S)
        assert ended.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)
        await his.send_str("still here")
        assert await his.receive_str() == "heard still here"
    assert await gate.check(anna) == (401, "ended")
    assert await gate.check(ben) == (204, "browser")


async def told_again(gate: RunningGate, cookie: str) -> bool:
    await gate.speak("ben")
    return await gate.check(cookie) == (401, "ended")


async def test_a_websocket_comes_to_comfyui_without_anything_of_the_gates(gate: RunningGate) -> None:
    assert await gate.expect(await coming_in(gate), "7") == (204, "browser")
    async with gate.socket("7") as opened:
        await opened.send_str("hello")
        assert await opened.receive_str() == "heard hello"
    head = gate.beside.heads[-1]
    assert head["Host"] == "comfy.example.com"
    assert not [name for name in head if name.lower().startswith("x-gpubox")]


async def test_a_websocket_that_nobody_asked_about_is_refused(gate: RunningGate) -> None:
    await gate.expect(await coming_in(gate), "7")
    async with gate.socket("7"):
        pass
    for number in ("7", "8", ""):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with gate.socket(number):
                pass
        assert refused.value.status == 401
    assert await gate.expect("", "9") == (401, "missing")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with gate.socket("9"):
            pass


@pytest.mark.parametrize("said", [b"nonsense\r\n\r\n", b"GET /ws HTTP/1.1\r\nbroken\r\n\r\n", b"G" * 100_000, b""])
async def test_what_is_no_request_is_hung_up_on(gate: RunningGate, said: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(gate.run / "streams.sock"))
    writer.write(said)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_a_restart_ends_no_cookie_and_forgets_no_ticket(gate: RunningGate) -> None:
    shown = fresh_ticket()
    _, headers, _ = await gate.enter(shown)
    cookie = headers["Set-Cookie"].partition(";")[0]
    await gate.restart()
    assert await gate.check(cookie) == (204, "browser")
    assert json.loads((await gate.enter(shown))[2]) == {"code": "used"}


async def test_the_managers_word_is_answered_with_the_report_and_written_for_the_guard(gate: RunningGate) -> None:
    (gate.run / "progress.json").write_text('{"steps": []}')
    status, report = await gate.speak("anna", keep_alive_age_s=3, allowed=[HERE])
    assert (status, report["version"], report["address"]) == (200, 1, MANAGER)
    assert (report["guard"], report["models"], report["progress"]) == (None, None, {"steps": []})
    kept = json.loads((gate.run / "manager.json").read_text())
    assert (kept["keep_alive_age_s"], kept["allowed"], kept["address"]) == (3, [HERE], MANAGER)
    assert await gate.check("", THERE) == (403, "closed")
    status, _, body = await gate.ask("POST", "/_gpubox/manager", "nonsense", X_Gpubox_Address=THERE)
    assert (status, json.loads(body)["code"]) == (401, "malformed")


async def test_metadata_that_changes_while_it_runs_counts(tmp_path: Path, beside: Beside) -> None:
    beside.attributes = {"gpubox-box": "comfyui"}
    (tmp_path / "box.json").write_text(json.dumps({"attributes": attributes(), "instance": {}}))
    beside.silent = True
    gate = RunningGate(tmp_path, beside)
    await gate.start()
    # The metadata server is silent: the box goes by what was read last.
    cookie = await coming_in(gate)
    assert await gate.check(cookie) == (204, "browser")
    assert await gate.stop() == 0


async def test_systemds_sockets_are_used_and_it_hears_that_the_gate_is_up(tmp_path: Path, beside: Beside) -> None:
    gate = RunningGate(tmp_path, beside)
    gate.run.mkdir()
    held = []
    for name in ("gate.sock", "streams.sock"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(gate.run / name))
        listener.listen()
        held.append(listener)
    hears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    hears.bind(str(tmp_path / "notify"))
    hears.settimeout(PATIENCE_S)
    # systemd names the process that the sockets are for, which only the process itself knows.
    shell = f'exec 3<&{held[0].fileno()} 4<&{held[1].fileno()}; LISTEN_FDS=2 LISTEN_PID=$$ exec "$@"'
    inodes = [(gate.run / name).stat().st_ino for name in ("gate.sock", "streams.sock")]
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", shell, "gate", sys.executable, "-m", "gpubox_agent.gate"),
        env=gate.environment(NOTIFY_SOCKET=str(tmp_path / "notify")),
        pass_fds=[each.fileno() for each in held],
    )
    try:
        assert await asyncio.to_thread(hears.recv, 100) == b"READY=1"
        assert (await gate.ask("GET", "/_gpubox/health"))[0] == 204
        assert [(gate.run / name).stat().st_ino for name in ("gate.sock", "streams.sock")] == inodes
    finally:
        process.terminate()
        assert await process.wait() == 0
        for each in (*held, hears):
            each.close()


async def test_comfyui_that_is_away_is_said_at_once(gate: RunningGate) -> None:
    await gate.stop()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        served, gate.beside.port = gate.beside.port, int(unused.getsockname()[1])
        await gate.start(GCE_METADATA_HOST=f"127.0.0.1:{served}")
        assert await gate.expect(await coming_in(gate), "7") == (204, "browser")
        with pytest.raises(aiohttp.WSServerHandshakeError) as away:
            async with gate.socket("7"):
                pass
        assert away.value.status == 502
