"""The running panel over HTTP: one method for each thing a command asks of it."""

import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from manager.cli.access import Access
from manager.cli.exits import ExitCode, of_code
from manager.cli.failures import Failure
from manager.domain.errors import UnknownBox
from manager.messages import sentence

Json = dict[str, Any]

# Nothing else can be a box's name, nor be taken for a piece of an address.
_NAME = re.compile(r"[a-z0-9-]+")
_PATIENCE = httpx.Timeout(15.0, connect=5.0)
# The panel says something every 15 s; silence for much longer is a connection that is gone.
_STREAM_PATIENCE = httpx.Timeout(40.0, connect=5.0)


class Unreachable(Failure):
    """The panel did not answer. It may do so a moment later."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(sentence("panel.unreachable", url=url, why=why), ExitCode.UNREACHABLE)


class Panel:
    """A panel that answers, for one box: the named one, else the first. Raises Failure."""

    def __init__(self, access: Access, box: str | None = None) -> None:
        if box is not None and not _NAME.fullmatch(box):
            raise UnknownBox(name=box)
        self._client = httpx.Client(timeout=_PATIENCE, follow_redirects=False)
        self._box = box
        self.url, self._token = self._find(access)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def status(self) -> Json:
        """What the box is doing."""
        return self._get(f"{self._path}/status")

    def boxes(self) -> list[Json]:
        """All boxes' status."""
        return list(self._get("/api/boxes")["boxes"])

    def start(self) -> Json:
        """Want the box on."""
        return self._post(f"{self._path}/start")

    def stop(self) -> Json:
        """Want the box off."""
        return self._post(f"{self._path}/stop")

    def hold(self, until: str | None) -> Json:
        """Keep the box on until then; None ends it."""
        # `null` is a body of its own; without a body nothing would be asked.
        body = b"null" if until is None else json.dumps({"until": until}).encode()
        return self._asked("POST", f"{self._path}/hold", content=body, type_="application/json")

    def update(self, comfyui: str | None) -> Json:
        """Want this version of ComfyUI; None is what the settings say."""
        body = json.dumps({"comfyui": comfyui}).encode()
        return self._asked("POST", f"{self._path}/update", content=body, type_="application/json")

    def activity(self) -> Json:
        """What keeps the box on."""
        return self._get(f"{self._path}/activity")

    def logs(self, start: int) -> Json:
        """What the machine wrote, from an offset on."""
        return self._get(f"{self._path}/logs", {"start": start})

    def events(self, last_id: str | None) -> AbstractContextManager[httpx.Response]:
        """The stream of changes, to be entered."""
        headers = self._headers() | ({} if last_id is None else {"Last-Event-ID": last_id})
        path = "/api/events" if self._box is None else f"{self._path}/events"
        return self._client.stream("GET", f"{self.url}{path}", headers=headers, timeout=_STREAM_PATIENCE)

    @property
    def _path(self) -> str:
        return "/api/instance" if self._box is None else f"/api/boxes/{self._box}"

    def _headers(self) -> dict[str, str]:
        return {"x-auth-token": self._token(), "accept": "application/json"}

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Json:
        return self._asked("GET", path, params=query)

    def _post(self, path: str) -> Json:
        return self._asked("POST", path)

    def _asked(self, method: str, path: str, type_: str | None = None, **more: Any) -> Json:
        headers = self._headers() | ({} if type_ is None else {"content-type": type_})
        answer = ask(self._client, method, f"{self.url}{path}", headers=headers, **more)
        return understood(answer, self.url)

    def _find(self, access: Access) -> tuple[str, Callable[[], str]]:
        """The first address where something answers, and what gives tokens for it."""
        *others, last = access.urls()
        for url in others:
            try:
                ask(self._client, "GET", f"{url}/healthz")
            except Unreachable:
                continue
            return url, access.token_for(url)
        return last, access.token_for(last)


def connect(url: str | None, token_file: Path | None, box: str | None = None) -> Panel:
    """The panel that the options and the environment name."""
    return Panel(Access(url, token_file, os.environ.get("GPUBOX_TOKEN")), box)


def log_in(url: str, password: str) -> Json:
    """A session by password."""
    with httpx.Client(timeout=_PATIENCE, follow_redirects=False) as client:
        return understood(ask(client, "POST", f"{url}/api/auth/login", json={"password": password}), url)


def ask(client: httpx.Client, method: str, url: str, **more: Any) -> httpx.Response:
    """One request; raises Unreachable where no answer comes."""
    try:
        return client.request(method, url, **more)
    except httpx.TimeoutException:
        raise Unreachable(_origin(url), sentence("panel.late")) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(_origin(url), _reason(error)) from None


def understood(answer: httpx.Response, url: str) -> Json:
    """The JSON of a good answer; a problem is raised in its own words."""
    try:
        body: Any = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Unreachable(url, sentence("panel.other", status=answer.status_code))
    if answer.is_success:
        return body  # pyright: ignore[reportUnknownVariableType] - JSON of the panel
    raise _refusal(body, url)  # pyright: ignore[reportUnknownArgumentType] - likewise


def _refusal(problem: Json, url: str) -> Failure:
    code, text = str(problem.get("code", "")), f"{problem.get('title', '')} {problem.get('detail', '')}".strip()
    if code in ("not_authenticated", "cross_site_refused"):
        text = f"{problem.get('title', '')} {sentence('login.how', url=url)}".strip()
    return Failure(text or sentence("panel.refused", url=url), of_code(code))


def _reason(error: Exception) -> str:
    """Words of the system ("Connection refused") where it has some."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    return getattr(cause, "strerror", None) or str(error) or type(error).__name__


def _origin(url: str) -> str:
    parts = httpx.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode('ascii')}"
