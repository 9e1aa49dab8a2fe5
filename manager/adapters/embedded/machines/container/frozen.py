"""A guest that hangs: all of its processes stand still, and its network answers nobody who asks for more than that."""

import os
import signal
from pathlib import Path


def freeze(init: int) -> None:
    """Stop every process of the namespace whose first process is `init`, those that are born meanwhile too."""
    stopped: set[int] = set()
    while fresh := _processes(init) - stopped:
        _signal(fresh, signal.SIGSTOP)
        stopped |= fresh


def thaw(init: int) -> None:
    """Let them go on."""
    _signal(_processes(init), signal.SIGCONT)


def _processes(init: int) -> set[int]:
    namespace = _namespace(init)
    everybody = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return {pid for pid in everybody if namespace is not None and _namespace(pid) == namespace}


def _namespace(pid: int) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return None


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
