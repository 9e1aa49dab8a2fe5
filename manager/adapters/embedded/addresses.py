"""Reserved external addresses, and the network default that everything stands in."""

from manager.adapters.embedded import operations
from manager.adapters.embedded.call import Call, Method
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.errors import in_use, not_found
from manager.adapters.embedded.links import link
from manager.adapters.embedded.listing import aggregated, listed
from manager.adapters.embedded.places import ZONES, region_of, regions
from manager.adapters.embedded.scoped import Kind
from manager.adapters.embedded.store import Json, parts

_BORN = "2026-01-05T08:00:00.000-08:00"


def _users(cloud: Cloud, body: Json) -> list[str]:
    return [
        link(instance["path"])
        for instance in cloud.store.all("instance", f"{body['project']}/")
        for nic in instance["resource"]["networkInterfaces"]
        for config in parts(nic, "accessConfigs")
        if config.get("natIP") == body["address"]
    ]


def _show(cloud: Cloud, body: Json, _now: float) -> Json:
    users = _users(cloud, body)
    shown = body["resource"] | {"status": "IN_USE" if users else "RESERVED"}
    return shown | {"users": users} if users else shown


ADDRESS = Kind("address", "addresses", _show)


def _insert(cloud: Cloud, call: Call) -> Json:
    address = cloud.new_address()
    resource: Json = {
        "address": address,
        "addressType": "EXTERNAL",
        "networkTier": call.body.get("networkTier") or "PREMIUM",
        "region": link("projects", call.project, call.scope),
        "description": call.body.get("description") or "",
    }
    body = ADDRESS.new(cloud, call, call.body.get("name") or "", resource) | {"address": address}
    outcome = operations.plan(cloud, call, 3.0)
    if outcome.error is None:
        ADDRESS.save(cloud, body)
    return operations.record(cloud, call, outcome, "insert", body)


def _delete(cloud: Cloud, call: Call) -> Json:
    body = ADDRESS.find(cloud, call)
    if users := _users(cloud, body):
        raise in_use(f"address '{body['path']}'", users[0][1:])
    return ADDRESS.delete(cloud, call)


def _everywhere(cloud: Cloud, call: Call) -> Json:
    scopes = [f"regions/{region}" for region in regions()]
    found = {scope: ADDRESS.all(cloud, call.project, scope, call.now) for scope in scopes}
    return aggregated(call, "compute#addressAggregatedList", "addresses", found)


def _network(call: Call) -> Json:
    subnetworks = [link("projects", call.project, "regions", name, "subnetworks", "default") for name in regions()]
    return {
        "kind": "compute#network",
        "id": "1000000000000000001",
        "name": "default",
        "creationTimestamp": _BORN,
        "description": "Default network for the project",
        "selfLink": link("projects", call.project, "global", "networks", "default"),
        "autoCreateSubnetworks": True,
        "subnetworks": subnetworks,
        "routingConfig": {"routingMode": "REGIONAL"},
    }


def _get_network(_cloud: Cloud, call: Call) -> Json:
    if call.path["network"] != "default":
        raise not_found(f"projects/{call.project}/global/networks/{call.path['network']}")
    return _network(call)


def _list_networks(_cloud: Cloud, call: Call) -> Json:
    return listed(call, "compute#networkList", [_network(call)])


def _subnetwork(call: Call, region: str) -> Json:
    place = regions().index(region)
    return {
        "kind": "compute#subnetwork",
        "id": str(1000000000000000100 + place),
        "name": "default",
        "creationTimestamp": _BORN,
        "selfLink": link("projects", call.project, "regions", region, "subnetworks", "default"),
        "network": link("projects", call.project, "global", "networks", "default"),
        "region": link("projects", call.project, "regions", region),
        "ipCidrRange": f"10.{128 + 2 * place}.0.0/20",
        "gatewayAddress": f"10.{128 + 2 * place}.0.1",
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
    }


def _get_subnetwork(_cloud: Cloud, call: Call) -> Json:
    region, name = call.path["region"], call.path["subnetwork"]
    if name != "default" or region not in {region_of(zone) for zone in ZONES}:
        raise not_found(f"projects/{call.project}/regions/{region}/subnetworks/{name}")
    return _subnetwork(call, region)


def _all_subnetworks(_cloud: Cloud, call: Call) -> Json:
    found = {f"regions/{region}": [_subnetwork(call, region)] for region in regions()}
    return aggregated(call, "compute#subnetworkAggregatedList", "subnetworks", found)


_BASE = "{project}/regions/{region}/addresses"
METHODS = [
    Method("addresses.list", "GET", _BASE, ADDRESS.list),
    Method("addresses.insert", "POST", _BASE, _insert),
    Method("addresses.get", "GET", f"{_BASE}/{{address}}", ADDRESS.get),
    Method("addresses.delete", "DELETE", f"{_BASE}/{{address}}", _delete),
    Method("addresses.aggregatedList", "GET", "{project}/aggregated/addresses", _everywhere),
    Method("networks.get", "GET", "{project}/global/networks/{network}", _get_network),
    Method("networks.list", "GET", "{project}/global/networks", _list_networks),
    Method("subnetworks.get", "GET", "{project}/regions/{region}/subnetworks/{subnetwork}", _get_subnetwork),
    Method("subnetworks.aggregatedList", "GET", "{project}/aggregated/subnetworks", _all_subnetworks),
]
