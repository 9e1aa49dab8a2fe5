import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpubox_agent.models.names import file_name
from gpubox_agent.models.wanted import Wanted, Wrong, is_safe_folder, is_safe_name, wanted_files

SHA256 = "ab" * 32
GOOD: dict[str, Any] = {"url": "https://example.com/x/model.safetensors", "sha256": SHA256, "folder": "loras/sdxl"}


def only(entry: object) -> Wanted | Wrong:
    (read,) = wanted_files(json.dumps([entry]))
    return read


def test_an_entry_says_what_is_wanted() -> None:
    assert only(GOOD) == Wanted(GOOD["url"], SHA256, "loras/sdxl", "model.safetensors")
    assert only(GOOD | {"name": "other.ckpt", "sha256": SHA256.upper()}) == Wanted(
        GOOD["url"], SHA256, "loras/sdxl", "other.ckpt"
    )


def test_no_list_is_an_empty_one() -> None:
    assert wanted_files("") == []
    assert wanted_files("[]") == []


@pytest.mark.parametrize("text", ["{", "{}", "7", "[" * 100_000])
def test_something_that_is_no_list_is_said(text: str) -> None:
    (wrong,) = wanted_files(text)
    assert isinstance(wrong, Wrong)
    assert wrong.problem.startswith("The model list is not")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"url": "ftp://x/y"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://host:port/x"}, "url"),
        ({"url": None}, "url"),
        ({"url": "https://me:secret@example.com/x"}, "password"),
        ({"url": "gs://bucket"}, "object"),
        ({"sha256": "abc"}, "sha256"),
        ({"sha256": None}, "sha256"),
        ({"folder": "../custom_nodes"}, "folder"),
        ({"folder": "/etc"}, "folder"),
        ({"folder": ""}, "folder"),
        ({"folder": "a//b"}, "folder"),
        ({"folder": "a\\..\\b"}, "folder"),
        ({"name": "../x"}, "name"),
        ({"name": ".hidden"}, "name"),
        ({"name": "a\u001b[2J"}, "name"),
        ({"name": 7}, "name"),
        ({"sha265": SHA256}, "sha265"),
    ],
)
def test_what_is_wrong_with_an_entry_is_named(change: dict[str, Any], word: str) -> None:
    wrong = only(GOOD | change)
    assert isinstance(wrong, Wrong)
    assert word in wrong.problem
    assert "secret" not in wrong.problem


def test_two_entries_for_one_place_do_not_fight() -> None:
    first, second = wanted_files(json.dumps([GOOD, GOOD | {"sha256": "cd" * 32}]))
    assert isinstance(first, Wanted)
    assert isinstance(second, Wrong)
    assert len(wanted_files(json.dumps([GOOD, GOOD]))) == 1


@given(st.text())
def test_no_safe_name_leads_anywhere(name: str) -> None:
    if is_safe_name(name):
        assert "/" not in name
        assert "\\" not in name
        assert name not in (".", "..")


@given(st.text(alphabet="./\\a-\0 "))
def test_no_safe_folder_leads_out(folder: str) -> None:
    if is_safe_folder(folder):
        assert not folder.startswith("/")
        assert ".." not in folder.split("/")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a.safetensors"', "a.safetensors"),
        ("attachment; filename*=UTF-8''gr%C3%BCn.safetensors", "grün.safetensors"),
        ('attachment; filename="C:\\\\x\\\\b.ckpt"', "b.ckpt"),
        ('attachment; filename="..."', "4711"),
        ("nonsense", "4711"),
        (None, "4711"),
    ],
)
def test_a_servers_name_is_taken_where_it_is_one(disposition: str | None, name: str) -> None:
    wanted = Wanted("https://example.com/4711", SHA256, "vae", None)
    assert file_name(wanted, disposition, "https://cdn.example.com/f") == name
