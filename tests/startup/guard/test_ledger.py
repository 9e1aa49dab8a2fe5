import pytest

from gpubox_agent.guard.ledger import Ledger, restored
from gpubox_agent.guard.look import Look, of_presence, remaining_of_prompt
from gpubox_agent.guard.verdict import Sign


def ledger() -> Ledger:
    return Ledger(booted_at=0, watched_since=10)


def seeing(queue: int = 0, persons: int = 0, progress: int | None = 0, boot: str = "a", age: float = 0) -> Look:
    return Look(queue, boot, persons, age, progress, age)


def test_a_count_that_moves_is_a_person_and_one_that_stands_is_none() -> None:
    seen = ledger()
    seen.answered(seeing(persons=3, age=20), 100)
    assert seen.seen[Sign.PERSON] == 80
    seen.answered(seeing(persons=3, age=25), 500)
    assert seen.seen[Sign.PERSON] == 80
    seen.answered(seeing(persons=4, age=5), 600)
    assert seen.seen[Sign.PERSON] == 595


def test_a_new_process_counts_from_nothing() -> None:
    seen = ledger()
    seen.answered(seeing(persons=9), 100)
    seen.answered(seeing(persons=0, boot="b"), 200)
    assert seen.seen[Sign.PERSON] == 100
    seen.answered(seeing(persons=1, boot="b"), 300)
    assert seen.seen[Sign.PERSON] == 300


def test_the_first_answer_begins_the_idle_time() -> None:
    seen = ledger()
    assert not seen.signs().ready
    seen.answered(seeing(), 90)
    seen.answered(seeing(), 900)
    assert seen.seen == {Sign.START: 90}
    assert seen.signs().ready


def test_a_render_moves_with_its_progress_only() -> None:
    seen = ledger()
    seen.answered(seeing(queue=1), 100)
    assert seen.signs().rendering
    seen.answered(seeing(queue=1, progress=5, age=1), 200)
    assert seen.seen[Sign.RENDER] == 199
    seen.answered(seeing(queue=2, progress=5, age=1), 9000)
    assert seen.seen[Sign.RENDER] == 199, "a hung node does not move because somebody queues behind it"
    seen.answered(seeing(queue=0, progress=5), 9100)
    assert seen.seen[Sign.RENDER] == 9100
    assert not seen.signs().rendering


def test_where_progress_cannot_be_seen_a_shorter_queue_is_progress() -> None:
    seen = ledger()
    seen.answered(Look(queue=3), 100)
    seen.answered(Look(queue=4), 200)
    assert seen.seen[Sign.RENDER] == 100
    seen.answered(Look(queue=3), 300)
    assert seen.seen[Sign.RENDER] == 300
    assert not seen.signs().progress_visible


def test_silence_keeps_what_was_known_of_the_render() -> None:
    seen = ledger()
    seen.answered(seeing(queue=1), 100)
    seen.silent()
    signs = seen.signs()
    assert (signs.rendering, signs.unknown, signs.ready) == (True, True, True)


def test_a_crash_is_no_end_of_a_render_but_its_new_process_has_none() -> None:
    seen = ledger()
    seen.answered(seeing(queue=1, progress=4), 100)
    seen.silent()
    seen.answered(seeing(queue=0, boot="b"), 200)
    assert not seen.signs().rendering
    assert seen.seen[Sign.RENDER] == 100


def test_a_sighting_of_the_future_is_of_now_and_an_older_one_changes_nothing() -> None:
    seen = ledger()
    seen.saw(Sign.KEEP_ALIVE, 900, 500)
    seen.saw(Sign.KEEP_ALIVE, 100, 600)
    assert seen.seen[Sign.KEEP_ALIVE] == 500


def test_a_restarted_guard_goes_on_where_it_was() -> None:
    seen = ledger()
    seen.answered(seeing(queue=1, persons=3), 100)
    seen.hold_until = 5000
    back = restored(seen.to_json(), Ledger(7, 300), 300)
    assert (back.booted_at, back.watched_since, back.seen, back.ready) == (0, 10, seen.seen, True)
    assert back.signs().rendering
    back.answered(seeing(queue=1, persons=3), 310)
    assert back.seen[Sign.PERSON] == 100


@pytest.mark.parametrize(
    "damaged",
    [None, [], {}, {"booted_at": "x", "watched_since": 0}, {"booted_at": 0, "watched_since": 1e9}, {"booted_at": -1}],
)
def test_a_damaged_memory_is_none(damaged: object) -> None:
    fresh = Ledger(7, 300)
    assert restored(damaged, fresh, 300) is fresh


def test_a_half_damaged_memory_keeps_what_makes_sense() -> None:
    body = {"booted_at": 1, "watched_since": 2, "seen": {"person": 50, "render": "x", "gpu": 1e12, "other": 3}}
    back = restored({**body, "last": {"queue": "many"}}, Ledger(7, 300), 300)
    assert back.seen == {Sign.PERSON: 50}
    assert back.last is None


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"boot_id": 7, "queue": {"running": 1, "pending": 0}}, {"boot_id": "a", "queue": {"running": -1}}],
)
def test_an_answer_that_makes_no_sense_is_none(body: object) -> None:
    assert of_presence(body) is None


def test_prompts_figure_stands_in_where_presence_cannot_see_the_queue() -> None:
    body = {"boot_id": "a", "person": {"count": 1, "age_s": 2}, "queue": None, "progress": None}
    look = of_presence(body, remaining_of_prompt({"exec_info": {"queue_remaining": 2}}))
    assert look == Look(queue=2, boot_id="a", persons=1, person_age_s=2)
