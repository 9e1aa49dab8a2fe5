"""A box about to power off takes no new prompt."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from box import Box
from under_a_domain import NAMED, ORIGIN


@contextmanager
def powering_off(box: Box, announced: str) -> Iterator[None]:
    """The guard has announced it."""
    closing = box.folder / "run" / "closing"
    closing.write_text(announced)
    try:
        yield
    finally:
        closing.unlink()


@pytest.mark.parametrize("path", ["/prompt", "/api/prompt", "/api//prompt", "/api/%70rompt", "/api/prompt?a=b"])
def test_a_box_about_to_power_off_takes_no_new_prompt_and_says_so(box: Box, visitor: httpx.Client, path: str) -> None:
    with powering_off(box, '{"at":1,"reason":"idle"}'), box.client(headers=NAMED | box.bearer()) as program:
        answers = [visitor.post(path, json={}, headers={"Origin": ORIGIN}), program.post(path, json={})]
        assert visitor.get("/api/queue").status_code == 200
        assert visitor.post("/api/interrupt", json={}, headers={"Origin": ORIGIN}).status_code == 200
    for answer in answers:
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/json")
        # As ComfyUI's page expects it of a refused prompt.
        assert answer.json()["error"]["message"] == "The box is about to power off and takes no new prompt."
        assert answer.json()["node_errors"] == {}
    # Where the guard has thought better of it.
    assert visitor.post(path, json={}, headers={"Origin": ORIGIN}).status_code in (400, 404)


def test_a_refused_prompt_says_nothing_about_the_box_to_who_has_no_pass(box: Box) -> None:
    with powering_off(box, "{}"), box.client(headers=NAMED) as stranger:
        assert stranger.post("/api/prompt", json={}).status_code == 401
