from datetime import timedelta

import pytest

from manager.domain.allowing import (
    EVERYBODY,
    FIND_BACK,
    MOST,
    Allowance,
    Contact,
    Fence,
    allow,
    by_family,
    covered,
    network_of,
    network_of_visitor,
    networks_now,
    next_change,
    ranges_now,
    remaining,
    tidy,
    union,
)
from manager.domain.errors import InvalidInput, LocalAddress, NetworkTooWide, TooManyAllowed
from tests.support.clock import NOON

HOUR = timedelta(hours=1)
OFFICE = "93.184.216.0/24"
HOME = "84.20.30.40/32"
MANAGER = "35.190.1.2"
NARROW = Fence(permanent=(OFFICE,))
RELAY = Fence(relayed=True)
FOR_AN_HOUR = Allowance(HOME, NOON, NOON + HOUR)
FOR_EVER = Allowance("84.20.30.41/32", NOON)
KNOWN = Contact(MANAGER)


class TestTheGatesNetworks:
    def test_are_everybody_where_nobody_in_particular_is_named(self) -> None:
        assert networks_now(Fence(), [FOR_AN_HOUR], MANAGER, NOON) == ()

    def test_are_the_settings_the_allowances_and_the_manager(self) -> None:
        networks = networks_now(NARROW, [FOR_AN_HOUR], MANAGER, NOON)
        assert networks == ("35.190.1.2/32", HOME, OFFICE)

    def test_lose_an_allowance_at_its_end(self) -> None:
        assert HOME in networks_now(NARROW, [FOR_AN_HOUR], None, NOON + HOUR - timedelta(seconds=1))
        assert networks_now(NARROW, [FOR_AN_HOUR], None, NOON + HOUR) == (OFFICE,)

    def test_keep_an_allowance_without_an_end(self) -> None:
        assert FOR_EVER.network in networks_now(NARROW, [FOR_EVER], None, NOON + 9999 * HOUR)


class TestTheFirewallsRanges:
    def test_are_everybody_where_nobody_in_particular_is_named(self) -> None:
        assert ranges_now(Fence(), [FOR_AN_HOUR], KNOWN, NOON) == EVERYBODY

    def test_are_the_gates_networks_where_somebody_is(self) -> None:
        assert ranges_now(NARROW, [], KNOWN, NOON) == ("35.190.1.2/32", OFFICE)

    def test_do_not_wait_for_the_managers_address(self) -> None:
        assert ranges_now(NARROW, [], Contact(), NOON) == (OFFICE,)

    def test_are_the_manager_alone_where_it_relays(self) -> None:
        assert ranges_now(RELAY, [FOR_AN_HOUR], KNOWN, NOON) == ("35.190.1.2/32",)

    def test_are_everybody_until_the_relays_own_address_is_known(self) -> None:
        assert ranges_now(RELAY, [], Contact(), NOON) == EVERYBODY

    def test_hold_the_settings_beside_the_relay(self) -> None:
        assert ranges_now(Fence((OFFICE,), relayed=True), [], KNOWN, NOON) == ("35.190.1.2/32", OFFICE)

    @pytest.mark.parametrize("fence", [NARROW, RELAY])
    def test_open_for_a_manager_that_has_lost_the_box(self, fence: Fence) -> None:
        just_before = Contact(MANAGER, FIND_BACK - timedelta(seconds=1))
        assert ranges_now(fence, [], just_before, NOON) != EVERYBODY
        assert ranges_now(fence, [], Contact(MANAGER, FIND_BACK), NOON) == EVERYBODY

    def test_are_the_proxys_where_all_visitors_come_through_one(self) -> None:
        fence = Fence((OFFICE,), front=("173.245.48.0/20", "2400:cb00::/32"))
        assert ranges_now(fence, [FOR_AN_HOUR], KNOWN, NOON) == ("35.190.1.2/32", "173.245.48.0/20", "2400:cb00::/32")

    def test_of_several_boxes_are_added_up(self) -> None:
        assert union([(HOME,), EVERYBODY]) == EVERYBODY
        assert union([(HOME,), (HOME, OFFICE)]) == (HOME, OFFICE)


class TestAllowing:
    def test_adds_a_network(self) -> None:
        assert allow((FOR_EVER,), HOME, NOON + HOUR, NOON) == (FOR_EVER, FOR_AN_HOUR)

    def test_again_changes_the_end(self) -> None:
        (changed,) = allow((FOR_AN_HOUR,), HOME, None, NOON)
        assert changed.until is None

    def test_forgets_what_has_ended(self) -> None:
        assert allow((FOR_AN_HOUR,), OFFICE, None, NOON + HOUR) == (Allowance(OFFICE, NOON + HOUR),)
        assert remaining((FOR_AN_HOUR, FOR_EVER), NOON + HOUR) == (FOR_EVER,)

    def test_has_a_limit(self) -> None:
        full = tuple(Allowance(f"84.20.31.{number}/32", NOON) for number in range(MOST))
        with pytest.raises(TooManyAllowed):
            allow(full, HOME, None, NOON)
        assert len(allow(full, full[0].network, NOON + HOUR, NOON)) == MOST

    def test_knows_when_something_ends_next(self) -> None:
        later = Allowance(OFFICE, NOON, NOON + 2 * HOUR)
        assert next_change([later, FOR_EVER, FOR_AN_HOUR], NOON) == NOON + HOUR
        assert next_change([later, FOR_AN_HOUR], NOON + HOUR) == NOON + 2 * HOUR
        assert next_change([FOR_EVER], NOON) is None


class TestAVisitorsNetwork:
    def test_is_the_address_itself(self) -> None:
        assert network_of_visitor("84.20.30.40") == HOME

    def test_is_the_household_with_ipv6(self) -> None:
        assert network_of_visitor("2a02:8070:1:2:3:4:5:6") == "2a02:8070:1:2::/64"

    def test_is_taken_out_of_its_ipv6_coat(self) -> None:
        assert network_of_visitor("::ffff:84.20.30.40") == HOME

    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.5", "fe80::1", "fd00::1", "100.64.0.1", "", "testclient"]
    )
    def test_is_none_where_the_panel_sees_a_local_address(self, address: str) -> None:
        with pytest.raises(LocalAddress):
            network_of_visitor(address)


class TestAWrittenNetwork:
    @pytest.mark.parametrize(
        ("text", "network"),
        [
            (" 84.20.30.40 ", HOME),
            ("84.20.30.40/24", "84.20.30.0/24"),
            ("10.8.0.0/16", "10.8.0.0/16"),
            ("11.0.0.0/8", "11.0.0.0/8"),
            ("2a02:8070:1:2::7", "2a02:8070:1:2::/64"),
            ("2a02:8070:1:2::7/128", "2a02:8070:1:2::7/128"),
            ("2a02:8070::/32", "2a02:8070::/32"),
        ],
    )
    def test_is_brought_into_one_form(self, text: str, network: str) -> None:
        assert network_of(text) == network

    @pytest.mark.parametrize("text", ["", "home", "84.20.30", "84.20.30.40/33", "84.20.30.40-50", "2a02::1%eth0/64"])
    def test_has_to_be_an_address_or_a_range(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            network_of(text)

    @pytest.mark.parametrize("text", ["0.0.0.0/0", "84.0.0.0/7", "::/0", "2a02::/31"])
    def test_may_not_be_half_the_world(self, text: str) -> None:
        with pytest.raises(NetworkTooWide):
            network_of(text)

    @pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.0/8", "169.254.1.1", "224.0.0.1", "::1", "fe80::/64"])
    def test_has_to_be_one_that_a_box_can_see(self, text: str) -> None:
        with pytest.raises(LocalAddress):
            network_of(text)


def test_an_address_is_found_in_the_networks_that_cover_it() -> None:
    assert covered("84.20.30.40", [OFFICE, HOME])
    assert covered("::ffff:84.20.30.40", [HOME])
    assert not covered("84.20.30.41", [OFFICE, HOME])
    assert not covered("testclient", [OFFICE])


def test_each_family_has_its_own_list() -> None:
    assert by_family((HOME, "2a02::/32")) == ((HOME,), ("2a02::/32",))


def test_lists_are_brought_into_one_form() -> None:
    assert tidy(["84.20.30.40", "84.20.0.0/16", "2a02:1::/32", "nonsense"]) == ("84.20.0.0/16", "2a02:1::/32")


def test_letting_in_matters_only_where_not_everybody_is_let_in() -> None:
    assert NARROW.narrow
    assert not Fence().narrow
    assert not Fence((OFFICE,), relayed=True).narrow


def test_a_manager_whose_address_cannot_be_read_is_left_out() -> None:
    assert networks_now(NARROW, [], "nonsense", NOON) == (OFFICE,)
