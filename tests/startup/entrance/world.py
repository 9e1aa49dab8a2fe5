"""What a box finds outside of itself, on one port: metadata, Cloud Storage, Secret Manager and plain files."""

import base64
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.support.http_server import Handler, HttpServer

TOKEN = "the-service-accounts-token"
_METADATA = "/computeMetadata/v1/instance/"


class World(HttpServer):
    """`objects` are Cloud Storage's by bucket/object, `secrets` by project/name, `files` the web's by path.

    With `tls`, a file that holds a certificate for localhost and its key, it is served over HTTPS.
    """

    def __init__(self, tls: Path | None = None) -> None:
        self.address = "127.0.0.1"
        self.internal = "10.128.0.7"
        self.attributes: dict[str, str] = {}
        self.objects: dict[str, bytes] = {}
        self.secrets: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.may_read = True
        self.asked: list[str] = []
        self.authorizations: list[str] = []
        super().__init__(self._handler(), tls)
        self.url = f"http://127.0.0.1:{self.port}" if tls is None else f"https://localhost:{self.port}"

    def environment(self) -> dict[str, str]:
        """How the entrance finds it instead of Google."""
        return {
            "GCE_METADATA_HOST": self.url.removeprefix("http://"),
            "GPUBOX_STORAGE": self.url,
            "GPUBOX_SECRETS": self.url,
            "GPUBOX_TUNNEL_SOURCE": f"{self.url}/cloudflared",
            "NO_PROXY": "127.0.0.1,127.0.0.2",
            "no_proxy": "127.0.0.1,127.0.0.2",
            "HOME": os.environ.get("HOME", "/"),
        }

    def answer(self, path: str, authorization: str) -> tuple[int, bytes]:
        """Status and body."""
        self.asked.append(path)
        self.authorizations.append(authorization)
        if path.startswith(_METADATA):
            return self._metadata(path.removeprefix(_METADATA))
        if path.startswith(("/storage/", "/v1/projects/")) and authorization != f"Bearer {TOKEN}":
            return 401, b"who are you?"
        if not self.may_read:
            return 403, b"no"
        found = self._found(path)
        return (404, b"nothing here") if found is None else (200, found)

    def _metadata(self, name: str) -> tuple[int, bytes]:
        known: dict[str, Any] = {
            "network-interfaces/0/access-configs/0/external-ip": self.address,
            "network-interfaces/0/ip": self.internal,
            "network-interfaces/0/ipv6s": "",
            "service-accounts/default/token": json.dumps({"access_token": TOKEN, "expires_in": 3599}),
            "attributes/": json.dumps(self.attributes),
        }
        return (200, known[name].encode()) if known.get(name) else (404, b"")

    def _found(self, path: str) -> bytes | None:
        parts = [unquote(part) for part in path.split("/")]
        match parts:
            case ["", "storage", "v1", "b", bucket, "o", name]:
                return self.objects.get(f"{bucket}/{name}")
            case ["", "v1", "projects", project, "secrets", name, "versions", "latest:access"]:
                secret = self.secrets.get(f"{project}/{name}")
                payload = {"payload": {"data": base64.b64encode(secret or b"").decode()}}
                return None if secret is None else json.dumps(payload).encode()
            case _:
                return self.files.get(path)

    def _handler(self) -> type[Handler]:
        world = self

        class Finding(Handler):
            def do_GET(self) -> None:  # noqa: N802 - the name is the library's
                status, body = world.answer(urlsplit(self.path).path, self.headers.get("Authorization", ""))
                self.reply(status, body)

        return Finding
