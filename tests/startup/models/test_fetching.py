import hashlib
import json
import os
from typing import Any

import pytest

from .conftest import BODY, SHA256, Box, FileServer

HALF = len(BODY) // 2


async def test_a_file_comes_whole_into_its_folder(box: Box) -> None:
    (file,) = await box.fetch(box.entry())
    assert file == {
        "name": "model.safetensors",
        "folder": "checkpoints",
        "state": "done",
        "bytes": len(BODY),
        "size": len(BODY),
        "problem": None,
    }
    assert (box.models / "checkpoints" / "model.safetensors").read_bytes() == BODY
    assert [each.name for each in box.downloads.iterdir()] == ["verified.json"]


async def test_a_connection_that_breaks_off_is_taken_up_where_it_was(box: Box, server: FileServer) -> None:
    server.breaks_after = [HALF, HALF // 2]
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "done"
    assert [asked.get("Range") for asked in server.asked] == [None, f"bytes={HALF}-", f"bytes={HALF + HALF // 2}-"]
    assert server.asked[1]["If-Range"] == '"v1"'


async def test_what_an_earlier_boot_fetched_is_read_again_and_gone_on_from(box: Box, server: FileServer) -> None:
    box.downloads.mkdir(parents=True)
    (box.downloads / f"{SHA256}.part").write_bytes(BODY[:HALF])
    (box.downloads / f"{SHA256}.json").write_text('{"validator": "\\"v1\\""}', encoding="utf-8")
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "done"
    assert [asked.get("Range") for asked in server.asked] == [f"bytes={HALF}-"]


async def test_a_part_that_was_whole_already_only_moves(box: Box, server: FileServer) -> None:
    box.downloads.mkdir(parents=True)
    (box.downloads / f"{SHA256}.part").write_bytes(BODY)
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "done"
    assert len(server.asked) == 1


async def test_a_file_that_changes_in_between_is_begun_anew(box: Box, server: FileServer) -> None:
    box.downloads.mkdir(parents=True)
    (box.downloads / f"{SHA256}.part").write_bytes(b"of another version" * 1000)
    (box.downloads / f"{SHA256}.json").write_text('{"validator": "\\"v0\\""}', encoding="utf-8")
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "done"
    assert len(server.asked) == 1
    assert server.asked[0]["If-Range"] == '"v0"'


async def test_a_part_that_was_damaged_costs_one_more_whole_download(box: Box, server: FileServer) -> None:
    box.downloads.mkdir(parents=True)
    (box.downloads / f"{SHA256}.part").write_bytes(b"?" * HALF)
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "done"
    assert [asked.get("Range") for asked in server.asked] == [f"bytes={HALF}-", None]


async def test_a_server_that_knows_no_ranges_gives_the_whole_again(box: Box, server: FileServer) -> None:
    server.knows_ranges = False
    server.breaks_after = [HALF]
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "done"
    assert len(server.asked) == 2


async def test_a_server_that_promises_too_much_is_asked_again_and_the_hash_decides(
    box: Box, server: FileServer
) -> None:
    server.claims_bytes = len(BODY) + 1000
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "done"
    assert len(server.asked) == 2


async def test_a_server_that_promises_too_little_gives_no_file(box: Box, server: FileServer) -> None:
    server.claims_bytes = HALF
    (file,) = await box.fetch(box.entry())
    assert file["problem"].startswith("The file's SHA-256 is ")
    assert not (box.models / "checkpoints").exists()


async def test_a_wrong_hash_is_said_and_nothing_comes_of_it(box: Box, server: FileServer) -> None:
    server.body = BODY[:-1] + b"?"
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "failed"
    assert (
        file["problem"]
        == f"The file's SHA-256 is {hashlib.sha256(server.body).hexdigest()}, and the list says {SHA256}."
    )
    assert len(server.asked) == 1
    assert not (box.models / "checkpoints").exists()


async def test_a_server_in_trouble_is_asked_again_when_it_wants_to_be(box: Box, server: FileServer) -> None:
    server.statuses = [503, 429]
    server.headers = {"Retry-After": "7"}
    (file,) = await box.fetch(box.entry())
    assert file["state"] == "done"
    assert box.pauses == [7, 7]


async def test_a_server_that_stays_in_trouble_is_given_up_after_a_quarter_of_an_hour(
    box: Box, server: FileServer
) -> None:
    server.statuses = [500] * 100
    (file,) = await box.fetch(box.entry())
    assert file["problem"] == "The server answered 500."
    assert 14 * 60 < sum(box.pauses) < 16 * 60


@pytest.mark.parametrize(("status", "word"), [(404, "no such file"), (403, "does not give"), (451, "451")])
async def test_a_refusal_is_not_asked_for_again(box: Box, server: FileServer, status: int, word: str) -> None:
    server.statuses = [status]
    (file,) = await box.fetch(box.entry())
    assert word in file["problem"]
    assert box.pauses == []


async def test_nobody_there_is_said_by_its_host(box: Box) -> None:
    (file,) = await box.fetch(box.entry() | {"url": "http://127.0.0.1:9/secret-path/m.safetensors?token=abc"})
    assert file["problem"] == "127.0.0.1 cannot be reached."


async def test_one_that_fails_stops_no_other(box: Box) -> None:
    files = await box.fetch(
        {"url": "ftp://x/y", "sha256": SHA256, "folder": "vae"}, box.entry(sha256="0" * 64), box.entry("/b.safetensors")
    )
    assert [file["state"] for file in files] == ["failed", "failed", "done"]


async def test_a_file_that_is_there_is_not_fetched_and_read_only_once(box: Box, server: FileServer) -> None:
    file = box.models / "checkpoints" / "model.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(BODY)
    assert (await box.fetch(box.entry()))[0]["state"] == "done"
    assert server.asked == []
    found = file.stat()
    file.write_bytes(b"x" * len(BODY))
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert (await box.fetch(box.entry()))[0]["state"] == "done", "its size and moment are as they were: not read again"


async def test_another_file_of_that_name_is_never_overwritten(box: Box, server: FileServer) -> None:
    file = box.models / "checkpoints" / "model.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"somebody's own")
    (reported,) = await box.fetch(box.entry())
    assert "Another file of this name is there" in reported["problem"]
    assert file.read_bytes() == b"somebody's own"
    assert server.asked == []


async def test_a_disk_without_room_is_not_filled(box: Box) -> None:
    box.reserve = 10**18
    (file,) = await box.fetch(box.entry())
    assert file["problem"].startswith("There is not enough room: ")
    assert not (box.models / "checkpoints").exists()


async def test_a_server_names_the_file_where_nobody_else_does(box: Box, server: FileServer) -> None:
    server.headers = {"Content-Disposition": 'attachment; filename="../../etc/passwd.safetensors"'}
    (file,) = await box.fetch(box.entry("/download/4711"))
    assert (file["name"], file["state"]) == ("passwd.safetensors", "done")
    assert (box.models / "checkpoints" / "passwd.safetensors").read_bytes() == BODY
    assert (await box.fetch(box.entry("/download/4711")))[0]["state"] == "done"
    assert len(server.asked) == 1, "known by its hash at the next boot"


async def test_what_was_begun_for_a_list_of_yesterday_is_cleared_away(box: Box) -> None:
    box.downloads.mkdir(parents=True)
    (box.downloads / f"{'a' * 64}.part").write_bytes(b"begun")
    await box.fetch(box.entry())
    assert not (box.downloads / f"{'a' * 64}.part").exists()


async def test_google_storage_is_asked_with_the_boxs_own_token(
    box: Box, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.address)
    box.token = "ya29.secret"
    (file,) = await box.fetch(box.entry() | {"url": "gs://my-bucket/sd xl/model.safetensors"})
    assert (file["name"], file["state"]) == ("model.safetensors", "done")
    assert server.paths == ["/storage/v1/b/my-bucket/o/sd%20xl%2Fmodel.safetensors?alt=media"]
    assert server.asked[0]["Authorization"] == "Bearer ya29.secret"


async def test_no_credentials_follow_a_redirect(box: Box, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.address)
    box.token = "ya29.secret"
    server.redirects = {"/storage/v1/b/b/o/m.safetensors": "/elsewhere?sig=a%2Fb%2B"}
    (file,) = await box.fetch(box.entry() | {"url": "gs://b/m.safetensors"})
    assert file["state"] == "done"
    assert server.paths[1] == "/elsewhere?sig=a%2Fb%2B", "a signed address stays as it is, letter by letter"
    assert "Authorization" not in server.asked[1]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "/circle", "gopher://x/"])
async def test_a_redirect_to_nowhere_is_said(box: Box, server: FileServer, target: str) -> None:
    server.redirects = {"/circle": target}
    (file,) = await box.fetch(box.entry("/circle"))
    assert file["state"] == "failed"
    assert "redirects" in file["problem"] or "circle" in file["problem"]


@pytest.mark.parametrize(
    "url", ["http://hugging\\face.co/m", "http://a..b/m", f"http://{'a' * 64}.com/m", "gs://b/\ud800"]
)
async def test_an_address_that_cannot_be_asked_stops_no_other_file(box: Box, url: str) -> None:
    files = await box.fetch(box.entry("/a", name="a.safetensors") | {"url": url}, box.entry("/b.safetensors"))
    assert [file["state"] for file in files] == ["failed", "done"]
    assert files[0]["problem"] == "The address names no server that there could be."


@pytest.mark.parametrize("target", ["http://[/m.safetensors", "//[", "http://[not-an-address]/"])
async def test_a_redirect_that_is_no_address_stops_no_other_file(box: Box, server: FileServer, target: str) -> None:
    server.redirects = {"/a": target}
    files = await box.fetch(box.entry("/a", name="a.safetensors"), box.entry("/b.safetensors"))
    assert [file["state"] for file in files] == ["failed", "done"]
    assert files[0]["problem"] == "The server redirects to something that is no web address."


async def test_the_report_says_running_while_bytes_come(box: Box, server: FileServer) -> None:
    seen: list[Any] = []

    def look() -> None:
        body = json.loads((box.folder / "models.json").read_bytes())
        file = body["files"][0]
        seen.append((body["state"], file["state"], file["bytes"], file["size"], file["problem"]))

    server.breaks_after, box.at_pause = [HALF], look
    await box.fetch(box.entry())
    assert seen == [("running", "running", HALF, len(BODY), "The connection broke off.")]
