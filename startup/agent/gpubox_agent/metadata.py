"""The metadata server: what the manager tells the box, and each change of it.

Every value may be read by everybody on the VM, so none is a secret; the access token of the VM's service account,
which also comes from here, is one and is never logged.
"""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp

from gpubox_agent.files import box_file, read_json

FLAVOR = {"Metadata-Flavor": "Google"}
_QUICK = aiohttp.ClientTimeout(total=10)
# A server that answers a long poll at once must not be asked in a tight loop.
_LEAST_PAUSE_S = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Box:
    """What is known of this box. `etag` names the attributes' version; None where they come from the file."""

    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    instance_id: str = ""
    name: str = ""
    etag: str | None = None


class MetadataUnavailable(Exception):
    """The metadata server did not give an answer that can be used. Carries the cause as text."""


def metadata_url() -> str:
    """The base URL, without a slash at the end; GCE_METADATA_HOST moves it, as in Google's libraries."""
    return f"http://{os.environ.get('GCE_METADATA_HOST', '169.254.169.254')}/computeMetadata/v1"


def box_from_file(path: Path | None = None) -> Box | None:
    """What was read last, from /etc/gpubox/box.json; None where that has not been written."""
    body = read_json(path or box_file())
    if body is None:
        return None
    instance = body.get("instance")
    described = cast("dict[str, Any]", instance) if isinstance(instance, dict) else {}
    return Box(_texts(body.get("attributes")), str(described.get("id", "")), str(described.get("name", "")))


class Metadata:
    """Reads with the caller's client session. All waiting ends when the task is cancelled."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str | None = None,
        file: Path | None = None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._url = url or metadata_url()
        self._file = file
        self._pause = pause

    async def read(self) -> Box:
        """All attributes, and the instance's id and name. Raises MetadataUnavailable."""
        body, etag = await self._get("/instance/attributes/?recursive=true&alt=json")
        return Box(_texts(body), await self._text("/instance/id"), await self._text("/instance/name"), etag)

    async def read_or_file(self) -> Box:
        """Like `read`, or what was read last, or nothing at all: a silent server stops nobody."""
        try:
            return await self.read()
        except MetadataUnavailable as cause:
            _log.warning("the metadata server is silent (%s); going by what was read last", cause)
            return box_from_file(self._file) or Box()

    async def wait_for_change(self, known: Box, timeout_s: int = 60) -> Box:
        """The next version, or the same one after `timeout_s`. Raises MetadataUnavailable."""
        if known.etag is None:
            return await self.read()
        path = "/instance/attributes/?recursive=true&alt=json&wait_for_change=true"
        body, etag = await self._get(f"{path}&last_etag={known.etag}&timeout_sec={timeout_s}", timeout_s)
        return Box(_texts(body), known.instance_id, known.name, etag)

    async def follow(self) -> AsyncGenerator[Box, None]:
        """What is known now, at once, and then every change, for ever."""
        known = await self.read_or_file()
        yield known
        while True:
            await self._pause(_LEAST_PAUSE_S)
            try:
                box = await self.wait_for_change(known)
            except MetadataUnavailable as cause:
                _log.debug("the metadata server is silent: %s", cause)
                continue
            changed = box.attributes != known.attributes or box.name != known.name
            known = box
            if changed:
                yield known

    async def access_token(self) -> str:
        """A bearer token of the VM's service account. Raises MetadataUnavailable, also where it has none."""
        body, _ = await self._get("/instance/service-accounts/default/token")
        token = cast("dict[str, Any]", body).get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise MetadataUnavailable("the VM has no service account")
        return token

    async def _text(self, path: str) -> str:
        try:
            async with self._session.get(self._url + path, headers=FLAVOR, timeout=_QUICK) as answer:
                answer.raise_for_status()
                return (await answer.text()).strip()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, UnicodeError) as cause:
            raise MetadataUnavailable(_named(cause)) from cause

    async def _get(self, path: str, longer_s: float = 0) -> tuple[object, str | None]:
        limit = aiohttp.ClientTimeout(total=10 + longer_s)
        try:
            async with self._session.get(self._url + path, headers=FLAVOR, timeout=limit) as answer:
                answer.raise_for_status()
                return await answer.json(content_type=None), answer.headers.get("ETag")
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as cause:
            raise MetadataUnavailable(_named(cause)) from cause


def _texts(body: object) -> dict[str, str]:
    if not isinstance(body, dict):
        return {}
    return {str(key): str(value) for key, value in cast("dict[Any, Any]", body).items()}


def _named(cause: BaseException) -> str:
    return str(cause) or type(cause).__name__
