"""What Google refuses, so that a person has to act."""

from .box import COST
from .said import Status, said
from .troubles import in_trouble, trouble

_LONG = "a-box-with-quite-a-long-name-for-the-night-shift-of-the-studio"

REFUSED: dict[str, Status] = {
    "permission": in_trouble(
        trouble(
            "permission_missing",
            "Google does not let this program start the box.",
            said(
                "permission_detail",
                "The service account lacks {permission} on {resource}.",
                permission="compute.instances.start",
                resource="projects/my-studio/zones/us-central1-a/instances/comfyui",
            ),
            said("permission_remedy", "Give it the role from docs/gcp.md, then try again."),
            ["retry", "cancel"],
        )
    ),
    "quota": in_trouble(
        trouble(
            "quota_exceeded",
            "The project may not use a GPU yet.",
            said(
                "quota_detail",
                "Google's limit {metric} is {limit} in {scope}.",
                metric="GPUS_ALL_REGIONS",
                limit="0",
                scope="all regions",
            ),
            said("quota_remedy", "Ask for 1 under IAM & Admin → Quotas; Google mostly answers within a day."),
            ["retry", "cancel"],
        )
    ),
    "api-disabled": in_trouble(
        trouble(
            "api_disabled",
            "The Compute Engine API is switched off in this project.",
            said(
                "api_detail",
                "Project {project} has never used it, or somebody switched it off.",
                project="my-studio-382910",
            ),
            said("api_remedy", "Run: gcloud services enable compute.googleapis.com"),
            ["retry"],
        ),
        last_session=None,
        journal=[],
        status=None,
        cost=COST | {"hourly": None, "saved_month": None, "at_rest_monthly": None},
    ),
    "long-names": in_trouble(
        trouble(
            "no_such_resource",
            "There is no such instance.",
            said(
                "missing_detail",
                "Google knows no {name}.",
                name=f"projects/the-project-of-the-studio-382910/zones/northamerica-northeast1-a/instances/{_LONG}",
            ),
            said("missing_remedy", "Check GCP_PROJECT, GCE_ZONE and GCE_INSTANCE, or make it: gpubox box create"),
            ["retry"],
        ),
        name=_LONG,
    ),
}
