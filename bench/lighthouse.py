"""Lighthouse's scores and the bytes of the login page and of the panel, as JSON.

Without a URL it serves the panel's real pages with a recorded state (the one of the tests) and measures both.
With one it measures that page, with the session cookie of --cookie NAME=VALUE if one is given.
`--lighthouse` names an installed lighthouse; otherwise npx fetches it.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CATEGORIES = ("performance", "accessibility", "best-practices")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-dev-shm-usage"
)
TARGET = 0.95
MOST_BYTES = 100 * 1024


def audit(url: str, cookie: str | None, command: list[str], form_factor: str) -> dict[str, Any]:
    """One page, measured once."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        call = [*command, url, "--quiet", "--output=json", f"--output-path={report}", f"--chrome-flags={FLAGS}"]
        call.append(f"--only-categories={','.join(CATEGORIES)}")
        if form_factor == "desktop":
            call.append("--preset=desktop")
        if cookie:
            call.append(f"--extra-headers={json.dumps({'Cookie': cookie})}")
        environment = {"CHROME_PATH": "/usr/bin/chromium", **os.environ}
        subprocess.run(call, check=True, env=environment, stdout=sys.stderr)
        found = json.loads(report.read_text())
    audits = found["audits"]
    return {
        "url": url,
        "form_factor": form_factor,
        "scores": {name: found["categories"][name]["score"] for name in CATEGORIES},
        "bytes": audits["total-byte-weight"]["numericValue"],
        "requests": len(audits["network-requests"]["details"]["items"]),
        "layout_shift": audits["cumulative-layout-shift"]["numericValue"],
        "first_contentful_paint_ms": round(audits["first-contentful-paint"]["numericValue"]),
        "largest_contentful_paint_ms": round(audits["largest-contentful-paint"]["numericValue"]),
        "total_blocking_ms": round(audits["total-blocking-time"]["numericValue"]),
        "failed": sorted(
            name
            for name, it in audits.items()
            if it["score"] is not None and it["score"] < TARGET and it["scoreDisplayMode"] == "binary"
        ),
    }


def recorded(command: list[str], form_factor: str, state: str) -> list[dict[str, Any]]:
    """The login page and the panel, served here."""
    sys.path.insert(0, str(ROOT))
    from tests.panel import states  # noqa: PLC0415 - only for this
    from tests.panel.server import Loopback, Panel  # noqa: PLC0415 - likewise

    panel = Panel()
    panel.status = states.state(state)
    web = Loopback(panel.app)
    web.start()
    cookie = panel.sign_in()
    pages = [
        audit(f"{web.origin}/login", None, command, form_factor),
        audit(f"{web.origin}/", f"{cookie['name']}={cookie['value']}", command, form_factor),
    ]
    panel.cut(down=True)
    web.stop()
    return pages


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--cookie")
    parser.add_argument("--desktop", action="store_true", help="measure as on a desk; the default is a phone")
    parser.add_argument("--state", default="off", help="the recorded state (default: off)")
    parser.add_argument("--lighthouse", default="npx --yes lighthouse")
    given = parser.parse_args()
    command = shlex.split(given.lighthouse)
    form_factor = "desktop" if given.desktop else "mobile"
    if given.url:
        pages = [audit(given.url, given.cookie, command, form_factor)]
    else:
        pages = recorded(command, form_factor, given.state)
    good = all(
        min(page["scores"].values()) >= TARGET and page["bytes"] <= MOST_BYTES and page["layout_shift"] < 0.001
        for page in pages
    )
    print(json.dumps({"benchmark": "lighthouse", "pages": pages, "good": good}, indent=2))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
