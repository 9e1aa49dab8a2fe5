"""How the box is reached, and by whom."""

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from manager.settings.kinds import HostName, Networks, ResourceName, WebUrl, matching


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
