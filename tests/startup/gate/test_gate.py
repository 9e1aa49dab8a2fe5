"""Who passes, for how long, and what outlives a restart."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from makers import (
    BOX,
    HERE,
    MANAGER,
    MANAGER_KEY,
    NOON,
    NOW,
    ORIGIN,
    OTHER_KEY,
    THERE,
    Wall,
    at,
    attributes,
    enter,
    make_gate,
    page,
    statement,
    ticket,
)

from gpubox_agent.files import CLOSING, GUARD, MODELS, read_json, write_json
from gpubox_agent.files import MANAGER as MANAGER_FILE
from gpubox_agent.gate.clock import kernel_synchronised
from gpubox_agent.gate.decide import Request
from gpubox_agent.gate.gate import Gate
from gpubox_agent.gate.refusal import Refused
from gpubox_agent.metadata import Box as Known


def bearer(name: str = "script", **life: float) -> str:
    return "Bearer " + MANAGER_KEY.service(BOX, name, NOON, timedelta(**(life or {"days": 1})))


class TestSessions:
    def test_a_session_passes_until_a_statement_leaves_it_out(self, gate: Gate, wall: Wall) -> None:
        anna, ben = enter(gate, ticket("anna")), enter(gate, ticket("ben"))
        wall.forward(seconds=10)
        gate.hear(statement("anna", "ben", when=at(seconds=10)), MANAGER)
        assert gate.check(page(anna)).name == "anna"
        wall.forward(seconds=10)
        gate.hear(statement("ben", when=at(seconds=20)), MANAGER)
        with pytest.raises(Refused, match="ended"):
            gate.check(page(anna))
        assert gate.check(page(ben)).name == "ben"

    def test_a_ticket_counts_before_a_statement_could_name_its_session(self, gate: Gate, wall: Wall) -> None:
        wall.forward(seconds=10)
        late = statement(when=at(seconds=9))
        cookie = enter(gate, ticket(when=at(seconds=10)))
        gate.hear(late, MANAGER)
        assert gate.check(page(cookie)).name == "anna"

    def test_a_ticket_of_a_session_that_has_ended_since_opens_nothing(self, gate: Gate, wall: Wall) -> None:
        shown = ticket()
        wall.forward(seconds=10)
        gate.hear(statement(when=at(seconds=10)), MANAGER)
        with pytest.raises(Refused, match="ended"):
            enter(gate, shown)

    def test_where_the_manager_has_died_its_sessions_go_on(self, gate: Gate, tmp_path: Path, wall: Wall) -> None:
        cookie = enter(gate, ticket())
        gate.hear(statement("anna"), MANAGER)
        wall.forward(hours=3)
        assert gate.check(page(cookie)).name == "anna"
        assert make_gate(tmp_path, wall).check(page(cookie)).name == "anna"

    def test_a_full_disk_refuses_tickets_and_hears_logouts(self, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        cookie = enter(gate, ticket())

        def full(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        for call in ("use", "keep_admitted", "keep_statement"):
            monkeypatch.setattr(gate.memory, call, full)
        with pytest.raises(Refused, match="unavailable"):
            enter(gate, ticket("ben"))
        told = statement(when=at(seconds=1))
        gate.hear(told, MANAGER)
        with pytest.raises(Refused, match="ended"):
            gate.check(page(cookie))
        with pytest.raises(Refused, match="used"):
            gate.hear(told, MANAGER)


class TestPrograms:
    def test_a_program_passes_with_a_bearer_token(self, gate: Gate) -> None:
        passed = gate.check(Request(HERE, "POST", authorization=bearer()))
        assert (passed.who, passed.name) == ("program", "script")

    def test_the_manager_is_told_from_programs(self, gate: Gate) -> None:
        assert gate.check(Request(HERE, "GET", authorization=bearer("manager", minutes=1))).who == "manager"

    def test_a_websocket_of_a_program_ends_with_its_token_and_the_relays_does_not(self, gate: Gate, wall: Wall) -> None:
        for name, ends in (("script", True), ("manager", False)):
            asked = Request(MANAGER, "GET", upgrade="websocket", authorization=bearer(name, minutes=1))
            passed = gate.check(asked)
            wall.forward(seconds=66)
            if ends:
                with pytest.raises(Refused, match="expired"):
                    gate.check_again(asked, passed)
            else:
                gate.check_again(asked, passed)
            wall.forward(seconds=-66)


class TestAddresses:
    def test_the_managers_word_on_networks_is_the_newer_one(self, tmp_path: Path, wall: Wall) -> None:
        gate = make_gate(tmp_path, wall, allowed_ip=f"{HERE}/32, 2001:db8::/32")
        assert gate.check(Request(HERE, authorization=bearer())).who == "program"
        with pytest.raises(Refused, match="closed"):
            gate.check(Request(THERE, authorization=bearer()))
        gate.hear(statement(allowed=[THERE]), MANAGER)
        assert gate.check(Request(THERE, authorization=bearer())).who == "program"
        with pytest.raises(Refused, match="closed"):
            enter(gate, ticket(), HERE)
        assert gate.check(Request(MANAGER, authorization=bearer())).who == "program"

    def test_a_network_that_is_none_lets_nobody_in(self, gate: Gate) -> None:
        gate.hear(statement(allowed=["everybody"]), MANAGER)
        with pytest.raises(Refused, match="closed"):
            gate.check(Request(HERE, authorization=bearer()))

    def test_nor_does_one_in_metadata_before_the_manager_has_spoken(self, tmp_path: Path, wall: Wall) -> None:
        gate = make_gate(tmp_path, wall, allowed_ip="203.0.113.7/33")
        with pytest.raises(Refused, match="closed"):
            gate.check(Request(HERE, authorization=bearer()))

    @pytest.mark.parametrize("address", ["", "unix:", "not an address"])
    def test_nobody_comes_from_nowhere(self, gate: Gate, address: str) -> None:
        with pytest.raises(Refused, match="address"):
            gate.check(Request(address, authorization=bearer()))
        with pytest.raises(Refused, match="address"):
            gate.hear(statement(), address)

    def test_in_the_relays_way_only_the_manager_passes(self, tmp_path: Path, wall: Wall) -> None:
        gate = make_gate(tmp_path, wall, gpubox_entrance="relay")
        for address in (HERE, MANAGER):
            with pytest.raises(Refused, match="closed"):
                gate.check(Request(address, authorization=bearer("manager")))
        gate.hear(statement(), MANAGER)
        for each in (gate, make_gate(tmp_path, wall, gpubox_entrance="relay")):
            assert each.check(Request(MANAGER, authorization=bearer("manager"))).who == "manager"
            for asked in (Request(HERE, authorization=bearer("manager")), page()):
                with pytest.raises(Refused, match="closed"):
                    each.check(asked)
            with pytest.raises(Refused, match="closed"):
                enter(each, ticket(), HERE)


class TestMetadata:
    def test_while_keys_change_both_are_good(self, gate: Gate) -> None:
        both = {"gpubox-gate-keys": f"{OTHER_KEY.public_key}, {MANAGER_KEY.public_key}, nonsense"}
        gate.box.take(Known(attributes() | both))
        enter(gate, ticket("anna"))
        enter(gate, ticket("ben", key=OTHER_KEY))
        gate.box.take(Known(attributes() | {"gpubox-gate-keys": OTHER_KEY.public_key}))
        with pytest.raises(Refused, match="forged"):
            enter(gate, ticket("cleo"))

    def test_a_box_that_is_told_nothing_lets_nobody_in(self, tmp_path: Path, wall: Wall) -> None:
        gate = make_gate(tmp_path, wall, gpubox_gate_keys="", gpubox_box="")
        with pytest.raises(Refused, match="forged"):
            enter(gate, ticket())

    def test_silence_takes_nothing_away(self, gate: Gate) -> None:
        told = gate.box.told
        gate.box.take(None)
        gate.box.take(Known())
        assert gate.box.told == told


class TestTheClock:
    def test_one_that_is_behind_at_boot_is_moved_on_by_a_statement(self, gate: Gate, wall: Wall) -> None:
        wall.wall, wall.synchronised = 86_400.0, False
        with pytest.raises(Refused, match="too_early"):
            enter(gate, ticket())
        gate.hear(statement(), MANAGER)
        cookie = enter(gate, ticket())
        wall.forward(minutes=2)
        assert gate.check(page(cookie)).name == "anna"
        with pytest.raises(Refused, match="expired"):
            enter(gate, ticket("ben"))

    def test_one_that_is_synchronised_is_moved_by_nobody(self, gate: Gate) -> None:
        with pytest.raises(Refused, match="too_early"):
            gate.hear(statement(when=at(hours=1)), MANAGER)
        assert gate.clock.now() == NOW

    def test_nobody_but_the_manager_moves_one_that_is_behind(self, gate: Gate, wall: Wall) -> None:
        wall.wall, wall.synchronised = 86_400.0, False
        with pytest.raises(Refused, match="forged"):
            gate.hear(statement(key=OTHER_KEY), MANAGER)
        assert gate.clock.now() == 86_400.0

    def test_after_a_restart_the_last_statement_is_the_least_that_it_can_be(
        self, gate: Gate, tmp_path: Path, wall: Wall
    ) -> None:
        gate.hear(statement(), MANAGER)
        wall.wall, wall.synchronised = 86_400.0, False
        assert make_gate(tmp_path, wall).clock.now() == NOW

    def test_one_that_is_ahead_is_not_turned_back(self, gate: Gate, wall: Wall) -> None:
        wall.forward(hours=1)
        wall.synchronised = False
        with pytest.raises(Refused, match="expired"):
            gate.hear(statement(), MANAGER)

    def test_a_statement_from_a_wrong_future_locks_nobody_out(self, gate: Gate, wall: Wall) -> None:
        wall.synchronised = False
        gate.hear(statement("anna", when=at(days=300)), MANAGER)
        wall.synchronised = True
        gate.hear(statement(when=at(seconds=1)), MANAGER)
        assert gate.sessions.statement is not None
        assert gate.sessions.statement.sessions == frozenset()

    def test_the_kernel_can_be_asked(self) -> None:
        assert kernel_synchronised() in (True, False)


class TestTheReport:
    def test_passes_on_what_is_fresh(self, gate: Gate, tmp_path: Path, wall: Wall) -> None:
        run = tmp_path / "run"
        guard = {"at": wall.monotonic - 20, "state": "watching", "veto": "upload"}
        write_json(run / GUARD, guard)
        write_json(run / MODELS, {"at": wall.monotonic - 3600, "state": "done", "files": []})
        told = gate.hear(statement(), f"::ffff:{MANAGER}")
        assert told == {
            "version": 1,
            "address": MANAGER,
            "guard": guard,
            "models": {"at": wall.monotonic - 3600, "state": "done", "files": []},
            "progress": None,
        }

    def test_leaves_out_what_a_dead_service_has_left(self, gate: Gate, tmp_path: Path, wall: Wall) -> None:
        run = tmp_path / "run"
        write_json(run / GUARD, {"at": wall.monotonic - 600, "state": "watching"})
        write_json(run / MODELS, {"at": wall.monotonic - 600, "state": "running", "files": []})
        told = gate.hear(statement(), MANAGER)
        assert (told["guard"], told["models"]) == (None, None)

    def test_the_guard_reads_what_the_manager_said(self, gate: Gate, tmp_path: Path, wall: Wall) -> None:
        gate.hear(statement(keep_alive_age_s=4.5, hold_s=600, stopping=True, allowed=[HERE]), MANAGER)
        assert read_json(tmp_path / "run" / MANAGER_FILE) == {
            "at": wall.monotonic,
            "keep_alive_age_s": 4.5,
            "hold_s": 600,
            "stopping": True,
            "allowed": [HERE],
            "address": MANAGER,
        }


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("POST", "/prompt", False),
        ("POST", "/api/prompt", False),
        ("POST", "/api/%70rompt", False),
        ("POST", "//api//prompt/", False),
        ("GET", "/prompt", True),
        ("POST", "/api/userdata/workflows%2Fprompt.json", True),
    ],
)
def test_a_box_that_is_about_to_power_off_takes_no_new_prompt(
    gate: Gate, tmp_path: Path, method: str, path: str, taken: bool
) -> None:
    cookie = enter(gate, ticket())
    asked = page(cookie, method=method, origin=ORIGIN, path=path)
    assert gate.check(asked).who == "browser"
    write_json(tmp_path / "run" / CLOSING, {})
    if taken:
        assert gate.check(asked).who == "browser"
    else:
        with pytest.raises(Refused, match="closing"):
            gate.check(asked)


def test_the_cookies_secret_is_the_gates_alone(tmp_path: Path, wall: Wall) -> None:
    make_gate(tmp_path, wall)
    secret = tmp_path / "state" / "cookie-secret"
    assert (secret.stat().st_mode & 0o777, secret.stat().st_size) == (0o600, 32)
    kept = secret.read_bytes()
    make_gate(tmp_path, wall)
    assert secret.read_bytes() == kept
    secret.write_bytes(b"cut")
    make_gate(tmp_path, wall)
    assert len(secret.read_bytes()) == 32
