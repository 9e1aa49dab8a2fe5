"""Prints a requirements file of a pylock.toml with the wheels of CPython 3.10 to 3.13 on Linux alone.

The box's list travels in instance metadata, which is small, and hashes do not compress: of about a thousand files
that the packages offer, a box can use less than a tenth. Without sdists nothing is ever built on a box either.
"""

import re
import sys
import tomllib
from pathlib import Path

_FITS = re.compile(
    r"-(?:py3|py2\.py3|cp310-cp310|cp311-cp311|cp312-cp312|cp313-cp313|cp3\d+-abi3)"
    r"(?:-none)?-(?:any|[^-]*manylinux[^-]*(?:x86_64|aarch64))\.whl$"
)


def main() -> None:
    """Read the file that the first argument names."""
    lock = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print("# Made by script/lock: wheels for CPython 3.10 to 3.13 on Linux, x86_64 and aarch64.")
    for package in lock["packages"]:
        fitting = [wheel for wheel in package["wheels"] if _FITS.search(wheel["url"])]
        if not fitting:
            raise SystemExit(f"{package['name']} {package['version']} has no wheel that a box could use")
        marker = f" ; {package['marker']}" if "marker" in package else ""
        hashes = sorted(f"--hash=sha256:{wheel['hashes']['sha256']}" for wheel in fitting)
        print(f"{package['name']}=={package['version']}{marker}", *hashes, sep=" \\\n    ")


main()
