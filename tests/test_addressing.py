"""From the settings to who may reach the box, and to the name server that the panel may change."""

from pathlib import Path
from typing import Any

import pytest

from manager.adapters.dns import CloudDns, CloudflareDns
from manager.addressing import dns_of, fence_of, name_kept_by
from manager.settings import Settings

GCE = {"cloud": "gce", "gcp_project": "studio-123", "gce_zone": "us-central1-a", "gce_instance": "comfyui"}
DOMAIN = GCE | {"comfyui_domain": "comfy.example.com"}
TUNNEL = DOMAIN | {"cf_tunnel_token_path": "gs://bucket/token"}
ORIGIN = DOMAIN | {"cf_cert_path": "gs://bucket/cert.pem", "cf_key_path": "gs://bucket/key.pem"}
CLOUDFLARE = {"cloudflare_zone": "0" * 32, "cloudflare_api_token": "a-token"}


def made(tmp_path: Path, settings: dict[str, Any]) -> Settings:
    return Settings(_env_file=None, state_dir=tmp_path, **settings)  # pyright: ignore[reportCallIssue]


class TestTheFence:
    def test_holds_the_settings_networks(self, tmp_path: Path) -> None:
        fence = fence_of(made(tmp_path, DOMAIN | {"allowed_ip": "84.20.30.40, 2a02::/32"}))
        assert fence.permanent == ("84.20.30.40/32", "2a02::/32")
        assert not fence.relayed

    @pytest.mark.parametrize(
        ("settings", "relayed"),
        [
            (GCE, True),
            (GCE | {"comfyui_url": "https://elsewhere.example.com"}, False),
            (DOMAIN, False),
            (TUNNEL, False),
            ({}, False),
        ],
    )
    def test_knows_whether_browsers_come_through_the_manager(
        self, tmp_path: Path, settings: dict[str, Any], relayed: bool
    ) -> None:
        assert fence_of(made(tmp_path, settings)).relayed is relayed

    def test_stands_behind_cloudflare_where_its_certificate_is_used(self, tmp_path: Path) -> None:
        assert "173.245.48.0/20" in fence_of(made(tmp_path, ORIGIN)).front
        assert fence_of(made(tmp_path, DOMAIN)).front == ()
        assert fence_of(made(tmp_path, ORIGIN | TUNNEL)).front == ()


class TestTheNameServer:
    def test_is_cloud_dns_where_its_zone_is_named(self, tmp_path: Path) -> None:
        settings = made(tmp_path, DOMAIN | {"dns_zone": "example-com"} | CLOUDFLARE)
        assert isinstance(dns_of(settings), CloudDns)
        assert name_kept_by(settings) == "example-com"

    @pytest.mark.parametrize("settings", [DOMAIN, ORIGIN])
    def test_is_cloudflare_where_its_zone_is_named(self, tmp_path: Path, settings: dict[str, Any]) -> None:
        named = made(tmp_path, settings | CLOUDFLARE)
        assert isinstance(dns_of(named), CloudflareDns)
        assert name_kept_by(named) == "Cloudflare"

    @pytest.mark.parametrize("settings", [DOMAIN, GCE | CLOUDFLARE, TUNNEL | CLOUDFLARE, CLOUDFLARE])
    def test_is_none_where_none_is_named_or_there_is_nothing_to_name(
        self, tmp_path: Path, settings: dict[str, Any]
    ) -> None:
        assert dns_of(made(tmp_path, settings)) is None
        assert name_kept_by(made(tmp_path, settings)) is None
