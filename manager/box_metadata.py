"""What the manager writes into a box's metadata; docs/box.md describes the keys.

Never a secret: everybody on the VM and everybody with compute.instances.get can read it.
"""

import json
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from manager.bundle import pack
from manager.domain.metadata import noted
from manager.settings import Settings

# How much later than the manager the box itself powers off: the manager's stop is the one with a warning.
_GUARD_LATER_MINUTES = 5


def box_metadata(settings: Settings, startup: Path, gate_key: str, panel_url: str) -> dict[str, str]:
    """The keys and values for every box; a box's own name (`gpubox-box`) is added where it is written.

    What is not set is an empty value: a setting that was taken back does not stay in force (`manager.domain.metadata`).
    """
    values = {
        "enable-guest-attributes": "TRUE",
        "gpubox-idle-minutes": f"{settings.idle_minutes:g}",
        "gpubox-guard-minutes": f"{settings.idle_minutes + _GUARD_LATER_MINUTES:g}",
        "gpubox-max-run-hours": f"{settings.max_run_hours:g}",
        **_reached(settings, gate_key, panel_url),
        **_installed(settings),
        **_script(settings, startup),
    }
    return noted({key: value or "" for key, value in values.items()})


def entrance(settings: Settings) -> str:
    """How browsers come to the box: `domain`, `tunnel` or `relay`."""
    if settings.cf_tunnel_token_path and settings.comfyui_domain:
        return "tunnel"
    return "domain" if settings.comfyui_domain else "relay"


def _reached(settings: Settings, gate_key: str, panel_url: str) -> dict[str, str | None]:
    panel = urlsplit(panel_url)
    return {
        "gpubox-gate-keys": gate_key,
        "gpubox-panel-origin": f"{panel.scheme}://{panel.netloc}",
        "gpubox-entrance": entrance(settings),
        "domain_name": settings.comfyui_domain,
        "ssl_email": settings.ssl_email,
        "gpubox-acme-directory": settings.acme_directory,
        "allowed_ip": ",".join(str(network) for network in settings.allowed_ip),
        "cf_cert_path": settings.cf_cert_path,
        "cf_key_path": settings.cf_key_path,
        "cf_tunnel_token_path": settings.cf_tunnel_token_path,
    }


def _installed(settings: Settings) -> dict[str, str | None]:
    return {
        "gpubox-comfyui-git": settings.comfyui_git,
        "gpubox-comfyui-ref": settings.comfyui_ref,
        "gpubox-comfyui-args": shlex.join(settings.comfyui_box_args),
        "gpubox-package-index": settings.package_index,
        "gpubox-torch-index": settings.torch_index,
        "gpubox-python": settings.box_python,
        "gpubox-without-gpu": settings.without_gpu,
        "gpubox-root-disk": settings.root_disk,
        "gpubox-models": None if settings.models_file is None else _models(settings.models_file),
    }


def _models(path: Path) -> str:
    """The list without its blanks: metadata is small."""
    return json.dumps(json.loads(path.read_text(encoding="utf-8")), separators=(",", ":"))


def _script(settings: Settings, startup: Path) -> dict[str, str | None]:
    """The bundle comes along with a script of one's own too, so that it may use it."""
    bundle = pack(startup)
    return {
        "gpubox-bundle": bundle.packed,
        "gpubox-bundle-sha256": bundle.sha256,
        "startup-script": bundle.script if settings.startup_script_url is None else None,
        "startup-script-url": settings.startup_script_url,
    }
