"""What faults say, in Google's words: HTTP errors before and after the effect, and errors inside operations.

Payloads follow what users of Compute Engine have posted in public; `facts` and the discovery document name them.
"""

from manager.adapters.embedded.errors import ApiError, OperationError
from manager.adapters.embedded.faults import Fault
from manager.adapters.embedded.store import Json

_HELP = "type.googleapis.com/google.rpc.Help"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


def refusal(fault: Fault, facts: dict[str, str], target: str) -> ApiError:
    """Answer the HTTP error of a fault that strikes before or after the effect."""
    if fault.kind == "permission-denied":
        permission = fault.parameters.get("permission", f"compute.{facts['method']}")
        return ApiError(403, "forbidden", f"Required '{permission}' permission for '{target}'")
    if fault.kind == "api-disabled":
        return _api_disabled(facts["project"])
    if fault.kind == "billing-disabled":
        return _billing_disabled(facts["project"])
    if fault.kind == "rate-limit":
        return _rate_limit(int(fault.parameters.get("status", 429)))
    return _server_error(int(fault.parameters.get("status", 503)))


def _api_disabled(project: str) -> ApiError:
    url = f"https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project={project}"
    message = (
        f"Compute Engine API has not been used in project {project} before or it is disabled. Enable it by "
        f"visiting {url} then retry. If you enabled this API recently, wait a few minutes for the action to "
        "propagate to our systems and retry."
    )
    details: list[Json] = [
        {"@type": _HELP, "links": [{"description": "Google developers console API activation", "url": url}]},
        _error_info("SERVICE_DISABLED", project),
    ]
    return ApiError(403, "accessNotConfigured", message, "usageLimits", details)


def _billing_disabled(project: str) -> ApiError:
    url = f"https://console.developers.google.com/billing/enable?project={project}"
    message = (
        f"This API method requires billing to be enabled. Please enable billing on project #{project} by visiting "
        f"{url} then retry. If you enabled billing for this project recently, wait a few minutes for the action "
        "to propagate to our systems and retry."
    )
    details: list[Json] = [
        {"@type": _HELP, "links": [{"description": "Google developers console billing", "url": url}]},
        _error_info("BILLING_DISABLED", project),
    ]
    return ApiError(403, "forbidden", message, "global", details)


def _error_info(reason: str, project: str) -> Json:
    metadata = {"consumer": f"projects/{project}", "service": "compute.googleapis.com"}
    return {"@type": _INFO, "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def _rate_limit(status: int) -> ApiError:
    message = "Rate Limit Exceeded"
    if status == 429:  # noqa: PLR2004 - the status itself
        message = "Quota exceeded for quota group 'default' and limit 'Queries per 100 seconds'."
    return ApiError(status, "rateLimitExceeded", message, "usageLimits")


def _server_error(status: int) -> ApiError:
    reasons = {500: "internalError", 502: "badGateway", 503: "backendError", 504: "gatewayTimeout"}
    message = "Internal error. Please try again or contact Google Support. (Code: '6A1F0C3B2D4E5')"
    return ApiError(status, reasons.get(status, "backendError"), message)


def operation_error(fault: Fault, zone: str, machine_type: str, accelerator: str | None) -> OperationError:
    """Answer the error that an operation ends with; `accelerator` as `nvidia-tesla-t4:1`."""
    if fault.kind == "stockout":
        return _stockout(fault, zone, machine_type, accelerator)
    if fault.kind == "quota":
        return _quota(fault)
    status = fault.parameters.get("httpErrorStatusCode")
    return OperationError(
        str(fault.parameters.get("code", "INTERNAL_ERROR")),
        str(fault.parameters.get("message", "Internal error. Please try again or contact Google Support.")),
        http_status=None if status is None else int(status),
    )


def _stockout(fault: Fault, zone: str, machine_type: str, accelerator: str | None) -> OperationError:
    code = "ZONE_RESOURCE_POOL_EXHAUSTED"
    if fault.parameters.get("plain"):
        message = (
            f"The zone '{zone}' does not have enough resources available to fulfill the request. "
            "Try a different zone, or try again later."
        )
        return OperationError(code, message, http_status=503, http_message="SERVICE UNAVAILABLE")
    wanted = f"{machine_type} VM instance"
    if accelerator:
        kind, count = accelerator.rsplit(":", 1)
        wanted += f" with {count} {kind} accelerator(s)"
    message = (
        f"A {wanted} is currently unavailable in the {zone} zone. Alternatively, you can try your request again "
        "with a different VM hardware configuration or at a later time. For more information, see the "
        "troubleshooting documentation. (resource type:compute, reason: STOCKOUT)"
    )
    metadata = {
        "vmType": machine_type,
        "attachment": accelerator or "",
        "zone": zone,
        "zonesAvailable": ",".join(fault.parameters.get("zonesAvailable", [])),
    }
    help_url = "https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-resource-availability"
    details: list[Json] = [
        {"help": {"links": [{"description": "Troubleshooting documentation", "url": help_url}]}},
        {"localizedMessage": {"locale": "en-US", "message": message}},
        {
            "errorInfo": {
                "reason": "resource_availability",
                "domain": "compute.googleapis.com",
                "metadatas": metadata,
            }
        },
    ]
    return OperationError(f"{code}_WITH_DETAILS", message, details, 503, "SERVICE UNAVAILABLE")


def _quota(fault: Fault) -> OperationError:
    metric = str(fault.parameters.get("metric", "GPUS_ALL_REGIONS"))
    limit = float(fault.parameters.get("limit", 0.0))
    dimensions = fault.parameters.get("dimensions", {"global": "global"})
    where = "globally" if "global" in dimensions else "in region " + str(dimensions.get("region", ""))
    info: Json = {
        "metricName": str(fault.parameters.get("metricName", "compute.googleapis.com/gpus_all_regions")),
        "limitName": str(fault.parameters.get("limitName", "GPUS-ALL-REGIONS-per-project")),
        "limit": limit,
        "dimensions": dimensions,
    }
    message = f"Quota '{metric}' exceeded.  Limit: {limit} {where}."
    return OperationError("QUOTA_EXCEEDED", message, [{"quotaInfo": info}], 403, "FORBIDDEN")
