"""Certificates from an authority that speaks ACME: pebble, which asks this box's nginx over plain HTTP."""

import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from authority import Authority
from box import DOMAIN, Box, free_port

from tests.support.certificates import DAY, self_signed

LEFT = "$ENTRANCE_TLS/letsencrypt"

pytestmark = pytest.mark.skipif(bool(Authority.missing()), reason=f"not installed: {Authority.missing()}")


@pytest.fixture
def box(make_box: Callable[..., Box]) -> Box:
    return make_box(gpubox_entrance="domain", domain_name=DOMAIN, ssl_email="anna@example.com")


@pytest.fixture
def authority(box: Box) -> Iterator[Authority]:
    with Authority(box) as running:
        yield running


def lineage(box: Box) -> Path:
    return box.folder / "data" / "tls" / "letsencrypt" / "live" / DOMAIN


def replace_certificate(box: Box, ends: timedelta) -> bytes:
    """In the place of the one that was given, one with so long to live; as DER."""
    certificate, key = self_signed(DOMAIN, begins=-89 * DAY, ends=ends)
    for name, content in (("cert", certificate), ("fullchain", certificate), ("privkey", key)):
        (lineage(box) / f"{name}.pem").resolve().write_bytes(content)
    assert box.apply()["url"] is not None, box.said
    return box.served(DOMAIN)


def renew(box: Box) -> str:
    """What the timer does; what was said."""
    done = box.shell("entrance_renew")
    return done.stdout + done.stderr


def plain_http(box: Box) -> tuple[int, str]:
    """What plain HTTP says to a program that has a pass."""
    with box.client(base=f"http://127.0.0.1:{box.http_port}", headers=box.bearer() | {"Host": DOMAIN}) as client:
        answer = client.get("/system_stats")
        return answer.status_code, answer.text


def test_the_first_certificate_comes_by_a_question_over_plain_http(box: Box, authority: Authority) -> None:
    # As on a box: nginx's workers are somebody else than who writes the answer.
    told = box.apply(GPUBOX_NGINX_USER="www-data")
    assert told == {
        "way": "letsencrypt",
        "url": f"https://{DOMAIN}",
        "certificate": None,
        "sha256": "",
        "problem": None,
    }, box.said
    assert (authority.given(), authority.questions() > 0) == (1, True)
    assert b"Pebble" in box.served(DOMAIN)
    assert plain_http(box)[0] == 308


def test_its_key_lies_on_the_data_disk_for_root_alone(box: Box, authority: Authority) -> None:  # noqa: ARG001
    box.apply()
    key = lineage(box) / "privkey.pem"
    assert key.resolve().is_relative_to(box.folder / "data" / "tls")
    assert stat.S_IMODE(key.resolve().stat().st_mode) == 0o600
    assert stat.S_IMODE((box.folder / "data" / "tls").stat().st_mode) == 0o700


def test_no_later_boot_and_no_timer_asks_for_another(box: Box, authority: Authority) -> None:
    first = box.apply()
    served = box.served(DOMAIN)
    # A new boot disk: only what is on the data disk is left.
    box.shell('rm -rf "$ENTRANCE_STATE" "$ENTRANCE_RENDERINGS" "$ENTRANCE_CONF"')
    assert box.apply() == first
    renew(box)
    assert (authority.given(), box.served(DOMAIN)) == (1, served)


def test_one_that_nears_its_end_is_replaced_and_nginx_told(box: Box, authority: Authority) -> None:
    box.apply()
    before = replace_certificate(box, 20 * DAY)
    renew(box)
    assert authority.given() == 2
    assert box.served(DOMAIN) != before
    assert b"Pebble" in box.served(DOMAIN)


def test_one_that_has_ended_while_the_box_was_off_is_replaced_at_the_boot(box: Box, authority: Authority) -> None:
    box.apply()
    certificate, key = self_signed(DOMAIN, begins=-90 * DAY, ends=-DAY)
    for name, content in (("cert", certificate), ("fullchain", certificate), ("privkey", key)):
        (lineage(box) / f"{name}.pem").resolve().write_bytes(content)
    assert box.apply()["problem"] is None, box.said
    assert authority.given() == 2


def test_a_renewal_that_fails_leaves_the_certificate_in_force_and_is_told_when_it_matters(
    box: Box, authority: Authority
) -> None:
    box.apply()
    authority.close()
    for left, told in ((20 * DAY, ""), (9 * DAY, "entrance_acme: The certificate ends, or has ended, at ")):
        before = replace_certificate(box, left)
        said = renew(box)
        assert "could not be renewed: The certificate authority at localhost:" in said
        assert box.told("problem").startswith(told)
        assert bool(box.told("problem")) == bool(told)
        assert box.served(DOMAIN) == before
    assert "does not answer" in box.told("problem")
    assert f'"url":"https://{DOMAIN}"' in box.told("entrance")


def test_an_authority_that_does_not_answer_is_named_and_tried_again(box: Box, authority: Authority) -> None:
    authority.close()
    told = box.apply()
    assert (told["url"], told["problem"]) == (None, "entrance_acme")
    assert box.told("problem").removeprefix("entrance_acme: ").startswith("The certificate authority at localhost:")
    assert "does not answer." in box.told("problem")
    assert "--on-active 900" in box.calls("systemd-run")[-1]
    authority.open()
    assert box.apply()["problem"] is None, box.said
    assert not box.told("problem")


def test_the_authority_s_own_words_are_told_where_it_refuses(box: Box, authority: Authority) -> None:
    authority.close()
    port, box.http_port = box.http_port, free_port()
    # An authority that finds nobody at the box's port 80: a firewall.
    authority.open()
    box.http_port = port
    told = box.apply()
    assert (told["url"], told["problem"]) == (None, "entrance_acme")
    assert told["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert "The certificate authority refused: Get " in box.told("problem")
    assert "connection refused" in box.told("problem")


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        (("203.0.113.9",), f"{DOMAIN} gives 203.0.113.9, but this box is 127.0.0.1."),
        (("127.0.0.1", "203.0.113.9"), f"{DOMAIN} gives 127.0.0.1 203.0.113.9, but this box is 127.0.0.1."),
        ((), f"{DOMAIN} has no address in DNS. It should be 127.0.0.1."),
    ],
)
def test_a_name_that_leads_elsewhere_is_told_with_both_addresses_and_looked_up_again(
    box: Box, authority: Authority, addresses: tuple[str, ...], words: str
) -> None:
    authority.points_to(*addresses)
    told = box.apply()
    assert (told["url"], told["problem"]) == (None, "entrance_dns")
    assert sorted(box.told("problem").split()) == sorted(f"entrance_dns: {words}".split())
    # Nobody was asked for a certificate that could not have come.
    assert authority.given() == authority.questions() == 0
    assert "--on-active 20 " in box.calls("systemd-run")[-1]
    box.apply()
    assert "--on-active 40 " in box.calls("systemd-run")[-1]
    authority.points_to("127.0.0.1")
    assert box.apply()["url"] == f"https://{DOMAIN}", box.said
    assert not box.told("problem")


def test_meanwhile_plain_http_carries_no_session(box: Box, authority: Authority) -> None:
    authority.points_to("203.0.113.9")
    box.apply()
    box.open_gate()
    status, text = plain_http(box)
    assert status == 503
    assert "waits for its certificate" in text
    with box.client(base=f"http://127.0.0.1:{box.http_port}") as visitor:
        entering = visitor.post("/_gpubox/enter", json={"ticket": box.ticket()})
        assert (entering.status_code, "Set-Cookie" in entering.headers) == (503, False)
    with box.client() as manager:
        assert box.speak(manager).status_code == 200


def test_a_name_in_cloudflare_s_hands_is_taken_for_the_box_s(box: Box, authority: Authority) -> None:
    authority.points_to("104.16.0.7")
    # Whether Cloudflare leads here is then for the authority to see.
    assert box.apply()["problem"] == "entrance_acme"


@pytest.mark.parametrize(
    "damage",
    [
        f'truncate -s 9 "{LEFT}/archive/{DOMAIN}/privkey1.pem"',
        f'rm "{LEFT}/renewal/{DOMAIN}.conf"',
        f'rm "{LEFT}/live/{DOMAIN}/fullchain.pem"',
        f'rm -r "{LEFT}/archive"',
        f'find "{LEFT}/accounts" -name regr.json -exec truncate -s 0 {{}} + ; rm "{LEFT}/renewal/{DOMAIN}.conf"',
    ],
)
def test_what_a_power_cut_left_by_halves_is_put_aside(box: Box, authority: Authority, damage: str) -> None:
    box.apply()
    box.shell(damage)
    assert box.apply()["problem"] is None, box.said
    assert authority.given() == 2


def test_another_authority_replaces_the_one_for_tests_and_where_it_does_not_the_old_certificate_stays(
    box: Box, authority: Authority
) -> None:
    box.apply()
    before = box.served(DOMAIN)
    right = box.attributes["gpubox-acme-directory"]
    box.attributes["gpubox-acme-directory"] = f"https://localhost:{free_port()}/dir"
    told = box.apply()
    assert (told["url"], told["problem"]) == (f"https://{DOMAIN}", "entrance_acme")
    assert box.served(DOMAIN) == before
    box.attributes["gpubox-acme-directory"] = right + "?another"
    assert box.apply()["problem"] is None, box.said
    assert authority.given() == 2
    assert box.served(DOMAIN) != before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ssl_email": ""}, "A certificate needs an e-mail address: set SSL_EMAIL."),
        ({"gpubox-acme-directory": "not an address"}, "certbot brought no certificate"),
    ],
)
def test_what_is_missing_is_said(box: Box, authority: Authority, change: dict[str, str], words: str) -> None:  # noqa: ARG001
    box.attributes |= change
    assert box.apply()["problem"] == "entrance_acme"
    assert words in box.told("problem")
