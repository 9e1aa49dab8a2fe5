import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpubox_agent.guard.processes import NamelessUploads, Transfers, processes_of
from gpubox_agent.guard.verdict import Sign

MIB = 1 << 20
COPIES = "import os,sys\nfor line in sys.stdin:\n os.write(1, b'x' * int(line))\n"


def described(proc: Path, pid: int, comm: str, moved: int = 0, unit: str = "ssh.service") -> Path:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True, exist_ok=True)
    (folder / "comm").write_text(f"{comm}\n", encoding="utf-8")
    (folder / "io").write_text(f"rchar: {moved}\nwchar: 0\nread_bytes: 7\n", encoding="utf-8")
    (folder / "cgroup").write_text(f"1:name=systemd:/system.slice/{unit}\n0::/system.slice/{unit}\n", encoding="utf-8")
    return folder


def test_a_transfer_counts_by_its_bytes(tmp_path: Path) -> None:
    look = Transfers(tmp_path)
    described(tmp_path, 7, "wget", 100)
    described(tmp_path, 8, "dpkg", 100)
    described(tmp_path, 9, "python3", 100)
    assert look(1) == {}
    described(tmp_path, 7, "wget", 5 * MIB)
    described(tmp_path, 9, "python3", 5 * MIB)
    assert look(2) == {Sign.DOWNLOAD: 2}
    described(tmp_path, 8, "dpkg", 5 * MIB)
    assert look(3) == {Sign.START: 3}
    assert look(4) == {}, "an apt that waits for an answer is no work"


@pytest.fixture
def transferring(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A real process that is called rsync and writes as many bytes as it is told to."""
    program = tmp_path / "rsync"
    program.symlink_to(Path(sys.executable).resolve())
    sink = (tmp_path / "sink").open("wb")
    process = subprocess.Popen([str(program), "-c", COPIES], stdin=subprocess.PIPE, stdout=sink, text=True)
    yield process
    assert process.stdin is not None
    process.stdin.close()
    process.send_signal(signal.SIGKILL)
    process.wait()
    sink.close()


def test_a_real_process_is_seen_to_transfer(transferring: "subprocess.Popen[str]", tmp_path: Path) -> None:
    look = Transfers()
    while (Path("/proc") / str(transferring.pid) / "comm").read_text(encoding="utf-8") != "rsync\n":
        pass
    look(1)
    assert transferring.stdin is not None
    transferring.stdin.write(f"{MIB}\n")
    transferring.stdin.flush()
    while (tmp_path / "sink").stat().st_size < MIB:
        pass
    assert look(2)[Sign.UPLOAD] == 2


def upload(process: Path, name: str, size: int) -> None:
    """A link as the kernel shows it: it names a file that is gone, and leads to it all the same."""
    target = process.parent / f"{name} (deleted)"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("ab") as file:
        file.truncate(size)
    link = process / "fd" / name.replace("/", "_")
    if not link.is_symlink():
        link.symlink_to(target)


def test_an_upload_is_seen_in_a_file_without_a_name(tmp_path: Path) -> None:
    nginx = described(tmp_path, 7, "nginx", unit="nginx.service")
    look = NamelessUploads(tmp_path)
    assert look(1) == {}
    upload(nginx, "body/0001", MIB)
    assert look(2) == {Sign.UPLOAD: 2}
    assert look(3) == {}, "an upload that has stopped moving"
    upload(nginx, "body/0001", 2 * MIB)
    assert look(4) == {Sign.UPLOAD: 4}


def test_what_moves_slowly_moves_all_the_same(tmp_path: Path) -> None:
    nginx = described(tmp_path, 7, "nginx", unit="nginx.service")
    transfers, uploads = Transfers(tmp_path), NamelessUploads(tmp_path)
    seen: list[Sign] = []
    for look in range(20):
        described(tmp_path, 8, "wget", 1000 + look * 60 * 1024)
        upload(nginx, "body/0001", look * 60 * 1024)
        seen += [*transfers(look * 10.0), *uploads(look * 10.0)]
    assert min(seen.count(Sign.DOWNLOAD), seen.count(Sign.UPLOAD)) >= 3


def test_a_trickle_is_no_transfer(tmp_path: Path) -> None:
    look = Transfers(tmp_path)
    for count in range(200):
        described(tmp_path, 8, "sftp-server", count * 2048)
        assert look(count * 10.0) == {}


def test_answers_that_nginx_keeps_and_other_services_are_no_upload(tmp_path: Path) -> None:
    nginx = described(tmp_path, 7, "nginx", unit="nginx.service")
    other = described(tmp_path, 8, "python3", unit="other.service")
    look = NamelessUploads(tmp_path)
    look(1)
    upload(nginx, "proxy/0001", 9 * MIB)
    upload(other, "tmp1", 9 * MIB)
    assert look(2) == {}


def test_a_process_that_ends_meanwhile_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    assert Transfers(tmp_path)(1) == {}
    assert list(processes_of(("/nginx.service",), tmp_path)) == []


def test_this_very_process_is_found_by_its_unit() -> None:
    unit = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()[-1].rpartition(":")[2]
    assert str(os.getpid()) in {folder.name for folder in processes_of((unit,))}
