"""Starts the demo ComfyUI: `python -m manager.adapters.embedded.demo_comfyui --help`."""

import socket
import sys

import uvicorn

from .app import create_app
from .options import parse_options


class _Server(uvicorn.Server):
    """Tells when it listens, in the words that ComfyUI uses."""

    async def startup(self, sockets: "list[socket.socket] | None" = None) -> None:
        await super().startup(sockets)
        for server in self.servers if self.started else []:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                sys.stderr.write(f"To see the GUI go to: http://{host}:{port}\n")


def main(argv: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = parse_options(argv)
    config = uvicorn.Config(
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
    _Server(config).run()


if __name__ == "__main__":
    main(sys.argv[1:])
