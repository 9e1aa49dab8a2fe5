"""Google's batch endpoint: several requests in one `multipart/mixed`, as gcloud sends them for several names.

Each part is an HTTP request in text form. It is answered by the same application as any other, one after the
other, and carries the batch's own Host and Origin, so that the doors are the same too.
"""

from email.message import Message
from email.parser import BytesParser
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from manager.adapters.embedded.errors import ApiError

_PATH = "/batch/compute/v1"
_BOUNDARY = "batch_gpubox_embedded"
_CARRIED = frozenset({b"host", b"origin", b"sec-fetch-site"})


class Batches:
    """ASGI middleware that takes batches apart."""

    def __init__(self, app: ASGIApp) -> None:
        """Answer the parts by `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a batch, or pass the request on."""
        if scope["type"] != "http" or scope["path"] != _PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        parts = _parts(request.headers.get("content-type", ""), await request.body())
        if parts is None:
            refused = ApiError(400, "badRequest", "Failed to parse batch request.")
            await JSONResponse(refused.body(), refused.status)(scope, receive, send)
            return
        answers = [await self._answer(scope, part) for part in parts]
        content = b"".join(answers) + f"--{_BOUNDARY}--\r\n".encode()
        await Response(content, media_type=f"multipart/mixed; boundary={_BOUNDARY}")(scope, receive, send)

    async def _answer(self, outer: Scope, part: Message) -> bytes:
        """Answer one part, as a part of the multipart answer."""
        content_id = str(part.get("Content-ID", "")).strip("<>")
        head, _, body = _content(part).partition(b"\n\n")
        verb, target = head.split(b"\n", 1)[0].decode().split(" ")[:2]
        status, answered = await self._inner(outer, verb, target, body.strip())
        lines = (
            f"--{_BOUNDARY}",
            "Content-Type: application/http",
            f"Content-ID: <response-{content_id}>",
            "",
            f"HTTP/1.1 {status} {'OK' if status < 400 else 'Error'}",  # noqa: PLR2004 - where errors begin
            "Content-Type: application/json; charset=UTF-8",
            f"Content-Length: {len(answered)}",
            "",
            "",
        )
        return "\r\n".join(lines).encode() + answered + b"\r\n"

    async def _inner(self, outer: Scope, verb: str, target: str, body: bytes) -> tuple[int, bytes]:
        address = urlsplit(target)
        scope: Scope = {
            **outer,
            "method": verb,
            "path": unquote(address.path),
            "raw_path": address.path.encode(),
            "query_string": address.query.encode(),
            "headers": [(name, value) for name, value in outer["headers"] if name in _CARRIED],
            "extensions": {},
        }
        status, answered = 500, bytearray()

        async def receive() -> Event:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: Event) -> None:
            nonlocal status
            status = event.get("status", status)
            answered.extend(event.get("body", b""))

        await self._app(scope, receive, send)
        return status, bytes(answered)


def _parts(content_type: str, body: bytes) -> list[Message] | None:
    """Answer the parts of a multipart body; None where it is none."""
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    if not message.is_multipart():
        return None
    parts = [part for part in message.walk() if not part.is_multipart()]
    return parts if all(_content(part).strip() for part in parts) else None


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content.replace(b"\r\n", b"\n").lstrip() if isinstance(content, bytes) else b""
