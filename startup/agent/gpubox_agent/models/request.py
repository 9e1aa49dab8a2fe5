"""Asks for a file: the address, the part that is missing, and redirects, which carry no credentials."""

import os
import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urljoin, urlsplit

import aiohttp
from yarl import URL

from gpubox_agent.metadata import MetadataUnavailable
from gpubox_agent.models.faults import Lasting, Passing
from gpubox_agent.models.part import Part

_MOST_REDIRECTS = 10
# Ten seconds to connect, a minute without a byte; a whole file may take as long as it takes.
LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
_REDIRECTS = (301, 302, 303, 307, 308)
_LATER = (408, 409, 423, 425, 429)
_SERVER_ERRORS = 500
_LONGEST_AFTER_S = 600.0
_NO_ADDRESS = "The address names no server that there could be."

Token = Callable[[], Awaitable[str]]
"""Gives the access token of the VM's service account; raises MetadataUnavailable."""


def storage_url() -> str:
    """Cloud Storage's JSON API; STORAGE_EMULATOR_HOST moves it, as in Google's libraries."""
    host = os.environ.get("STORAGE_EMULATOR_HOST", "https://storage.googleapis.com").rstrip("/")
    return host if "://" in host else f"http://{host}"


async def ask(session: aiohttp.ClientSession, url: str, part: Part, token: Token) -> aiohttp.ClientResponse:
    """The answer, unread, with 200 or 206 or 416. Raises Lasting, Passing, and what aiohttp raises."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "gpubox"}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if part.validator is not None:
            headers["If-Range"] = part.validator
    try:
        target, secret = await _address(url, token)
    except ValueError:
        raise Lasting(_NO_ADDRESS) from None
    for _ in range(_MOST_REDIRECTS):
        try:
            answer = await session.get(target, headers={**headers, **secret}, timeout=LIMIT, allow_redirects=False)
        except ValueError:  # some names are found to be none only where they are looked up
            raise Lasting(_NO_ADDRESS) from None
        if answer.status not in _REDIRECTS:
            _check(answer)
            return answer
        target, secret = _redirected(answer, target), {}
        answer.release()
    raise Lasting("The server sends the request round in a circle.")


async def _address(url: str, token: Token) -> tuple[URL, dict[str, str]]:
    if not url.startswith("gs://"):
        return URL(url), {}
    bucket, _, name = url.removeprefix("gs://").partition("/")
    path = f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}?alt=media"
    address = URL(storage_url() + path, encoded=True)
    try:
        return address, {"Authorization": f"Bearer {await token()}"}
    except MetadataUnavailable:
        # Public objects need none.
        return address, {}


def _redirected(answer: aiohttp.ClientResponse, address: URL) -> URL:
    """Where to go on, letter by letter as the server says it: a signed address bears no other spelling."""
    location = answer.headers.get("Location", "")
    answer.release()
    try:
        text = urljoin(str(address), location)
        parts = urlsplit(text)
        target = URL(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), encoded=text.isascii())
    except ValueError:
        raise Lasting("The server redirects to something that is no web address.") from None
    if target.scheme not in ("http", "https") or not target.host:
        raise Lasting("The server redirects to something that is no web address.")
    if address.scheme == "https" and target.scheme == "http":
        raise Lasting("The server redirects from https:// to http://.")
    return target


def _check(answer: aiohttp.ClientResponse) -> None:
    status = answer.status
    if status in (200, 206, 416):
        return
    answer.release()
    if status in _LATER or status >= _SERVER_ERRORS:
        raise Passing(f"The server answered {status}.", _retry_after(answer.headers.get("Retry-After")))
    if status in (401, 403):
        raise Lasting(f"The server does not give the file to this box (HTTP {status}).")
    if status in (404, 410):
        raise Lasting(f"The server has no such file (HTTP {status}).")
    raise Lasting(f"The server answered {status}.")


def _retry_after(header: str | None) -> float | None:
    return min(float(header), _LONGEST_AFTER_S) if header is not None and re.fullmatch(r"\d{1,9}", header) else None


def validator_of(answer: aiohttp.ClientResponse) -> str | None:
    """What If-Range may name: a strong ETag, else the moment of the last change."""
    etag = answer.headers.get("ETag")
    if etag is not None and not etag.startswith("W/"):
        return etag
    return answer.headers.get("Last-Modified") if etag is None else None


def whole_size(answer: aiohttp.ClientResponse) -> tuple[int, int | None]:
    """Where the answer's bytes begin in the file, and the file's size; None where the server does not say."""
    if answer.status == 200:  # noqa: PLR2004 - the whole file
        return 0, answer.content_length
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if found is None:
        return -1, None
    begins, size = found.groups()
    return int(begins) if begins is not None else -1, int(size) if size != "*" else None
