"""The image holds what it should and nothing else, and the panel in it runs as the compose file runs it."""

import json
import re
from pathlib import Path

import pytest

from tests.deploy.containers import REPOSITORY, Container, Image

pytestmark = pytest.mark.image

_PANEL = "http://127.0.0.1:8187"
_ON_GOOGLE = {
    "GCP_PROJECT": "image-test",
    "GCE_ZONE": "us-central1-a",
    "GCE_INSTANCE": "comfyui",
    "GCE_API_ENDPOINT": "http://127.0.0.1:9000",
}


def _password(container: Container) -> str:
    found = re.search(r"shown only this once: (\S+)", container.output)
    assert found, container.output
    return found[1]


def test_it_holds_the_panel_and_nothing_of_the_workshop(image: Image) -> None:
    assert sorted(path.name for path in (image.root / "app").iterdir()) == [
        "LICENSE",
        "manager",
        "startup",
        "static",
        "templates",
    ]
    installed = {path.name.split("-")[0] for path in image.root.glob("venv/lib/python3*/site-packages/*.dist-info")}
    assert "fastapi" in installed
    assert not installed & {"comfyui_frontend_package", "pip", "pytest"}, "the demo is GPL-3.0, and tests stay at home"


def test_nothing_of_the_machine_that_built_it_is_left(image: Image) -> None:
    pip = image.root / "etc/pip.conf"
    assert not pip.exists() or not pip.read_text(encoding="utf-8")
    assert not any((image.root / "run").glob("*.crt")) or not (image.root / "run/ca.crt").read_bytes()
    assert not list(image.root.glob("app/**/.env"))


def test_it_runs_as_nobody_special_with_its_state_in_a_volume(image: Image) -> None:
    assert image.config["User"] == "gpubox"
    assert list(image.config["Volumes"]) == ["/data"]
    assert image.environment["STATE_DIR"] == "/data"
    assert image.environment["HOST"] == "0.0.0.0"  # noqa: S104 - inside the container


def test_the_panel_comes_up_logs_in_and_goes_down(container: Container) -> None:
    assert container.image.health_check
    container.start(_ON_GOOGLE)
    container.wait_for(f"{_PANEL}/healthz")
    assert container.run(*container.image.health_check).returncode == 0

    # Google's place is taken by the embedded cloud, out of the same image.
    cloud = ("gpubox", "cloud", "--port", "9000", "--state-dir", "/tmp/cloud", "--speed", "0")  # noqa: S108 - inside
    container.run_beside(*cloud)
    container.wait_for(f"{_PANEL}/readyz")

    status, _, body = container.fetch(f"{_PANEL}/api/auth/login", body={"password": _password(container)})
    assert status == 200
    assert json.loads(body)["token"]
    assert container.stop() == 0
    assert "Traceback" not in container.output


def test_the_password_made_at_the_first_start_outlives_the_container(image: Image, tmp_path: Path) -> None:
    with Container(image, tmp_path / "data") as first:
        first.start(_ON_GOOGLE)
        first.wait_for(f"{_PANEL}/healthz")
        password = _password(first)
        assert first.stop() == 0
    with Container(image, tmp_path / "data") as second:
        second.start(_ON_GOOGLE)
        second.wait_for(f"{_PANEL}/healthz")
        assert password not in second.output
        assert second.fetch(f"{_PANEL}/api/auth/login", body={"password": password})[0] == 200


def test_a_panel_that_does_not_answer_is_unhealthy(container: Container) -> None:
    container.start(_ON_GOOGLE | {"PORT": "8188"})
    container.wait_for("http://127.0.0.1:8188/healthz")
    assert container.run(*container.image.health_check, environment={"PORT": "8189"}).returncode == 1


def test_a_missing_setting_is_said_in_one_line(container: Container) -> None:
    container.start({})
    assert container.wait() == 3
    assert container.output.startswith("gpubox: GCP_PROJECT: is missing")
    assert len(container.output.splitlines()) == 1


def test_caddy_in_front_passes_on_who_asks_and_by_which_way(container: Container, caddy: str) -> None:
    container.start(_ON_GOOGLE | {"PUBLIC_URL": "http://localhost", "TRUSTED_PROXIES": "127.0.0.0/8"})
    container.wait_for(f"{_PANEL}/healthz")
    caddyfile = str(REPOSITORY / "deploy/Caddyfile")
    # Here Caddy is on the panel's own computer, where the relay's port is taken.
    sites = ("PANEL_SITE=http://localhost", "RELAY_SITE=http://comfy.localhost")
    container.run_outside("env", *sites, caddy, "run", "--adapter=caddyfile", f"--config={caddyfile}")
    container.wait_for("http://localhost/healthz")
    status, headers, page = container.fetch("http://localhost/login")
    assert (status, headers.get("server")) == (200, "Caddy")
    assert "<form" in page
    # Who comes through the proxy is not this computer, whatever its address.
    assert container.fetch("http://localhost/metrics")[0] == 401
    status, headers, _ = container.fetch("http://localhost/api/auth/login", body={"password": _password(container)})
    assert status == 200
    assert "HttpOnly" in headers["set-cookie"]
