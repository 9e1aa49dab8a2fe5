"""zoneOperations, regionOperations, globalOperations: get, list and wait."""

from manager.adapters.embedded.call import Call, Method
from manager.adapters.embedded.cloud import Cloud, key
from manager.adapters.embedded.errors import not_found
from manager.adapters.embedded.listing import aggregated, listed
from manager.adapters.embedded.operations import render
from manager.adapters.embedded.places import ZONES, regions
from manager.adapters.embedded.store import Json


def _get(cloud: Cloud, call: Call) -> Json:
    """Answer an operation by name or by id."""
    wanted = call.path["operation"]
    body = cloud.store.get("operation", key(call.project, call.scope, wanted))
    if body is None and wanted.isdigit():
        documents = cloud.store.all("operation", key(call.project, call.scope, ""))
        body = next((document for document in documents if document["id"] == wanted), None)
    if body is None or body["begins"] > call.now:
        raise not_found(f"projects/{call.project}/{call.scope}/operations/{wanted}")
    return render(body, call.now)


def _in_scope(cloud: Cloud, call: Call, scope: str) -> list[Json]:
    documents = cloud.store.all("operation", key(call.project, scope, ""))
    return [render(body, call.now) for body in documents if body["begins"] <= call.now]


def _list(cloud: Cloud, call: Call) -> Json:
    return listed(call, "compute#operationList", _in_scope(cloud, call, call.scope))


def _everywhere(cloud: Cloud, call: Call) -> Json:
    scopes = ["global", *(f"zones/{zone}" for zone in ZONES), *(f"regions/{region}" for region in regions())]
    found = {scope: _in_scope(cloud, call, scope) for scope in scopes}
    return aggregated(call, "compute#operationAggregatedList", "operations", found)


def _methods(collection: str, scope: str) -> list[Method]:
    base = "{project}/" + scope + "/operations"
    return [
        Method(f"{collection}.list", "GET", base, _list),
        Method(f"{collection}.get", "GET", base + "/{operation}", _get),
        Method(f"{collection}.wait", "POST", base + "/{operation}/wait", _get),
    ]


METHODS = [
    *_methods("zoneOperations", "zones/{zone}"),
    *_methods("regionOperations", "regions/{region}"),
    *_methods("globalOperations", "global"),
    Method("globalOperations.aggregatedList", "GET", "{project}/aggregated/operations", _everywhere),
]
