"""The box's name follows its address: after each start DNS is looked at, and set where it leads elsewhere."""

from datetime import datetime, timedelta

import structlog

from manager.application.live import LiveBox
from manager.application.outside import Dns
from manager.application.ports import Clock
from manager.application.registry import Registry
from manager.domain.box import Observation
from manager.domain.errors import DnsError
from manager.domain.power import Power, power_of

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_NOTICE = "dns"
_AGAIN = timedelta(seconds=15)
_AGAIN_AT_MOST = timedelta(minutes=5)
_Run = tuple[datetime | None, tuple[str, ...]]


class Naming:
    """Keeps one name, that of the first box. `dns` None: nobody keeps it, or it needs no keeping (a tunnel)."""

    def __init__(self, registry: Registry, dns: Dns | None, name: str | None, clock: Clock) -> None:
        self._registry = registry
        self._dns = dns
        self._name = name
        self._clock = clock
        self._done: _Run | None = None
        self._pause = _AGAIN
        self._again_at: datetime | None = None
        self._busy = False

    async def tick(self) -> None:
        """Set the name if the box has come up, or has got another address, since it was last seen to be right."""
        if self._dns is None or self._name is None or self._busy:
            return
        live = next(iter(self._registry.all()), None)
        run = None if live is None or live.seen is None else _run(live.seen)
        if live is None or run is None or run == self._done:
            return
        if self._again_at is not None and self._clock.now() < self._again_at:
            return
        self._busy = True
        try:
            await self._point(live, self._dns, self._name, run)
        except Exception:
            log.exception("the name could not be set")
            self._later()
        finally:
            self._busy = False

    async def _point(self, live: LiveBox, dns: Dns, name: str, run: _Run) -> None:
        try:
            changed = await dns.point(name, run[1])
        except DnsError as error:
            log.warning("the name could not be set", **error.data)
            self._later()
            live.notices[_NOTICE] = error.fault
            self._registry.publish(live)
            return
        self._done, self._again_at, self._pause = run, None, _AGAIN
        live.notices.pop(_NOTICE, None)
        if changed:
            await self._registry.write(live, "dns_set", {"domain": name, "addresses": ", ".join(run[1])})
        self._registry.publish(live)

    def _later(self) -> None:
        self._again_at = self._clock.now() + self._pause
        self._pause = min(self._pause * 2, _AGAIN_AT_MOST)


def _run(seen: Observation) -> _Run | None:
    """A run of the box and its addresses; None while it is not on or has none."""
    addresses = tuple(address for address in (seen.external_ip, seen.external_ipv6) if address)
    if power_of(seen.status) is not Power.ON or not addresses:
        return None
    return seen.started_at, addresses
