"""A zone at Cloudflare (API v4). Whether a record is passed through Cloudflare's proxy stays as it is."""

from typing import Any, cast

from manager.adapters.dns.asking import Asking, Json

_CLOUDFLARE = "https://api.cloudflare.com"
_TTL_S = 60
# What Cloudflare calls "automatic"; records behind its proxy have no other.
_AUTOMATIC = 1
_ADDRESSES = ("A", "AAAA")
# Its own codes say more than the status: 403 and 400 stand for a wrong token, too.
_KINDS = {6003: "token", 6111: "token", 1000: "token", 9109: "token", 9106: "token", 10000: "right"}
_ZONE_CODES = (7000, 7003, 1001)


class CloudflareDns:
    """The zone with the id `zone`. `proxied` is for a record that has to be made; one that is there keeps its own."""

    def __init__(self, zone: str, token: str, *, proxied: bool = False, endpoint: str = _CLOUDFLARE) -> None:
        async def token_of() -> str:
            return token

        self._asking = Asking(endpoint, zone, token_of, _reads)
        self._path = f"/client/v4/zones/{zone}/dns_records"
        self._proxied = proxied

    async def addresses(self, name: str) -> tuple[str, ...]:
        """Its A and AAAA records, as they are kept; with the proxy, browsers see Cloudflare's instead."""
        return tuple(str(record["content"]) for record in await self._records(name))

    async def point(self, name: str, addresses: tuple[str, ...]) -> bool:
        """One record for each address: one of the same type is changed, the others are removed."""
        records = await self._records(name)
        left = list(records)
        changed = False
        for address in addresses:
            kind = "AAAA" if ":" in address else "A"
            record = next((each for each in left if each["type"] == kind), None)
            if record is None:
                ttl = _AUTOMATIC if self._proxied else _TTL_S
                body: Json = {"type": kind, "name": name, "content": address, "ttl": ttl, "proxied": self._proxied}
                await self._asking.ask(name, "POST", self._path, body=body)
                changed = True
                continue
            left.remove(record)
            wanted: Json = {"content": address} | ({} if record.get("proxied") else {"ttl": _TTL_S})
            if any(record.get(key) != value for key, value in wanted.items()):
                await self._asking.ask(name, "PATCH", f"{self._path}/{record['id']}", body=wanted)
                changed = True
        for record in left:
            await self._asking.ask(name, "DELETE", f"{self._path}/{record['id']}")
            changed = True
        return changed

    async def _records(self, name: str) -> list[Json]:
        """The address records at a name; raises DnsError where an alias is there."""
        page = await self._asking.ask(name, "GET", self._path, query={"name": name, "per_page": "100"})
        listed: list[Any] = page.get("result") or []
        records = [cast("Json", each) for each in listed if str(each.get("name", "")).lower() == name]
        if any(record.get("type") == "CNAME" for record in records):
            raise self._asking.error("record", name, "It is an alias (CNAME).")
        return [record for record in records if record.get("type") in _ADDRESSES]


def _reads(status: int, told: Json) -> tuple[str | None, str]:
    """Cloudflare's `{"success": false, "errors": [{"code", "message", "error_chain"}]}`."""
    listed: list[Any] = told.get("errors") or []
    errors = [cast("Json", each) for each in listed if isinstance(each, dict)]
    words = "; ".join(f"{each.get('message', '')} ({each.get('code', '')})" for each in errors)
    codes = [each.get("code") for each in errors]
    if status in (400, 401, 403):
        kind = next((_KINDS[code] for code in codes if code in _KINDS), None)
        if kind == "right" and status == 401:  # noqa: PLR2004 - a status of HTTP
            kind = "token"
        if kind is not None:
            return kind, words
    if any(code in _ZONE_CODES for code in codes):
        return "zone", words
    return None, words
