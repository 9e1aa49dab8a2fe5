import os
import threading

import pytest

from gpubox_agent.guard.ending import power_off
from gpubox_agent.guard.executor import SystemExecutor, Way


@pytest.mark.parametrize(
    ("environment", "parent"),
    [({}, 1), ({"INVOCATION_ID": "a"}, 4711), ({"INVOCATION_ID": ""}, 1)],
)
def test_a_program_that_was_started_by_hand_powers_nothing_off(environment: dict[str, str], parent: int) -> None:
    executor = SystemExecutor(environment, parent)
    assert executor.refusal() == "this is no service of systemd"
    for way in Way:
        with pytest.raises(PermissionError):
            executor.go(way)


def test_this_test_could_not_power_anything_off() -> None:
    assert os.getppid() != 1
    assert SystemExecutor().refusal() is not None


class Recorder:
    def __init__(self, failing: frozenset[Way] = frozenset()) -> None:
        self.went: list[Way] = []
        self._failing = failing

    def refusal(self) -> str | None:
        return None

    def go(self, way: Way) -> None:
        self.went.append(way)
        if way in self._failing:
            raise OSError("read-only file system")


async def test_each_step_is_firmer_than_the_one_before_and_written_down_first() -> None:
    for failing in (frozenset[Way](), frozenset(Way)):
        executor, course = Recorder(failing), list[str]()

        async def pause(seconds: float, course: list[str] = course) -> None:
            course.append(f"{seconds:g} s")

        await power_off(executor, pause, course.append, rounds=2)
        last = [Way.SYNC, Way.READ_ONLY, Way.SYSRQ]
        assert executor.went == [Way.POWEROFF, Way.FORCE, Way.FORCE_TWICE, *last, *last]
        assert course[:4] == ["systemctl poweroff", "90 s", "systemctl poweroff --force", "30 s"]
        assert course[4:6] == ["systemctl poweroff --force --force", "15 s"]


async def test_what_hangs_with_a_disk_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpubox_agent.guard.aside.LONGEST_S", 0.02)
    hangs = threading.Event()

    class Hanging(Recorder):
        def go(self, way: Way) -> None:
            super().go(way)
            hangs.wait()

    async def pause(_: float) -> None:
        return

    def note(_: str) -> None:
        hangs.wait()

    executor = Hanging()
    try:
        await power_off(executor, pause, note, rounds=1)
    finally:
        hangs.set()
    assert executor.went == list(Way)
