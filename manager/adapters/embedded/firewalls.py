"""Firewall rules of the network default. They are kept and answered, not enforced: everything is loopback."""

from manager.adapters.embedded import operations
from manager.adapters.embedded.call import Call, Method
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.errors import invalid, required
from manager.adapters.embedded.links import link
from manager.adapters.embedded.scoped import Kind
from manager.adapters.embedded.store import Json

FIREWALL = Kind("firewall", "firewalls")
_SECONDS = 6.0
_FIELDS = (
    "allowed",
    "denied",
    "description",
    "destinationRanges",
    "direction",
    "disabled",
    "logConfig",
    "priority",
    "sourceRanges",
    "sourceServiceAccounts",
    "sourceTags",
    "targetServiceAccounts",
    "targetTags",
)


def _resource(call: Call, asked: Json) -> Json:
    resource: Json = {field: asked[field] for field in _FIELDS if asked.get(field) is not None}
    if bool(resource.get("allowed")) == bool(resource.get("denied")):
        raise required("resource.allowed")
    for rule in [*resource.get("allowed", []), *resource.get("denied", [])]:
        if not rule.get("IPProtocol"):
            raise invalid("resource.allowed[0].IPProtocol", "", "Must be a protocol's name or number.")
    if len({":" in each for each in resource.get("sourceRanges", [])}) > 1:
        raise invalid("resource.sourceRanges", "", "A firewall rule can hold IPv4 or IPv6 ranges, but not both.")
    resource["network"] = link("projects", call.project, "global", "networks", "default")
    resource = {"direction": "INGRESS", "priority": 1000, "disabled": False, "logConfig": {"enable": False}} | resource
    if resource["direction"] == "INGRESS" and not any(name.startswith("source") for name in resource):
        resource["sourceRanges"] = ["0.0.0.0/0"]
    return resource


def _insert(cloud: Cloud, call: Call) -> Json:
    body = FIREWALL.new(cloud, call, call.body.get("name") or "", _resource(call, call.body))
    outcome = operations.plan(cloud, call, _SECONDS)
    if outcome.error is None:
        FIREWALL.save(cloud, body)
    return operations.record(cloud, call, outcome, "insert", body)


def _replace(cloud: Cloud, call: Call, body: Json, asked: Json, operation_type: str) -> Json:
    kept = {field: body["resource"][field] for field in ("kind", "id", "name", "creationTimestamp", "selfLink")}
    resource = _resource(call, asked)
    outcome = operations.plan(cloud, call, _SECONDS)
    if outcome.error is None:
        FIREWALL.save(cloud, body | {"resource": resource | kept})
    return operations.record(cloud, call, outcome, operation_type, body)


def _update(cloud: Cloud, call: Call) -> Json:
    """PUT: what is left out is reset to its default."""
    return _replace(cloud, call, FIREWALL.find(cloud, call), call.body, "update")


def _patch(cloud: Cloud, call: Call) -> Json:
    """PATCH: a JSON merge patch; what is left out stays, null removes."""
    body = FIREWALL.find(cloud, call)
    return _replace(cloud, call, body, body["resource"] | call.body, "patch")


_ONE = "{project}/global/firewalls/{firewall}"
METHODS = [
    Method("firewalls.list", "GET", "{project}/global/firewalls", FIREWALL.list),
    Method("firewalls.insert", "POST", "{project}/global/firewalls", _insert),
    Method("firewalls.get", "GET", _ONE, FIREWALL.get),
    Method("firewalls.patch", "PATCH", _ONE, _patch),
    Method("firewalls.update", "PUT", _ONE, _update),
    Method("firewalls.delete", "DELETE", _ONE, FIREWALL.delete),
]
