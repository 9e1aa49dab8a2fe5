"""How often a password may be guessed. Pure: `now` is passed in."""

import ipaddress
import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many wrong passwords are taken.

    One address has `free` tries; each further failure doubles its wait, from `first_wait` to `longest_wait`.
    After `forget` without a try its slate is clean. All addresses together have `all_free` failures in
    `all_window`; an address that knew the password before is not held up by the others. At most `addresses`
    are remembered.
    """

    free: int = 5
    first_wait: timedelta = timedelta(seconds=2)
    longest_wait: timedelta = timedelta(minutes=15)
    forget: timedelta = timedelta(hours=1)
    all_free: int = 60
    all_window: timedelta = timedelta(minutes=10)
    addresses: int = 10_000


@dataclass(slots=True)
class _Slate:
    failures: int
    last_at: datetime
    free_at: datetime


class Limiter:
    """Counts attempts before they are checked, so that a hundred guesses at once are a hundred guesses."""

    def __init__(self, guesses: Guesses) -> None:
        self._guesses = guesses
        self._slates: OrderedDict[str, _Slate] = OrderedDict()
        self._all: deque[datetime] = deque()
        self._known: OrderedDict[str, None] = OrderedDict()

    def attempt(self, address: str, now: datetime) -> timedelta | None:
        """Take one attempt of this address, or answer how long it has to wait."""
        key = _network(address)
        wait = max(self._own_wait(key, now), self._common_wait(key, now))
        if wait > timedelta(0):
            return wait
        slate = self._slates.pop(key, None) or _Slate(0, now, now)
        slate.failures += 1
        slate.last_at = now
        slate.free_at = now + self._wait_after(slate.failures)
        self._slates[key] = slate
        if len(self._slates) > self._guesses.addresses:
            self._slates.popitem(last=False)
        self._all.append(now)
        return None

    def succeeded(self, address: str) -> None:
        """The attempt was right: the address starts afresh, and the attempt was no failure."""
        key = _network(address)
        slate = self._slates.pop(key, None)
        if slate and slate.last_at in self._all:
            self._all.remove(slate.last_at)
        self._known.pop(key, None)
        self._known[key] = None
        if len(self._known) > self._guesses.addresses:
            self._known.popitem(last=False)

    def _own_wait(self, key: str, now: datetime) -> timedelta:
        slate = self._slates.get(key)
        if slate is None:
            return timedelta(0)
        if now - slate.last_at >= self._guesses.forget:
            del self._slates[key]
            return timedelta(0)
        return slate.free_at - now

    def _common_wait(self, key: str, now: datetime) -> timedelta:
        while self._all and now - self._all[0] >= self._guesses.all_window:
            self._all.popleft()
        if key in self._known or len(self._all) < self._guesses.all_free:
            return timedelta(0)
        return self._all[-self._guesses.all_free] + self._guesses.all_window - now

    def _wait_after(self, failures: int) -> timedelta:
        beyond = failures - self._guesses.free
        if beyond < 0:
            return timedelta(0)
        if beyond > math.log2(self._guesses.longest_wait / self._guesses.first_wait):
            return self._guesses.longest_wait
        return self._guesses.first_wait * 2**beyond


def _network(address: str) -> str:
    """What counts as one address: an IPv6 customer has a /64 of them."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
