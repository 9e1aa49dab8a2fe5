"""Two small servers on loopback that answer as Cloud DNS and Cloudflare do, with records that change."""

import itertools
import re
from typing import Any

from tests.adapters.gce.stub import Answer, Asked, Json, Stub, refusal

TOKEN = "cf-token-0123456789"


class CloudDnsServer(Stub):
    """One zone, example-com; `sets` are its record sets. `refuses` is answered to everything."""

    base = "/dns/v1/projects/studio/managedZones/example-com"

    def __init__(self) -> None:
        super().__init__()
        self.sets: list[Json] = []
        self.refuses: Answer | None = None

    def put(self, kind: str, *data: str, name: str = "comfy.example.com.", **more: Any) -> None:
        body = {"kind": "dns#resourceRecordSet", "name": name, "type": kind, "ttl": 300, "signatureRrdatas": []}
        self.sets.append(body | ({"rrdatas": list(data)} if data else {}) | more)

    def at(self, kind: str, name: str = "comfy.example.com.") -> list[str]:
        return [data for each in self.sets if (each["type"], each["name"]) == (kind, name) for data in each["rrdatas"]]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.refuses is not None:
            return self.refuses
        if not asked.path.startswith(self.base):
            words = "The 'parameters.managedZone' resource named 'other' does not exist."
            return refusal(404, "notFound", words)
        if (asked.verb, asked.path) == ("GET", f"{self.base}/rrsets"):
            found = [each for each in self.sets if each["name"] == asked.query["name"]]
            return Answer({"kind": "dns#resourceRecordSetsListResponse", "rrsets": found})
        assert (asked.verb, asked.path) == ("POST", f"{self.base}/changes")
        return self._change(asked.body)

    def _change(self, change: Json) -> Answer:
        """All or nothing, as Cloud DNS does it."""
        sets = [dict(each) for each in self.sets]
        for number, gone in enumerate(change["deletions"]):
            there = [each for each in sets if all(each.get(key) == value for key, value in gone.items())]
            if not there:
                place = f"entity.change.deletions[{number}]"
                return refusal(412, "conditionNotMet", f"Precondition not met for '{place}'")
            sets.remove(there[0])
        for number, new in enumerate(change["additions"]):
            place = f"entity.change.additions[{number}]"
            if not new["name"].endswith("example.com."):
                return refusal(400, "invalid", f"Invalid value for '{place}.name': '{new['name']}'")
            if any((each["name"], each["type"]) == (new["name"], new["type"]) for each in sets):
                return refusal(409, "alreadyExists", f"The resource '{place}' named '{new['name']}' already exists")
            sets.append({"kind": "dns#resourceRecordSet", "signatureRrdatas": []} | new)
        self.sets = sets
        return Answer(change | {"id": "7", "startTime": "2026-11-21T12:00:00.000Z", "status": "pending"})


class CloudflareServer(Stub):
    """One zone; `records` are its DNS records. `refuses` is answered to everything."""

    zone = "0123456789abcdef0123456789abcdef"

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Json] = []
        self.refuses: Answer | None = None
        self._ids = itertools.count(1)

    def put(self, kind: str, content: str, name: str = "comfy.example.com", **more: Any) -> Json:
        record = {"id": f"{next(self._ids):032x}", "name": name, "type": kind, "content": content}
        record |= {"proxiable": True, "proxied": False, "ttl": 60, "comment": None, "tags": []} | more
        self.records.append(record)
        return record

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.refuses is not None:
            return self.refuses
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return cloudflare_refusal(403, 10000, "Authentication error")
        found = re.fullmatch(rf"/client/v4/zones/{self.zone}/dns_records(?:/(\w+))?", asked.path)
        if found is None:
            words = f"Could not route to {asked.path}, perhaps your object identifier is invalid?"
            return cloudflare_refusal(404, 7003, words)
        match asked.verb:
            case "GET":
                result: Any = [each for each in self.records if each["name"] == asked.query["name"]]
            case "POST":
                result = self.put(asked.body["type"], asked.body["content"], **_rest(asked.body))
            case "PATCH":
                result = next(each for each in self.records if each["id"] == found[1])
                result |= asked.body
            case _:
                self.records = [each for each in self.records if each["id"] != found[1]]
                result = {"id": found[1]}
        return Answer({"success": True, "errors": [], "messages": [], "result": result})


def _rest(body: Json) -> Json:
    return {key: value for key, value in body.items() if key not in ("type", "content")}


def cloudflare_refusal(status: int, code: int, message: str) -> Answer:
    """One of Cloudflare's error bodies."""
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return Answer(body, status)
