"""The embedded cloud as a child of the manager. It lives as long as the manager does, SIGKILL included."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class EmbeddedCloudError(Exception):
    """The embedded cloud could not be started; the text says why."""


class EmbeddedCloudProcess:
    """Starts and stops `python -m manager.adapters.embedded`, from asyncio and without blocking."""

    def __init__(
        self,
        state_dir: Path,
        *,
        speed: float = 0.2,
        comfyui_dir: Path | None = None,
        comfyui_python: str | None = None,
        comfyui_args: Sequence[str] = (),
        presence_nodes_dir: Path | None = None,
        port: int | None = None,
        address: str | None = None,
        machine: str = "process",
    ) -> None:
        """Describe the cloud. Without a port, that of the last time is used where it is free.

        Args:
            state_dir: the cloud's own folder, shared with nobody.
            speed: 1 as in the cloud, 0 at once.
            comfyui_dir: a folder with ComfyUI; None is the demo.
            comfyui_python: its Python.
            comfyui_args: its further arguments.
            presence_nodes_dir: a folder with custom nodes that the machines load.
            port: a port on 127.0.0.1.
            address: the external address that all machines share; None gives each its own.
            machine: what machines are, `process` or `container`.
        """
        self._command = [sys.executable, "-m", "manager.adapters.embedded", "--state-dir", str(state_dir)]
        self._command += ["--speed", str(speed)]
        for name, value in (
            ("--port", port),
            ("--comfyui-dir", comfyui_dir),
            ("--comfyui-python", comfyui_python),
            ("--presence-nodes", presence_nodes_dir),
            ("--address", address),
            ("--machine", machine),
        ):
            if value is not None:
                self._command += [name, str(value)]
        self._command += [f"--comfyui-arg={argument}" for argument in comfyui_args]
        self._process: asyncio.subprocess.Process | None = None
        self._lifeline: int | None = None

    @property
    def pid(self) -> int | None:
        """Answer the process id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> str:
        """Start it and answer its endpoint, e.g. http://127.0.0.1:40123; EmbeddedCloudError if that fails."""
        theirs, self._lifeline = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                "--parent-fd",
                str(theirs),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(theirs,),
                start_new_session=True,  # Ctrl-C in the terminal is the manager's to handle
            )
        finally:
            os.close(theirs)
        try:
            return await asyncio.wait_for(self._endpoint(self._process), _START_SECONDS)
        except BaseException:
            await self.stop()
            raise

    async def _endpoint(self, process: asyncio.subprocess.Process) -> str:
        line = await process.stdout.readline() if process.stdout else b""
        if line:
            self._drain = asyncio.create_task(_drain(process))
            return str(json.loads(line)["endpoint"])
        told = (await process.stderr.read() if process.stderr else b"").decode(errors="replace").strip()
        raise EmbeddedCloudError(told.splitlines()[-1] if told else "the embedded cloud ended without a word")

    async def stop(self) -> None:
        """Stop it and its machines; safe to repeat. SIGKILL after ten seconds."""
        process, self._process = self._process, None
        if self._lifeline is not None:
            os.close(self._lifeline)  # its sign to end
            self._lifeline = None
        if process is None:
            return
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Pass on what the cloud logs, so that its pipe never fills."""
    while process.stderr and (line := await process.stderr.readline()):
        sys.stderr.write(line.decode(errors="replace"))
