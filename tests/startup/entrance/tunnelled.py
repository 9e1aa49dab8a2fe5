"""A box behind a Cloudflare Tunnel. A stand-in plays cloudflared."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from box import DOMAIN, HERE, Box
from world import World

ORIGIN = f"https://{DOMAIN}"
CLOUDFLARED = (HERE / "bin" / "cloudflared").read_bytes()


def token_of(name: str) -> bytes:
    """As Cloudflare makes them: base64 of an account, a tunnel and a secret."""
    return base64.b64encode(json.dumps({"a": "account", "t": name, "s": f"the secret of {name}"}).encode())


FIRST, SECOND = token_of("first"), token_of("second")


def tunnelled(make: Callable[..., Box], world: World, **settings: str) -> Box:
    world.objects["keys/token"] = FIRST + b"\n"
    world.files |= {f"/cloudflared/cloudflared-linux-{name}": CLOUDFLARED for name in ("amd64", "arm64")}
    box = make(
        **{"gpubox_entrance": "tunnel", "domain_name": DOMAIN, "cf_tunnel_token_path": "gs://keys/token"} | settings
    )
    box.environment["GPUBOX_TUNNEL_SHA256"] = hashlib.sha256(CLOUDFLARED).hexdigest()
    does(box, "connects")
    return box


def does(box: Box, what: str) -> None:
    """What cloudflared does from its next start on: `connects`, `waits` for a connection, or `exits`."""
    (box.folder / "cloudflared").write_text(what)


def running(box: Box) -> int:
    """The process id of cloudflared; 0 where it does not run."""
    file = box.folder / "tunnel.pid"
    pid = int(file.read_text()) if file.exists() else 0
    return pid if pid and Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() else 0
