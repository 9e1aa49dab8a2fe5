"""Resources that are little more than a named document: found, listed, inserted and deleted alike."""

from collections.abc import Callable
from dataclasses import dataclass

from manager.adapters.embedded import operations
from manager.adapters.embedded.call import Call
from manager.adapters.embedded.clock import rfc3339
from manager.adapters.embedded.cloud import Cloud, key
from manager.adapters.embedded.errors import already_exists, invalid, not_found, required
from manager.adapters.embedded.instances.rules import NAME
from manager.adapters.embedded.links import link
from manager.adapters.embedded.listing import listed
from manager.adapters.embedded.store import Json


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource: its collection in store and URL, its path parameter, and how it is shown."""

    name: str  # as in compute#name
    collection: str  # as in the URL
    show: Callable[[Cloud, Json, float], Json] = lambda _cloud, body, _now: body["resource"]

    def path(self, call: Call, name: str) -> str:
        """Answer the relative name, projects/p/scope/collection/name."""
        return f"projects/{call.project}/{call.scope}/{self.collection}/{name}"

    def find(self, cloud: Cloud, call: Call, name: str | None = None) -> Json:
        """Answer the document; 404 where there is none."""
        wanted = call.path[self.name] if name is None else name
        body = cloud.store.get(self.name, key(call.project, call.scope, wanted))
        if body is None:
            raise not_found(self.path(call, wanted))
        return body

    def new(self, cloud: Cloud, call: Call, name: str, resource: Json) -> Json:
        """Answer a new document that is not saved yet; 409 where the name is taken."""
        if not name:
            raise required("resource.name")
        if not NAME.fullmatch(name):
            raise invalid("resource.name", name, f"Must be a match of regex '{NAME.pattern}'")
        if cloud.store.get(self.name, key(call.project, call.scope, name)):
            raise already_exists(self.path(call, name))
        number = cloud.new_id()
        common: Json = {
            "kind": f"compute#{self.name}",
            "id": number,
            "name": name,
            "creationTimestamp": rfc3339(call.now),
            "selfLink": link(self.path(call, name)),
        }
        return {
            "path": self.path(call, name),
            "project": call.project,
            "scope": call.scope,
            "name": name,
            "id": number,
            "resource": resource | common,
        }

    def save(self, cloud: Cloud, body: Json) -> None:
        """Write a document."""
        cloud.store.put(self.name, key(body["project"], body["scope"], body["name"]), body)

    def all(self, cloud: Cloud, project: str, scope: str, now: float) -> list[Json]:
        """Answer the resources of a scope as they are shown at `now`."""
        return [self.show(cloud, body, now) for body in cloud.store.all(self.name, key(project, scope, ""))]

    def get(self, cloud: Cloud, call: Call) -> Json:
        """The method `get`."""
        return self.show(cloud, self.find(cloud, call), call.now)

    def list(self, cloud: Cloud, call: Call) -> Json:
        """The method `list`."""
        return listed(call, f"compute#{self.name}List", self.all(cloud, call.project, call.scope, call.now))

    def delete(self, cloud: Cloud, call: Call, seconds: float = 2.0) -> Json:
        """The method `delete`."""
        body = self.find(cloud, call)
        outcome = operations.plan(cloud, call, seconds)
        if outcome.error is None:
            cloud.store.delete(self.name, key(body["project"], body["scope"], body["name"]))
        return operations.record(cloud, call, outcome, "delete", body)
