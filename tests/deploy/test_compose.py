"""docker-compose.yml keeps to the Compose Specification and to what was promised about it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

_REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def compose() -> dict[str, Any]:
    return yaml.safe_load((_REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))


def test_it_keeps_to_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text(encoding="utf-8"))
    errors = [f"{each.json_path}: {each.message}" for each in jsonschema.Draft7Validator(schema).iter_errors(compose)]
    assert errors == []


def test_every_service_is_hardened_watched_and_comes_back(compose: dict[str, Any]) -> None:
    dockerfile = (_REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["restart"] == "unless-stopped", name
        assert "healthcheck" in service or (name == "panel" and "HEALTHCHECK" in dockerfile), name


def test_only_caddy_is_reachable_and_by_default_from_here_alone(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["caddy"]
    assert all(port.startswith("${PANEL_BIND:-127.0.0.1}:") for port in compose["services"]["caddy"]["ports"])


def test_the_relay_is_published_by_caddy_at_the_port_where_the_panel_serves_it(compose: dict[str, Any]) -> None:
    panel, caddy = compose["services"]["panel"], compose["services"]["caddy"]
    port = panel["environment"]["RELAY_PORT"]
    assert f"${{PANEL_BIND:-127.0.0.1}}:{port}:{port}" in caddy["ports"]
    assert caddy["environment"]["RELAY_SITE"] == f"${{RELAY_URL:-${{PANEL_DOMAIN:-http://localhost}}:{port}}}"
    caddyfile = (_REPOSITORY / "deploy/Caddyfile").read_text(encoding="utf-8")
    assert f"reverse_proxy panel:{port} " in caddyfile


def test_the_panel_believes_only_the_proxy_network(compose: dict[str, Any]) -> None:
    (network,) = compose["networks"]["front"]["ipam"]["config"]
    assert compose["services"]["panel"]["environment"]["TRUSTED_PROXIES"] == network["subnet"]
    assert compose["services"]["caddy"]["networks"] == ["front"]


def test_the_database_is_an_option_and_its_password_a_file(compose: dict[str, Any]) -> None:
    postgres = compose["services"]["postgres"]
    assert postgres["profiles"] == ["postgres"]
    assert postgres["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    assert "POSTGRES_PASSWORD" not in postgres["environment"]


def test_every_volume_secret_and_network_that_is_used_is_declared(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    named = {
        mount.split(":")[0]
        for service in services
        for mount in service.get("volumes", ())
        if not mount.startswith((".", "/"))
    }
    assert named == set(compose["volumes"])
    assert {each for service in services for each in service.get("secrets", ())} == set(compose["secrets"])
    assert {each for service in services for each in service["networks"]} == set(compose["networks"])


@pytest.mark.parametrize(
    ("site", "relay"),
    [
        ("panel.example.com", "https://comfy.example.com"),
        ("panel.example.com", "panel.example.com:8186"),
        ("http://localhost", "http://localhost:8186"),
    ],
)
def test_caddy_accepts_its_file(caddy: str, site: str, relay: str, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - the caddy that was found
        [caddy, "validate", "--adapter=caddyfile", "--config", str(_REPOSITORY / "deploy/Caddyfile")],
        env=os.environ | {"PANEL_SITE": site, "RELAY_SITE": relay, "HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert "Valid configuration" in done.stderr + done.stdout


def test_the_caddyfile_is_formatted(caddy: str) -> None:
    path = _REPOSITORY / "deploy/Caddyfile"
    done = subprocess.run([caddy, "fmt", str(path)], check=False, capture_output=True, text=True, timeout=30)  # noqa: S603
    assert done.stdout == path.read_text(encoding="utf-8")
