"""The panel: who may come in, where it listens, what it remembers."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from manager.settings.kinds import DatabaseUrl, Networks, PasswordHash, SigningSecret, WebUrl


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
