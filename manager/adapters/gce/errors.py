"""From Compute Engine's complaints to the errors of the domain. Pure; the first row of the table that fits wins.

The wordings are Google's own, as seen in its answers; each has its recorded payload in the tests. Reasons are
looked at before texts, because texts change.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from manager.adapters.gce.complaint import Complaint, of_http, of_operation
from manager.domain import errors
from manager.domain.box import Place
from manager.domain.errors import CloudError

# Worth another try (facts of Google's API guide); 403 is, too, where it says that the rate is the reason.
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
_RATE = ("rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_OPERATION_RATE_EXCEEDED")
_SERVER_ERROR = 500
_UNAUTHORIZED, _NOT_FOUND, _CONFLICT, _PRECONDITION, _TOO_MANY = 401, 404, 409, 412, 429

_QUOTA = re.compile(
    r"Quota '(?P<metric>[^']+)' exceeded\.\s+Limit: (?P<limit>[\d.]*\d) (?:in region (?P<region>[\w-]+))?"
)
_BILLING = re.compile(
    r"billing[^.]*\b(disabled|absent|closed|delinquent|not found|good standing|(must|to) be enabled|not enabled)\b"
    r"|enable billing|not configured billing|\babsent billing account",
    re.IGNORECASE,
)
_PERMISSION = (
    re.compile(r"Required '(?P<permission>[^']+)' permission for '(?P<resource>[^']+)'"),
    re.compile(r"Permission '?(?P<permission>[\w./]+)'? denied on resource '?(?P<resource>[^'\s]+)'?"),
    re.compile(r"does not have access to (?P<permission>service account) '(?P<resource>[^']+)'"),
    re.compile(r"(?P<permission>required permission to use) project (?P<resource>[\w:.-]+[\w-])"),
)
_PERMISSION_NAMES = {
    "service account": "iam.serviceAccounts.actAs",
    "required permission to use": "serviceusage.services.use",
}
_MISSING = (
    re.compile(r"resource '(?P<name>[^']+)'(?: of type '(?P<kind>[^']+)')? was not found"),
    re.compile(r"Failed to find (?P<kind>project) (?P<name>\S+)"),
    re.compile(r"Invalid value for field '(?P<kind>zone)': '(?P<name>[^']+)'. Unknown zone"),
)


class StaleFingerprint(errors.Conflict):
    """The metadata was changed since it was read: read again, merge again."""


def from_http(status: int, body: Mapping[str, Any], place: Place | None, endpoint: str) -> CloudError:
    """The error behind an HTTP answer of 400 and above. `body` is empty where the answer was no JSON."""
    if not body:
        return errors.CloudUnreachable(endpoint=endpoint, detail=f"HTTP {status}, and not in Compute Engine's words")
    return _named(of_http(status, body), place, endpoint)


def from_operation(operation: Mapping[str, Any], place: Place | None, endpoint: str = "") -> CloudError | None:
    """The error that an operation ended with, or None."""
    complaint = of_operation(operation)
    return None if complaint is None else _named(complaint, place, endpoint)


def is_transient(status: int, body: Mapping[str, Any]) -> bool:
    """Whether the same request may go through a moment later."""
    complaint = of_http(status, body)
    return (status in RETRIED_STATUS or complaint.says(*_RATE)) and not _is_stockout(complaint)


def _named(complaint: Complaint, place: Place | None, endpoint: str) -> CloudError:
    for recognise in _TABLE:
        if error := recognise(complaint, place):
            return error
    if complaint.status is not None and complaint.status >= _SERVER_ERROR:
        return errors.CloudUnreachable(endpoint=endpoint, detail=f"HTTP {complaint.status}: {complaint.message}")
    reason = min(complaint.reasons, default=str(complaint.status or "unknown"))
    return errors.CloudRefused(reason=reason, message=complaint.message)


def _is_stockout(complaint: Complaint) -> bool:
    return "resource_availability" in complaint.reasons or any(
        "RESOURCE_POOL_EXHAUSTED" in word for word in (*complaint.reasons, complaint.message)
    )


def _stockout(complaint: Complaint, place: Place | None) -> CloudError | None:
    if not _is_stockout(complaint):
        return None
    zone = complaint.info.get("zone") or (place.zone if place else "")
    # e.g. attachment "nvidia-tesla-t4:1"
    gpu = complaint.info.get("attachment", "").partition(":")[0]
    machine = " with ".join(part for part in (complaint.info.get("vmType", ""), gpu) if part)
    rooms = [each.strip() for each in complaint.info.get("zonesAvailable", "").split(",")]
    return errors.Stockout(zone=zone, machine=machine or "machine", zones=[each for each in rooms if each])


def _rate_limited(complaint: Complaint, _: Place | None) -> CloudError | None:
    if complaint.status == _TOO_MANY or complaint.says(*_RATE):
        return errors.RateLimited(detail=complaint.message)
    return None


def _quota(complaint: Complaint, _: Place | None) -> CloudError | None:
    told = _QUOTA.search(complaint.message)
    if not (told or complaint.says("QUOTA_EXCEEDED", "quotaExceeded")):
        return None
    words = told.groupdict() if told else {}
    # e.g. metricName "compute.googleapis.com/gpus_all_regions"
    metric = words.get("metric") or str(complaint.quota.get("metricName", "")).rpartition("/")[2].upper()
    limit = complaint.quota.get("limit", words.get("limit"))
    region = complaint.quota.get("dimensions", {}).get("region") or words.get("region")
    return errors.QuotaExceeded(
        metric=metric or "unknown",
        limit=f"{float(limit):g}" if limit is not None else "unknown",
        scope=region or "global",
    )


def _billing(complaint: Complaint, place: Place | None) -> CloudError | None:
    reasons = ("BILLING_DISABLED", "UREQ_PROJECT_BILLING_NOT_FOUND", "accountDisabled", "billingNotEnabled")
    if complaint.says(*reasons) or _BILLING.search(complaint.message):
        return errors.BillingDisabled(project=_project(complaint, place))
    return None


def _api_disabled(complaint: Complaint, place: Place | None) -> CloudError | None:
    if complaint.says("SERVICE_DISABLED", "API_DISABLED", "accessNotConfigured"):
        return errors.ApiDisabled(project=_project(complaint, place))
    return None


def _permission(complaint: Complaint, place: Place | None) -> CloudError | None:
    info = complaint.info
    if complaint.says("IAM_PERMISSION_DENIED") and info.get("permission"):
        return errors.PermissionMissing(
            permission=info["permission"], resource=_resource(info.get("resource", ""), place)
        )
    if complaint.says("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions"):
        scope = "https://www.googleapis.com/auth/compute"
        return errors.PermissionMissing(permission=scope, resource=_resource("", place))
    for wording in _PERMISSION:
        if told := wording.search(complaint.message):
            permission = _PERMISSION_NAMES.get(told["permission"], told["permission"])
            return errors.PermissionMissing(permission=permission, resource=_resource(told["resource"], place))
    return None


def _missing(complaint: Complaint, place: Place | None) -> CloudError | None:
    if complaint.says("CONSUMER_INVALID", "RESOURCE_PROJECT_INVALID"):
        return errors.NoSuchResource(kind="project", name=_project(complaint, place))
    for wording in _MISSING:
        if told := wording.search(complaint.message):
            path, _, name = told["name"].rstrip("/").rpartition("/")
            collection = path.rpartition("/")[2]
            kind = (told["kind"] or collection.removesuffix("s") or "resource").lower()
            return errors.NoSuchResource(kind=kind, name=name.rstrip("."))
    if complaint.status == _NOT_FOUND or complaint.says("notFound", "RESOURCE_NOT_FOUND"):
        return errors.NoSuchResource(kind="resource", name=complaint.message)
    return None


def _credentials(complaint: Complaint, _: Place | None) -> CloudError | None:
    return errors.BadCredentials(detail=complaint.message) if complaint.status == _UNAUTHORIZED else None


def _not_ready(complaint: Complaint, _: Place | None) -> CloudError | None:
    if complaint.says("resourceNotReady", "RESOURCE_NOT_READY"):
        return errors.NotReadyYet(detail=complaint.message)
    return None


def _conflict(complaint: Complaint, _: Place | None) -> CloudError | None:
    changed = complaint.status == _PRECONDITION or complaint.says("conditionNotMet", "CONDITION_NOT_MET")
    if changed and "fingerprint" in complaint.message.lower():
        return StaleFingerprint(detail=complaint.message)
    # An organisation's policy is told as 412, too, and goes on being so: no other try would help.
    if changed and ("constraint" in complaint.message.lower() or " is disabled" in complaint.message):
        return None
    if changed or complaint.status == _CONFLICT or complaint.says("alreadyExists", "RESOURCE_ALREADY_EXISTS"):
        return errors.Conflict(detail=complaint.message)
    return None


def _project(complaint: Complaint, place: Place | None) -> str:
    told = str(complaint.info.get("consumer") or complaint.info.get("resource") or complaint.info.get("project", ""))
    return place.project if place else told.removeprefix("projects/")


def _resource(told: str, place: Place | None) -> str:
    if told:
        return told.removeprefix("//compute.googleapis.com/")
    return f"projects/{place.project}" if place else "the project"


_TABLE: tuple[Callable[[Complaint, Place | None], CloudError | None], ...] = (
    _stockout,
    _rate_limited,
    _quota,
    _billing,
    _api_disabled,
    _permission,
    _missing,
    _credentials,
    _not_ready,
    _conflict,
)
