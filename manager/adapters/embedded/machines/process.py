"""A machine that is a process: ComfyUI at the instance's external address, its output on serial port 1.

A process that exits is started again, as systemd would do; the instance stays RUNNING meanwhile.
"""

import asyncio
import contextlib
import os
import signal
import socket

from manager.adapters.embedded.machines.command import PORTS, ComfyUi
from manager.adapters.embedded.machines.machine import Birth
from manager.adapters.embedded.machines.orphans import BIND_TO_PARENT
from manager.adapters.embedded.machines.serial import SerialPort

_SECRETS = frozenset(
    {
        "AUTH_PASSWORD",
        "AUTH_PASSWORD_HASH",
        "COMFYUI_SERVICE_TOKEN",
        "DATABASE_URL",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "JWT_SECRET",
    }
)
_NAMESPACE = "gpubox"
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_PROBE_SECONDS = 0.1
_TELL_SECONDS = 2.0
_LINE_BYTES = 64 * 1024


class ProcessMachine:
    """One boot of an instance as a process in a session of its own."""

    def __init__(self, birth: Birth, comfyui: ComfyUi) -> None:
        """Describe a machine; `boot` makes it."""
        self._birth, self._comfyui = birth, comfyui
        self._serial = SerialPort(birth.state_dir, birth.instance_id)
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None
        self._condition = "ok"

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    async def boot(self) -> None:
        """Begin to live, in the background."""
        self._life = asyncio.create_task(self._live())

    async def halt(self, grace: float) -> None:
        """End the process group: SIGTERM, and SIGKILL after `grace` seconds."""
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
        await self._end(grace)

    def suffer(self, condition: str) -> None:
        """Hang (SIGSTOP), halt (SIGKILL, and never again), or be well again."""
        before, self._condition = self._condition, condition
        if condition == before:
            return
        self._serial.line(f"[gpubox] the machine {condition if condition != 'ok' else 'is well again'}")
        if condition == "hangs":
            self._signal(signal.SIGSTOP)
        elif before == "hangs":
            self._signal(signal.SIGCONT)
        if condition in {"halts", "disk-full", "never-boots"}:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    async def _end(self, grace: float) -> None:
        if self._process is None:
            return
        process = self._process  # forgotten only when it is dead: a halt that is cut short is asked for again
        for number in (signal.SIGCONT, signal.SIGTERM):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what the process left behind in its group
        await process.wait()
        self._process = None

    def _tell(self, name: str, value: str) -> None:
        self._birth.write_attribute(_NAMESPACE, name, value)

    async def _live(self) -> None:
        self._serial.line(f"Booting `{self._birth.name}'")
        self._serial.line("[    0.000000] Linux version 6.8.0-gcp (gpubox embedded cloud: a process, no GPU)")
        if self._condition == "never-boots":
            self._serial.line("[   12.345678] Kernel panic - not syncing: VFS: Unable to mount root fs")
            return
        self._tell("boot", "starting")
        pause = _FIRST_PAUSE
        while True:
            if self._condition not in {"halts", "disk-full", "never-boots"}:
                lasted = await self._serve_once()
                pause = _FIRST_PAUSE if lasted else min(2 * pause, _LONGEST_PAUSE)
            elif self._condition == "disk-full":
                self._serial.line("[Errno 28] No space left on device: '/var/lib/comfyui/temp'")
                self._tell("boot", "failed")
            await asyncio.sleep(pause)

    async def _serve_once(self) -> bool:
        """Run ComfyUI until it exits; True if it was ever reachable."""
        address = self._birth.address
        if address is None:
            self._serial.line("[gpubox] no external address: ComfyUI is not started")
            return False
        port = next((port for port in PORTS if _is_free(address, port)), None)
        if port is None:
            self._serial.line(f"[gpubox] {address}: ports {PORTS[0]} to {PORTS[-1]} are in use by other programs")
            self._tell("boot", "failed")
            return False
        try:
            self._process = await self._spawn(address, port)
        except OSError as error:
            self._serial.line(f"[gpubox] ComfyUI cannot be started: {error}")
            self._tell("boot", "failed")
            return False
        reached = asyncio.Event()
        announcing = asyncio.create_task(self._announce(address, port, reached))
        try:
            await self._pump(self._process)
            status = await self._process.wait()
        finally:
            announcing.cancel()
        self._serial.line(f"systemd[1]: comfyui.service: Main process exited, status={status}")
        if not reached.is_set():
            self._tell("boot", "failed")
        return reached.is_set()

    async def _spawn(self, address: str, port: int) -> asyncio.subprocess.Process:
        paths = self._birth.state_dir / "paths" / f"{self._birth.instance_id}.yaml"
        paths.parent.mkdir(parents=True, exist_ok=True)
        paths.write_text(self._comfyui.paths())
        self._birth.disk.mkdir(parents=True, exist_ok=True)
        self._serial.line("systemd[1]: Starting comfyui.service - ComfyUI...")
        return await asyncio.create_subprocess_exec(
            *self._comfyui.command(address, port, self._birth.disk, paths),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self._comfyui.working_directory,
            env=_environment(),
            start_new_session=True,
            preexec_fn=BIND_TO_PARENT,
        )

    async def _pump(self, process: asyncio.subprocess.Process) -> None:
        """Copy the output to the serial port until there is no more."""
        if process.stdout is None:
            return
        while chunk := await process.stdout.read(_LINE_BYTES):
            self._serial.write(chunk.replace(b"\n", b"\r\n"))

    async def _announce(self, address: str, port: int, reached: asyncio.Event) -> None:
        """Tell by guest attributes as soon as somebody answers at the port, and again: they may be allowed later."""
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(address, port)
                writer.close()
                break
            await asyncio.sleep(_PROBE_SECONDS)
        reached.set()
        while True:
            self._tell("comfyui-port", str(port))
            self._tell("boot", "ready")
            await asyncio.sleep(_TELL_SECONDS)


def _environment() -> dict[str, str]:
    """Answer a guest's environment: a box in the cloud would not know the manager's secrets either."""
    kept = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
