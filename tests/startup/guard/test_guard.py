import json
from pathlib import Path

import pytest

from gpubox_agent.files import read_json
from gpubox_agent.guard.course import Course, State
from gpubox_agent.guard.guard import STATE, restored_course
from gpubox_agent.guard.look import Look, of_presence
from gpubox_agent.guard.verdict import Policy, Sign

from .conftest import FakeMachine

MINUTE, HOUR = 60, 3600


async def test_a_box_that_nobody_uses_powers_off_when_its_time_is_over(machine: FakeMachine) -> None:
    assert await machine.runs_for(29 * MINUTE)
    assert not await machine.runs_for(2 * MINUTE)
    assert 30 * MINUTE <= machine.now - 105 <= 31 * MINUTE


async def test_the_end_is_announced_to_the_manager_the_panel_and_people(machine: FakeMachine) -> None:
    await machine.runs_for(24 * MINUTE)
    assert machine.reported()["state"] == "watching"
    assert machine.reported()["reason"] is None
    await machine.runs_for(2 * MINUTE)
    report = machine.reported()
    assert (report["state"], report["reason"]) == ("announced", "idle")
    assert 200 < report["stops_in_s"] < 300
    assert [json.loads(value)["state"] for value in machine.attributes] == ["watching", "announced"]
    assert len(machine.told) == 1
    assert machine.told[0].startswith("gpubox: this machine powers off in 5 minutes (nobody and nothing is at work;")


async def test_the_report_names_every_sign_and_its_age(machine: FakeMachine) -> None:
    await machine.pass_()
    machine.sees = {Sign.DOWNLOAD: 110}
    await machine.pass_(20)
    report = machine.reported()
    assert report["at"] == 120
    assert {"sign": "download", "age_s": 10, "until_s": 1790} in report["signs"]
    assert report["veto"] == "download"


@pytest.mark.parametrize("sign", [Sign.DOWNLOAD, Sign.UPLOAD, Sign.LOGIN, Sign.START])
async def test_work_that_goes_on_keeps_the_box_on(machine: FakeMachine, sign: Sign) -> None:
    for _ in range(100):
        machine.sees = {sign: machine.now}
        assert await machine.runs_for(2 * MINUTE, step=30)
    machine.sees = {}
    assert not await machine.runs_for(31 * MINUTE, step=30)


async def test_a_render_that_progresses_keeps_the_box_on_and_one_that_hangs_does_not(machine: FakeMachine) -> None:
    for count in range(1, 60):
        machine.answer = Look(1, "a", 0, None, count, 1.0)
        assert await machine.runs_for(5 * MINUTE, step=60)
    assert await machine.runs_for(24 * MINUTE, step=60)
    assert not await machine.runs_for(7 * MINUTE, step=60)


async def test_a_person_who_edits_keeps_the_box_on(machine: FakeMachine) -> None:
    for count in range(1, 60):
        machine.answer = Look(0, "a", count, 2.0, 0, None)
        assert await machine.runs_for(5 * MINUTE, step=60)
    assert not await machine.runs_for(31 * MINUTE, step=60)


async def test_keep_alives_count_by_their_age_and_a_dead_manager_tells_none(machine: FakeMachine) -> None:
    for _ in range(20):
        machine.statement(keep_alive_age_s=10)
        assert await machine.runs_for(5 * MINUTE, step=60)
    assert await machine.runs_for(23 * MINUTE, step=60)
    assert not await machine.runs_for(3 * MINUTE, step=60)


async def test_a_manager_that_lives_but_knows_of_nobody_does_not_keep_the_box_on(machine: FakeMachine) -> None:
    on = True
    for _ in range(7):
        machine.statement(keep_alive_age_s=9999, stopping=False)
        on = on and await machine.runs_for(5 * MINUTE, step=60)
    assert not on


async def test_a_hold_outlives_the_manager_and_ends_when_it_is_taken_back(machine: FakeMachine) -> None:
    machine.statement(hold_s=5 * HOUR)
    assert await machine.runs_for(4 * HOUR, step=300)
    machine.statement(hold_s=None)
    assert not await machine.runs_for(6 * MINUTE, step=60)


async def test_a_hold_outlives_the_gate_whose_file_goes_with_it(machine: FakeMachine) -> None:
    machine.statement(hold_s=5 * HOUR)
    assert await machine.runs_for(2 * HOUR, step=300)
    (machine.run / "manager.json").unlink()
    machine.booted(Policy(idle_s=1800))
    assert await machine.runs_for(2 * HOUR, step=300)
    assert not await machine.runs_for(HOUR + 6 * MINUTE, step=60)


async def test_a_statement_of_the_future_is_not_one_of_now_for_ever(machine: FakeMachine) -> None:
    machine.statement(at=1e9, keep_alive_age_s=0)
    assert not await machine.runs_for(31 * MINUTE, step=60)


async def test_a_queue_beyond_all_numbers_keeps_no_pass_from_its_end(machine: FakeMachine) -> None:
    endless = json.loads("9" * 4300)
    body = {"boot_id": "a", "person": {"count": endless}, "queue": {"running": endless, "pending": endless}}
    machine.answer = of_presence(body)
    assert await machine.pass_() is State.WATCHING


@pytest.mark.parametrize("at", ["Infinity", "NaN", "1e400", f"1{'0' * 400}", "-5", '"x"', "true"])
def test_an_announcement_that_makes_no_sense_is_none(tmp_path: Path, at: str) -> None:
    (tmp_path / STATE).write_text(f'{{"announced_at": {at}}}', encoding="utf-8")
    assert restored_course(tmp_path) == Course()


async def test_the_longest_time_ends_a_render_too_and_is_announced(machine: FakeMachine) -> None:
    machine.guard.policy = Policy(idle_s=1800, max_run_s=2 * HOUR)
    machine.statement(hold_s=9 * HOUR)
    machine.answer = Look(1, "a", 0, None, 1, None)
    assert await machine.runs_for(2 * HOUR - 4 * MINUTE, step=60)
    assert machine.reported()["reason"] == "max_run"
    assert machine.reported()["state"] == "announced"
    assert not await machine.runs_for(6 * MINUTE, step=60)


async def test_a_box_whose_comfyui_never_comes_up_powers_off_after_an_hour(machine: FakeMachine) -> None:
    machine.answer = None
    assert await machine.runs_for(58 * MINUTE, step=60)
    assert machine.reported()["reason"] == "never_ready"
    assert not await machine.runs_for(4 * MINUTE, step=60)


async def test_a_comfyui_that_crashes_for_ever_does_not_keep_the_box_on(machine: FakeMachine) -> None:
    on = True
    for boot in range(25):
        machine.answer = None
        on = on and await machine.runs_for(100, step=20)
        machine.answer = Look(0, f"boot {boot}", 0, None, 0, None)
        on = on and await machine.runs_for(20, step=20)
    assert not on


async def test_a_comfyui_that_falls_silent_is_given_ten_minutes_on_top(machine: FakeMachine) -> None:
    await machine.pass_()
    machine.answer = None
    assert await machine.runs_for(39 * MINUTE, step=60)
    assert machine.reported()["reason"] == "silent"
    assert not await machine.runs_for(3 * MINUTE, step=60)


async def test_a_prompt_that_comes_in_while_the_door_closes_is_rendered(machine: FakeMachine) -> None:
    def prompt() -> None:
        assert machine.closed(), "nothing new is let in meanwhile"
        machine.answer = Look(1, "a", 0, None, 1, 0.0)

    machine.while_door_closes = prompt
    assert await machine.runs_for(32 * MINUTE)
    assert not machine.closed()
    assert machine.reported()["state"] == "watching"
    assert [json.loads(value)["state"] for value in machine.attributes] == [
        "watching",
        "announced",
        "stopping",
        "watching",
    ]


async def test_the_door_is_closed_before_the_end_and_open_after_the_next_start(machine: FakeMachine) -> None:
    await machine.runs_for(31 * MINUTE)
    assert machine.closed()
    assert machine.reported()["state"] == "stopping"
    machine.booted(Policy(idle_s=1800))
    assert not machine.closed()


async def test_each_step_of_the_end_is_kept_for_the_next_boot(machine: FakeMachine) -> None:
    await machine.runs_for(31 * MINUTE)
    steps = [step["step"] for step in (read_json(machine.state / "last-end.json") or {})["steps"]]
    assert steps == [
        "powering off: nobody and nothing was at work for the idle time and five minutes",
        "systemctl poweroff",
    ]


async def test_a_guard_that_crashes_goes_on_counting_where_it_was(machine: FakeMachine) -> None:
    on = True
    for _ in range(80):
        on = on and await machine.runs_for(25)
        machine.booted(Policy(idle_s=1800))
    assert not on
    assert machine.now < 100 + 33 * MINUTE


async def test_a_shorter_time_that_comes_in_by_metadata_still_warns(machine: FakeMachine) -> None:
    assert await machine.runs_for(20 * MINUTE)
    machine.guard.policy = Policy(idle_s=360)
    await machine.pass_(5)
    assert machine.reported()["state"] == "announced"
    assert 110 < machine.reported()["stops_in_s"] <= 120
    assert not await machine.runs_for(3 * MINUTE)


async def test_where_the_machine_is_not_its_own_it_only_watches(machine: FakeMachine) -> None:
    machine.refused = "this is no service of systemd"
    assert await machine.runs_for(2 * HOUR, step=60)
    assert machine.reported()["state"] == "off"
    assert machine.reported()["stops_in_s"] is None


async def test_a_folder_that_cannot_be_written_stops_no_end(machine: FakeMachine) -> None:
    await machine.pass_()
    for file in machine.run.iterdir():
        file.unlink()
    machine.run.rmdir()
    machine.run.write_text("not a folder", encoding="utf-8")
    assert not await machine.runs_for(31 * MINUTE)


async def test_passes_come_often_enough_for_a_trial(machine: FakeMachine) -> None:
    assert machine.guard.interval_s == 5
    machine.guard.policy = Policy(idle_s=12)
    assert machine.guard.interval_s == 1.5
    assert await machine.pass_() is State.WATCHING
