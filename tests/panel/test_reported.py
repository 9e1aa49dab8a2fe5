"""What the box reports of itself: the model list as it comes, and that the box turns itself off."""

import re

import pytest
from playwright.sync_api import expect

from tests.panel.conftest import Desk

pytestmark = pytest.mark.browser

LONG = "a-lora-with-quite-a-long-name-for-the-night-shift-of-the-studio-v2.safetensors"


def test_models_are_followed_file_by_file(desk: Desk) -> None:
    desk.show("models-downloading")
    page = desk.open()
    expect(page.locator(".bar-said")).to_contain_text("Downloading models, 1 of 5 are there; it stays on.")
    page.get_by_role("button", name="Menu").click()
    models = page.locator("box-models")
    expect(models).to_contain_text("Downloading models: 1 of 5 there, 11.7 GB so far.")
    expect(models.get_by_role("progressbar", name="Models", exact=True)).to_have_js_property("value", 0.45)
    told = [re.sub(r"\s+", " ", line) for line in models.get_by_role("listitem").all_inner_texts()]
    assert told == [
        "sd_xl_base_1.0.safetensors checkpoints There, 6.9 GB",
        "flux1-dev-fp8.safetensors diffusion_models 4.3 GB of 11.9 GB",
        f"{LONG} loras Tried again, 120 MB are there: The connection broke off.",
        "ae.safetensors vae Being checked",
        "clip_l.safetensors text_encoders Comes later",
    ]
    expect(models.get_by_role("progressbar", name="flux1-dev-fp8.safetensors")).to_have_js_property("value", 0.36)
    # Whatever is done, or has not begun, has no bar.
    expect(models.get_by_role("progressbar")).to_have_count(4)
    desk.panel.send(desk.at_now("models-failed"))
    expect(models).to_contain_text("1 of 2 models could not be downloaded.")
    expect(models).to_contain_text("Could not be downloaded: The server answers 404: nothing is at this address.")
    expect(models.get_by_role("progressbar")).to_have_count(0)
    desk.panel.send(desk.at_now("models-done"))
    expect(models).to_contain_text("All 2 models of the list are there.")
    desk.panel.send(desk.at_now("ready"))
    expect(page.get_by_role("heading", name="Models")).to_be_hidden()


def test_what_is_wrong_although_the_box_goes_on_is_marked_and_told_in_the_menu(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    mark = page.get_by_role("img", name="Something is worth a look")
    expect(mark).to_be_hidden()
    desk.panel.send(desk.at_now("noted"))
    expect(mark).to_be_visible()
    page.get_by_role("button", name="Menu").click()
    lines = page.locator("box-noted").get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("The data disk is nearly full.")
    expect(lines.first).to_contain_text("Enlarge the disk")
    desk.panel.send(desk.at_now("ready"))
    expect(page.get_by_role("heading", name="Worth a look")).to_be_hidden()


def test_the_boxs_own_end_is_counted_down_with_its_reason(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    desk.panel.send(desk.at_now("guard-announced"))
    said = re.compile(r"The box turns itself off in 3:\d\d because its longest time is over\.")
    expect(page.locator(".bar-said")).to_have_text(said)
    # Nobody can talk the box out of that one.
    expect(page.locator("[data-here]")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.locator("box-activity")).to_contain_text(said)
    desk.panel.send(desk.at_now("guard-stopping"))
    expect(page.locator(".bar-said p").first).to_have_text(
        "The box is turning itself off because ComfyUI does not answer and nobody is at work."
    )


def test_before_comfyui_is_up_the_card_says_it_and_somebody_here_keeps_it_on(desk: Desk) -> None:
    desk.show("setting-up")
    page = desk.open()
    desk.panel.send(desk.at_now("guard-announced-on-the-card"))
    said = re.compile(r"The box turns itself off in 3:\d\d because ComfyUI has not come up\.")
    expect(page.locator("box-warning")).to_have_text(said)
    expect(page.locator(".card-said").get_by_role("status")).to_have_text(said)
    with page.expect_response("**/keep-alive"):
        page.locator("[data-here]").click()
    assert {"active": True} in desk.panel.called("keep-alive")
    desk.panel.send(desk.at_now("setting-up"))
    expect(page.locator("box-warning")).to_be_hidden()
