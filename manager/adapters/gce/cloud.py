"""Google's Compute Engine as the port `Cloud`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from manager.adapters.gce import backstop, metadata, observing, operations
from manager.adapters.gce.api import Api, Json
from manager.adapters.gce.calls import Calls, Deadline, Limits, Pace
from manager.application.ports import Clock, SerialOutput
from manager.domain.box import Observation, Operation, Place, Scheduling
from manager.domain.errors import CloudError, CloudUnreachable, NoSuchResource, RateLimited

_NAMESPACE = "gpubox/"


class GceCloud:
    """Compute Engine at one endpoint, or Google's own where that is None.

    Over plain http no credentials are looked for or sent. `credentials_file` is GOOGLE_APPLICATION_CREDENTIALS
    where it is set somewhere else than in the environment. Nothing happens before the first call or `warm_up`.
    """

    def __init__(
        self,
        clock: Clock,
        endpoint: str | None = None,
        *,
        credentials_file: str | None = None,
        limits: Limits | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.calls = Calls(Api(endpoint, credentials_file), limits or Limits(), pace or Pace())
        self._clock = clock
        self._disk_kinds: dict[str, str] = {}

    async def warm_up(self) -> None:
        """Import Google's client in a thread, so that the first call need not; the first call tells what is wrong."""
        with suppress(CloudError):
            await self.calls.load()

    def close(self) -> None:
        """Take no more calls. A call under way ends by itself, within its attempt's time."""
        self.calls.close()

    async def observe(self, place: Place) -> Observation:
        """Read the VM; `at` is the moment before it was asked, as the state is at least that new."""
        deadline = await self.calls.within(self.calls.limits.read)
        at = self._clock.now()
        instance = await self.calls.read("instances.get", _where(place), place, deadline)
        for disk in instance.get("disks", []):
            await self._learn_kind(disk, place, deadline)
        return observing.observation(instance, self._disk_kinds, at)

    async def write_metadata(self, place: Place, values: Mapping[str, str]) -> None:
        """Merge these keys into the VM's metadata and see the operation through."""
        await metadata.write(self.calls, place, values)

    async def set_scheduling(self, place: Place, scheduling: Scheduling) -> None:
        """Set the run limit and what goes with it, and see the operation through. Only while TERMINATED."""
        await backstop.write(self.calls, place, scheduling)

    async def start(self, place: Place, request_id: str) -> Operation:
        """Ask for a start; the same request id never starts twice."""
        return await self._power("instances.start", place, request_id)

    async def stop(self, place: Place, request_id: str) -> Operation:
        """Ask for a stop; stopping a stopped VM is no error."""
        return await self._power("instances.stop", place, request_id)

    async def operation(self, place: Place, name: str) -> Operation | None:
        """Read an operation; None where the cloud does not know it any more."""
        return await operations.get(self.calls, place, name, self._clock.now())

    async def find_operation(self, place: Place, request_id: str) -> Operation | None:
        """The operation that a request id led to, or None."""
        return await operations.find(self.calls, place, request_id, self._clock.now())

    async def recent_operations(self, place: Place, since: datetime) -> Sequence[Operation]:
        """Operations on this VM since then, newest first."""
        return await operations.recent(self.calls, place, since, self._clock.now())

    async def serial_output(self, place: Place, start: int = 0) -> SerialOutput:
        """Serial port 1 from this offset on; the port keeps the last 1 MB."""
        deadline = await self.calls.within(self.calls.limits.read)
        request = _where(place) | {"port": 1, "start": str(start)}
        body = await self.calls.read("instances.getSerialPortOutput", request, place, deadline)
        text = str(body.get("contents", ""))
        begins = int(body.get("start", start))
        return SerialOutput(text, begins, int(body.get("next", begins + len(text.encode()))))

    async def guest_attributes(self, place: Place) -> Mapping[str, str]:
        """The `gpubox` namespace; empty where nothing was written, which Google tells as 404."""
        deadline = await self.calls.within(self.calls.limits.read)
        request = _where(place) | {"queryPath": _NAMESPACE}
        try:
            body = await self.calls.read("instances.getGuestAttributes", request, place, deadline)
        except NoSuchResource as error:
            if error.data["kind"] in ("instance", "zone", "project"):
                raise
            return {}
        items: list[Json] = body.get("queryValue", {}).get("items", [])
        return {str(item["key"]): str(item.get("value", "")) for item in items}

    async def _power(self, method: str, place: Place, request_id: str) -> Operation:
        deadline = await self.calls.within(self.calls.limits.write)
        body = await self.calls.write(method, _where(place), place, deadline, request_id)
        return operations.operation(body, place, self._clock.now(), self.calls.endpoint)

    async def _learn_kind(self, disk: Json, place: Place, deadline: Deadline) -> None:
        """Look a disk's type up once. A right that is missing for it costs a price, never the observation."""
        source = str(disk.get("source", ""))
        if not source or source in self._disk_kinds:
            return
        request = {"project": place.project, "zone": place.zone, "disk": observing.last_part(source)}
        try:
            body = await self.calls.read("disks.get", request, place, deadline)
        except (CloudUnreachable, RateLimited):
            return
        except CloudError:
            self._disk_kinds[source] = ""
        else:
            self._disk_kinds[source] = observing.last_part(body.get("type", ""))


def _where(place: Place) -> Json:
    return {"project": place.project, "zone": place.zone, "instance": place.instance}
