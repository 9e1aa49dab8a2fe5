"""The browser that tests drive, and what they ask of ComfyUI's page in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# Its network is this computer: nothing of its own is fetched.
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
GRAPH_IS_THERE = "() => window.app?.graph?._nodes?.length > 0"
PICTURE_IS_THERE = "() => window.app.graph._nodes.find(n => n.type === 'SaveImage').imgs?.[0]?.naturalWidth > 0"


@contextmanager
def chromium() -> Iterator[Browser]:
    """One that runs, without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()
