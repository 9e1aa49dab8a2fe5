"""The settings, one class per topic."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, FilePath, SecretStr

from manager.settings.kinds import (
    Arguments,
    ComfyUiFolder,
    DatabaseUrl,
    HostName,
    Networks,
    PasswordHash,
    ResourceName,
    SigningSecret,
    WebUrl,
    matching,
    url,
)


class Access(BaseModel):
    """Who may come in."""

    auth_password: SecretStr | None = Field(
        None,
        description="The panel's password. Without it or a hash, one is made at the first start and printed once.",
        examples=["kqm7x-29fda-wtz4e"],
    )
    auth_password_hash: PasswordHash | None = Field(
        None,
        description="The password's argon2 or bcrypt hash instead of the password; made by: gpubox hash-password",
        examples=["'$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$iq0RgyTfAXxc2JUXe1cnFw'"],
    )
    jwt_secret: SigningSecret | None = Field(
        None,
        description="What sessions are signed with, at least 32 bytes. Default: one is made and kept in STATE_DIR.",
        examples=["the output of: openssl rand -base64 48"],
    )
    session_hours: float = Field(24, gt=0, le=8760, description="How long a login lasts, in hours.", examples=["24"])
    trusted_proxies: Networks = Field(
        (),
        description="Reverse proxies whose X-Forwarded-For and -Proto are believed: IPs or CIDR ranges with commas.",
        examples=["127.0.0.1,10.0.0.0/8"],
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="A bearer token for /metrics from elsewhere; from this computer none is needed.",
        min_length=16,
        examples=["the output of: openssl rand -hex 24"],
    )


class Server(BaseModel):
    """Where the panel listens and how it speaks of itself."""

    host: str = Field(
        "127.0.0.1", description="The address to listen on; 0.0.0.0 is all of them.", examples=["127.0.0.1"]
    )
    port: int = Field(8187, ge=0, le=65535, description="The port to listen on; 0 takes a free one.", examples=["8187"])
    public_url: WebUrl | None = Field(
        None,
        description="How browsers see the panel. Default: http://HOST:PORT",
        examples=["https://panel.example.com"],
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="How much is logged: debug, info, warning or error.",
        examples=["info"],
    )


class State(BaseModel):
    """What survives a restart."""

    state_dir: Path = Field(
        Path("state"),
        description="The folder for the database and for secrets that were made.",
        examples=["/var/lib/gpubox"],
    )
    database_url: DatabaseUrl | None = Field(
        None,
        description="Another database than the SQLite file in STATE_DIR.",
        examples=["postgresql://gpubox:PASSWORD@localhost/gpubox"],
    )


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


class Reach(BaseModel):
    """How the box is reached, and by whom."""

    comfyui_domain: HostName | None = Field(
        None,
        description="The box's domain name; with it the box serves HTTPS.",
        examples=["comfy.example.com"],
    )
    ssl_email: Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")] | None = Field(
        None,
        description="The e-mail address for Let's Encrypt.",
        examples=["you@example.com"],
    )
    cf_cert_path: str | None = Field(
        None,
        description="A Cloudflare origin certificate, at a gs:// or https:// address that the box can read.",
        examples=["gs://my-bucket/ssl/cert.pem"],
    )
    cf_key_path: str | None = Field(
        None,
        description="The key that belongs to it; gs:// keeps it from strangers.",
        examples=["gs://my-bucket/ssl/key.pem"],
    )
    cf_tunnel_token_path: str | None = Field(
        None,
        description="A Cloudflare Tunnel's token, at an address that only the box can read.",
        examples=["gs://my-bucket/tunnel-token"],
    )
    allowed_ip: Networks = Field(
        (),
        description="Who may reach the box: IPs or CIDR ranges with commas. Default: everybody with a session.",
        examples=["203.0.113.7,198.51.100.0/24"],
    )


class Entrance(BaseModel):
    """Further ways to reach the box: the relay, names that follow its address, another certificate authority."""

    relay_port: int = Field(
        8186,
        ge=0,
        le=65535,
        description="Without a domain, the box's ComfyUI is passed on at this port of HOST; 0 takes a free one.",
        examples=["8186"],
    )
    relay_url: WebUrl | None = Field(
        None,
        description="How browsers see that port: a name on the panel's site. Default: PUBLIC_URL with RELAY_PORT",
        examples=["https://comfy.example.com"],
    )
    acme_directory: WebUrl | None = Field(
        None,
        description="Another certificate authority than Let's Encrypt that speaks ACME.",
        examples=["https://acme.example.com/directory"],
    )
    firewall_rule: ResourceName | None = Field(
        None,
        description="The firewall rule whose source ranges follow ALLOWED_IP and the panel; none is touched without.",
        examples=["gpubox-web"],
    )
    dns_zone: ResourceName | None = Field(
        None,
        description="The Cloud DNS zone in which COMFYUI_DOMAIN follows the box's address.",
        examples=["example-com"],
    )
    cloudflare_zone: Annotated[str, matching(r"[0-9a-f]{32}", "a zone id of Cloudflare")] | None = Field(
        None,
        description="The Cloudflare zone, by its id, in which COMFYUI_DOMAIN follows the box's address.",
        examples=["0123456789abcdef0123456789abcdef"],
    )
    cloudflare_api_token: SecretStr | None = Field(
        None,
        description="A token that may edit DNS records of that zone.",
        examples=["the token that Cloudflare shows once"],
    )


class Provisioning(BaseModel):
    """What is installed on the box."""

    comfyui_git: WebUrl = Field(
        "https://github.com/Comfy-Org/ComfyUI",
        description="Where the box clones ComfyUI from.",
        examples=["https://git.example.com/ComfyUI"],
    )
    comfyui_ref: Annotated[str, matching(r"[A-Za-z0-9][\w.\-]{0,99}", "a tag")] = Field(
        "v0.33.0",
        description="Which of its tags.",
        examples=["v0.33.0"],
    )
    comfyui_box_args: Arguments = Field(
        (), description="Further arguments for ComfyUI on the box.", examples=["--force-fp16"]
    )
    package_index: WebUrl | None = Field(
        None,
        description="A package index instead of PyPI.",
        examples=["https://pypi.example.com/simple-index"],
    )
    torch_index: WebUrl | None = Field(
        None,
        description="Where builds of torch lie, each under its own path (cu130, cu126, cpu). Default: PyTorch's own.",
        examples=["https://torch.example.com/whl"],
    )
    box_python: Annotated[str, matching(r"3\.\d{1,2}", "a version of Python like 3.12")] = Field(
        "3.12", description="The Python that ComfyUI runs with.", examples=["3.12"]
    )
    models_file: FilePath | None = Field(
        None,
        description="A JSON file of models to download: a list of {url, sha256, folder}.",
        examples=["models.json"],
    )
    without_gpu: Literal["refuse", "cpu"] = Field(
        "refuse",
        description="A box without a working GPU: refuse (it says so), or cpu (ComfyUI runs without, slowly).",
        examples=["refuse"],
    )
    root_disk: Literal["refuse", "allow"] = Field(
        "refuse",
        description="A box without a data disk: refuse (it says so), or allow (everything is lost with the VM).",
        examples=["refuse"],
    )


class ComfyUi(BaseModel):
    """How ComfyUI is asked."""

    comfyui_url: WebUrl | None = Field(
        None,
        description="ComfyUI's own address, where it is not the box's.",
        examples=["https://comfy.example.com"],
    )
    comfyui_service_token: SecretStr | None = Field(
        None,
        description="A bearer token that is sent to ComfyUI.",
        examples=["the token of the proxy in front of it"],
    )
    comfyui_timeout: int = Field(
        5000,
        ge=100,
        le=600_000,
        description="How long ComfyUI has to answer, in milliseconds.",
        examples=["5000"],
    )
    comfyui_poll_interval: float = Field(
        3,
        ge=0.1,
        le=3600,
        description="How often a running ComfyUI is asked, in seconds.",
        examples=["3"],
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
