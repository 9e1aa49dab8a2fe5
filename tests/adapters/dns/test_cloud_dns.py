"""Cloud DNS over HTTP: a name follows the box's addresses, and nothing else is touched."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from manager.adapters.dns import CloudDns
from manager.adapters.dns.google_token import GoogleToken
from manager.domain.errors import DnsError
from tests.adapters.dns.servers import CloudDnsServer
from tests.adapters.gce.stub import Answer, Stub, refusal

NAME = "comfy.example.com"
OLD, NEW, NEW6 = "34.1.1.1", "34.2.2.2", "2600:1900:4000:1::"


@pytest.fixture
def server() -> Iterator[CloudDnsServer]:
    with CloudDnsServer() as server:
        yield server


@pytest.fixture
def dns(server: CloudDnsServer) -> CloudDns:
    return CloudDns("studio", "example-com", endpoint=server.endpoint)


async def test_a_new_name_is_made(server: CloudDnsServer, dns: CloudDns) -> None:
    assert await dns.point(NAME, (NEW,)) is True
    assert server.at("A") == [NEW]
    assert server.sets[0]["ttl"] == 60
    assert await dns.addresses(NAME) == (NEW,)


async def test_a_name_is_moved_in_one_change(server: CloudDnsServer, dns: CloudDns) -> None:
    server.put("A", OLD)
    assert await dns.point(NAME, (NEW, NEW6)) is True
    assert (server.at("A"), server.at("AAAA")) == ([NEW], [NEW6])
    assert [asked.verb for asked in server.asked] == ["GET", "POST"]


async def test_a_name_that_is_right_is_left_alone(server: CloudDnsServer, dns: CloudDns) -> None:
    server.put("A", NEW, ttl=60)
    assert await dns.point(NAME, (NEW,)) is False
    assert [asked.verb for asked in server.asked] == ["GET"]


async def test_an_address_that_the_box_no_longer_has_is_taken_out(server: CloudDnsServer, dns: CloudDns) -> None:
    server.put("A", NEW, ttl=60)
    server.put("AAAA", NEW6)
    assert await dns.point(NAME, (NEW,)) is True
    assert (server.at("A"), server.at("AAAA")) == ([NEW], [])


async def test_only_this_name_and_its_addresses_are_touched(server: CloudDnsServer, dns: CloudDns) -> None:
    server.put("A", OLD, name="example.com.")
    server.put("TXT", '"v=spf1 -all"')
    await dns.point(NAME, (NEW,))
    assert server.at("A", "example.com.") == [OLD]
    assert server.at("TXT") == ['"v=spf1 -all"']


@pytest.mark.parametrize(
    ("kind", "data", "more"),
    [("CNAME", ["ghs.example.net."], {}), ("A", [], {"routingPolicy": {"geo": {"items": []}}})],
)
async def test_something_else_at_the_name_is_told_and_left_alone(
    server: CloudDnsServer, dns: CloudDns, kind: str, data: list[str], more: dict[str, Any]
) -> None:
    server.put(kind, *data, **more)
    before = list(server.sets)
    with pytest.raises(DnsError) as caught:
        await dns.point(NAME, (NEW,))
    assert caught.value.data["kind"] == "record"
    assert server.sets == before


async def test_an_edit_by_somebody_else_in_between_loses_nothing(server: CloudDnsServer, dns: CloudDns) -> None:
    server.put("A", OLD)
    stale = {"rrsets": [dict(server.sets[0]) | {"rrdatas": ["34.9.9.9"]}]}
    answer = server.answer
    first = iter([Answer(stale)])
    server.answer = lambda asked: next(first, None) or answer(asked)  # type: ignore[method-assign]
    with pytest.raises(DnsError) as caught:
        await dns.point(NAME, (NEW,))
    assert caught.value.data["kind"] == "refused"
    assert server.at("A") == [OLD]
    assert await dns.point(NAME, (NEW,)) is True


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(401, "authError", "Invalid Credentials"), "token"),
        (refusal(403, "forbidden", "Forbidden"), "right"),
        (refusal(403, "rateLimitExceeded", "Rate Limit Exceeded"), "rate"),
        (refusal(404, "notFound", "The 'parameters.managedZone' resource named 'x' does not exist."), "zone"),
        (refusal(400, "invalid", "Invalid value for 'entity.change.additions[0].name': 'x.'"), "zone"),
        (refusal(400, "invalid", "Invalid value for 'entity.change.additions[0].ttl'"), "refused"),
        (refusal(429, "rateLimitExceeded", "Slow down"), "rate"),
        (refusal(503, "backendError", "Backend Error"), "unreachable"),
        (Answer({"error": "odd"}, 403), "right"),
        (Answer(b"<html>proxy</html>", 502), "unreachable"),
        (Answer(b"<html>proxy</html>", 403), "right"),
        (Answer(b"[]"), "refused"),
        (Answer(drop=True), "unreachable"),
    ],
)
async def test_each_refusal_has_its_kind(server: CloudDnsServer, dns: CloudDns, answer: Answer, kind: str) -> None:
    server.refuses = answer
    with pytest.raises(DnsError) as caught:
        await dns.point(NAME, (NEW,))
    data = caught.value.data
    assert (data["kind"], data["zone"], data["name"]) == (kind, "example-com", NAME)
    assert data["detail"]


async def test_a_name_of_another_zone_is_told(server: CloudDnsServer, dns: CloudDns) -> None:
    with pytest.raises(DnsError) as caught:
        await dns.point("comfy.example.net", (NEW,))
    assert caught.value.data["kind"] == "zone"
    assert server.sets == []


async def test_what_is_sent_is_what_google_describes(server: CloudDnsServer, dns: CloudDns) -> None:
    folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
    schemas = json.loads((folder / "dns.v1.json").read_text())["schemas"]
    server.put("A", OLD)
    await dns.point(NAME, (NEW,))
    body = server.asked[-1].body
    assert set(body) <= set(schemas["Change"]["properties"])
    for each in (*body["additions"], *body["deletions"]):
        assert set(each) <= set(schemas["ResourceRecordSet"]["properties"])


class TestTheToken:
    async def test_is_sent_as_a_bearer_and_stands_in_no_error(self, server: CloudDnsServer) -> None:
        async def token() -> str:
            return "ya29.secret"

        dns = CloudDns("studio", "example-com", endpoint=server.endpoint, token_of=token)
        await dns.addresses(NAME)
        assert server.asked[0].headers["authorization"] == "Bearer ya29.secret"
        server.refuses = refusal(401, "authError", "Bad token ya29.secret")
        with pytest.raises(DnsError) as caught:
            await dns.addresses(NAME)
        assert "ya29.secret" not in str(caught.value.data)

    async def test_is_not_looked_for_over_plain_http(self, server: CloudDnsServer, dns: CloudDns) -> None:
        await dns.addresses(NAME)
        assert "authorization" not in server.asked[0].headers

    async def test_comes_from_the_key_file_and_is_kept(self, tmp_path: Path) -> None:
        with Stub() as identity:
            identity.on("/token", Answer({"access_token": "ya29.new", "expires_in": 3600, "token_type": "Bearer"}))
            token = GoogleToken(str(_key_file(tmp_path, f"{identity.endpoint}/token")))
            assert await token() == "ya29.new"
            assert await token() == "ya29.new"
            assert len(identity.asked) == 1

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (Answer({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400), "token"),
            (Answer(drop=True), "unreachable"),
        ],
    )
    async def test_that_cannot_be_had_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, kind: str
    ) -> None:
        monkeypatch.setattr("time.sleep", lambda _: None)
        with Stub() as identity:
            identity.on("/token", answer)
            token = GoogleToken(str(_key_file(tmp_path, f"{identity.endpoint}/token")))
            dns = CloudDns("studio", "example-com", endpoint=identity.endpoint, token_of=token)
            with pytest.raises(DnsError) as caught:
                await dns.addresses(NAME)
        assert (caught.value.data["kind"], caught.value.data["name"]) == (kind, NAME)

    async def test_of_a_file_that_is_none_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "key.json").write_text("{}")
        for name in ("key.json", "missing.json"):
            with pytest.raises(DnsError) as caught:
                await GoogleToken(str(tmp_path / name))()
            assert caught.value.data["kind"] == "token"


def _key_file(folder: Path, token_uri: str) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    body = {"type": "service_account", "client_email": "gpubox@studio.iam.gserviceaccount.com", "token_uri": token_uri}
    path = folder / "key.json"
    path.write_text(json.dumps(body | {"private_key": pem.decode(), "private_key_id": "1", "project_id": "studio"}))
    return path
