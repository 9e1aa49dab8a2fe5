"""ComfyUI's own page through the relay, from a box behind nginx and TLS: a graph is run in the panel's frame."""

import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

import pytest

from tests.relay.house import Certificate, certificate
from tests.support.chromium import GRAPH_IS_THERE, PICTURE_IS_THERE
from tests.support.whole import PLACE, whole

from .relayed import BLOCKED, LOOPBACK, browsing, enter, log_in, relayed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx"),
]


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen unix:{folder}/ready.sock;
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate}; ssl_certificate_key {certificate};
    if ($http_authorization !~ "^Bearer ey") {{ return 401; }}
    location / {{
      proxy_pass {comfyui}; proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""


@asynccontextmanager
async def nginx(folder: Path, cert: Certificate, comfyui: str, port: int) -> AsyncGenerator[None]:
    """A gate of the simplest kind: TLS, and nobody without a bearer."""
    config = folder / "nginx.conf"
    made = NGINX.format(folder=folder, port=port, certificate=cert.file, comfyui=comfyui.rstrip("/"))
    config.write_text(made, encoding="utf-8")
    program = which("nginx", path="/usr/sbin:/usr/bin")
    assert program is not None
    running = subprocess.Popen([program, "-c", str(config)])  # noqa: S603, ASYNC220 - a program of this computer
    try:
        yield
    finally:
        running.terminate()
        running.wait(10)


@pytest.mark.parametrize("where", [LOOPBACK, BLOCKED])
async def test_a_graph_is_run_in_the_frame(tmp_path: Path, where: str, unused_tcp_port: int) -> None:
    cert = certificate(tmp_path / "box.pem")
    async with whole(tmp_path) as program, browsing(tmp_path, where) as browser:
        await program.panel.boxes.start(PLACE.instance)
        comfyui = (await program.until_phase("ready"))["comfyui_url"]
        async with (
            nginx(tmp_path, cert, comfyui, unused_tcp_port),
            relayed(program, f"https://127.0.0.1:{unused_tcp_port}", cert, program.url) as (_, origin),
        ):
            page = await browser.new_page()
            # The panel frames this box by itself, being one without a gate; here the relay's frame stands in its place.
            await page.route("**/api/events*", lambda route: route.abort())
            await log_in(page, program.url)
            await page.evaluate("document.body.replaceChildren()")
            frame = await enter(program, page, origin)
            await frame.wait_for_function(GRAPH_IS_THERE)
            await frame.get_by_role("button", name="Run", exact=True).click()
            await frame.wait_for_function(PICTURE_IS_THERE)
            assert await frame.evaluate("localStorage.length + sessionStorage.length") > 0
