"""Cloudflare over HTTP: a name follows the box's addresses, its proxy stays as it is."""

from collections.abc import Iterator

import pytest

from manager.adapters.dns import CloudflareDns
from manager.domain.errors import DnsError
from tests.adapters.dns.servers import TOKEN, CloudflareServer, cloudflare_refusal
from tests.adapters.gce.stub import Answer

NAME = "comfy.example.com"
OLD, NEW, NEW6 = "34.1.1.1", "34.2.2.2", "2600:1900:4000:1::"


@pytest.fixture
def server() -> Iterator[CloudflareServer]:
    with CloudflareServer() as server:
        yield server


@pytest.fixture
def dns(server: CloudflareServer) -> CloudflareDns:
    return CloudflareDns(server.zone, TOKEN, endpoint=server.endpoint)


def verbs(server: CloudflareServer) -> list[str]:
    return [asked.verb for asked in server.asked]


@pytest.mark.parametrize(("proxied", "ttl"), [(False, 60), (True, 1)])
async def test_a_new_name_is_made(server: CloudflareServer, proxied: bool, ttl: int) -> None:
    dns = CloudflareDns(server.zone, TOKEN, proxied=proxied, endpoint=server.endpoint)
    assert await dns.point(NAME, (NEW,)) is True
    (record,) = server.records
    assert (record["type"], record["content"], record["proxied"], record["ttl"]) == ("A", NEW, proxied, ttl)
    assert await dns.addresses(NAME) == (NEW,)


@pytest.mark.parametrize(("proxied", "sent"), [(False, {"content": NEW, "ttl": 60}), (True, {"content": NEW})])
async def test_a_name_is_moved_and_its_proxy_stays(
    server: CloudflareServer, dns: CloudflareDns, proxied: bool, sent: dict[str, object]
) -> None:
    server.put("A", OLD, proxied=proxied, ttl=1)
    assert await dns.point(NAME, (NEW,)) is True
    (record,) = server.records
    assert (record["content"], record["proxied"]) == (NEW, proxied)
    assert server.asked[-1].body == sent


async def test_a_name_that_is_right_is_left_alone(server: CloudflareServer, dns: CloudflareDns) -> None:
    server.put("A", NEW)
    assert await dns.point(NAME, (NEW,)) is False
    assert verbs(server) == ["GET"]


async def test_both_kinds_of_addresses_are_set_and_what_is_left_over_goes(
    server: CloudflareServer, dns: CloudflareDns
) -> None:
    server.put("A", OLD)
    server.put("A", "34.3.3.3")
    assert await dns.point(NAME, (NEW, NEW6)) is True
    assert sorted((each["type"], each["content"]) for each in server.records) == [("A", NEW), ("AAAA", NEW6)]


async def test_only_this_name_and_its_addresses_are_touched(server: CloudflareServer, dns: CloudflareDns) -> None:
    other = server.put("A", OLD, name="example.com")
    text = server.put("TXT", "v=spf1 -all")
    await dns.point(NAME, (NEW,))
    assert other in server.records
    assert text in server.records


async def test_an_alias_at_the_name_is_told_and_left_alone(server: CloudflareServer, dns: CloudflareDns) -> None:
    server.put("CNAME", "tunnel.example.net")
    with pytest.raises(DnsError) as caught:
        await dns.point(NAME, (NEW,))
    assert caught.value.data["kind"] == "record"
    assert verbs(server) == ["GET"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (cloudflare_refusal(400, 6003, "Invalid request headers"), "token"),
        (cloudflare_refusal(401, 10000, "Authentication error"), "token"),
        (cloudflare_refusal(403, 10000, "Authentication error"), "right"),
        (cloudflare_refusal(403, 9109, "Invalid access token"), "token"),
        (
            cloudflare_refusal(404, 7003, "Could not route to /zones/x, perhaps your object identifier is invalid?"),
            "zone",
        ),
        (cloudflare_refusal(429, 971, "Please wait and consider throttling your request speed"), "rate"),
        (cloudflare_refusal(400, 9005, "Content for A record must be a valid IPv4 address."), "refused"),
        (cloudflare_refusal(500, 10001, "Internal error"), "unreachable"),
        (Answer({"success": False}, 403), "right"),
        (Answer(b"error code: 1015", 429), "rate"),
        (Answer(drop=True), "unreachable"),
    ],
)
async def test_each_refusal_has_its_kind(
    server: CloudflareServer, dns: CloudflareDns, answer: Answer, kind: str
) -> None:
    server.refuses = answer
    with pytest.raises(DnsError) as caught:
        await dns.point(NAME, (NEW,))
    assert (caught.value.data["kind"], caught.value.data["zone"]) == (kind, server.zone)
    assert TOKEN not in str(caught.value.data)


async def test_a_token_is_told_to_be_wrong_without_being_shown(server: CloudflareServer) -> None:
    server.refuses = cloudflare_refusal(403, 9109, "Invalid access token wrong-token")
    with pytest.raises(DnsError) as caught:
        await CloudflareDns(server.zone, "wrong-token", endpoint=server.endpoint).addresses(NAME)
    assert "wrong-token" not in str(caught.value.data)


async def test_a_zone_that_is_not_there_is_told(server: CloudflareServer) -> None:
    with pytest.raises(DnsError) as caught:
        await CloudflareDns("f" * 32, TOKEN, endpoint=server.endpoint).addresses(NAME)
    assert caught.value.data["kind"] == "zone"
