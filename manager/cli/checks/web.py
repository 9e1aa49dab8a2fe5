"""On the way to people: the panel, the box's domain, ComfyUI."""

import asyncio
import socket
from collections.abc import Callable, Sequence

import httpx

from manager import assembly
from manager.adapters.clock import SystemClock
from manager.adapters.comfyui import HttpComfyUi
from manager.adapters.passes import keep_passes
from manager.application.bearers import Bearers
from manager.application.boxes import new_box
from manager.application.live import LiveBox
from manager.cli.access import Access
from manager.cli.checks.finding import Finding, failed, good, note, skipped, wrong
from manager.cli.reach import Reached
from manager.domain.box import Observation, Place
from manager.domain.errors import CloudError, ComfyUnreachable
from manager.settings import Settings

Resolve = Callable[[str], Sequence[str]]


async def panel(settings: Settings) -> Finding:
    """Whether a panel answers where the settings say."""
    url, kind = "", ""
    for url in Access(None, None).urls():
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=url.startswith("https")) as web:
                answer = await web.get(f"{url}/readyz")
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            kind = type(error).__name__
            continue
        if answer.is_success:
            return good("panel", "well", url=url)
        problem = f"{body.get('title', '')} {body.get('detail', '')}".strip()
        return wrong("panel", "not_ready", url=url, problem=problem)
    return wrong("panel", "silent", url=url, kind=kind, host=settings.host, port=settings.port)


async def domain(settings: Settings, external_ip: str | None, resolve: Resolve | None = None) -> Finding:
    """Whether the domain leads to the box."""
    name = settings.comfyui_domain
    if name is None:
        return skipped("domain", "none")
    try:
        addresses = await asyncio.to_thread(resolve or _resolve, name)
    except OSError as error:
        return wrong("domain", "nowhere", name=name, why=error.strerror or error)
    leads = {"name": name, "addresses": ", ".join(addresses)}
    if settings.cf_cert_path or settings.cf_tunnel_token_path:
        return good("domain", "cloudflare", **leads)
    if external_ip is None:
        return note("domain", "off", **leads)
    if external_ip in addresses:
        return good("domain", "well", **leads)
    return wrong("domain", "elsewhere", **leads, ip=external_ip)


async def comfyui(settings: Settings, reached: Reached, place: Place, seen: Observation) -> Finding:
    """Whether ComfyUI answers this computer."""
    if seen.status != "RUNNING":
        return skipped("ComfyUI", "off")
    try:
        guest = dict(await reached.cloud.guest_attributes(place))
    except CloudError as error:
        return failed("ComfyUI", error)
    live = LiveBox(box=new_box(place.instance, place, seen.at), watched_since=seen.at, seen=seen, guest=guest)
    door = live.entrance(assembly.rules(settings)).door
    if door is None:
        return wrong("ComfyUI", "no_address")
    url = door.url
    token, bearer = assembly.secret(settings.comfyui_service_token), _bearer(settings)
    client = HttpComfyUi(token, settings.comfyui_timeout / 1000, bearer)
    try:
        pulse = await client.pulse(door)
    except ComfyUnreachable as error:
        return failed("ComfyUI", error)
    finally:
        await client.close()
    return good("ComfyUI", "well", url=url) if pulse.presence else note("ComfyUI", "no_presence", url=url)


def _bearer(settings: Settings) -> Bearers | None:
    """What opens the box's gate, where a panel of this computer has made a key."""
    path = settings.state_dir / "gate-key"
    try:
        return Bearers(keep_passes(path)[0].service, SystemClock()) if path.exists() else None
    except (OSError, ValueError):
        return None


def _resolve(name: str) -> list[str]:
    return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)})
