"""The command at a terminal, where somebody types."""

import os
import pty
import sys
from collections.abc import Mapping
from pathlib import Path


def typed(arguments: list[str], answers: Mapping[str, str], folder: Path, environment: Mapping[str, str]) -> str:
    """What the terminal shows while each prompt, in this order, gets its answer."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, "-m", "manager", *arguments], environment)  # noqa: S606
    shown = b""
    for prompt, answer in answers.items():
        while prompt.encode() not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, f"{answer}\n".encode())
    try:
        while piece := os.read(terminal, 1024):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    os.waitpid(pid, 0)
    return shown.decode()
