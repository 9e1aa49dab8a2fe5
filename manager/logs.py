"""Logs on stderr: lines for people on a terminal, JSON otherwise, and never a secret in either."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

REDACTED = "[redacted]"

_NAMES = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|hash|credential|(api|private|access)[-_]?key|\bdsn\b|database_url",
    re.IGNORECASE,
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # JSON Web Tokens, wherever they stand
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), REDACTED),
    # Authorization: Bearer ..., x-auth-token: ..., Cookie: ...
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]+", re.IGNORECASE), rf"\1 {REDACTED}"),
    (
        re.compile(r"\b((?:set-)?cookie|x-auth-token|authorization)([\"']?\s*[:=]\s*)[^\r\n]+", re.IGNORECASE),
        rf"\1\2{REDACTED}",
    ),
    # hashes of passwords
    (re.compile(r"\$(argon2\w*|2[abxy])\$[\w$./+=,-]+"), REDACTED),
    # scheme://user:password@host
    (re.compile(r"(\w[\w+.-]*://)[^\s/@\"']+@"), rf"\1{REDACTED}@"),
    # password=..., "jwt_secret": "..."
    (
        re.compile(
            r"\b(\w*(?:password|passwd|secret|token|api_key)\w*)([\"']?\s*[:=]\s*[\"']?)[^\s\"',;&}]+", re.IGNORECASE
        ),
        rf"\1\2{REDACTED}",
    ),
    # what follows the question mark of an address
    (re.compile(r"(/[^\s?\"']*)\?[^\s\"']+"), rf"\1?{REDACTED}"),
)
# Others' loggers that say too much at the level they choose themselves.
_QUIET = ("alembic", "apscheduler", "asyncio", "google", "httpcore", "httpx", "sse_starlette", "urllib3")


class Redaction:
    """Takes secrets out of what is logged: by the name of a value, by their looks, and those that are known."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # A very short one would tear holes into ordinary words.
        self._secrets = sorted({each for each in secrets if len(each) > 3}, key=len, reverse=True)  # noqa: PLR2004

    def __call__(self, _: Any, __: str, event: EventDict) -> EventDict:
        """The event without secrets, as a step of structlog."""
        return {name: self._named(name, value) for name, value in event.items()}

    def text(self, text: str) -> str:
        """A text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return text

    def _named(self, name: str, value: Any) -> Any:
        if name.startswith("_"):  # structlog's own, taken out before anything is written
            return value
        if _NAMES.search(name) and value is not None and not isinstance(value, bool):
            return REDACTED
        return self._value(value)

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        if isinstance(value, Mapping):
            return {str(key): self._named(str(key), each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
        return self.text(str(value))


def configure_logging(level: str = "info", secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send everything to one place, that of other libraries too. `secrets` are values that must never appear."""
    out: TextIO = sys.stderr if stream is None else stream
    redaction = Redaction(secrets)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Processor
    if out.isatty():
        last = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    else:
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redaction,
            last,
        ],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):
        server = logging.getLogger(name)
        server.setLevel(logging.INFO if level == "debug" else logging.WARNING)
        # A server that was made before may have set up handlers of its own, past the redaction.
        server.handlers.clear()
        server.propagate = True
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
