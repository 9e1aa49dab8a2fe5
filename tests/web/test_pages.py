"""Pages that load nothing from elsewhere, and files that are loaded once."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support import House, build


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Small templates and files, so that these tests do not depend on how the panel looks."""
    templates, static = tmp_path / "templates", tmp_path / "static"
    (static / "css").mkdir(parents=True)
    templates.mkdir()
    (static / "css" / "base.css").write_text("a {}\n" * 100)
    (static / "dot.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.txt").write_text("secret")
    (templates / "login.html").write_text("<p>login {{ csp_nonce }}</p>")
    (templates / "panel.html").write_text(
        "{{ box }}|{{ boxes | join(',') }}|{{ status_json.phase }}|{{ frame_source }}|{{ csp_nonce }}|"
        "{{ static_url('css/base.css') }}|{{ static_url('nothing.css') }}|{{ status_json.reason }}",
    )
    return templates, static


@pytest.fixture
def small(folders: tuple[Path, Path]) -> House:
    return build(templates=folders[0], static=folders[1])


def policy_of(header: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in header.split(";"))}


async def test_without_a_session_the_panel_leads_to_the_login_and_back(small: House) -> None:
    async with small.client() as client:
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        answer = await client.get("/?box=second&x=//evil")
        assert answer.headers["location"] == "/login?next=%2F%3Fbox%3Dsecond%26x%3D%2F%2Fevil"
        assert (await client.get("/login")).text.startswith("<p>login ")
    async with small.signed_in() as client:
        answer = await client.get("/login")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_a_link_from_elsewhere_opens_the_panel(small: House) -> None:
    async with small.client(cookie=f"gpubox={small.token()}", sec_fetch_site="cross-site") as client:
        assert (await client.get("/")).status_code == 200


async def test_the_panel_gets_what_its_template_needs(small: House) -> None:
    small.boxes.known["first"]["reason"] = "<script>"
    async with small.signed_in() as client:
        first = (await client.get("/")).text.split("|")
        second = (await client.get("/?box=second")).text.split("|")
        unknown = await client.get("/?box=third")
    assert first[:4] == ["first", "first,second", "off", "http://127.0.0.9:8188"]
    assert re.fullmatch(r"/static/css/base\.css\?v=[0-9a-f]{12}", first[5])
    assert first[6:] == ["/static/nothing.css", "&lt;script&gt;"]
    assert second[0] == "second"
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_box")


async def test_the_policy_of_a_page(small: House) -> None:
    async with small.signed_in() as client:
        answers = [await client.get("/") for _ in range(2)]
    policies = [policy_of(answer.headers["content-security-policy"]) for answer in answers]
    nonces = {answer.text.split("|")[4] for answer in answers}
    assert len(nonces) == 2
    for answer, policy in zip(answers, policies, strict=True):
        nonce = f"'nonce-{answer.text.split('|')[4]}'"
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == policy["style-src"] == ["'self'", nonce]
        assert policy["connect-src"] == ["'self'"]
        assert policy["frame-src"] == ["http://127.0.0.9:8188"]
        assert policy["form-action"] == ["'self'"]
        for closed in ("object-src", "base-uri", "frame-ancestors"):
            assert policy[closed] == ["'none'"]
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"} & {
            v for vs in policy.values() for v in vs
        }
        permissions = answer.headers["permissions-policy"]
        assert "clipboard-read=*" in permissions
        assert "fullscreen=*" in permissions
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        (None, "'none'"),
        ("https://comfy.example.com", "https://comfy.example.com"),
        ("http://[2001:db8::1]:8188", "http://[2001:db8::1]:8188"),
        ("'self'", "'self'"),
        ("https://x; script-src *", "'none'"),
        ("javascript:alert(1)", "'none'"),
        ("*", "'none'"),
        ("https://x\r\nset-cookie: a", "'none'"),
    ],
)
async def test_only_an_origin_gets_into_the_policy(small: House, source: str | None, allowed: str) -> None:
    small.boxes.source = source
    async with small.signed_in() as client:
        answer = await client.get("/")
    assert policy_of(answer.headers["content-security-policy"])["frame-src"] == [allowed]
    assert (answer.text.split("|")[3] == "None") == (allowed == "'none'")


async def test_files_are_cached_for_ever_by_their_version_only(small: House) -> None:
    url = small.services.assets.url("css/base.css")
    async with small.client() as client:
        answer = await client.get(url)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert answer.headers["content-encoding"] == "gzip"
        for other in ("/static/css/base.css", "/static/css/base.css?v=000000000000"):
            assert (await client.get(other)).headers["cache-control"] == "no-cache"
        again = await client.get("/static/css/base.css", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = await client.get(url, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content
        assert "content-encoding" not in (await client.get("/static/dot.png")).headers


async def test_a_changed_file_has_a_new_version(small: House, folders: tuple[Path, Path]) -> None:
    before = small.services.assets.url("css/base.css")
    (folders[1] / "css" / "base.css").write_text("b {}")
    assert small.services.assets.url("css/base.css") != before


@pytest.mark.parametrize(
    "name", ["../secret.txt", "css/../../secret.txt", "/etc/passwd", "css", "", "x" * 5000, "\x00"]
)
def test_nothing_outside_the_folder_is_a_file(small: House, name: str) -> None:
    assert small.services.assets.get(name) is None


async def test_pages_are_compressed(house: House) -> None:
    async with house.signed_in() as client:
        packed = await client.get("/")
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert int(packed.headers["content-length"]) < len(packed.content)


class Loaded(HTMLParser):
    """The addresses a page loads by itself, and what stands inline without a nonce."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()
        self.bare: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("script", "img", "iframe") and found.get("src"):
            self.addresses.add(str(found["src"]))
        if tag == "link" and found.get("href"):
            self.addresses.add(str(found["href"]))
        if tag in ("script", "style") and "src" not in found and "nonce" not in found:
            self.bare.append(tag)
        self.bare += [name for name in found if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("path", ["/", "/login", "/docs"])
async def test_the_real_pages_load_their_own_files_only_and_little_of_it(house: House, path: str) -> None:
    async with house.client() as client:
        if path == "/":
            client.headers["x-auth-token"] = house.token()
        page = await client.get(path)
        loaded = Loaded()
        loaded.feed(page.text)
        assert loaded.bare == []
        total = len(gzip.compress(page.content))
        for address in loaded.addresses:
            if address.startswith("data:"):
                continue
            assert address.startswith("/static/")
            file = await client.get(address)
            assert (address, file.status_code) == (address, 200)
            assert "immutable" in file.headers["cache-control"]
            total += int(file.headers["content-length"])
    assert total <= 100 * 1024


async def test_the_description_can_be_read(house: House) -> None:
    async with house.client() as client:
        text = (await client.get("/docs")).text
        paths = (await client.get("/openapi.json")).json()["paths"]
    for path in paths:
        assert f"<code>{path}</code>" in text
