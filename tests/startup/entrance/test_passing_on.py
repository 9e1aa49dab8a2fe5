"""What ComfyUI gets to see of a request, and what browsers get to see of its answer."""

import gzip
import ssl
from collections.abc import Iterator

import httpx
import pytest
from box import PANEL, Box, any_certificate
from echo import Echo
from world import World

SCRIPT = "/assets/index-Ab3_x-9Z.js"
HASHED = b"console.log('the frontend')\n" * 2000


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as running:
        running.answers[SCRIPT] = {"Content-Type": "text/javascript", "Cache-Control": "no-cache"}, HASHED
        running.answers["/scripts/app.js"] = {"Content-Type": "text/javascript", "Cache-Control": "no-cache"}, HASHED
        running.answers["/view?filename=a.png"] = (
            {"Content-Type": "image/png", "Cache-Control": "public, max-age=9"},
            b"p",
        )
        running.answers["/framed"] = {"Content-Security-Policy": "default-src 'self'"}, b""
        yield running


@pytest.fixture(scope="module")
def box(echo: Echo) -> Iterator[Box]:
    with World() as world, Box(world, echo.port) as box:
        assert box.apply()["problem"] is None, box.said
        box.open_gate()
        with box.client() as manager:
            box.speak(manager)
        yield box


@pytest.fixture
def program(box: Box) -> Iterator[httpx.Client]:
    with box.client(headers=box.bearer("manager")) as client:
        yield client


def seen(client: httpx.Client, path: str = "/", **headers: str) -> dict[str, str]:
    return client.get(path, headers={key.replace("_", "-"): value for key, value in headers.items()}).json()["headers"]


@pytest.mark.parametrize(
    "path",
    ["/api/userdata/workflows%2FX.json", "/api/userdata/a%252Fb", "/view?filename=a%20b&x=%2F", "/a//b", "/%E2%9C%93"],
)
def test_the_path_goes_on_as_it_came(box: Box, path: str) -> None:
    with box.client() as client:
        request = client.build_request("GET", "/", headers=box.bearer("manager"))
        request.url = request.url.copy_with(raw_path=path.encode())
        assert client.send(request).json()["path"] == path


def test_neither_pass_nor_origin_reaches_comfyui(program: httpx.Client) -> None:
    own = f"https://{program.base_url.host}"
    cookie = "a=1; __Host-gpubox-box=secret; b=2; CF_Authorization=secret; c=3"
    headers = seen(program, Cookie=cookie, Origin=own, Sec_Fetch_Site="same-origin", Cf_Access_Client_Secret="secret")
    assert headers["cookie"] == "a=1; b=2; c=3"
    assert not {"authorization", "origin", "sec-fetch-site", "cf-access-client-secret"} & headers.keys()
    assert "secret" not in str(headers)
    assert not [name for name in headers if name.startswith("x-gpubox")]


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("__Host-gpubox-box=s", None),
        ("__Host-gpubox-box=s; b=2", "b=2"),
        ("b=2; __Host-gpubox-box=s", "b=2"),
        ("CF_Authorization=s; __Host-gpubox-box=s", None),
        ("__Host-gpubox-box=s; x=1; __Host-gpubox-box=s", None),
        ("a=gpubox; b=2", "a=gpubox; b=2"),
    ],
)
def test_other_cookies_stay(program: httpx.Client, sent: str, arrives: str | None) -> None:
    assert seen(program, Cookie=sent).get("cookie") == arrives


def test_a_visitor_cannot_say_who_they_are(program: httpx.Client) -> None:
    headers = seen(program, X_Forwarded_For="6.6.6.6", X_Real_IP="6.6.6.6", CF_Connecting_IP="6.6.6.6")
    assert (headers["x-forwarded-for"], headers["x-real-ip"]) == ("127.0.0.1", "127.0.0.1")
    assert headers["x-forwarded-proto"] == "https"


def test_only_the_panel_may_frame_it_and_comfyui_s_own_policy_stays(program: httpx.Client) -> None:
    policies = program.get("/framed").headers.get_list("Content-Security-Policy")
    assert policies == ["default-src 'self'", f"frame-ancestors {PANEL}"]
    assert program.get(SCRIPT).headers["Content-Security-Policy"] == f"frame-ancestors {PANEL}"


def test_an_asset_named_by_its_content_is_asked_for_once_and_kept_compressed(echo: Echo, program: httpx.Client) -> None:
    answers = [program.get(SCRIPT, headers={"Accept-Encoding": "gzip"}) for _ in range(3)]
    assert {answer.content for answer in answers} == {HASHED}
    assert all(answer.headers["Content-Encoding"] == "gzip" for answer in answers)
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)
    plain = program.get(SCRIPT, headers={"Accept-Encoding": "identity"})
    assert plain.content == HASHED
    assert "Content-Encoding" not in plain.headers
    assert len([path for path in echo.seen if path == SCRIPT]) <= 2


def test_nothing_between_the_box_and_the_browser_may_keep_an_answer(program: httpx.Client) -> None:
    for path in ("/", SCRIPT, "/scripts/app.js", "/view?filename=a.png"):
        answer = program.get(path)
        words = answer.headers["Cache-Control"].replace(" ", "").split(",")
        assert "private" in words, path
        assert "public" not in words
        assert answer.headers["CDN-Cache-Control"] == "no-store"


def test_what_is_not_named_by_its_content_is_asked_for_again(program: httpx.Client) -> None:
    assert "no-cache" in program.get("/scripts/app.js").headers["Cache-Control"]


def test_big_answers_are_compressed(program: httpx.Client) -> None:
    with program.stream("GET", "/scripts/app.js", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert len(raw) < len(HASHED) / 10
    assert gzip.decompress(raw) == HASHED


def test_an_upload_of_ten_gigabytes_is_taken_and_streamed_and_a_larger_one_is_not(box: Box, echo: Echo) -> None:
    bearer = box.bearer("manager")["Authorization"]

    def begin(size: int) -> ssl.SSLSocket:
        upload = box.connect(any_certificate(), "box")
        head = f"POST /upload/image HTTP/1.1\r\nHost: box\r\nAuthorization: {bearer}\r\nContent-Length: {size}\r\n\r\n"
        upload.sendall(head.encode() + b"x" * 300_000)
        return upload

    with begin(11 << 30) as refused:
        assert refused.recv(100).startswith(b"HTTP/1.1 413")
    echo.began.clear()
    with begin(10 << 30):
        assert echo.began.wait(10), "ComfyUI has not seen a byte, though 300 kB have been sent"


def test_an_upload_without_a_pass_is_refused_at_once(box: Box) -> None:
    with box.connect(any_certificate(), "box") as upload:
        upload.sendall(f"POST /upload/image HTTP/1.1\r\nHost: box\r\nContent-Length: {10 << 30}\r\n\r\n".encode())
        assert upload.recv(100).startswith(b"HTTP/1.1 401")


def test_a_graph_may_be_large_too(program: httpx.Client) -> None:
    assert program.post("/api/prompt", content=b"x" * (50 << 20)).status_code == 200
