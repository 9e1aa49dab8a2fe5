"""The node inside a whole ComfyUI, demo and real, with the frontend that comes with it."""

from typing import Any

import httpx
import pytest

PATH = "/api/gpubox/presence"
GRAPH = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255}},
    "2": {
        "class_type": "ImageScale",
        "inputs": {"image": ["1", 0], "upscale_method": "bilinear", "width": 32, "height": 32, "crop": "disabled"},
    },
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "presence"}},
    "4": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
}


@pytest.mark.browser
def test_a_click_is_a_person_and_a_script_is_not(comfyui: httpx.Client, browser: Any) -> None:
    origin = str(comfyui.base_url).rstrip("/")
    page = browser.new_page()
    page.set_default_timeout(60_000)
    # No frontend of whatever version speaks to anybody but this computer.
    page.route(lambda url: not url.startswith(origin), lambda route: route.abort())
    page.goto(origin)
    page.wait_for_function("() => window.app?.graph?._nodes")
    page.wait_for_selector("canvas")
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "() => { for (const kind of ['pointerdown', 'pointermove']) for (const screenX of [1, 2])"
        " document.querySelector('canvas').dispatchEvent(new PointerEvent(kind, { bubbles: true, screenX }));"
        " window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' })) }"
    )
    page.evaluate("path => fetch(path).then(answer => answer.json())", PATH)
    assert comfyui.get(PATH).json()["person"] == {"count": 0, "age_s": None}
    with page.expect_response(lambda answer: answer.url.endswith("/gpubox/presence")) as reported:
        page.mouse.click(700, 500)
    assert reported.value.status == 200
    assert reported.value.request.method == "POST"
    person = comfyui.get(PATH).json()["person"]
    assert person["count"] == 1
    assert person["age_s"] >= 0
    page.close()


def test_a_render_moves_the_progress(comfyui: httpx.Client) -> None:
    before = comfyui.get(PATH).json()
    assert before["queue"] == {"running": 0, "pending": 0}
    prompt_id = comfyui.post("/prompt", json={"prompt": GRAPH}).json()["prompt_id"]
    while prompt_id not in comfyui.get("/history").json():
        pass  # a request a round: nothing to wait for but the server's own answers
    after = comfyui.get(PATH).json()
    # Four nodes begin and end.
    assert after["progress"]["count"] >= before["progress"]["count"] + 8
    assert after["progress"]["prompt_id"] == prompt_id
    assert after["boot_id"] == before["boot_id"]
    assert after["person"]["count"] == 0


def test_other_sites_cannot_report(comfyui: httpx.Client) -> None:
    header = {"X-Gpubox-Presence": "1"}
    assert comfyui.post(PATH).status_code == 403
    assert comfyui.post(PATH, headers=header | {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    preflight = comfyui.options(PATH, headers={"Access-Control-Request-Headers": "x-gpubox-presence"})
    assert "access-control-allow-headers" not in preflight.headers
    assert comfyui.post(PATH, headers=header).status_code == 200
    assert comfyui.get(PATH).json()["person"]["count"] == 1
