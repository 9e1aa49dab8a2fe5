"""`python -m gpubox_agent.guard`: puts the guard together and runs it, for ever."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from gpubox_agent import logs
from gpubox_agent.files import data_directory, read_json, run_directory, state_directory
from gpubox_agent.guard.boot import boot_id, booted_at
from gpubox_agent.guard.comfyui import HttpComfyUi
from gpubox_agent.guard.config import policy_of
from gpubox_agent.guard.executor import SystemExecutor
from gpubox_agent.guard.gpu import StrangersOnGpu
from gpubox_agent.guard.growth import GrowingFiles
from gpubox_agent.guard.guard import STATE, Guard, World, restored_course
from gpubox_agent.guard.journal import Journal
from gpubox_agent.guard.ledger import Ledger, restored
from gpubox_agent.guard.processes import NamelessUploads, Transfers
from gpubox_agent.guard.relayed import Provisioning, model_download
from gpubox_agent.guard.sources import Source, Sources
from gpubox_agent.guard.terminals import Typing, tell
from gpubox_agent.guard.verdict import Policy, Sign
from gpubox_agent.guest import GuestAttributes
from gpubox_agent.metadata import Box, Metadata, box_from_file
from gpubox_agent.notify import notify

_log = logging.getLogger("gpubox_agent.guard")
# At least twice within systemd's patience, however long a pause is.
_BEAT_S = 10.0


def main() -> None:
    """Ends with the process: threads that hang in a driver are left behind."""
    logs.set_up()
    try:
        asyncio.run(_run())
    except asyncio.CancelledError:
        _log.info("told to end")
    logging.shutdown()
    os._exit(0)


async def _run() -> None:
    this = asyncio.current_task()
    if this is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    async with aiohttp.ClientSession(trust_env=False) as session:
        guest = GuestAttributes(session)
        guard = _guard(session, guest, box_from_file() or Box())
        beside = [
            asyncio.create_task(_for_ever("guest attributes", guest.run)),
            asyncio.create_task(_for_ever("settings", lambda: _follow(Metadata(session), guard))),
        ]
        try:
            notify("READY=1", "STATUS=watching")
            await _watch(guard)
        finally:
            for task in beside:
                task.cancel()


async def _watch(guard: Guard) -> None:
    """The loop. A pass that fails is said, and the next one is made all the same."""
    while True:
        try:
            state = await guard.run_pass()
        except Exception:  # noqa: BLE001 - whatever it was, the next pass may go well
            # No heartbeat: if none ever goes well, systemd begins anew.
            _log.exception("a pass failed")
            await asyncio.sleep(guard.interval_s)
            continue
        notify("WATCHDOG=1", f"STATUS={state.value}")
        await _pause(guard.interval_s)


async def _pause(seconds: float) -> None:
    """Sleep, while systemd hears that the program lives."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, _BEAT_S))
        notify("WATCHDOG=1")


async def _for_ever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - the guard goes on without it meanwhile
            _log.exception("%s failed; beginning again", name)
        await asyncio.sleep(_BEAT_S)


async def _follow(metadata: Metadata, guard: Guard) -> None:
    async for box in metadata.follow():
        guard.policy = _policy(box, guard.policy)


def _policy(box: Box, last: Policy | None) -> Policy:
    policy, problems = policy_of(box.attributes, last)
    for problem in problems:
        _log.warning("%s; going on with what was there before", problem)
    if policy != last:
        limit = "no longest time" if policy.max_run_s is None else f"{policy.max_run_s / 3600:g} h at most"
        _log.info("powers off after %g quiet minutes; %s", policy.idle_s / 60, limit)
    return policy


def _guard(session: aiohttp.ClientSession, guest: GuestAttributes, box: Box) -> Guard:
    run, now = run_directory(), time.monotonic()
    journal = Journal(state_directory("guard"), boot_id())
    if (end := journal.last_end()) is not None:
        _log.info("the guard ended an earlier boot: %s", end)
    ledger = restored((read_json(run / STATE) or {}).get("ledger"), Ledger(max(0.0, min(booted_at(), now)), now), now)
    world = World(
        comfyui=HttpComfyUi(session),
        sources=Sources(_sources(run, data_directory())),
        executor=SystemExecutor(),
        guest=guest,
        journal=journal,
        run=run,
        clock=time.monotonic,
        pause=_pause,
        tell=tell,
    )
    return Guard(world, ledger, _policy(box, None), restored_course(run))


def _sources(run: Path, data: Path) -> list[Source]:
    base = data / "base"
    return [
        Source("the model list's report", lambda now: model_download(run, now), 5),
        Source("the provisioning's report", Provisioning(run), 5),
        Source("terminals", Typing(), 5),
        Source("transfers", Transfers(), 10),
        Source("uploads", NamelessUploads(), 10),
        Source("files in input", GrowingFiles([base / "input"], Sign.UPLOAD), 15),
        Source("files in models", GrowingFiles([base / "models"], Sign.DOWNLOAD), 20),
        Source("other programs on the GPU", StrangersOnGpu(), 20),
    ]


main()
