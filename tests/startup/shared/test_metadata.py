import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from gpubox_agent.metadata import Box, Metadata, MetadataUnavailable, box_from_file, metadata_url

from .conftest import MetadataServer, until


async def no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


async def test_the_box_is_read_whole(server: MetadataServer, session: aiohttp.ClientSession) -> None:
    server.attributes = {"gpubox-box": "comfyui"}
    box = await Metadata(session, server.url).read()
    assert box == Box({"gpubox-box": "comfyui"}, "4711", "box-vm", "1")


async def test_each_change_comes_by_itself(server: MetadataServer, session: aiohttp.ClientSession) -> None:
    server.attributes = {"gpubox-idle-minutes": "30"}
    async with asyncio.timeout(10):
        following = Metadata(session, server.url, pause=no_pause).follow()
        assert (await anext(following)).attributes["gpubox-idle-minutes"] == "30"
        following_next = asyncio.ensure_future(anext(following))
        await until(lambda: server.long_polls > 0)
        server.change(gpubox_idle_minutes="5")
        assert (await following_next).attributes["gpubox-idle-minutes"] == "5"
        await following.aclose()


async def test_a_silent_server_stops_nobody_who_was_told_before(
    server: MetadataServer, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    file = tmp_path / "box.json"
    body = {"attributes": {"gpubox-box": "b"}, "instance": {"id": 12, "name": "vm"}}
    file.write_text(json.dumps(body), encoding="utf-8")
    server.attributes, server.refuses = {"gpubox-box": "new"}, 2
    async with asyncio.timeout(10):
        following = Metadata(session, server.url, file, no_pause).follow()
        assert await anext(following) == Box({"gpubox-box": "b"}, "12", "vm")
        assert (await anext(following)).attributes == {"gpubox-box": "new"}
        await following.aclose()


async def test_nobody_there_and_no_file_is_a_box_that_was_told_nothing(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    metadata = Metadata(session, "http://127.0.0.1:9", tmp_path / "none")
    assert await metadata.read_or_file() == Box()
    with pytest.raises(MetadataUnavailable):
        await metadata.access_token()


async def test_the_service_accounts_token_is_given(server: MetadataServer, session: aiohttp.ClientSession) -> None:
    assert await Metadata(session, server.url).access_token() == "ya29.t"


def test_a_file_that_makes_no_sense_is_none(tmp_path: Path) -> None:
    (tmp_path / "box.json").write_text('{"attributes": 7, "instance": []}', encoding="utf-8")
    assert box_from_file(tmp_path / "box.json") == Box()
    assert box_from_file(tmp_path / "none") is None


def test_google_variable_moves_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:8080")
    assert metadata_url() == "http://127.0.0.1:8080/computeMetadata/v1"
