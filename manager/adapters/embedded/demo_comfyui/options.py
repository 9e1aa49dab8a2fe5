"""The flags, named as ComfyUI names them, and the folders they lead to."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What the demo was started with."""

    listen: str = "127.0.0.1"
    port: int = 8188  # 0: any free one
    base_directory: Path = field(default_factory=Path.cwd)
    extra_model_paths: tuple[Path, ...] = ()
    max_upload_mb: float = 100  # ComfyUI's default
    argv: tuple[str, ...] = ()


def parse_options(argv: Sequence[str]) -> Options:
    """Read ComfyUI's flags; one that only the real ComfyUI knows is accepted, with a line on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m manager.adapters.embedded.demo_comfyui",
        description="A demo ComfyUI without a GPU, for gpubox's embedded cloud.",
        allow_abbrev=False,
    )
    parser.add_argument("--listen", default="127.0.0.1", metavar="IP", help="address (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8188, help="port, 0 for any free one (default 8188)")
    parser.add_argument("--base-directory", type=Path, default=Path.cwd(), metavar="DIR", help="input, output, user")
    parser.add_argument(
        "--extra-model-paths-config",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="YAML",
        help="files that name further folders; only custom_nodes is used",
    )
    parser.add_argument("--max-upload-size", type=float, default=100, metavar="MB", help="largest upload")
    known, unknown = parser.parse_known_args(argv)
    if unknown:
        sys.stderr.write(f"The demo ComfyUI ignores: {' '.join(unknown)}\n")
    return Options(
        listen=known.listen,
        port=known.port,
        base_directory=known.base_directory.resolve(),
        extra_model_paths=tuple(known.extra_model_paths_config),
        max_upload_mb=known.max_upload_size,
        argv=tuple(argv),
    )
