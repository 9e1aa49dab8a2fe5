"""Every failure is a problem with a code and a sentence, and none shows what is inside."""

import logging

import pytest
from support import House

from manager.domain import errors as domain
from manager.domain.errors import CloudUnreachable, GpuboxError
from manager.web.errors import STATUS


def all_errors(base: type[GpuboxError] = GpuboxError) -> list[type[GpuboxError]]:
    return [base, *(each for child in base.__subclasses__() for each in all_errors(child))]


def test_every_error_of_the_domain_has_a_status() -> None:
    assert {error.code for error in all_errors()} <= set(STATUS)
    assert domain.__doc__ is not None


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/static/nothing.css", 404, "not_found"),
        ("GET", "/static/..%2fmanager%2fmain.py", 404, "not_found"),
        ("GET", "/static/%00", 404, "not_found"),
        ("DELETE", "/api/instance/status", 405, "method_not_allowed"),
        ("GET", "/api/auth/login", 405, "method_not_allowed"),
    ],
)
async def test_what_the_framework_says_is_a_problem_too(
    house: House,
    method: str,
    path: str,
    status: int,
    code: str,
) -> None:
    async with house.signed_in() as client:
        answer = await client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:gpubox:problem:{code}"
    assert problem["title"]
    assert problem["detail"].endswith(".")


async def test_a_large_body_is_refused(house: House) -> None:
    async def pieces() -> object:
        for _ in range(80):
            yield b" " * 1024

    async with house.signed_in(content_type="application/json") as client:
        for path in ("/api/auth/login", "/api/instance/keep-alive", "/api/instance/hold"):
            for content in (b" " * 80_000, pieces()):
                answer = await client.post(path, content=content)  # type: ignore[arg-type]
                assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_an_unexpected_error_is_logged_and_not_shown(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(house.boxes, "status", fail)
    async with house.signed_in() as client:
        for path in ("/api/instance/status", "/api/boxes"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (500, "internal")
            assert "inside" not in answer.text
            assert "Traceback" not in answer.text
    assert "the inside" in caplog.text
    assert all(record.levelno == logging.ERROR for record in caplog.records)


async def test_a_cloud_that_is_down_is_a_bad_gateway(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: str, __: int) -> None:
        raise CloudUnreachable(endpoint="https://compute.test", detail="no route")

    monkeypatch.setattr(house.boxes, "logs", fail)
    async with house.signed_in() as client:
        answer = await client.get("/api/instance/logs")
    assert (answer.status_code, answer.json()["code"]) == (502, "cloud_unreachable")
    assert "no route" in answer.json()["detail"]


async def test_every_answer_carries_what_protects_it(house: House) -> None:
    async with house.signed_in() as client:
        for path in ("/api/instance/status", "/api/nothing", "/", "/docs", "/static/css/base.css", "/healthz"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert len(headers.get_list("cache-control")) == 1
            assert "strict-transport-security" not in headers
