"""Google's client as it is loaded here: late, at one endpoint, and with credentials only where they belong."""

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from manager.adapters.gce import GceCloud
from manager.adapters.gce.api import Api, Unanswered
from manager.domain.box import Place
from manager.domain.errors import BadCredentials, CloudUnreachable
from tests.adapters.gce.conftest import REQUEST_ID, ManualClock
from tests.adapters.gce.stub import Answer, Stub

INSTANCE = {"name": "comfyui", "status": "TERMINATED"}


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A computer on which nobody ever logged in to Google, and which is no VM of Google's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


def key_file(folder: Path, token_uri: str) -> Path:
    """A service account's key file, with a key that nobody knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    content = {
        "type": "service_account",
        "project_id": "studio",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "panel@studio.iam.gserviceaccount.com",
        "token_uri": token_uri,
    }
    path = folder / "key.json"
    path.write_text(json.dumps(content))
    return path


def login_file(folder: Path, token_url: str) -> Path:
    """A person's login by way of another identity provider, as `gcloud auth application-default login` keeps it."""
    content = {
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "refresh",
        "token_url": token_url,
        "token_info_url": token_url,
    }
    path = folder / "login.json"
    path.write_text(json.dumps(content))
    return path


def test_importing_the_adapter_imports_nothing_of_googles() -> None:
    program = (
        "import sys; from manager.adapters.gce import GceCloud; from manager.adapters.clock import SystemClock;"
        "GceCloud(SystemClock());"
        "print([name for name in sys.modules if name.split('.')[0] in ('google', 'requests', 'grpc')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - this Python
    assert done.stdout.strip() == "[]"


async def test_warming_up_loads_the_client_without_a_request(google: GceCloud, stub: Stub) -> None:
    await google.warm_up()
    assert stub.asked == []
    assert "google.cloud.compute_v1" in sys.modules


async def test_the_event_loop_goes_on_while_the_client_is_loaded(
    google: GceCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading, ticked = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    load = Api.load

    def slow_load(api: Api) -> None:
        loop.call_soon_threadsafe(loading.set)
        asyncio.run_coroutine_threadsafe(ticked.wait(), loop).result(10)
        load(api)

    monkeypatch.setattr(Api, "load", slow_load)
    warming = asyncio.create_task(google.warm_up())
    await loading.wait()
    ticked.set()
    await warming


@pytest.mark.usefixtures("no_credentials")
async def test_warming_up_without_credentials_is_told_by_the_first_call(place: Place, clock: ManualClock) -> None:
    cloud = GceCloud(clock, "https://127.0.0.1:1")
    await cloud.warm_up()
    with pytest.raises(BadCredentials) as caught:
        await cloud.observe(place)
    assert "credentials were not found" in caught.value.data["detail"]
    cloud.close()


async def test_a_key_file_that_is_not_there_is_named(place: Place, clock: ManualClock, tmp_path: Path) -> None:
    cloud = GceCloud(clock, "https://127.0.0.1:1", credentials_file=str(tmp_path / "nowhere.json"))
    with pytest.raises(BadCredentials, match="bad_credentials") as caught:
        await cloud.observe(place)
    assert "nowhere.json" in caught.value.data["detail"]
    cloud.close()


async def test_an_identity_provider_that_cannot_be_reached_is_the_clouds_silence(
    place: Place, hasty: GceCloud, clock: ManualClock, tmp_path: Path
) -> None:
    path = login_file(tmp_path, "http://127.0.0.1:1/token")
    cloud = GceCloud(clock, "https://127.0.0.1:1", credentials_file=str(path), limits=hasty.calls.limits)
    with pytest.raises(CloudUnreachable):
        await cloud.observe(place)
    cloud.close()


async def test_an_identity_provider_that_refuses_is_bad_credentials(
    place: Place, clock: ManualClock, tmp_path: Path, stub: Stub
) -> None:
    stub.on("/token", Answer({"error": "invalid_grant", "error_description": "Token has been revoked."}, 400))
    path = login_file(tmp_path, f"{stub.endpoint}/token")
    cloud = GceCloud(clock, "https://127.0.0.1:1", credentials_file=str(path))
    with pytest.raises(BadCredentials) as caught:
        await cloud.observe(place)
    assert caught.value.data == {"detail": "Error code invalid_grant: Token has been revoked."}
    cloud.close()


async def test_over_plain_http_no_credentials_are_sent_though_there_are_some(
    place: Place, stub: Stub, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, f"{stub.endpoint}/token")))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    stub.on("/comfyui", Answer(INSTANCE))
    cloud = GceCloud(clock, stub.endpoint)
    await cloud.observe(place)
    cloud.close()
    assert [each.path for each in stub.asked] == ["/compute/v1/projects/studio/zones/us-west1-b/instances/comfyui"]
    assert "authorization" not in stub.asked[0].headers


@pytest.mark.parametrize("tail", ["", "/", "/compute/v1/"])
async def test_an_endpoint_may_be_written_as_other_google_tools_want_it(
    place: Place, stub: Stub, clock: ManualClock, tail: str
) -> None:
    stub.on("/compute/v1/projects/studio/zones/us-west1-b/instances/comfyui", Answer(INSTANCE))
    cloud = GceCloud(clock, stub.endpoint.replace("http", "HTTP") + tail)
    assert (await cloud.observe(place)).status == "TERMINATED"
    cloud.close()


async def test_a_redirect_leads_nowhere_else(place: Place, hasty: GceCloud, stub: Stub) -> None:
    with Stub() as other:
        other.on("/comfyui", Answer(INSTANCE))
        stub.on("/comfyui", Answer(status=302, headers={"Location": f"{other.endpoint}/comfyui"}))
        with pytest.raises(CloudUnreachable):
            await hasty.observe(place)
        assert other.asked == []


async def test_every_packet_goes_to_the_endpoint_that_was_set(
    place: Place, google: GceCloud, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: set[str] = set()
    connect = socket.socket.connect

    def noted(own: socket.socket, address: tuple[str, int]) -> None:
        reached.add(f"http://{address[0]}:{address[1]}")
        connect(own, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    here = "https://compute.googleapis.com/compute/v1/projects/studio/zones/us-west1-b/operations/operation-1"
    pending = {"name": "operation-1", "status": "PENDING", "selfLink": here, "zone": "https://compute.googleapis.com"}
    stub.on("/comfyui", Answer(INSTANCE | {"metadata": {"fingerprint": "a="}}))
    stub.on("/setMetadata", Answer(pending))
    stub.on("/start", Answer(pending))
    stub.on("/operation-1/wait", Answer(pending), Answer(pending | {"status": "DONE"}))
    stub.on("/operation-1", Answer(pending))
    await google.write_metadata(place, {"a": "1"})
    await google.start(place, REQUEST_ID)
    await google.operation(place, "operation-1")
    assert reached == {stub.endpoint}


def test_googles_own_endpoint_is_used_where_none_is_set(tmp_path: Path) -> None:
    api = Api(None, str(key_file(tmp_path, "https://127.0.0.1:1/token")))
    api.load()
    clients: dict[str, Any] = vars(api)["_clients"]
    assert {client.transport._host for client in clients.values()} == {"https://compute.googleapis.com"}


def test_over_https_the_key_file_signs_the_tokens_and_nobody_is_asked_for_one(tmp_path: Path) -> None:
    api = Api("https://127.0.0.1:1", str(key_file(tmp_path, "https://127.0.0.1:1/token")))
    api.load()
    session = vars(api)["_clients"]["InstancesClient"].transport._session
    session.credentials.refresh(session._auth_request)
    assert session.credentials.service_account_email == "panel@studio.iam.gserviceaccount.com"
    assert session.credentials.token.count(".") == 2


def test_a_field_that_google_does_not_know_is_a_mistake_of_ours(stub: Stub) -> None:
    with pytest.raises(Exception, match="no field named"):
        Api(stub.endpoint).call("instances.get", {"instanze": "comfyui"}, 1.0)
    assert stub.asked == []


def test_a_refused_connection_is_told_without_addresses_in_memory() -> None:
    with pytest.raises(Unanswered) as caught:
        Api("http://127.0.0.1:1").call("zoneOperations.list", {"project": "p", "zone": "z"}, 1.0)
    assert caught.value.detail == "ConnectionError: Connection refused"
