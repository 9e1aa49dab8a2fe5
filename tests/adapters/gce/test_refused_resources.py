"""What is not there, is in motion, was changed meanwhile, or is refused for a reason of its own."""

from manager.adapters.gce.errors import StaleFingerprint, from_http
from manager.domain.errors import CloudError, CloudRefused, Conflict, NoSuchResource, NotReadyYet
from tests.adapters.gce.conftest import PLACE
from tests.adapters.gce.words import ENDPOINT, INSTANCE, Refused, each, refused, told

POLICY = "Constraint constraints/compute.vmExternalIpAccess violated for project 808448574146."

CASES: dict[str, tuple[Refused, CloudError]] = {
    "no such instance": (
        refused(404, "notFound", f"The resource '{INSTANCE}' was not found"),
        NoSuchResource(kind="instance", name="comfyui"),
    ),
    "no such zone": (
        refused(400, "invalid", "Invalid value for field 'zone': 'us-west1'. Unknown zone."),
        NoSuchResource(kind="zone", name="us-west1"),
    ),
    "no such zone, as 404": (
        refused(404, "notFound", "The resource 'projects/studio/zones/us-west1-q' was not found"),
        NoSuchResource(kind="zone", name="us-west1-q"),
    ),
    "nothing of a kind that is told apart": (
        refused(404, "notFound", "Not here"),
        NoSuchResource(kind="resource", name="Not here"),
    ),
    "a namespace of guest attributes that was never written": (
        refused(404, "notFound", "The resource 'gpubox/' of type 'Guest Attribute' was not found."),
        NoSuchResource(kind="guest attribute", name="gpubox"),
    ),
    "a resource in motion": (
        refused(400, "resourceNotReady", f"The resource '{INSTANCE}' is not ready"),
        NotReadyYet(detail=f"The resource '{INSTANCE}' is not ready"),
    ),
    "metadata that was changed meanwhile": (
        refused(412, "conditionNotMet", "Supplied fingerprint does not match current metadata fingerprint."),
        StaleFingerprint(detail="Supplied fingerprint does not match current metadata fingerprint."),
    ),
    "an organisation's policy, which is 412 too": (
        refused(412, "conditionNotMet", POLICY),
        CloudRefused(reason="conditionNotMet", message=POLICY),
    ),
    "another precondition": (
        refused(412, "conditionNotMet", "Precondition Failed"),
        Conflict(detail="Precondition Failed"),
    ),
    "a name that is taken": (
        refused(409, "alreadyExists", f"The resource '{INSTANCE}' already exists"),
        Conflict(detail=f"The resource '{INSTANCE}' already exists"),
    ),
    "anything else": (
        refused(400, "invalidResourceUsage", "Invalid resource usage: 'Instance should be in TERMINATED state.'."),
        CloudRefused(
            reason="invalidResourceUsage", message="Invalid resource usage: 'Instance should be in TERMINATED state.'."
        ),
    ),
    "anything at all": ((418, {"error": {"code": 418}}), CloudRefused(reason="418", message="")),
}


@each(CASES)
def test_what_is_wrong_with_a_resource_is_named(answer: Refused, expected: CloudError) -> None:
    assert told(from_http(*answer, PLACE, ENDPOINT)) == told(expected)
