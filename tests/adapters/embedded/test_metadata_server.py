"""The metadata server answers as Google's does."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from manager.adapters.embedded.machines.container.metadata_server import metadata_app
from manager.adapters.embedded.machines.container.metadata_tree import Identity, Tree, tree

_IDENTITY = Identity(
    project="my-project",
    number=42,
    zone="us-west1-b",
    name="comfyui",
    instance_id="4815162342",
    machine_type="n1-standard-4",
    address="10.203.7.2",
    service_account="box@example.com",
    token="secret-of-nobody",
)


class _Source:
    def __init__(self) -> None:
        self.attributes = {"startup-script": "#!/bin/sh", "gpubox-box": "comfyui"}
        self.written: dict[str, dict[str, str]] | None = {}

    def tree(self) -> Tree:
        return tree(_IDENTITY, self.attributes, {})

    def guest_attributes(self) -> dict[str, dict[str, str]] | None:
        return self.written

    def write(self, namespace: str, key: str, value: str | None) -> None:
        assert self.written is not None
        if value is None:
            del self.written[namespace][key]
        else:
            self.written.setdefault(namespace, {})[key] = value


@pytest.fixture
def source() -> _Source:
    return _Source()


@pytest.fixture
async def guest(source: _Source) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(metadata_app(source, look_seconds=0))
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://metadata.google.internal/computeMetadata/v1",
        headers={"Metadata-Flavor": "Google"},
    ) as client:
        yield client


async def test_without_google_s_header_it_says_nothing(guest: httpx.AsyncClient) -> None:
    del guest.headers["Metadata-Flavor"]
    assert (await guest.get("/instance/name")).status_code == 403


async def test_a_request_that_was_passed_on_is_refused(guest: httpx.AsyncClient) -> None:
    assert (await guest.get("/instance/name", headers={"X-Forwarded-For": "192.0.2.1"})).status_code == 403


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("instance/name", "comfyui"),
        ("instance/id", "4815162342"),
        ("instance/zone", "projects/42/zones/us-west1-b"),
        ("instance/machine-type", "projects/42/machineTypes/n1-standard-4"),
        ("instance/attributes/gpubox-box", "comfyui"),
        ("instance/attributes/", "startup-script\ngpubox-box\n"),
        ("instance/network-interfaces/0/access-configs/0/external-ip", "10.203.7.2"),
        ("instance/preempted", "FALSE"),
        ("instance/maintenance-event", "NONE"),
        ("instance/service-accounts/default/email", "box@example.com"),
        ("project/project-id", "my-project"),
    ],
)
async def test_a_single_value_is_text(guest: httpx.AsyncClient, path: str, value: str) -> None:
    answer = await guest.get(f"/{path}")
    assert (answer.status_code, answer.text) == (200, value)
    assert answer.headers["Metadata-Flavor"] == "Google"
    assert answer.headers["ETag"]


async def test_everything_at_once_is_json_in_which_names_are_spelt_in_camel_case(guest: httpx.AsyncClient) -> None:
    answer = (await guest.get("/instance/", params={"recursive": "true", "alt": "json"})).json()
    assert answer["machineType"].endswith("n1-standard-4")
    assert answer["networkInterfaces"][0]["accessConfigs"][0]["externalIp"] == "10.203.7.2"
    assert answer["attributes"] == {"startup-script": "#!/bin/sh", "gpubox-box": "comfyui"}
    assert "token" not in answer["serviceAccounts"]["default"]


async def test_attributes_alone_keep_their_names(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/instance/attributes/", params={"recursive": "true"})
    assert answer.json() == {"startup-script": "#!/bin/sh", "gpubox-box": "comfyui"}


async def test_a_token_is_json_where_it_is_asked_for_by_name(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/instance/service-accounts/default/token")
    assert answer.json() == {"access_token": "secret-of-nobody", "expires_in": 3599, "token_type": "Bearer"}


async def test_what_is_not_there_is_not_found_and_a_folder_wants_its_slash(guest: httpx.AsyncClient) -> None:
    assert (await guest.get("/instance/attributes/nothing")).status_code == 404
    assert (await guest.get("/instance/name/deeper")).status_code == 404
    assert (await guest.get("/instance/attributes")).status_code == 301


async def test_who_waits_is_answered_when_something_has_changed(guest: httpx.AsyncClient, source: _Source) -> None:
    known = (await guest.get("/instance/attributes/gpubox-box")).headers["ETag"]
    wait = {"wait_for_change": "true", "last_etag": known}
    waiting = asyncio.create_task(guest.get("/instance/attributes/gpubox-box", params=wait))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()

    source.attributes["gpubox-box"] = "other"

    answer = await waiting
    assert answer.text == "other"
    assert answer.headers["ETag"] != known


async def test_who_knows_an_older_state_is_answered_at_once(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/instance/name", params={"wait_for_change": "true", "last_etag": "0"})
    assert answer.text == "comfyui"


async def test_who_waits_long_enough_is_told_that_nothing_has_changed(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/instance/name", params={"wait_for_change": "true", "timeout_sec": "0.01"})
    assert answer.text == "comfyui"


async def test_guest_attributes_are_written_read_and_removed(guest: httpx.AsyncClient, source: _Source) -> None:
    path = "/instance/guest-attributes/gpubox/boot"
    assert (await guest.get(path)).status_code == 404

    assert (await guest.put(path, content="ready")).status_code == 200
    assert source.written == {"gpubox": {"boot": "ready"}}
    assert (await guest.get(path)).text == "ready"
    assert (await guest.get("/instance/guest-attributes/gpubox/")).text == "boot\n"

    assert (await guest.delete(path)).status_code == 200
    assert (await guest.delete(path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("gpubox", "x", 400),
        ("gpubox/a/b", "x", 400),
        ("gpubox/a%20b", "x", 400),
        ("gpubox/big", "x" * (256 * 1024 + 1), 413),
    ],
)
async def test_what_google_would_not_take_is_refused(
    guest: httpx.AsyncClient, source: _Source, path: str, content: str, status: int
) -> None:
    assert (await guest.put(f"/instance/guest-attributes/{path}", content=content)).status_code == status
    assert source.written == {}


async def test_guest_attributes_are_refused_where_metadata_does_not_allow_them(
    guest: httpx.AsyncClient, source: _Source
) -> None:
    source.written = None
    assert (await guest.put("/instance/guest-attributes/gpubox/boot", content="ready")).status_code == 403


async def test_nothing_but_guest_attributes_can_be_written(guest: httpx.AsyncClient) -> None:
    assert (await guest.put("/instance/name", content="mine")).status_code == 405
