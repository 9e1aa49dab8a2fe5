"""A zone of Google's Cloud DNS (REST API v1).

Record sets are changed by a `Change`, which is applied as a whole or not at all, and whose deletions have to be
exactly what is there: somebody else's edit in between makes it fail, not go wrong.
"""

from typing import Any, cast

from manager.adapters.dns.asking import Asking, Json, TokenOf
from manager.adapters.dns.google_token import GoogleToken

_GOOGLE = "https://dns.googleapis.com"
_TTL_S = 60
_RATE = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded")


class CloudDns:
    """The zone named `zone` of a project. Over plain http no credentials are looked for or sent."""

    def __init__(
        self,
        project: str,
        zone: str,
        *,
        endpoint: str = _GOOGLE,
        credentials_file: str | None = None,
        token_of: TokenOf | None = None,
    ) -> None:
        token = token_of or (_no_token if endpoint.startswith("http://") else GoogleToken(credentials_file))
        self._asking = Asking(endpoint, zone, token, _reads)
        self._path = f"/dns/v1/projects/{project}/managedZones/{zone}"

    async def addresses(self, name: str) -> tuple[str, ...]:
        """Its A and AAAA records."""
        sets = await self._sets(name)
        return tuple(data for kind in ("A", "AAAA") for data in sets.get(kind, {}).get("rrdatas", []))

    async def point(self, name: str, addresses: tuple[str, ...]) -> bool:
        """One A record set, and one AAAA where there is an IPv6 address; a set without an address is removed."""
        sets = await self._sets(name)
        additions: list[Json] = []
        deletions: list[Json] = []
        for kind in ("A", "AAAA"):
            wanted = [address for address in addresses if (":" in address) == (kind == "AAAA")]
            there = sets.get(kind)
            if there is not None and (sorted(there["rrdatas"]), there.get("ttl")) == (sorted(wanted), _TTL_S):
                continue
            if there is not None:
                deletions.append({key: there[key] for key in ("name", "type", "ttl", "rrdatas") if key in there})
            if wanted:
                additions.append({"name": f"{name}.", "type": kind, "ttl": _TTL_S, "rrdatas": wanted})
        if not additions and not deletions:
            return False
        body = {"kind": "dns#change", "additions": additions, "deletions": deletions}
        await self._asking.ask(name, "POST", f"{self._path}/changes", body=body)
        return True

    async def _sets(self, name: str) -> dict[str, Json]:
        """The record sets at a name by their type; raises DnsError where something else than addresses is there."""
        page = await self._asking.ask(name, "GET", f"{self._path}/rrsets", query={"name": f"{name}."})
        found: list[Any] = page.get("rrsets", [])
        sets = {str(each.get("type")): cast("Json", each) for each in found if each.get("name") == f"{name}."}
        if "CNAME" in sets:
            raise self._asking.error("record", name, "It is an alias (CNAME).")
        if any("rrdatas" not in sets[kind] for kind in ("A", "AAAA") if kind in sets):
            raise self._asking.error("record", name, "Its addresses follow a routing policy.")
        return sets


def _reads(status: int, told: Json) -> tuple[str | None, str]:
    """Google's `{"error": {"code", "message", "errors": [{"reason", …}]}}`."""
    error: Any = told.get("error")
    if not isinstance(error, dict):
        return None, ""
    said = cast("Json", error)
    message = str(said.get("message", ""))
    listed: list[Any] = said.get("errors") or [{}]
    reason = str(listed[0].get("reason", ""))
    if reason in _RATE:
        return "rate", message
    # Google names the part of the request that it does not like: this one is the name, not of this zone.
    if status == 400 and ".name'" in message:  # noqa: PLR2004 - a status of HTTP
        return "zone", message
    return None, message


async def _no_token() -> None:
    return None
