"""What Google's refusals mean, by payloads as they were seen."""

import pytest

from manager.adapters.gce import errors
from manager.adapters.gce.errors import StaleFingerprint, from_http, from_operation, is_transient
from manager.domain.box import Place
from manager.domain.errors import (
    ApiDisabled,
    BadCredentials,
    BillingDisabled,
    CloudError,
    CloudRefused,
    CloudUnreachable,
    Conflict,
    NoSuchResource,
    NotReadyYet,
    PermissionMissing,
    QuotaExceeded,
    RateLimited,
    Stockout,
)
from tests.adapters.gce.conftest import PLACE
from tests.adapters.gce.stub import Json

INSTANCE = "projects/studio/zones/us-west1-b/instances/comfyui"
ENDPOINT = "https://compute.googleapis.com"


def body(status: int, reason: str, message: str, *infos: Json) -> Json:
    error: Json = {
        "code": status,
        "message": message,
        "errors": [{"domain": "global", "reason": reason, "message": message}],
    }
    details = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com"} | info for info in infos
    ]
    return {"error": error | ({"status": "PERMISSION_DENIED", "details": details} if details else {})}


def failed(code: str, message: str, *details: Json, **http: object) -> Json:
    error: Json = {"code": code, "message": message}
    return {
        "status": "DONE",
        "error": {"errors": [error | ({"errorDetails": list(details)} if details else {})]},
    } | http


API_OFF = (
    "Compute Engine API has not been used in project 808448574146 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=808448574146 then retry."
)
BILLING_OFF = (
    "This API method requires billing to be enabled. Please enable billing on project #808448574146 by visiting "
    "https://console.developers.google.com/billing/enable?project=808448574146 then retry."
)
ACTS_AS = (
    "The user does not have access to service account 'gpu@studio.iam.gserviceaccount.com'.  User: 'me@example.com'.  "
    "Ask a project owner to grant you the iam.serviceAccountUser role on the service account"
)
SCOPES = "Request had insufficient authentication scopes."
USE_PROJECT = (
    "Caller does not have required permission to use project studio. Grant the caller the "
    "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission."
)
POLICY = "Constraint constraints/compute.vmExternalIpAccess violated for project 808448574146."

HTTP: list[tuple[str, int, Json, CloudError]] = [
    (
        "the classic wording of a missing right",
        403,
        body(403, "forbidden", f"Required 'compute.instances.start' permission for '{INSTANCE}'"),
        PermissionMissing(permission="compute.instances.start", resource=INSTANCE),
    ),
    (
        "IAM's newer wording of a missing right",
        403,
        body(
            403,
            "forbidden",
            f"Permission 'compute.instances.stop' denied on resource '//compute.googleapis.com/{INSTANCE}' "
            "(or it may not exist).",
        ),
        PermissionMissing(permission="compute.instances.stop", resource=INSTANCE),
    ),
    (
        "a missing right told in fields",
        403,
        body(
            403,
            "forbidden",
            "Permission denied.",
            {
                "reason": "IAM_PERMISSION_DENIED",
                "metadata": {"permission": "compute.instances.get", "resource": "projects/studio"},
            },
        ),
        PermissionMissing(permission="compute.instances.get", resource="projects/studio"),
    ),
    (
        "a service account that may not be used",
        403,
        body(403, "forbidden", ACTS_AS),
        PermissionMissing(permission="iam.serviceAccounts.actAs", resource="gpu@studio.iam.gserviceaccount.com"),
    ),
    (
        "a VM's token without the scope",
        403,
        body(403, "insufficientPermissions", SCOPES, {"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}),
        PermissionMissing(permission="https://www.googleapis.com/auth/compute", resource="projects/studio"),
    ),
    (
        "a project that may not be charged",
        403,
        body(403, "forbidden", USE_PROJECT, {"reason": "USER_PROJECT_DENIED"}),
        PermissionMissing(permission="serviceusage.services.use", resource="studio"),
    ),
    (
        "no such instance",
        404,
        body(404, "notFound", f"The resource '{INSTANCE}' was not found"),
        NoSuchResource(kind="instance", name="comfyui"),
    ),
    (
        "no such project",
        404,
        body(404, "notFound", "The resource 'projects/studio' was not found"),
        NoSuchResource(kind="project", name="studio"),
    ),
    (
        "no such project, in other words",
        404,
        body(404, "notFound", "Failed to find project studio"),
        NoSuchResource(kind="project", name="studio"),
    ),
    (
        "a project that cannot be",
        400,
        body(
            400,
            "invalidParameter",
            "Invalid resource field value in the request.",
            {"reason": "RESOURCE_PROJECT_INVALID", "metadata": {"service": "compute.googleapis.com"}},
        ),
        NoSuchResource(kind="project", name="studio"),
    ),
    (
        "no such zone",
        400,
        body(400, "invalid", "Invalid value for field 'zone': 'us-west1'. Unknown zone."),
        NoSuchResource(kind="zone", name="us-west1"),
    ),
    (
        "no such zone, as 404",
        404,
        body(404, "notFound", "The resource 'projects/studio/zones/us-west1-q' was not found"),
        NoSuchResource(kind="zone", name="us-west1-q"),
    ),
    (
        "nothing of a kind that is told apart",
        404,
        body(404, "notFound", "Not here"),
        NoSuchResource(kind="resource", name="Not here"),
    ),
    (
        "a namespace of guest attributes that was never written",
        404,
        body(404, "notFound", "The resource 'gpubox/' of type 'Guest Attribute' was not found."),
        NoSuchResource(kind="guest attribute", name="gpubox"),
    ),
    (
        "the API is off",
        403,
        body(
            403,
            "accessNotConfigured",
            API_OFF,
            {"reason": "SERVICE_DISABLED", "metadata": {"consumer": "projects/808448574146"}},
        ),
        ApiDisabled(project="studio"),
    ),
    (
        "billing is off",
        403,
        body(403, "forbidden", BILLING_OFF, {"reason": "BILLING_DISABLED"}),
        BillingDisabled(project="studio"),
    ),
    ("billing is off, without a reason", 403, body(403, "forbidden", BILLING_OFF), BillingDisabled(project="studio")),
    (
        "a billing account that is gone",
        403,
        body(403, "accountDisabled", "The billing account for the owning project is disabled in state absent"),
        BillingDisabled(project="studio"),
    ),
    (
        "a billing account that was never linked",
        400,
        body(
            400,
            "failedPrecondition",
            "Billing account for project '522837608576' is not found. Billing must be enabled for activation of "
            "service(s) 'compute.googleapis.com' to proceed.",
            {"reason": "UREQ_PROJECT_BILLING_NOT_FOUND"},
        ),
        BillingDisabled(project="studio"),
    ),
    (
        "billing disabled, the oldest wording",
        403,
        body(403, "forbidden", "Project studio (#808448574146) has billing disabled. Please enable it."),
        BillingDisabled(project="studio"),
    ),
    (
        "credentials that Google does not know",
        401,
        body(401, "authError", "Request had invalid authentication credentials."),
        BadCredentials(detail="Request had invalid authentication credentials."),
    ),
    (
        "too many requests",
        429,
        body(429, "rateLimitExceeded", "Quota exceeded for quota group 'default'."),
        RateLimited(detail="Quota exceeded for quota group 'default'."),
    ),
    (
        "too many requests, told as 403",
        403,
        body(403, "rateLimitExceeded", "Rate Limit Exceeded"),
        RateLimited(detail="Rate Limit Exceeded"),
    ),
    (
        "a quota in a region",
        403,
        body(403, "quotaExceeded", "Quota 'NVIDIA_T4_GPUS' exceeded.  Limit: 1.0 in region us-west1."),
        QuotaExceeded(metric="NVIDIA_T4_GPUS", limit="1", scope="us-west1"),
    ),
    (
        "a resource in motion",
        400,
        body(400, "resourceNotReady", f"The resource '{INSTANCE}' is not ready"),
        NotReadyYet(detail=f"The resource '{INSTANCE}' is not ready"),
    ),
    (
        "metadata that was changed meanwhile",
        412,
        body(412, "conditionNotMet", "Supplied fingerprint does not match current metadata fingerprint."),
        StaleFingerprint(detail="Supplied fingerprint does not match current metadata fingerprint."),
    ),
    (
        "an organisation's policy, which is 412 too",
        412,
        body(412, "conditionNotMet", POLICY),
        CloudRefused(reason="conditionNotMet", message=POLICY),
    ),
    (
        "another precondition",
        412,
        body(412, "conditionNotMet", "Precondition Failed"),
        Conflict(detail="Precondition Failed"),
    ),
    (
        "a name that is taken",
        409,
        body(409, "alreadyExists", f"The resource '{INSTANCE}' already exists"),
        Conflict(detail=f"The resource '{INSTANCE}' already exists"),
    ),
    (
        "a server that failed",
        503,
        body(503, "backendError", "Internal error."),
        CloudUnreachable(endpoint=ENDPOINT, detail="HTTP 503: Internal error."),
    ),
    (
        "an answer that is not Compute Engine's",
        502,
        {},
        CloudUnreachable(endpoint=ENDPOINT, detail="HTTP 502, and not in Compute Engine's words"),
    ),
    (
        "anything else",
        400,
        body(400, "invalidResourceUsage", "Invalid resource usage: 'Instance should be in TERMINATED state.'."),
        CloudRefused(
            reason="invalidResourceUsage",
            message="Invalid resource usage: 'Instance should be in TERMINATED state.'.",
        ),
    ),
    ("anything at all", 418, {"error": {"code": 418}}, CloudRefused(reason="418", message="")),
]

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

OPERATIONS: list[tuple[str, Json, CloudError]] = [
    (
        "a stockout with the zones that have room",
        failed("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "... (reason: STOCKOUT)", {"help": {}}, STOCKOUT_DETAILS),
        Stockout(zone="us-west1-b", machine=T4, zones=["us-central1-a", "us-central1-f"]),
    ),
    (
        "a plain stockout",
        failed("ZONE_RESOURCE_POOL_EXHAUSTED", "The zone does not have enough resources.", httpErrorStatusCode=503),
        Stockout(zone="us-west1-b", machine="machine", zones=[]),
    ),
    (
        "a quota of the whole project",
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
    (
        "a quota told in fields alone",
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
    (
        "a quota of which nothing is told",
        failed("QUOTA_EXCEEDED", "No more."),
        QuotaExceeded(metric="unknown", limit="unknown", scope="global"),
    ),
    (
        "a resource in motion",
        failed("RESOURCE_NOT_READY", "The resource is not ready"),
        NotReadyYet(detail="The resource is not ready"),
    ),
    (
        "a missing right",
        failed("PERMISSIONS_ERROR", "Required 'compute.disks.use' permission for 'projects/studio/zones/z/disks/d'"),
        PermissionMissing(permission="compute.disks.use", resource="projects/studio/zones/z/disks/d"),
    ),
    (
        "a failure without any HTTP status",
        failed("INTERNAL_ERROR", "Please try again."),
        CloudRefused(reason="INTERNAL_ERROR", message="Please try again."),
    ),
    (
        "a failure that is nothing but an HTTP status",
        {"status": "DONE", "httpErrorStatusCode": 400, "httpErrorMessage": "BAD REQUEST"},
        CloudRefused(reason="400", message="BAD REQUEST"),
    ),
]


@pytest.mark.parametrize(
    ("status", "answer", "expected"), [case[1:] for case in HTTP], ids=[case[0].replace(" ", "-") for case in HTTP]
)
def test_a_refusal_is_named(status: int, answer: Json, expected: CloudError) -> None:
    error = from_http(status, answer, PLACE, ENDPOINT)
    assert (type(error), error.data) == (type(expected), expected.data)


@pytest.mark.parametrize(
    ("operation", "expected"), [case[1:] for case in OPERATIONS], ids=[case[0].replace(" ", "-") for case in OPERATIONS]
)
def test_an_operation_that_failed_is_named(operation: Json, expected: CloudError) -> None:
    error = from_operation(operation, PLACE)
    assert error is not None
    assert (type(error), error.data) == (type(expected), expected.data)


def test_an_operation_that_went_well_has_no_error() -> None:
    assert from_operation({"status": "DONE", "progress": 100}, PLACE) is None


def test_without_a_place_the_project_is_what_google_says() -> None:
    info: Json = {"reason": "SERVICE_DISABLED", "metadata": {"consumer": "projects/808448574146"}}
    error = from_http(403, body(403, "accessNotConfigured", API_OFF, info), None, ENDPOINT)
    assert error.data == {"project": "808448574146"}


@pytest.mark.parametrize("status", sorted(errors.RETRIED_STATUS))
def test_a_failing_server_and_too_many_requests_are_worth_another_try(status: int) -> None:
    assert is_transient(status, body(status, "backendError", "Internal error."))
    assert is_transient(status, {})


@pytest.mark.parametrize(("status", "reason"), [(400, "invalid"), (401, "authError"), (403, "forbidden"), (409, "x")])
def test_a_refusal_is_not_worth_another_try(status: int, reason: str) -> None:
    assert not is_transient(status, body(status, reason, "No."))


def test_a_rate_limit_told_as_403_is_worth_another_try() -> None:
    assert is_transient(403, body(403, "rateLimitExceeded", "Rate Limit Exceeded"))


def test_a_stockout_told_as_503_is_not_worth_another_try_at_once() -> None:
    answer = body(503, "ZONE_RESOURCE_POOL_EXHAUSTED", "No room.")
    assert not is_transient(503, answer)
    assert isinstance(from_http(503, answer, Place("p", "z", "i"), ENDPOINT), Stockout)
