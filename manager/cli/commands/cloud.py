"""`gpubox cloud`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from manager.adapters.embedded.machines.command import ComfyUi
from manager.adapters.embedded.machines.container.prerequisites import NoContainersError
from manager.adapters.embedded.residence import StateInUseError
from manager.adapters.embedded.server import serve
from manager.assembly import asset, embedded_state
from manager.cli.failures import Failure
from manager.messages import sentence
from manager.settings import load


def command(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The port on 127.0.0.1. Default: that of the last time, else a free one."),
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="Where it keeps its machines and disks. Default: `embedded` in STATE_DIR.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="1 as in the cloud, 0 at once. Default: EMBEDDED_CLOUD_SPEED."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the endpoint as JSON, once it listens.")] = False,
) -> None:
    """Serve the embedded Compute Engine alone, until Ctrl-C.

    It speaks Compute Engine's REST API on this computer, for trials and tests: point GCE_API_ENDPOINT, gcloud or
    another client to it. Calls for its operator (faults, time) are under /_gpubox/.
    """
    settings = load()
    python = settings.comfyui_python
    machines = ComfyUi(
        settings.comfyui_dir,
        None if python is None else str(python),
        settings.comfyui_args,
        asset("startup") / "custom_nodes",
    )

    def ready(endpoint: str) -> None:
        said = json.dumps({"endpoint": endpoint}) if as_json else sentence("cloud.at", endpoint=endpoint)
        print(said, flush=True)

    try:
        serve(
            state_dir or embedded_state(settings),
            port=port,
            speed=settings.embedded_cloud_speed if speed is None else speed,
            comfyui=machines,
            machine=settings.embedded_machine,
            ready=ready,
        )
    except StateInUseError as error:
        raise Failure(sentence("cloud.in_use", folder=error.state_dir)) from None
    except NoContainersError as error:
        raise Failure(str(error)) from None
    except OSError as error:
        code = "cloud.failed" if port is None else "cloud.failed_on_port"
        raise Failure(sentence(code, port=port, why=error.strerror or error)) from None
