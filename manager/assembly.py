"""Small parts of the composition: from one setting, or a few, to one value that the application asks for."""

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from manager.adapters.embedded.process import EmbeddedCloudProcess
from manager.adapters.rates import read_rates
from manager.application.live import Rules
from manager.application.ports import BoxSpec
from manager.box_metadata import box_metadata
from manager.domain.box import Place
from manager.domain.cost import LIST_PRICES
from manager.domain.idle import Policy
from manager.messages import sentence
from manager.settings import Settings

_EMBEDDED_PROJECT = "gpubox-demo"

DEMO_BOX = BoxSpec(
    machine_type="n1-standard-4",
    data_disk="comfyui-data",
    tag="gpubox",
    gpu="nvidia-tesla-t4",
    data_size_gb=100,
)


def secret(value: SecretStr | None) -> str | None:
    """A secret's text."""
    return None if value is None else value.get_secret_value()


def secrets(settings: Settings) -> list[str]:
    """Every secret of the settings, so that none of them reaches a log."""
    values: list[object] = [getattr(settings, name) for name in type(settings).model_fields]
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def first_place(settings: Settings) -> Place:
    """Where the box of the settings lives."""
    return Place(settings.gcp_project or _EMBEDDED_PROJECT, settings.gce_zone, settings.gce_instance)


def embedded_state(settings: Settings) -> Path:
    """Where the embedded cloud keeps everything."""
    return settings.state_dir / "embedded"


def embedded_cloud(settings: Settings, port: int, speed: float) -> EmbeddedCloudProcess:
    """The Compute Engine that ships inside, not started yet.

    Its machines share the panel's own host: browsers that keep other sites from storing anything would show a
    white page for a ComfyUI at any other address.
    """
    host = settings.host if settings.host.startswith("127.") else "127.0.0.1"
    return EmbeddedCloudProcess(
        embedded_state(settings),
        speed=speed,
        comfyui_dir=settings.comfyui_dir,
        comfyui_python=None if settings.comfyui_python is None else str(settings.comfyui_python),
        comfyui_args=settings.comfyui_args,
        presence_nodes_dir=asset("startup") / "custom_nodes",
        port=port,
        address=host,
        machine=settings.embedded_machine,
    )


def rules(settings: Settings, gate_key: str = "", panel_url: str = "") -> Rules:
    """What the settings say about every box; `gate_key` is the public key that its gate is to believe."""
    return Rules(
        policy=Policy(idle=timedelta(minutes=settings.idle_minutes)),
        rates=LIST_PRICES if settings.rates_file is None else read_rates(settings.rates_file),
        max_run_s=settings.max_run_hours * 3600 or None,
        comfyui_url=settings.comfyui_url,
        domain=settings.comfyui_domain,
        pulse_every=settings.comfyui_poll_interval,
        metadata=box_metadata(settings, asset("startup"), gate_key, panel_url),
    )


def greeting(settings: Settings, public_url: str, made: str | None) -> str:
    """What the terminal says at the start: where the panel is, and how to come in."""
    lines = [sentence("greeting.at", url=public_url)]
    if made is not None:
        lines.append(sentence("greeting.password", password=made))
    elif settings.auth_password is None and settings.auth_password_hash is None:
        lines += [sentence("greeting.known"), sentence("greeting.lost")]
    if not settings.on_gce and settings.gce_api_endpoint is None:
        lines.append(sentence("greeting.demo"))
    return "\n" + "\n".join(f"  {line}" for line in lines) + "\n\n"


def asset(name: str) -> Path:
    """A folder that ships with the program: beside the package in a checkout, inside it once installed."""
    package = Path(__file__).resolve().parent
    beside = package.parent / name
    return beside if beside.is_dir() else package / "_assets" / name
