import os
from pathlib import Path

from gpubox_agent.guard.terminals import Typing, tell, terminals_of_users
from gpubox_agent.guard.verdict import Sign


def device(path: Path, read_at: int, written_at: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, ns=(read_at, written_at))


def test_an_open_session_is_no_sign_and_one_that_types_is(tmp_path: Path) -> None:
    device(tmp_path / "pts" / "0", 1000)
    look = Typing(tmp_path, list)
    assert look(1) == {}
    assert look(2) == {}
    device(tmp_path / "pts" / "0", 9000)
    assert look(3) == {Sign.LOGIN: 3}
    assert look(4) == {}


def test_output_is_not_typing(tmp_path: Path) -> None:
    device(tmp_path / "pts" / "0", 1000, 1000)
    look = Typing(tmp_path, list)
    look(1)
    device(tmp_path / "pts" / "0", 1000, 99999)
    assert look(2) == {}


def test_a_terminal_that_opens_is_a_sign_and_one_that_closes_is_none(tmp_path: Path) -> None:
    device(tmp_path / "pts" / "0", 1000)
    look = Typing(tmp_path, list)
    look(1)
    device(tmp_path / "pts" / "1", 1000)
    assert look(2) == {Sign.LOGIN: 2}
    (tmp_path / "pts" / "1").unlink()
    assert look(3) == {}


def test_a_jump_of_the_clock_is_no_typing(tmp_path: Path) -> None:
    """The moments are compared with one another; the clock is not asked."""
    device(tmp_path / "pts" / "0", 10**18)
    look = Typing(tmp_path, list)
    look(1)
    assert look(10**9) == {}


def test_a_login_at_the_serial_port_types_too(tmp_path: Path) -> None:
    device(tmp_path / "ttyS0", 1000)
    device(tmp_path / "ttyS1", 1000)
    look = Typing(tmp_path, lambda: ["ttyS0", "gone"])
    look(1)
    device(tmp_path / "ttyS1", 2000)
    assert look(2) == {}
    device(tmp_path / "ttyS0", 2000)
    assert look(3) == {Sign.LOGIN: 3}


def test_people_are_told_and_a_terminal_that_is_gone_is_left_out() -> None:
    ours, theirs = os.openpty()
    try:
        name = os.ttyname(theirs).removeprefix("/dev/")
        tell("gpubox: soon", terminals=lambda: ["pts/99999", name])
        assert b"gpubox: soon" in os.read(ours, 1000)
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_systems_own_list_can_be_read() -> None:
    assert isinstance(terminals_of_users(), list)
