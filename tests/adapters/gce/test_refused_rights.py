"""Who may not, and what is missing."""

from manager.adapters.gce.errors import from_http
from manager.domain.errors import BadCredentials, CloudError, PermissionMissing
from tests.adapters.gce.conftest import PLACE
from tests.adapters.gce.words import ENDPOINT, INSTANCE, Refused, each, refused, told

ACTS_AS = (
    "The user does not have access to service account 'gpu@studio.iam.gserviceaccount.com'.  User: 'me@example.com'.  "
    "Ask a project owner to grant you the iam.serviceAccountUser role on the service account"
)
SCOPES = "Request had insufficient authentication scopes."
USE_PROJECT = (
    "Caller does not have required permission to use project studio. Grant the caller the "
    "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission."
)

CASES: dict[str, tuple[Refused, CloudError]] = {
    "the classic wording of a missing right": (
        refused(403, "forbidden", f"Required 'compute.instances.start' permission for '{INSTANCE}'"),
        PermissionMissing(permission="compute.instances.start", resource=INSTANCE),
    ),
    "IAM's newer wording of a missing right": (
        refused(
            403,
            "forbidden",
            f"Permission 'compute.instances.stop' denied on resource '//compute.googleapis.com/{INSTANCE}' "
            "(or it may not exist).",
        ),
        PermissionMissing(permission="compute.instances.stop", resource=INSTANCE),
    ),
    "a missing right told in fields": (
        refused(
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
    "a service account that may not be used": (
        refused(403, "forbidden", ACTS_AS),
        PermissionMissing(permission="iam.serviceAccounts.actAs", resource="gpu@studio.iam.gserviceaccount.com"),
    ),
    "a VM's token without the scope": (
        refused(403, "insufficientPermissions", SCOPES, {"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}),
        PermissionMissing(permission="https://www.googleapis.com/auth/compute", resource="projects/studio"),
    ),
    "a project that may not be charged": (
        refused(403, "forbidden", USE_PROJECT, {"reason": "USER_PROJECT_DENIED"}),
        PermissionMissing(permission="serviceusage.services.use", resource="studio"),
    ),
    "credentials that Google does not know": (
        refused(401, "authError", "Request had invalid authentication credentials."),
        BadCredentials(detail="Request had invalid authentication credentials."),
    ),
}


@each(CASES)
def test_what_is_missing_is_named(answer: Refused, expected: CloudError) -> None:
    assert told(from_http(*answer, PLACE, ENDPOINT)) == told(expected)
