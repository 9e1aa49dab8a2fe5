"""Which Compute Engine, the one that ships inside, and when its VM is stopped."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, FilePath

from manager.settings.kinds import Arguments, ComfyUiFolder, ResourceName, WebUrl, matching, url


class Cloud(BaseModel):
    """Which Compute Engine, and which VM on it."""

    cloud: Literal["gce", "embedded"] | None = Field(
        None,
        description="gce (Google) or embedded (the one that ships inside). Default: gce where GCP_PROJECT is set.",
        examples=["embedded"],
    )
    gcp_project: Annotated[str, matching(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id")] | None = (
        Field(
            None,
            description="The Google project's id.",
            examples=["my-project-123"],
        )
    )
    gce_zone: Annotated[str, matching(r"[a-z]+-[a-z]+\d+-[a-z]", "a zone of Compute Engine")] = Field(
        "us-central1-a",
        description="The zone the box lives in.",
        examples=["us-central1-a"],
    )
    gce_instance: ResourceName = Field("comfyui", description="The VM's name.", examples=["comfyui"])
    google_application_credentials: FilePath | None = Field(
        None,
        description="The service account's key file. Default: whatever Google's libraries find by themselves.",
        examples=["/etc/gpubox/key.json"],
    )
    gce_api_endpoint: WebUrl | None = Field(
        None,
        description="Another Compute Engine endpoint. Over plain http no credentials are sent.",
        examples=["http://127.0.0.1:9000"],
    )
    startup_script_url: Annotated[str, url("gs", "https")] | None = Field(
        None,
        description="A startup script (gs:// or https://) instead of the one that ships in startup/.",
        examples=["gs://my-bucket/startup.sh"],
    )


class Embedded(BaseModel):
    """The Compute Engine that ships inside."""

    comfyui_dir: ComfyUiFolder | None = Field(
        None,
        description="The folder of a real ComfyUI to run instead of the demo one.",
        examples=["/opt/ComfyUI"],
    )
    comfyui_python: FilePath | None = Field(
        None,
        description="The Python for it. Default: a venv in the folder, else python3",
        examples=["/opt/ComfyUI/.venv/bin/python"],
    )
    comfyui_args: Arguments = Field((), description="Further arguments for it.", examples=["--cpu"])
    embedded_machine: Literal["process", "container"] = Field(
        "process",
        description="What its machines are: a process, or a container with systemd (needs root and Debian's packages).",
        examples=["process"],
    )
    embedded_cloud_speed: float = Field(
        0.2,
        ge=0,
        le=100,
        description="How fast its time passes: 1 as in the cloud (tens of seconds to start), 0 at once.",
        examples=["0.2"],
    )


class Policy(BaseModel):
    """When the box is stopped, and what it costs."""

    idle_minutes: float = Field(
        30,
        gt=0,
        le=43_200,
        description="The box is stopped after this long without work, in minutes; decimals are allowed.",
        examples=["30"],
    )
    max_run_hours: float = Field(
        12,
        ge=0,
        le=2880,
        description="Google itself stops the box after this long, in hours; 0 turns that off.",
        examples=["12"],
    )
    rates_file: FilePath | None = Field(
        None,
        description="A JSON file of rates instead of the table that ships with the program.",
        examples=["/etc/gpubox/rates.json"],
    )
