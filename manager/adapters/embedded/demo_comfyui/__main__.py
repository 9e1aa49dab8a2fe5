"""Starts the demo ComfyUI: `python -m manager.adapters.embedded.demo_comfyui --help`."""

import sys

import uvicorn

from .app import create_app
from .options import parse_options


def main(argv: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = parse_options(argv)
    uvicorn.run(
        create_app(options),
        host=options.listen,
        port=options.port,
        # The protocol implementation without deprecated parts; no heartbeat, as ComfyUI has none.
        ws="websockets-sansio",
        ws_ping_interval=None,
        access_log=False,
        server_header=False,
        log_level="warning",
        # An open page holds its socket for ever; a stop does not wait for it.
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
