"""What the pages hear: the WebSockets, and the one way from any thread to them."""

import asyncio
import json
import struct
import uuid
from collections.abc import Callable
from typing import Any, cast

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from .node_types import Json

# Binary messages begin with a big-endian u32 that names their kind.
PREVIEW_IMAGE = 1
PREVIEW_IMAGE_WITH_METADATA = 4
JPEG = 1

Message = str | bytes
Listener = Callable[[object, object], None]


class Hub:
    """The connected pages by client id. `send` may be called from any thread, everything else from the loop."""

    def __init__(self, server_features: Json, status: Callable[[], Json]) -> None:
        self._server_features = server_features
        self._status = status
        self._outboxes: dict[str, asyncio.Queue[Message]] = {}
        self._features: dict[str, Json] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[Listener] = []
        # The client and the node that run, for a page that comes back in the middle of a render.
        self.executing: tuple[str, str] | None = None

    def start(self) -> None:
        """Remember the running loop; messages sent before that are for nobody."""
        self._loop = asyncio.get_running_loop()

    def listen(self, listener: Listener) -> None:
        """Call `listener` with (event, data) of each JSON message, in the sender's thread."""
        self._listeners.append(listener)

    def send(self, event: str, data: Json, client_id: str | None) -> None:
        """Send JSON to one client, or to all where `client_id` is None."""
        for listener in self._listeners:
            listener(event, data)
        self._post(json.dumps({"type": event, "data": data}), client_id)

    def broadcast_status(self) -> None:
        """Tell every page how many prompts remain."""
        self.send("status", {"status": self._status()}, None)

    def send_preview(self, jpeg: bytes, metadata: Json, client_id: str | None) -> None:
        """Send a picture of the state so far, with metadata to those who said that they understand it."""
        if client_id is not None and self._features.get(client_id, {}).get("supports_preview_metadata"):
            about = json.dumps({**metadata, "image_type": "image/jpeg"}).encode()
            head = struct.pack(">II", PREVIEW_IMAGE_WITH_METADATA, len(about))
            self._post(head + about + jpeg, client_id)
        else:
            self._post(struct.pack(">II", PREVIEW_IMAGE, JPEG) + jpeg, client_id)

    async def serve(self, socket: WebSocket) -> None:
        """Speak with one page until it goes. There is no heartbeat, as in ComfyUI."""
        client_id = socket.query_params.get("clientId") or uuid.uuid4().hex
        outbox: asyncio.Queue[Message] = asyncio.Queue()
        await socket.accept()
        # A second page with the same id takes the first one's place. (ComfyUI then forgets both when the first
        # goes; here the second goes on hearing.)
        self._outboxes[client_id] = outbox
        self._features[client_id] = {}
        outbox.put_nowait(json.dumps({"type": "status", "data": {"status": self._status(), "sid": client_id}}))
        if self.executing and self.executing[0] == client_id:
            outbox.put_nowait(json.dumps({"type": "executing", "data": {"node": self.executing[1]}}))
        sender = asyncio.create_task(_deliver(socket, outbox))
        try:
            await self._receive(socket, client_id, outbox)
        finally:
            sender.cancel()
            if self._outboxes.get(client_id) is outbox:
                del self._outboxes[client_id], self._features[client_id]

    async def _receive(self, socket: WebSocket, client_id: str, outbox: asyncio.Queue[Message]) -> None:
        """Read until the page goes; only the first message means something, where it tells features."""
        first = True
        while True:
            received = await socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            if first:
                message = _json(received.get("text"))
                if message.get("type") == "feature_flags":
                    self._features[client_id] = message.get("data") or {}
                    outbox.put_nowait(json.dumps({"type": "feature_flags", "data": self._server_features}))
            first = False

    def _post(self, message: Message, client_id: str | None) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, message, client_id)

    def _put(self, message: Message, client_id: str | None) -> None:
        outboxes = self._outboxes.values() if client_id is None else (self._outboxes.get(client_id),)
        for outbox in outboxes:
            if outbox is not None:
                outbox.put_nowait(message)


async def _deliver(socket: WebSocket, outbox: asyncio.Queue[Message]) -> None:
    while socket.application_state is WebSocketState.CONNECTED:
        message = await outbox.get()
        try:
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(message)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return  # the page has gone; the receiving side notices it too


def _json(text: Any) -> Json:
    try:
        message = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return cast("Json", message) if isinstance(message, dict) else {}
