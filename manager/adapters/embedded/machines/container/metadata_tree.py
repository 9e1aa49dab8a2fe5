"""What the metadata server says, as Google's does: a tree, its two spellings, and the tag of each part.

In JSON, names are spelt `machineType`; in paths, and in text, `machine-type`. Keys of attributes are the user's own
and are never respelt.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

Tree = dict[str, Any]
_VERBATIM = frozenset({"attributes", "guest-attributes"})


@dataclass(frozen=True, slots=True)
class Identity:
    """What an instance is, for itself."""

    project: str
    number: int
    zone: str
    name: str
    instance_id: str
    machine_type: str
    address: str
    service_account: str
    token: str


def tree(identity: Identity, attributes: Mapping[str, str], project_attributes: Mapping[str, str]) -> Tree:
    """Answer everything but guest attributes."""
    project = f"projects/{identity.number}"
    account: Tree = {
        "aliases": ["default"],
        "email": identity.service_account,
        "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        "token": Leaf({"access_token": identity.token, "expires_in": 3599, "token_type": "Bearer"}),
    }
    interface: Tree = {
        "access-configs": {"0": {"external-ip": identity.address, "type": "ONE_TO_ONE_NAT"}},
        "ip": identity.address,
        "mac": "42:01:0a:8a:00:02",
        "network": f"{project}/networks/default",
    }
    instance: Tree = {
        "attributes": dict(attributes),
        "guest-attributes": {},
        "hostname": f"{identity.name}.{identity.zone}.c.{identity.project}.internal",
        "id": int(identity.instance_id),
        "machine-type": f"{project}/machineTypes/{identity.machine_type}",
        "maintenance-event": "NONE",
        "name": identity.name,
        "network-interfaces": {"0": interface},
        "preempted": "FALSE",
        "service-accounts": {identity.service_account: account, "default": account},
        "zone": f"{project}/zones/{identity.zone}",
    }
    about: Tree = {
        "attributes": dict(project_attributes),
        "numeric-project-id": identity.number,
        "project-id": identity.project,
    }
    return {"instance": instance, "project": about}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is JSON in itself, and is never listed with the rest: a token."""

    value: Any


def find(whole: Tree, path: list[str]) -> Any:
    """Answer what is at a path; KeyError where nothing is."""
    found: Any = whole
    for name in path:
        if not isinstance(found, dict):
            raise KeyError(name)
        found = cast("Tree", found)[name]
    return found


def etag(found: Any) -> str:
    """Answer the tag of a part: another one as soon as anything in it is different."""
    return hashlib.sha256(json.dumps(as_json(found), sort_keys=True).encode()).hexdigest()[:16]


def as_json(found: Any, parent: str = "") -> Any:
    """Spell a part as Google's JSON does: numbered folders become lists, names camelCase, tokens are left out."""
    if isinstance(found, Leaf):
        return found.value
    if not isinstance(found, dict):
        return found
    entries = cast("Tree", found)
    shown = {name: value for name, value in entries.items() if not isinstance(value, Leaf)}
    if shown and all(name.isdigit() for name in shown) and parent not in _VERBATIM:
        return [as_json(value) for value in shown.values()]
    return {(name if parent in _VERBATIM else _camel(name)): as_json(value, name) for name, value in shown.items()}


def as_text(found: Any) -> str:
    """Spell a value, or list a folder: a name a line, folders with a slash."""
    if isinstance(found, Leaf):
        return json.dumps(found.value)
    if isinstance(found, dict):
        entries = cast("Tree", found)
        return "".join(f"{name}{'/' if isinstance(value, dict) else ''}\n" for name, value in entries.items())
    if isinstance(found, list):
        return "".join(f"{line}\n" for line in cast("list[object]", found))
    return str(found)


def flat(found: Any, prefix: str = "") -> str:
    """Spell a folder with everything below as lines of `path value`."""
    if not isinstance(found, dict):
        return f"{prefix} {as_text(found)}\n"
    entries = cast("Tree", found)
    return "".join(
        flat(value, f"{prefix}/{name}".lstrip("/")) for name, value in entries.items() if not isinstance(value, Leaf)
    )


def _camel(name: str) -> str:
    head, *rest = name.split("-")
    return head + "".join(word.capitalize() for word in rest)
