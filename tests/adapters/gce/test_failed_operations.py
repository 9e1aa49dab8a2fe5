"""Why an operation failed, as it says itself."""

from manager.adapters.gce.errors import from_operation
from manager.domain.errors import CloudError, CloudRefused, NotReadyYet, PermissionMissing, QuotaExceeded, Stockout
from tests.adapters.gce.conftest import PLACE
from tests.adapters.gce.words import Json, each, failed, told

STOCKOUT_DETAILS: Json = {
    "errorInfo": {
        "reason": "resource_availability",
        "domain": "compute.googleapis.com",
        "metadatas": {
            "vmType": "n1-standard-4",
            "attachment": "nvidia-tesla-t4:1",
            "zone": "us-west1-b",
            "zonesAvailable": "us-central1-a,us-central1-f",
        },
    }
}
T4 = "n1-standard-4 with nvidia-tesla-t4"

CASES: dict[str, tuple[Json, CloudError]] = {
    "a stockout with the zones that have room": (
        failed("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "... (reason: STOCKOUT)", {"help": {}}, STOCKOUT_DETAILS),
        Stockout(zone="us-west1-b", machine=T4, zones=["us-central1-a", "us-central1-f"]),
    ),
    "a plain stockout": (
        failed("ZONE_RESOURCE_POOL_EXHAUSTED", "The zone does not have enough resources.", httpErrorStatusCode=503),
        Stockout(zone="us-west1-b", machine="machine", zones=[]),
    ),
    "a quota of the whole project": (
        failed(
            "QUOTA_EXCEEDED",
            "Quota 'GPUS_ALL_REGIONS' exceeded.  Limit: 0.0 globally.",
            {
                "quotaInfo": {
                    "metricName": "compute.googleapis.com/gpus_all_regions",
                    "limitName": "GPUS-ALL-REGIONS-per-project",
                    "limit": 0.0,
                    "dimensions": {"global": "global"},
                }
            },
            httpErrorStatusCode=403,
        ),
        QuotaExceeded(metric="GPUS_ALL_REGIONS", limit="0", scope="global"),
    ),
    "a quota told in fields alone": (
        failed(
            "QUOTA_EXCEEDED",
            "Quota exceeded.",
            {
                "quotaInfo": {
                    "metricName": "compute.googleapis.com/nvidia_t4_gpus",
                    "limit": 2.5,
                    "dimensions": {"region": "us-west1"},
                }
            },
        ),
        QuotaExceeded(metric="NVIDIA_T4_GPUS", limit="2.5", scope="us-west1"),
    ),
    "a quota of which nothing is told": (
        failed("QUOTA_EXCEEDED", "No more."),
        QuotaExceeded(metric="unknown", limit="unknown", scope="global"),
    ),
    "a resource in motion": (
        failed("RESOURCE_NOT_READY", "The resource is not ready"),
        NotReadyYet(detail="The resource is not ready"),
    ),
    "a missing right": (
        failed("PERMISSIONS_ERROR", "Required 'compute.disks.use' permission for 'projects/studio/zones/z/disks/d'"),
        PermissionMissing(permission="compute.disks.use", resource="projects/studio/zones/z/disks/d"),
    ),
    "a failure without any HTTP status": (
        failed("INTERNAL_ERROR", "Please try again."),
        CloudRefused(reason="INTERNAL_ERROR", message="Please try again."),
    ),
    "a failure that is nothing but an HTTP status": (
        {"status": "DONE", "httpErrorStatusCode": 400, "httpErrorMessage": "BAD REQUEST"},
        CloudRefused(reason="400", message="BAD REQUEST"),
    ),
}


@each(CASES)
def test_an_operation_that_failed_is_named(answer: Json, expected: CloudError) -> None:
    error = from_operation(answer, PLACE)
    assert error is not None
    assert told(error) == told(expected)


def test_an_operation_that_went_well_has_no_error() -> None:
    assert from_operation({"status": "DONE", "progress": 100}, PLACE) is None
