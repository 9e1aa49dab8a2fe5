"""The main job on real input: a real ComfyUI in the page of a real browser. Runs where COMFYUI_DIR names one."""

import os
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from manager import assembly
from manager.adapters.embedded.machines.command import ComfyUi
from tests.support.chromium import ARGUMENTS, CHROMIUM
from tests.support.whole import PASSWORD, PLACE, Whole, whole
from tests.whole.test_walk import PATIENCE_MS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real_comfyui,
    pytest.mark.skipif("COMFYUI_DIR" not in os.environ, reason="COMFYUI_DIR does not name a real ComfyUI"),
]

# A graph without a model: a red square, scaled and saved.
GRAPH = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 512, "height": 512, "batch_size": 1, "color": 0xE03020}},
    "2": {
        "class_type": "ImageScale",
        "inputs": {"image": ["1", 0], "upscale_method": "lanczos", "width": 768, "height": 768, "crop": "disabled"},
    },
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "gpubox"}},
}
FRONTEND_IS_THERE = "() => window.app?.extensionManager && window.app.canvas"
PICTURE_IS_THERE = "() => window.app.graph._nodes.find(n => n.type === 'SaveImage')?.imgs?.[0]?.naturalWidth === 768"


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Whole]:
    real = ComfyUi(
        Path(os.environ["COMFYUI_DIR"]),
        os.environ.get("COMFYUI_PYTHON"),
        (*shlex.split(os.environ.get("COMFYUI_ARGS", "--cpu")), "--base-directory", str(_base(tmp_path))),
        assembly.asset("startup") / "custom_nodes",
    )
    async with whole(tmp_path, comfyui=real) as running:
        yield running


def _base(folder: Path) -> Path:
    """A data folder of the test's own, of somebody who has been here before: no tour covers the page."""
    base = folder / "comfyui"
    settings = base / "user" / "default" / "comfy.settings.json"
    for needed in (base / "custom_nodes", settings.parent):
        needed.mkdir(parents=True)
    settings.write_text('{"Comfy.TutorialCompleted": true}')
    return base


async def test_a_graph_is_run_in_the_real_page_and_both_person_and_render_are_seen(program: Whole) -> None:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await (await chromium.new_context(viewport={"width": 1440, "height": 900})).new_page()
        page.set_default_timeout(2 * PATIENCE_MS)
        await page.goto(program.url)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Start", exact=True).click()
        frame = await (await page.wait_for_selector("iframe")).content_frame()
        assert frame is not None
        await frame.wait_for_function(FRONTEND_IS_THERE)
        await frame.evaluate("graph => window.app.loadApiJson(graph, 'red')", GRAPH)
        run = frame.get_by_role("button", name="Run", exact=True).first
        await expect(run).to_be_enabled()
        await run.click()
        await frame.wait_for_function(PICTURE_IS_THERE)
        if picture := os.environ.get("GPUBOX_PICTURE"):
            await page.screenshot(path=picture)
        status = await program.until(lambda status: status["presence"] == "present")
        assert status["phase"] == "ready"
        signals = program.panel.boxes.activity(PLACE.instance)["signals"]
        assert {"comfyui", "render"} <= {signal["signal"] for signal in signals}
        await program.panel.boxes.stop(PLACE.instance)
        await program.until_phase("off")
        await chromium.close()
