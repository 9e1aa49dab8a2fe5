"""No secret is ever written, whatever way it takes into the logs."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from manager.logs import REDACTED, Redaction, configure_logging

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJ4In0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
KNOWN = "kqm7x-29fda-wtz4e"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"got {JWT} from there", JWT),
        (f"Authorization: Bearer {JWT}", JWT),
        ("authorization: Bearer opaque-service-token-1", "opaque-service-token-1"),
        ("headers={'x-auth-token': 'abc.def'}", "abc.def"),
        ("Cookie: gpubox=abcdef; other=1", "abcdef"),
        ("postgresql://gpubox:hunter22@db/gpubox is down", "hunter22"),
        ("postgresql+psycopg://gpubox:hunter22@db/gpubox", "hunter22"),
        ("hash $argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$iq0RgyTf was read", "iq0RgyTf"),
        ("$2b$12$abcdefghijklmnopqrstuuu", "abcdefghijklmnopqrstuuu"),
        ('127.0.0.1:1 - "GET /api/events?token=abc123 HTTP/1.1" 200', "abc123"),
        ('127.0.0.1:1 - "GET /api/events?abc123 HTTP/1.1" 200', "abc123"),
        ("AUTH_PASSWORD=hunter22 was set", "hunter22"),
        ('{"password": "hunter22"}', "hunter22"),
        (f"they typed {KNOWN} somewhere", KNOWN),
    ],
)
def test_a_secret_is_known_by_its_looks(text: str, secret: str) -> None:
    assert secret not in Redaction([KNOWN]).text(text)


@pytest.mark.parametrize("text", ["Really? Yes.", "stopped at 14:32, cost 0.38", "http://127.0.0.1:8187/ is ready"])
def test_ordinary_sentences_stay_as_they_are(text: str) -> None:
    assert Redaction([KNOWN]).text(text) == text


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_values_are_judged_by_their_names_at_any_depth(stream: type[io.StringIO]) -> None:
    out = stream()
    configure_logging("info", stream=out)
    log = structlog.get_logger("test")
    log.info("settings", auth_password="s3cr3t-1", nested={"jwt_secret": "s3cr3t-2", "list": [{"Cookie": "s3cr3t-3"}]})
    log.info("headers", pairs=[b"Bearer s3cr3t-4"], port=8187)
    assert "s3cr3t" not in out.getvalue()
    assert "8187" in out.getvalue()


def test_json_where_no_terminal_is() -> None:
    out = io.StringIO()
    configure_logging("info", stream=out)
    structlog.get_logger("test").warning("something", box="first")
    line = json.loads(out.getvalue())
    assert (line["event"], line["level"], line["logger"], line["box"]) == ("something", "warning", "test", "first")


def test_exceptions_and_other_libraries_are_redacted_too() -> None:
    out = io.StringIO()
    configure_logging("info", [KNOWN], stream=out)
    try:
        int(f"postgresql://me:{KNOWN}@db")
    except ValueError:
        structlog.get_logger("test").exception("failed")
        logging.getLogger("library").exception("failed with %s", KNOWN, extra={"detail": JWT})
    assert KNOWN not in out.getvalue()
    assert JWT not in out.getvalue()
    assert "ValueError" in out.getvalue()


def test_the_access_log_is_for_debugging_and_shows_no_query() -> None:
    out = io.StringIO()
    access = logging.getLogger("uvicorn.access")
    uvicorn.Config("", access_log=False)  # sets up loggers of its own, and silences this one
    arguments = ("127.0.0.1:1", "GET", "/api/events?token=abc123", "1.1", 200)
    configure_logging("info", stream=out)
    access.info('%s - "%s %s HTTP/%s" %d', *arguments)
    assert out.getvalue() == ""
    configure_logging("debug", stream=out)
    access.info('%s - "%s %s HTTP/%s" %d', *arguments)
    assert "abc123" not in out.getvalue()
    assert f"/api/events?{REDACTED}" in out.getvalue()


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=8), st.text(), st.text())
def test_a_known_secret_never_appears(secret: str, before: str, after: str) -> None:
    assert secret not in Redaction([secret]).text(f"{before}{secret}{after}").replace(REDACTED, "")
