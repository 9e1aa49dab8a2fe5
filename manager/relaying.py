"""The relays, put together: when there are any, how browsers see them, and what they ask of the panel."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from errno import EADDRNOTAVAIL
from urllib.parse import urlsplit

from manager.adapters.passes import TICKET, Passes
from manager.adapters.tokens import keep_secret
from manager.application.live import LiveBox
from manager.application.ports import Clock
from manager.application.registry import Registry
from manager.domain.errors import NotAuthenticated, UnknownBox
from manager.domain.power import Power, power_of
from manager.relay import Bound, Relay, RelaySettings, Sessions, Target, Targets, Ticket, Tickets
from manager.settings import Settings

_DEFAULT_PORTS = {"http": 80, "https": 443}
_BACKLOG = 2048


def relay_wanted(settings: Settings) -> bool:
    """Whether boxes may have a gate at all: processes of the embedded cloud and a COMFYUI_URL have none."""
    if settings.comfyui_url is not None:
        return False
    return settings.on_gce or settings.gce_api_endpoint is not None or settings.embedded_machine == "container"


def relay_url(settings: Settings, panel_url: str, port: int, number: int = 0) -> str:
    """How browsers see a relay: RELAY_URL, or the panel's host at the relay's port.

    RELAY_URL names the first box's; further ones (`number`) are at its host, each at the port that it has here.
    """
    if settings.relay_url is not None and number == 0:
        return settings.relay_url.rstrip("/")
    base = urlsplit(settings.relay_url or panel_url)
    host = f"[{base.hostname}]" if ":" in (base.hostname or "") else base.hostname
    shown = "" if port == _DEFAULT_PORTS.get(base.scheme) else f":{port}"
    return f"{base.scheme}://{host}{shown}"


def relay_follows(settings: Settings) -> bool:
    """Whether the relay is at whatever host a browser has the panel at: where no setting says what that is."""
    return settings.relay_url is None and settings.public_url is None


def relay_ports(settings: Settings, panel_url: str, first: socket.socket) -> Callable[[int], Bound]:
    """Sockets for relays by number: the first is bound already, each further one is at the port below."""
    host, port = first.getsockname()[:2]

    def bind(number: int) -> Bound:
        if number == 0 and first.fileno() != -1:
            listener = first
        else:
            wanted = 0 if settings.relay_port == 0 else port - number
            if wanted < 0 or (wanted == 0 and settings.relay_port != 0):
                raise OSError(EADDRNOTAVAIL, "there is no such port")
            listener = listen(host, wanted)
        return Bound(listener, relay_url(settings, panel_url, listener.getsockname()[1], number))

    return bind


def listen(host: str, port: int) -> socket.socket:
    """A socket on which others are told at once that the port is taken; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because uvloop sends small answers at once only on sockets that name it.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # At once, so that whoever else wants the port is told by the system, and early visitors wait in its queue.
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def make_relay(
    settings: Settings,
    listener: socket.socket,
    box: str,
    *,
    registry: Registry,
    passes: Passes,
    sessions: Sessions,
    bearer: Callable[[str], str],
    clock: Clock,
    panel_url: str,
    url: str,
) -> Relay:
    """This box's relay on this bound socket, not open yet. `bearer` makes what opens a gate, by the box's name."""
    return Relay(
        listener,
        RelaySettings(
            box=box,
            relay_url=url,
            panel_url=panel_url,
            secret=keep_secret(settings.state_dir / "relay-secret"),
            trusted_proxies=settings.trusted_proxies,
        ),
        targets=targets(registry, bearer),
        tickets=tickets(passes, lambda: [box], clock.now),
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
