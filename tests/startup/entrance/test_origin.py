"""A Cloudflare origin certificate: what is taken, what is refused and in which words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from box import DOMAIN, Box
from world import World

from tests.support.certificates import DAY, self_signed

PAIR = self_signed(DOMAIN)


@pytest.fixture
def box(make_box: Callable[..., Box], world: World) -> Box:
    world.objects |= {"keys/cert.pem": PAIR[0], "keys/key.pem": PAIR[1]}
    return make_box(
        gpubox_entrance="domain", domain_name=DOMAIN, cf_cert_path="gs://keys/cert.pem", cf_key_path="gs://keys/key.pem"
    )


def applied(box: Box, pair: tuple[bytes, bytes]) -> dict[str, Any]:
    box.world.objects |= {"keys/cert.pem": pair[0], "keys/key.pem": pair[1]}
    return box.apply()


def test_a_good_pair_is_served_under_the_domain_with_hsts(box: Box) -> None:
    told = box.apply()
    assert told == {"way": "origin", "url": f"https://{DOMAIN}", "certificate": None, "sha256": "", "problem": None}
    with box.client(headers={"Host": DOMAIN}) as client:
        assert client.get("/_gpubox/probe.html").headers["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize("name", ["*.example.com", DOMAIN])
def test_a_wildcard_covers_the_domain(box: Box, name: str) -> None:
    assert applied(box, self_signed("other.example", name))["problem"] is None


@pytest.mark.parametrize(
    ("pair", "code", "words"),
    [
        (
            self_signed("*.elsewhere.example"),
            "entrance_certificate",
            "does not cover comfy.example.com, but *.elsewhere",
        ),
        (self_signed("*.comfy.example.com"), "entrance_certificate", "does not cover"),
        (self_signed(DOMAIN, begins=-9 * DAY, ends=-DAY), "entrance_certificate", "ends, or has ended, at"),
        (self_signed(DOMAIN, begins=timedelta(days=1)), "entrance_certificate", "valid only from"),
        ((PAIR[0], self_signed(DOMAIN)[1]), "entrance_key", "belongs to another certificate"),
        ((b"hello", PAIR[1]), "entrance_certificate", "The certificate is not one"),
        ((PAIR[0], b"hello"), "entrance_certificate", "The key is not one"),
    ],
)
def test_a_pair_that_cannot_be_used_is_refused_in_words(
    box: Box, pair: tuple[bytes, bytes], code: str, words: str
) -> None:
    told = applied(box, pair)
    assert (told["url"], told["problem"]) == (None, code)
    assert told["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert box.told("problem").startswith(f"{code}: ")
    assert words in box.told("problem")
    assert "-----BEGIN" not in box.said + box.told("problem")


def test_meanwhile_plain_http_carries_nothing_and_the_manager_is_heard(box: Box) -> None:
    applied(box, (b"hello", b"hello"))
    box.open_gate()
    with box.client(base=f"http://127.0.0.1:{box.http_port}", headers=box.bearer()) as client:
        answer = client.get("/system_stats")
        assert answer.status_code == 503
        assert "waits for its certificate" in answer.text
    with box.client() as manager:
        assert box.speak(manager).status_code == 200


def test_the_pair_of_before_stays_where_the_new_one_cannot_be_used(box: Box) -> None:
    box.apply()
    told = applied(box, self_signed("elsewhere.example"))
    assert (told["url"], told["problem"]) == (f"https://{DOMAIN}", "entrance_certificate")


def test_a_new_pair_replaces_the_one_in_use(box: Box) -> None:
    box.apply()
    before = box.served(DOMAIN)
    assert applied(box, self_signed(DOMAIN))["problem"] is None
    assert box.served(DOMAIN) != before


def test_who_may_not_read_it_is_told(box: Box) -> None:
    box.world.may_read = False
    assert box.apply()["problem"] == "entrance_certificate"
    assert "gs://keys/cert.pem could not be read: the VM's service account may not read it" in box.told("problem")
    assert len(box.calls("systemd-run")) == 1


def test_what_is_not_there_is_told(box: Box) -> None:
    del box.world.objects["keys/key.pem"]
    assert box.apply()["problem"] == "entrance_certificate"
    assert "gs://keys/key.pem could not be read: there is nothing at this address" in box.told("problem")


def test_a_visitor_s_address_is_believed_from_cloudflare_only(box: Box) -> None:
    box.apply()
    configuration = (box.folder / "etc" / "nginx" / "addresses.conf").read_text()
    assert "set_real_ip_from 173.245.48.0/20;" in configuration
    assert "set_real_ip_from 2606:4700::/32;" in configuration
    assert "real_ip_header CF-Connecting-IP;" in configuration
    box.open_gate()
    with box.client(headers={"Host": DOMAIN, "CF-Connecting-IP": "6.6.6.6"} | box.bearer()) as client:
        box.speak(client)
        # Seen as who it is: not from Cloudflare.
        assert client.get("/system_stats").status_code == 200
    assert "6.6.6.6" not in box.logs()


def test_behind_cloudflare_the_visitor_is_who_cloudflare_says(box: Box) -> None:
    box.world.files["/ranges"] = "\n".join(["127.0.0.0/8", *[f"10.{n}.0.0/16" for n in range(12)]]).encode()
    assert box.apply(GPUBOX_CLOUDFLARE_LISTS=f"{box.world.url}/ranges")["problem"] is None
    box.open_gate()
    with box.client() as client:
        answer = box.speak_as(client, "2001:db8::7")
        assert answer.json()["address"] == "2001:db8::7"


TEN = [f"10.{n}.0.0/16" for n in range(10)]


@pytest.mark.parametrize(
    "list_",
    [
        "<html>",
        "1.2.3.0/24",
        "\n".join(["0.0.0.0/1"] + ["10.0.0.0/8"] * 12),
        # As many ranges as lines, and one line that nginx would believe everybody by.
        "\n".join([*TEN, "11.0.0.0/16 12.0.0.0/16", "0.0.0.0/0;#"]),
    ],
)
def test_a_list_that_is_none_changes_nothing(box: Box, list_: str) -> None:
    box.world.files["/ranges"] = list_.encode()
    box.apply(GPUBOX_CLOUDFLARE_LISTS=f"{box.world.url}/ranges")
    assert "173.245.48.0/20" in (box.folder / "etc" / "nginx" / "addresses.conf").read_text()


def test_the_box_knows_its_name_without_asking_dns(box: Box) -> None:
    (box.folder / "hosts").write_text("127.0.0.1 localhost\n")
    box.apply()
    box.apply()
    assert (box.folder / "hosts").read_text() == f"127.0.0.1 localhost\n10.128.0.7 {DOMAIN} # gpubox\n"
