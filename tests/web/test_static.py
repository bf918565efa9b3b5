"""Static assets: names from the manifest, caching, what other origins may load, and nothing else served."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.routing import Mount

from livedash.web.static import FOLDER, Assets, AssetsMissing

TEMPLATES = FOLDER.parent / "templates"
MANIFEST = {"a.js": "a.1234.js", "a.css": "a.5678.css", "follow.js": "livedash.js"}
FOR_OTHERS = {"access-control-allow-origin", "cross-origin-resource-policy"}


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "a.1234.js").write_text("script")
    (tmp_path / "livedash.js").write_text("helper")
    (tmp_path / "a.5678.css").write_text("style")
    (tmp_path / "stray.js").write_text("not in the manifest")
    return Assets.load(tmp_path, prefix="/files")


def browser(assets: Assets, prefix: str) -> httpx.AsyncClient:
    app = Starlette(routes=[Mount(prefix, assets)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://livedash")


@pytest.fixture
async def client(assets: Assets) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(assets, "/files") as client:
        yield client


def test_url_is_the_hashed_name(assets: Assets) -> None:
    assert assets.url("a.js") == "/files/a.1234.js"
    with pytest.raises(KeyError):
        assets.url("b.js")


async def test_a_file_is_immutable_and_typed(assets: Assets, client: httpx.AsyncClient) -> None:
    answer = await client.get(assets.url("a.css"))
    assert (answer.status_code, answer.text) == (200, "style")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not FOR_OTHERS & answer.headers.keys()


async def test_pages_of_other_origins_may_load_the_helper(assets: Assets, client: httpx.AsyncClient) -> None:
    answer = await client.get(assets.url("follow.js"), headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer.text) == (200, "helper")
    assert str(answer.url) == "http://livedash/files/livedash.js"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert {answer.headers[name] for name in FOR_OTHERS} == {"*", "cross-origin"}


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_what_a_cache_has_is_not_sent_again(client: httpx.AsyncClient, encoding: str) -> None:
    accepts = {"accept-encoding": encoding}
    first = await client.get("/files/livedash.js", headers=accepts)
    same = await client.get("/files/livedash.js", headers={**accepts, "if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    kept = ("etag", "cache-control", "vary", "access-control-allow-origin")
    assert [same.headers[name] for name in kept] == [first.headers[name] for name in kept]
    other = await client.get("/files/a.1234.js", headers={**accepts, "if-none-match": first.headers["etag"]})
    assert (other.status_code, other.text) == (200, "script")


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip, br", "gzip"), ("identity", None)])
async def test_packed_only_for_those_who_take_it(client: httpx.AsyncClient, accepts: str, encoding: str | None) -> None:
    async with client.stream("GET", "/files/a.1234.js", headers={"accept-encoding": accepts}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (gzip.decompress(raw) if encoding else raw) == b"script"


@pytest.mark.parametrize("path", ["stray.js", "manifest.json", "a.js", "", "..%2fstatic.py", "x/../a.js"])
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/files/{path}")).status_code == 404


async def test_read_only(client: httpx.AsyncClient) -> None:
    answer = await client.post("/files/a.1234.js")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_tree_without_a_build_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match="npm run build"):
        Assets.load(tmp_path)


# What follows looks at the real build and the real templates.

CONTEXTS: dict[str, dict[str, object]] = {
    "front": {"dashboards": [{"slug": "a", "title": "<b>", "widgets": ["w"]}], "base_url": "http://livedash"},
    "error": {"status": 404, "title": "Not found", "detail": "<b>", "next": "Go back"},
    "dashboard": {
        "dashboard": {"slug": "a", "title": "<b>"},
        "grid": "",
        "version": "a-1",
        "tz": "UTC",
        "live_url": "/d/a/live?tz=UTC&from=1",
        "empty": {"pipeline_slug": "a", "curl": "curl -d '<b>'"},
    },
}


def render(name: str, **more: object) -> str:
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    templates.globals["asset"] = Assets.load().url
    context = {"theme": "auto", "kiosk": False} | CONTEXTS[name] | more
    return templates.get_template(f"{name}.html.jinja").render(context)


@pytest.mark.parametrize("name", CONTEXTS)
def test_pages_obey_the_strict_policy(name: str) -> None:
    html = render(name)
    assert not re.search(r"\s(style|on\w+)=", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert "<style" not in html
    assert "<b>" not in html


@pytest.mark.parametrize("name", CONTEXTS)
async def test_pages_name_only_files_that_exist(name: str) -> None:
    urls = re.findall(r'(?:src|href)="(/static/[^"]+)"', render(name))
    async with browser(Assets.load(), "/static") as client:
        found = [(await client.get(url)).status_code for url in urls]
    assert found == [200] * len(urls) and len(urls) >= 4


def test_theme_and_kiosk_of_the_viewer() -> None:
    assert '<html lang="en" data-theme="dark" class="kiosk">' in render("dashboard", theme="dark", kiosk=True)
    assert '<html lang="en">' in render("dashboard")


def test_a_waiting_dashboard_follows_its_stream() -> None:
    html = render("dashboard")
    assert 'data-live="/d/a/live?tz=UTC&amp;from=1" data-version="a-1"' in html
    assert "The first record makes this dashboard appear by itself" in html


async def test_the_helper_is_small() -> None:
    async with browser(Assets.load(), "/static") as client:
        answer = await client.get("/static/livedash.js", headers={"accept-encoding": "identity"})
    assert answer.is_success and len(answer.content) <= 2048


def test_the_style_sheet_places_every_position() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_bytes())
    css = (FOLDER / manifest["livedash.css"]).read_text()
    wanted = [f".{axis}-{n}{{" for axis, n in (("x", 0), ("x", 11), ("y", 0), ("y", 199), ("w", 12), ("h", 24))]
    assert [rule for rule in wanted if rule not in css] == []
