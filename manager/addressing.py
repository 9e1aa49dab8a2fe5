"""Put together from the settings: who may reach the box, and the name that follows its address."""

import asyncio
from collections.abc import Callable

from manager import assembly
from manager.adapters.dns import CloudDns, CloudflareDns
from manager.adapters.gce import GceFirewall
from manager.adapters.gce.calls import Calls
from manager.application.allowing import Allowing
from manager.application.fencing import Fencing
from manager.application.naming import Naming
from manager.application.outside import Dns
from manager.application.ports import Clock
from manager.application.registry import Registry
from manager.box_metadata import entrance
from manager.domain.allowing import Fence
from manager.relaying import relay_wanted
from manager.settings import Settings


class Addressing:
    """Beside the reconciler: its `tick` keeps the firewall rule and the name, `allowing` is what people ask."""

    def __init__(
        self, settings: Settings, registry: Registry, calls: Calls, clock: Clock, hurry: Callable[[], None]
    ) -> None:
        rule = settings.firewall_rule
        self.fencing = Fencing(registry, GceFirewall(calls), rule, clock)
        self.naming = Naming(registry, dns_of(settings), settings.comfyui_domain, clock)
        self.allowing = Allowing(registry, rule, name_kept_by(settings), clock, hurry)

    async def tick(self) -> None:
        """Whatever is due; neither waits for the other."""
        await asyncio.gather(self.fencing.tick(), self.naming.tick())


def fence_of(settings: Settings) -> Fence:
    """What the settings say about who may reach the boxes."""
    way = entrance(settings)
    return Fence(
        permanent=tuple(str(network) for network in settings.allowed_ip),
        relayed=way == "relay" and relay_wanted(settings),
        front=_cloudflare() if way == "domain" and settings.cf_cert_path else (),
    )


def name_kept_by(settings: Settings) -> str | None:
    """The zone in which the name follows the box; None where nobody sets it, or it needs no setting."""
    if entrance(settings) != "domain" or not settings.on_gce:
        return None
    return settings.dns_zone or (settings.cloudflare_zone and "Cloudflare")


def dns_of(settings: Settings) -> Dns | None:
    """The name server that the panel may change; Cloud DNS where both are set."""
    if name_kept_by(settings) is None:
        return None
    token = assembly.secret(settings.cloudflare_api_token)
    if settings.dns_zone is not None and settings.gcp_project is not None:
        file = settings.google_application_credentials
        return CloudDns(settings.gcp_project, settings.dns_zone, credentials_file=None if file is None else str(file))
    if settings.cloudflare_zone is not None and token is not None:
        # An origin certificate is believed by Cloudflare alone, so a name that is made has to lead through it.
        return CloudflareDns(settings.cloudflare_zone, token, proxied=settings.cf_cert_path is not None)
    return None


def _cloudflare() -> tuple[str, ...]:
    """Cloudflare's published ranges, as they ship for the box: all that a firewall sees of visitors behind it."""
    lines = (assembly.asset("startup") / "nginx" / "cloudflare-ranges.txt").read_text(encoding="ascii").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))
