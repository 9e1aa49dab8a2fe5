"""One call of an API method, as its handler sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from manager.adapters.embedded.store import Json

if TYPE_CHECKING:
    from manager.adapters.embedded.cloud import Cloud


@dataclass(slots=True)
class Call:
    """A request: the method's id (`instances.start`), path and query parameters, body, and the moment.

    `base` is the address that links begin with; `facts` is what faults match on.
    """

    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    now: float
    base: str = "http://127.0.0.1/compute/v1/"
    facts: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def project(self) -> str:
        """The project of the path."""
        return self.path["project"]

    @property
    def zone(self) -> str:
        """The zone of the path."""
        return self.path["zone"]

    @property
    def scope(self) -> str:
        """Where the method acts: `zones/z`, `regions/r` or `global`."""
        for kind in ("zone", "region"):
            if kind in self.path:
                return f"{kind}s/{self.path[kind]}"
        return "global"


Handler = Callable[["Cloud", Call], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """An API method: id as in the discovery document, HTTP verb, path below `projects/`, and who answers it."""

    id: str
    verb: str
    path: str
    handler: Handler
