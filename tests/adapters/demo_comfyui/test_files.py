"""Pictures over HTTP, and the files that the page keeps on the server."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

Json = dict[str, Any]


def png(color: str = "red", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (8, 6), color).save(buffer, "PNG")
    return buffer.getvalue()


def upload(demo: Any, content: bytes, name: str = "mine.png", **fields: str) -> Any:
    return demo.http.post("/upload/image", files={"image": (name, content, "image/png")}, data=fields)


def test_an_upload_can_be_seen(demo: Any) -> None:
    answer = upload(demo, png())
    assert answer.json() == {"name": "mine.png", "subfolder": "", "type": "input"}
    seen = demo.http.get("/view", params={"filename": "mine.png", "type": "input"})
    assert seen.content == png()
    assert seen.headers["content-type"] == "image/png"


def test_another_picture_of_the_same_name_gets_another_name(demo: Any) -> None:
    names = [upload(demo, png(color)).json()["name"] for color in ("red", "blue", "red", "blue")]
    assert names == ["mine.png", "mine (1).png", "mine.png", "mine (1).png"]
    assert upload(demo, png("green"), overwrite="true").json()["name"] == "mine.png"
    assert (demo.base / "input" / "mine.png").read_bytes() == png("green")


def test_an_upload_goes_where_it_asks_to_go_but_not_outside(demo: Any) -> None:
    assert upload(demo, png(), subfolder="a/b", type="temp").json()["subfolder"] == "a/b"
    assert (demo.base / "temp" / "a" / "b" / "mine.png").is_file()
    assert upload(demo, png(), subfolder="../..").status_code == 400
    assert upload(demo, png(), type="elsewhere").status_code == 400
    assert demo.http.post("/upload/image", content=b"no form").status_code == 400
    assert upload(demo, png(), name="../../up.png").json()["name"] == "up.png"


def test_an_upload_has_a_limit(start: Callable[..., Any]) -> None:
    demo = start(max_upload_mb=0.001)
    assert upload(demo, b"x" * 2000).status_code == 413
    assert demo.http.get("/features").json()["max_upload_size"] == 1049


def test_an_uploaded_picture_can_be_used(demo: Any) -> None:
    upload(demo, png("blue"))
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "mine.png"}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "ImageBlur", "inputs": {"image": ["2", 0], "blur_radius": 2, "sigma": 1}},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "used"}},
    }
    demo.run(graph)
    with Image.open(demo.base / "output" / "used_00001_.png") as image:
        assert image.getpixel((0, 0)) == (255, 255, 0)
    upload(demo, png("red"), overwrite="true")
    _id, heard = demo.run(graph)
    assert dict(heard)["execution_cached"]["nodes"] == []


@pytest.mark.parametrize(
    ("query", "media", "mode"),
    [
        ("preview=webp;90", "image/webp", "RGB"),
        ("preview=jpeg", "image/jpeg", "RGB"),
        ("preview=other;x", "image/webp", "RGB"),
        ("channel=rgb", "image/png", "RGB"),
        ("channel=a", "image/png", "RGBA"),
    ],
)
def test_a_picture_can_be_asked_for_in_other_forms(demo: Any, query: str, media: str, mode: str) -> None:
    upload(demo, png("#ff000080", "RGBA"))
    answer = demo.http.get(f"/view?filename=mine.png&type=input&{query}")
    assert answer.headers["content-type"] == media
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.size, image.mode) == ((8, 6), mode)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("filename=../x.png", 400),
        ("filename=/etc/passwd", 400),
        ("filename=x.png&type=elsewhere", 400),
        ("filename=x.png&subfolder=../..", 403),
        ("filename=x.png", 404),
        ("filename=x.png%20[temp]", 404),
    ],
)
def test_what_is_no_picture_is_not_shown(calm_demo: Any, query: str, status: int) -> None:
    assert calm_demo.http.get(f"/view?{query}").status_code == status


def test_what_could_run_in_the_page_is_no_page(demo: Any) -> None:
    upload(demo, b"<script>", name="a.html")
    answer = demo.http.get("/view", params={"filename": "a.html", "type": "input"})
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


WORKFLOW = "/api/userdata/workflows%2FMy%20graph.json"


def test_a_workflow_is_saved_listed_read_moved_and_deleted(demo: Any) -> None:
    saved = demo.http.post(f"{WORKFLOW}?overwrite=false&full_info=true", content=b'{"nodes": []}').json()
    assert saved["path"] == "workflows/My graph.json"
    assert saved["size"] == 13
    assert (demo.base / "user" / "default" / "workflows" / "My graph.json").is_file()
    listed = demo.http.get("/api/userdata?dir=workflows&recurse=true&split=false&full_info=true").json()
    assert [file["path"] for file in listed] == ["My graph.json"]
    assert set(listed[0]) == {"path", "size", "modified", "created"}
    assert demo.http.get(WORKFLOW).content == b'{"nodes": []}'
    moved = demo.http.post(f"{WORKFLOW}/move/workflows%2Fsub%2FOther.json?overwrite=false")
    assert moved.json() == "workflows/sub/Other.json"
    assert demo.http.get(WORKFLOW).status_code == 404
    names = demo.http.get("/userdata?dir=workflows&recurse=true&split=true").json()
    assert names == [["sub/Other.json", "sub", "Other.json"]]
    assert demo.http.delete("/userdata/workflows%2Fsub%2FOther.json").status_code == 204


def test_a_workflow_is_not_overwritten_by_accident(demo: Any) -> None:
    demo.http.post(WORKFLOW, content=b"1")
    demo.http.post("/userdata/b.json", content=b"2")
    assert demo.http.post(f"{WORKFLOW}?overwrite=false", content=b"3").status_code == 409
    assert demo.http.post(f"/userdata/b.json/move/{WORKFLOW.rpartition('/')[2]}?overwrite=false").status_code == 409
    assert demo.http.post(WORKFLOW, content=b"4").json() == "workflows/My graph.json"
    assert demo.http.get(WORKFLOW).content == b"4"


def test_a_path_that_a_proxy_has_decoded_is_no_route(calm_demo: Any) -> None:
    """As in ComfyUI, so that a proxy in front shows its mistake with the demo too."""
    assert calm_demo.http.post("/api/userdata/workflows/x.json", content=b"1").status_code == 405
    assert calm_demo.http.get("/api/userdata/workflows/x.json").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/userdata", 400),
        ("GET", "/userdata?dir=..%2F..", 403),
        ("GET", "/userdata?dir=absent", 404),
        ("GET", "/userdata/absent.json", 404),
        ("DELETE", "/userdata/absent.json", 404),
        ("POST", "/userdata/..%2F..%2Fx", 403),
        ("POST", "/userdata/absent.json/move/b.json", 404),
        ("POST", "/userdata/a.json/move/..%2F..%2Fb.json", 403),
        ("POST", "/userdata/workflows", 400),
    ],
)
def test_no_path_leaves_the_users_folder(calm_demo: Any, method: str, path: str, status: int) -> None:
    assert calm_demo.http.request(method, path).status_code == status


def test_settings_are_kept_and_start_from_those_of_a_demo(demo: Any) -> None:
    assert demo.http.get("/settings").json()["Comfy.Notification.ShowVersionUpdates"] is False
    demo.http.post("/settings/Comfy.ColorPalette", json="light")
    demo.http.post("/settings", json={"Comfy.TutorialCompleted": False})
    assert demo.http.get("/settings/Comfy.ColorPalette").json() == "light"
    assert demo.http.get("/settings").json()["Comfy.TutorialCompleted"] is False
    assert demo.http.get("/settings/unknown").json() is None
    assert demo.http.post("/settings/a", content=b"{").status_code == 400
