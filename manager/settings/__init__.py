"""Settings: from the environment, or from `.env` in the working directory.

One class per topic. A field's name in capitals is the setting's name, its description tells meaning and unit, and
its first example is shown where a value is wrong. An empty value counts as none. `.env.example` says the same.
"""

import ipaddress
import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from manager.settings.topics.cloud import Cloud, Embedded, Policy
from manager.settings.topics.comfyui import ComfyUi, Provisioning
from manager.settings.topics.entrance import Entrance, Reach
from manager.settings.topics.panel import Access, Server, State

_PASSWORD_LENGTH = 10
_WEAK = re.compile(
    r"^(.)\1*$|change.?me|passwor[dt]|^(admin|secret|gpubox|comfyui|letmein|qwerty|1234567)",
    re.IGNORECASE,
)
_WAYS_OUT = {
    "auth_password": (
        f"Choose one with at least {_PASSWORD_LENGTH} characters, or remove the line and one is made. "
        "Example: AUTH_PASSWORD=kqm7x-29fda-wtz4e"
    ),
    "jwt_secret": "Remove the line and one is made. Example: JWT_SECRET=(the output of: openssl rand -base64 48)",
}


class SettingsError(Exception):
    """A setting that cannot be: one line with its name, what is wrong and an example."""


class Settings(  # pyright: ignore[reportIncompatibleVariableOverride] - the configuration of settings wins
    Access, Server, State, Cloud, Reach, Entrance, Provisioning, ComfyUi, Embedded, Policy, BaseSettings
):
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
            for name, example in (
                ("gcp_project", "my-project-123"),
                ("gce_zone", "us-central1-a"),
                ("gce_instance", "comfyui"),
            ):
                if name not in self.model_fields_set:
                    setting = name.upper()
                    raise ValueError(
                        f"{setting}: is missing, and Google's cloud needs it. Example: {setting}={example}"
                    )
        if bool(self.cf_cert_path) != bool(self.cf_key_path):
            raise ValueError("CF_CERT_PATH: goes with CF_KEY_PATH. Set both or none.")
        if bool(self.cloudflare_zone) != bool(self.cloudflare_api_token):
            raise ValueError("CLOUDFLARE_ZONE: goes with CLOUDFLARE_API_TOKEN. Set both or none.")
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
    words = words.replace("Input should be", "should be").replace(
        "Path does not point to a file", "there is no such file"
    )
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
