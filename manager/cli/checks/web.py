"""On the way to people: the panel, the box's domain, ComfyUI."""

import asyncio
import socket
from collections.abc import Callable, Sequence

import httpx

from manager import assembly
from manager.adapters.comfyui import HttpComfyUi
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
    check, why = "panel", ""
    access = Access(None, None)
    for url in access.urls():
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=url.startswith("https")) as web:
                answer = await web.get(f"{url}/readyz")
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            why = f"{url} does not answer ({type(error).__name__})."
            continue
        if answer.is_success:
            return good(check, f"{url} answers and is ready.")
        return wrong(
            check, f"{url}: {body.get('title', '')} {body.get('detail', '')}".strip(), "Look at the panel's log."
        )
    return wrong(check, why, f"Start it with: gpubox serve (HOST={settings.host}, PORT={settings.port}).")


async def domain(settings: Settings, external_ip: str | None, resolve: Resolve | None = None) -> Finding:
    """Whether the domain leads to the box."""
    check, name = "domain", settings.comfyui_domain
    if name is None:
        return skipped(check, "COMFYUI_DOMAIN is not set.")
    try:
        addresses = await asyncio.to_thread(resolve or _resolve, name)
    except OSError as error:
        remedy = "Make a DNS record for it; docs/gcp.md says how."
        return wrong(check, f"{name} leads nowhere ({error.strerror or error}).", remedy)
    leads = f"{name} leads to {', '.join(addresses)}"
    if settings.cf_cert_path or settings.cf_tunnel_token_path:
        return good(check, f"{leads}, which Cloudflare passes on.")
    if external_ip is None:
        return note(check, f"{leads}; the box has no address while it is off.")
    if external_ip in addresses:
        return good(check, f"{leads}, the box.")
    remedy = f"Set its DNS record to {external_ip}, or reserve an address so that it stays the same."
    return wrong(check, f"{leads}, and the box is at {external_ip}.", remedy)


async def comfyui(settings: Settings, reached: Reached, place: Place, seen: Observation) -> Finding:
    """Whether ComfyUI answers this computer."""
    check = "ComfyUI"
    if seen.status != "RUNNING":
        return skipped(check, "The box is off.")
    try:
        guest = dict(await reached.cloud.guest_attributes(place))
    except CloudError as error:
        return failed(check, error)
    live = LiveBox(box=new_box(place.instance, place, seen.at), watched_since=seen.at, seen=seen, guest=guest)
    url = live.endpoint(assembly.rules(settings))
    if url is None:
        return wrong(check, "The box has no address.", "Stop it and start it; see in the console whether it has one.")
    client = HttpComfyUi(assembly.secret(settings.comfyui_service_token), settings.comfyui_timeout / 1000)
    try:
        pulse = await client.pulse(url)
    except ComfyUnreachable as error:
        return failed(check, error)
    finally:
        await client.close()
    if not pulse.presence:
        return note(
            check, f"{url} answers, without the presence node.", "Update it: the box's setup installs the node."
        )
    return good(check, f"{url} answers.")


def _resolve(name: str) -> list[str]:
    return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)})
