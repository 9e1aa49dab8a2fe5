"""`python -m manager.adapters.embedded --state-dir D`: serve the embedded cloud."""

import argparse
import sys
from pathlib import Path

from manager.adapters.embedded.machines.command import ComfyUi
from manager.adapters.embedded.machines.container.prerequisites import NoContainersError
from manager.adapters.embedded.residence import StateInUseError
from manager.adapters.embedded.server import serve


def main() -> int:
    """Read the arguments, serve, and answer the exit status: 0, or 1 with a line that says why."""
    parser = argparse.ArgumentParser(prog="gpubox cloud", description="Compute Engine on this computer.")
    parser.add_argument("--state-dir", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--port", type=int, help="default: that of the last time, else a free one")
    parser.add_argument("--speed", type=float, default=0.2, help="1 as in the cloud, 0 at once (default 0.2)")
    parser.add_argument("--comfyui-dir", type=Path, help="run the ComfyUI of this folder")
    parser.add_argument("--comfyui-python", help="with this Python")
    parser.add_argument("--comfyui-arg", action="append", default=[], help="a further argument; repeatable")
    parser.add_argument("--presence-nodes", type=Path, help="a folder with custom nodes to load")
    parser.add_argument("--address", help="external address of all machines (default: each has its own)")
    parser.add_argument("--machine", choices=("process", "container"), default="process", help="what machines are")
    parser.add_argument("--parent-fd", type=int, help="end when this pipe closes")
    given = parser.parse_args()
    comfyui = ComfyUi(given.comfyui_dir, given.comfyui_python, tuple(given.comfyui_arg), given.presence_nodes)
    try:
        serve(
            given.state_dir,
            port=given.port,
            speed=given.speed,
            comfyui=comfyui,
            parent_fd=given.parent_fd,
            address=given.address,
            machine=given.machine,
        )
    except (StateInUseError, NoContainersError, OSError) as error:
        print(f"gpubox cloud: {error}", file=sys.stderr)  # noqa: T201 - a command line prints
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
