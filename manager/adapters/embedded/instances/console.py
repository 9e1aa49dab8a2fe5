"""What comes from inside the machine: serial output and guest attributes."""

from manager.adapters.embedded.call import Call
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.errors import ApiError, invalid, not_ready
from manager.adapters.embedded.instances.document import find, status
from manager.adapters.embedded.links import link
from manager.adapters.embedded.machines.serial import serial_of
from manager.adapters.embedded.store import Json, parts

_PORTS = frozenset({"1", "2", "3", "4"})


def get_serial_port_output(cloud: Cloud, call: Call) -> Json:
    """Serial port output from `start` on; `start` moves forward where older output is lost, `next` continues.

    400 resourceNotReady while the instance is off, as there is no machine to ask.
    """
    body = find(cloud, call)
    if status(body, call.now) in {"TERMINATED", "PROVISIONING"}:
        raise not_ready(body["path"])
    port = call.query.get("port", "1")
    if port not in _PORTS:
        raise invalid("port", port, "The port must be between 1 and 4.")
    try:
        wanted = int(call.query.get("start", "0"))
    except ValueError as error:
        raise invalid("start", call.query["start"], "It must be a number.") from error
    start, content = serial_of(cloud.state_dir, body["id"], wanted) if port == "1" else (0, b"")
    return {
        "kind": "compute#serialPortOutput",
        "selfLink": link(f"{body['path']}/serialPort"),
        "contents": content.decode("utf-8", "replace"),
        "start": str(start),
        "next": str(start + len(content)),
    }


def enabled(body: Json) -> bool:
    """Tell whether metadata turns guest attributes on."""
    items = parts(body["resource"]["metadata"], "items")
    return any(i["key"] == "enable-guest-attributes" and str(i["value"]).lower() == "true" for i in items)


def get_guest_attributes(cloud: Cloud, call: Call) -> Json:
    """Guest attributes under `queryPath` (`ns/` or `ns/key`) or `variableKey`; 404 for what was never written."""
    body = find(cloud, call)
    query = call.query.get("queryPath") or call.query.get("variableKey") or ""
    missing = ApiError(404, "notFound", f"The resource '{query}' of type 'Guest Attribute' was not found.")
    written = (cloud.store.get("guest-attributes", body["id"]) or {}) if enabled(body) else {}
    namespace, _, name = query.partition("/")
    entries: list[Json] = [
        {"namespace": space, "key": entry, "value": value}
        for space, values in written.items()
        for entry, value in values.items()
        if namespace in {"", space} and name in {"", entry}
    ]
    if not entries:
        raise missing
    shown: Json = {"kind": "compute#guestAttributes", "selfLink": link(f"{body['path']}/guestAttributes")}
    if "queryPath" in call.query:
        return shown | {"queryPath": query, "queryValue": {"items": entries}}
    return shown | {"variableKey": query, "variableValue": entries[0]["value"]}


def write_guest_attribute(cloud: Cloud, body: Json, namespace: str, name: str, value: str | None) -> bool:
    """Write as the guest does, or remove (None); False where metadata does not allow guest attributes."""
    if not enabled(body):
        return False
    with cloud.store.transaction():
        written = cloud.store.get("guest-attributes", body["id"]) or {}
        if value is None:
            written.get(namespace, {}).pop(name, None)
        else:
            written.setdefault(namespace, {})[name] = value
        cloud.store.put("guest-attributes", body["id"], written)
    return True
