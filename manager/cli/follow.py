"""Following a box: each change as it happens, through restarts of the panel and lost connections."""

import json
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Thread

import httpx

from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.panel import Json, Panel, Unreachable, understood
from manager.messages import sentence

# How long a panel that went away is waited for, and how often it is asked.
_PATIENCE_S = 60.0
_PAUSE_S = 0.5
_TICK_S = 1.0


def changes(panel: Panel, timeout: float | None = None) -> Iterator[Json]:
    """The status now and at each change, for ever.

    The stream is read in a thread, so that neither the clock nor Ctrl-C has to wait for it. Raises Failure where
    the panel refuses, or is gone for a minute, or `timeout` seconds are over.
    """
    told: SimpleQueue[Json | Exception] = SimpleQueue()
    Thread(target=_listen, args=(panel, told), daemon=True, name="events").start()
    ends = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _TICK_S if ends is None else min(_TICK_S, ends - time.monotonic())
        if left <= 0:
            raise Failure(sentence("wait.over"), ExitCode.TIMEOUT)
        try:
            news = told.get(timeout=left)
        except Empty:
            continue
        if isinstance(news, Exception):
            raise news
        yield news


def _listen(panel: Panel, told: "SimpleQueue[Json | Exception]") -> None:
    last_id: str | None = None
    heard_at = time.monotonic()
    while True:
        try:
            with panel.events(last_id) as answer:
                if not answer.is_success:
                    answer.read()
                    understood(answer, panel.url)
                for event_id, data in events(answer.iter_lines()):
                    heard_at = time.monotonic()
                    last_id = event_id or last_id
                    if data is not None:
                        told.put(json.loads(data))
        except (httpx.HTTPError, Unreachable) as error:
            # A panel that restarts is back within seconds; what was missed comes with the next event.
            if time.monotonic() - heard_at > _PATIENCE_S:
                told.put(Unreachable(panel.url, sentence("panel.lost", kind=type(error).__name__)))
                return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where somebody waits for it
            told.put(error)
            return
        time.sleep(_PAUSE_S)


def events(lines: Iterator[str]) -> Iterator[tuple[str | None, str | None]]:
    """Server-sent events as (id, data); a comment, which the server sends to show that it is there, has no data."""
    event_id: str | None = None
    data: list[str] = []
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield event_id, "\n".join(data)
            data = []
        elif name == "data":
            data.append(value)
        elif name == "id":
            event_id = value
        elif not name:
            yield None, None
