"""Settings: from the environment, or from `.env` in the working directory.

One class per topic. A field's name in capitals is the setting's name, its description tells meaning and unit, and
its first example is shown where a value is wrong. An empty value counts as none. `.env.example` says the same.
"""

import ipaddress
import re
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_SECRET_BYTES = 32
_PASSWORD_LENGTH = 10
_WEAK = re.compile(r"^(.)\1*$|change.?me|passwor[dt]|^(admin|secret|gpubox|comfyui|letmein|qwerty|1234567)", re.IGNORECASE)
_HASH = re.compile(r"^\$(argon2(id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+|2[aby]\$\d\d\$[./\w]{53})$")
_HOST_NAME = re.compile(r"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$")


class SettingsError(Exception):
    """A setting that cannot be: one line with its name, what is wrong and an example."""


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "sqlite"):
            raise ValueError(f"is not a URL that begins with {' or '.join(f'{each}://' for each in schemes)}")
        _ = parts.port  # raises ValueError where it is no number
        return value.rstrip("/")

    return AfterValidator(check)


def _matching(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"is not {what}")
        return value

    return AfterValidator(check)


def _networks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    networks: list[Network] = []
    for part in filter(None, (each.strip() for each in value.split(","))):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError:
            raise ValueError(f"{part!r} is not an IP address or a CIDR range") from None
    return tuple(networks)


def _arguments(value: Any) -> Any:
    return tuple(shlex.split(value)) if isinstance(value, str) else value


def _host_name(value: str) -> str:
    if not _HOST_NAME.match(value.lower()):
        raise ValueError("is not a domain name")
    return value.lower()


def _folder_of_comfyui(value: Path) -> Path:
    if not (value / "main.py").is_file():
        raise ValueError(f"there is no main.py in {value}, so this is not a ComfyUI")
    return value.resolve()


def _secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value().encode()) < _SECRET_BYTES:
        raise ValueError(f"is shorter than {_SECRET_BYTES} bytes")
    return value


def _hash(value: SecretStr) -> SecretStr:
    if not _HASH.match(value.get_secret_value()):
        raise ValueError(
            "is not an argon2 or bcrypt hash (make one with: gpubox hash-password; "
            "in .env put it between single quotes, because of its $ signs)",
        )
    return value


Networks: TypeAlias = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Arguments: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_arguments)]
HostName: TypeAlias = Annotated[str, AfterValidator(_host_name)]
WebUrl: TypeAlias = Annotated[str, _url("http", "https")]
ResourceName: TypeAlias = Annotated[str, _matching(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", "a name as Google allows them")]


class Access(BaseModel):
    """Who may come in."""

    auth_password: SecretStr | None = Field(
        None,
        description="The panel's password. Without it and without a hash, one is made at the first start and printed once.",
        examples=["kqm7x-29fda-wtz4e"],
    )
    auth_password_hash: Annotated[SecretStr, AfterValidator(_hash)] | None = Field(
        None,
        description="The password's argon2 or bcrypt hash instead of the password; made by: gpubox hash-password",
        examples=["'$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$iq0RgyTfAXxc2JUXe1cnFw'"],
    )
    jwt_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = Field(
        None,
        description="What session tokens are signed with, at least 32 bytes. Without it, one is made and kept in STATE_DIR.",
        examples=["the output of: openssl rand -base64 48"],
    )
    session_hours: float = Field(24, gt=0, le=8760, description="How long a login lasts, in hours.", examples=["24"])
    trusted_proxies: Networks = Field(
        (),
        description="Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: IPs or CIDR ranges with commas.",
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

    host: str = Field("127.0.0.1", description="The address to listen on; 0.0.0.0 is all of them.", examples=["127.0.0.1"])
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
    database_url: Annotated[SecretStr, AfterValidator(lambda value: _database(value))] | None = Field(
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
    gcp_project: Annotated[str, _matching(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id")] | None = Field(
        None,
        description="The Google project's id.",
        examples=["my-project-123"],
    )
    gce_zone: Annotated[str, _matching(r"[a-z]+-[a-z]+\d+-[a-z]", "a zone of Compute Engine")] = Field(
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
    startup_script_url: Annotated[str, _url("gs", "https")] | None = Field(
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
    ssl_email: Annotated[str, _matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")] | None = Field(
        None,
        description="The e-mail address for Let's Encrypt.",
        examples=["you@example.com"],
    )
    cf_cert_path: str | None = Field(
        None,
        description="A Cloudflare origin certificate, as a path on the box.",
        examples=["/mnt/comfyui/cf/cert.pem"],
    )
    cf_key_path: str | None = Field(
        None,
        description="The key that belongs to it, as a path on the box.",
        examples=["/mnt/comfyui/cf/key.pem"],
    )
    cf_tunnel_token_path: str | None = Field(
        None,
        description="A Cloudflare Tunnel's token, as a path on the box.",
        examples=["/mnt/comfyui/cf/tunnel-token"],
    )
    allowed_ip: Networks = Field(
        (),
        description="Who may reach the box: IPs or CIDR ranges with commas. Default: everybody with a session.",
        examples=["203.0.113.7,198.51.100.0/24"],
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

    comfyui_dir: Annotated[Path, AfterValidator(_folder_of_comfyui)] | None = Field(
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


class Settings(Access, Server, State, Cloud, Reach, ComfyUi, Embedded, Policy, BaseSettings):
    """All of them."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, values: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in values.items() if value != ""}
        # Whoever writes an empty password or secret meant to write one: beyond this computer that is an error.
        empty = [name for name in ("auth_password", "jwt_secret") if values.get(name) == ""]
        if empty and (beyond := _beyond(str(kept.get("host", "127.0.0.1")), str(kept.get("public_url", "")))):
            raise ValueError(f"{empty[0].upper()}: is empty, but the panel serves {beyond}. {_WAYS_OUT[empty[0]]}")
        return kept

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.auth_password and self.auth_password_hash:
            raise ValueError("AUTH_PASSWORD: is set beside AUTH_PASSWORD_HASH. Keep one of them.")
        if self.on_gce:
            for name, example in (("gcp_project", "my-project-123"), ("gce_zone", "us-central1-a"), ("gce_instance", "comfyui")):
                if name not in self.model_fields_set:
                    setting = name.upper()
                    raise ValueError(f"{setting}: is missing, and Google's cloud needs it. Example: {setting}={example}")
        if bool(self.cf_cert_path) != bool(self.cf_key_path):
            raise ValueError("CF_CERT_PATH: goes with CF_KEY_PATH. Set both or none.")
        self._strong_enough()
        return self

    def _strong_enough(self) -> None:
        beyond = _beyond(self.host, self.public_url or "")
        if beyond is None:
            return
        password = self.auth_password.get_secret_value() if self.auth_password else None
        if password is not None and (len(password) < _PASSWORD_LENGTH or _WEAK.search(password)):
            raise ValueError(
                f"AUTH_PASSWORD: is too easy to guess, but the panel serves {beyond}. {_WAYS_OUT['auth_password']}",
            )
        secret = self.jwt_secret.get_secret_value() if self.jwt_secret else None
        if secret is not None and (len(set(secret)) < _PASSWORD_LENGTH or _WEAK.search(secret)):
            raise ValueError(f"JWT_SECRET: is a default, but the panel serves {beyond}. {_WAYS_OUT['jwt_secret']}")

    @property
    def on_gce(self) -> bool:
        """Whether the box lives on Google's cloud."""
        return self.cloud == "gce" or (self.cloud is None and self.gcp_project is not None)


_WAYS_OUT = {
    "auth_password": (
        f"Choose one with at least {_PASSWORD_LENGTH} characters, or remove the line and one is made. "
        "Example: AUTH_PASSWORD=kqm7x-29fda-wtz4e"
    ),
    "jwt_secret": "Remove the line and one is made. Example: JWT_SECRET=(the output of: openssl rand -base64 48)",
}


def load(env_file: Path | None = Path(".env")) -> Settings:
    """The settings; raises SettingsError with one line that a person can act on."""
    try:
        return Settings(_env_file=env_file)  # pyright: ignore[reportCallIssue] - known to pydantic-settings only
    except ValidationError as error:
        raise SettingsError(_line(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f".env: cannot be read ({error}). Example: a text file with lines like PORT=8187") from None


def _line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    words = str(first["msg"]).removeprefix("Value error, ")
    if not first["loc"]:
        return words
    name = str(first["loc"][0])
    examples = Settings.model_fields[name].examples or [""]
    words = words.replace("Input should be", "should be").replace("Path does not point to a file", "there is no such file")
    return f"{name.upper()}: {words.rstrip('.')}. Example: {name.upper()}={examples[0]}"


def _beyond(host: str, public_url: str) -> str | None:
    """Where the panel can be reached from other computers, or None."""
    if not _is_loopback(host):
        return f"beyond this computer (HOST={host})"
    public_host = urlsplit(public_url).hostname
    if public_host and not _is_loopback(public_host):
        return f"beyond this computer (PUBLIC_URL={public_url})"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _database(value: SecretStr) -> SecretStr:
    if not re.match(r"^(postgresql|postgres|sqlite)(\+\w+)?://", value.get_secret_value()):
        raise ValueError("is not a URL that begins with postgresql:// or sqlite://")
    return value
