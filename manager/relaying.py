"""The relay, put together: when there is one, how browsers see it, and what it asks of the panel."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from manager.adapters.passes import TICKET, Passes
from manager.adapters.tokens import keep_secret
from manager.application.live import LiveBox
from manager.application.ports import Clock
from manager.application.registry import Registry
from manager.domain.errors import NotAuthenticated, UnknownBox
from manager.domain.power import Power, power_of
from manager.relay import Relay, RelaySettings, Sessions, Target, Targets, Ticket, Tickets
from manager.settings import Settings

_DEFAULT_PORTS = {"http": 80, "https": 443}


def relay_wanted(settings: Settings) -> bool:
    """Whether boxes may have a gate at all: processes of the embedded cloud and a COMFYUI_URL have none."""
    if settings.comfyui_url is not None:
        return False
    return settings.on_gce or settings.gce_api_endpoint is not None or settings.embedded_machine == "container"


def relay_url(settings: Settings, panel_url: str, port: int) -> str:
    """How browsers see the relay: RELAY_URL, or the panel's host at the relay's port."""
    if settings.relay_url is not None:
        return settings.relay_url.rstrip("/")
    panel = urlsplit(panel_url)
    host = f"[{panel.hostname}]" if ":" in (panel.hostname or "") else panel.hostname
    shown = "" if port == _DEFAULT_PORTS.get(panel.scheme) else f":{port}"
    return f"{panel.scheme}://{host}{shown}"


def make_relay(
    settings: Settings,
    listener: socket.socket,
    *,
    registry: Registry,
    passes: Passes,
    sessions: Sessions,
    bearer: Callable[[str], str],
    clock: Clock,
    panel_url: str,
    url: str,
) -> Relay:
    """A relay on this bound socket, not open yet. `bearer` makes what opens a box's gate, by the box's name."""
    return Relay(
        listener,
        RelaySettings(
            relay_url=url,
            panel_url=panel_url,
            secret=keep_secret(settings.state_dir / "relay-secret"),
            trusted_proxies=settings.trusted_proxies,
        ),
        targets=targets(registry, bearer),
        tickets=tickets(passes, registry.names, clock.now),
        sessions=sessions,
        now=clock.now,
    )


def targets(registry: Registry, bearer: Callable[[str], str]) -> Targets:
    """Where boxes are: those that run, and have said how one comes in."""

    def target(box: str) -> Target | None:
        try:
            live = registry.get(box)
        except UnknownBox:
            return None
        entrance = live.entrance(registry.rules)
        if not entrance.gated or entrance.door is None or not _runs(live):
            return None
        return Target(entrance.door.url, entrance.door.certificate, bearer(box))

    return target


def tickets(passes: Passes, boxes: Callable[[], list[str]], now: Callable[[], datetime]) -> Tickets:
    """Reads tickets for any of these boxes."""

    def read(token: str) -> Ticket:
        why = "invalid"
        for box in boxes():
            try:
                claims = passes.read(TICKET, token, box, now())
                return Ticket(
                    id=str(claims["jti"]),
                    box=box,
                    session=str(claims["sub"]),
                    session_ends=datetime.fromtimestamp(int(claims["ses"]), UTC),
                    issued_at=datetime.fromtimestamp(int(claims["iat"]), UTC),
                    expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
                )
            except NotAuthenticated as error:
                # Only the box that it was made for gets as far as to see that it is late.
                why = "expired" if error.data["why"] == "expired" else why
            except (LookupError, ValueError, TypeError, OverflowError, OSError):
                break
        raise NotAuthenticated(why=why)

    return read


def _runs(live: LiveBox) -> bool:
    return live.seen is not None and power_of(live.seen.status) is Power.ON
