import os
import socket
from pathlib import Path

import pytest

from gpubox_agent.notify import notify, watchdog_interval


def test_systemd_hears_each_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify("READY=1", "STATUS=watching")
        assert heard.recv(100) == b"READY=1\nSTATUS=watching"


def test_an_abstract_socket_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0gpubox-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@gpubox-test-{os.getpid()}")
        notify("WATCHDOG=1")
        assert heard.recv(100) == b"WATCHDOG=1"


def test_nobody_there_is_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")


def test_a_systemd_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        for _ in range(int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 2):
            notify("WATCHDOG=1")


def test_the_heart_beats_twice_in_systemds_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert watchdog_interval() == 30
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_interval() is None
    monkeypatch.setenv("WATCHDOG_USEC", "x")
    assert watchdog_interval() is None
