"""A project that is not there, or in which nothing can be done yet."""

from manager.adapters.gce.errors import from_http
from manager.domain.errors import ApiDisabled, BillingDisabled, CloudError, NoSuchResource
from tests.adapters.gce.conftest import PLACE
from tests.adapters.gce.words import ENDPOINT, Refused, each, refused, told

API_OFF = (
    "Compute Engine API has not been used in project 808448574146 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=808448574146 then retry."
)
BILLING_OFF = (
    "This API method requires billing to be enabled. Please enable billing on project #808448574146 by visiting "
    "https://console.developers.google.com/billing/enable?project=808448574146 then retry."
)

CASES: dict[str, tuple[Refused, CloudError]] = {
    "no such project": (
        refused(404, "notFound", "The resource 'projects/studio' was not found"),
        NoSuchResource(kind="project", name="studio"),
    ),
    "no such project, in other words": (
        refused(404, "notFound", "Failed to find project studio"),
        NoSuchResource(kind="project", name="studio"),
    ),
    "a project that cannot be": (
        refused(
            400,
            "invalidParameter",
            "Invalid resource field value in the request.",
            {"reason": "RESOURCE_PROJECT_INVALID", "metadata": {"service": "compute.googleapis.com"}},
        ),
        NoSuchResource(kind="project", name="studio"),
    ),
    "the API is off": (
        refused(
            403,
            "accessNotConfigured",
            API_OFF,
            {"reason": "SERVICE_DISABLED", "metadata": {"consumer": "projects/808448574146"}},
        ),
        ApiDisabled(project="studio"),
    ),
    "billing is off": (
        refused(403, "forbidden", BILLING_OFF, {"reason": "BILLING_DISABLED"}),
        BillingDisabled(project="studio"),
    ),
    "billing is off, without a reason": (refused(403, "forbidden", BILLING_OFF), BillingDisabled(project="studio")),
    "a billing account that is gone": (
        refused(403, "accountDisabled", "The billing account for the owning project is disabled in state absent"),
        BillingDisabled(project="studio"),
    ),
    "a billing account that was never linked": (
        refused(
            400,
            "failedPrecondition",
            "Billing account for project '522837608576' is not found. Billing must be enabled for activation of "
            "service(s) 'compute.googleapis.com' to proceed.",
            {"reason": "UREQ_PROJECT_BILLING_NOT_FOUND"},
        ),
        BillingDisabled(project="studio"),
    ),
    "billing disabled, the oldest wording": (
        refused(403, "forbidden", "Project studio (#808448574146) has billing disabled. Please enable it."),
        BillingDisabled(project="studio"),
    ),
}


@each(CASES)
def test_what_is_wrong_with_a_project_is_named(answer: Refused, expected: CloudError) -> None:
    assert told(from_http(*answer, PLACE, ENDPOINT)) == told(expected)


def test_without_a_place_the_project_is_what_google_says() -> None:
    answer, _ = CASES["the API is off"]
    assert from_http(*answer, None, ENDPOINT).data == {"project": "808448574146"}
