"""Who may do what from outside, and what is told to nobody."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from tests.server import ADMIN, INGEST, STREAM, Client, bearer, process, serving
from tests.web.test_ingest import problem
from tests.wire import RECORDS, STREAMED, connected, request

HTML = {"Accept": "text/html"}
PAGES = ("/", "/d/weather", "/d/private", "/d/nothing", "/nothing", "/api/docs", "/d/weather?tz=Nowhere")


async def test_without_an_account(client: Client):
    front = (await client.get("/")).text
    assert 'href="/d/weather"' in front and "Private" not in front and "/d/private" not in front
    for path in ("/d/weather", "/d/weather/w/wind.json", "/d/weather/w/days.csv"):
        assert (await client.get(path)).status_code == 200, path
    for path in ("/d/private", "/d/nothing", "/d/private/w/x.json", "/d/weather/w/nothing.json"):
        assert (await client.get(path)).status_code == 404, path
    same = [(await client.get(path)).text.replace(path, "") for path in ("/d/private", "/d/nothing")]
    assert same[0] == same[1]
    assert (await client.get("/d/private", headers=bearer(ADMIN))).status_code == 200
    assert "/d/private" in (await client.get("/", headers=bearer(ADMIN))).text


SINK = "/api/pipelines/weather/sinks/billing"
API = [
    ("GET", "/api/pipelines"), ("GET", "/api/pipelines/weather"), ("PUT", "/api/pipelines/weather"),
    ("DELETE", "/api/pipelines/weather"), ("GET", "/api/pipelines/weather/refused"), ("GET", "/api/dashboards"),
    ("GET", "/api/dashboards/weather"), ("PUT", "/api/dashboards/weather"), ("DELETE", "/api/dashboards/weather"),
    ("GET", "/api/tokens"), ("POST", "/api/tokens"), ("DELETE", "/api/tokens/tk_x"), ("POST", "/api/apply"),
    ("GET", "/api/export"), ("GET", "/api/sinks"), ("GET", "/api/usage"), ("GET", "/api/usage.csv"),
    ("GET", "/api/pipelines/weather/sinks"), ("GET", SINK), ("PUT", SINK), ("DELETE", SINK), ("GET", f"{SINK}/secret"),
    ("POST", f"{SINK}/rotate"), ("GET", f"{SINK}/attempts"), ("GET", f"{SINK}/parked"),
    ("POST", f"{SINK}/parked/retry"), ("POST", f"{SINK}/parked/1/retry"), ("DELETE", f"{SINK}/parked/1"),
    ("POST", f"{SINK}/test"), ("POST", f"{SINK}/pause"), ("POST", f"{SINK}/resume"), ("POST", f"{SINK}/replay"),
]  # fmt: skip


async def test_the_api_needs_an_api_token(client: Client):
    for method, path in API:
        for token, status in ((None, 401), ("nobody-knows-this", 401), (INGEST, 403), (STREAM, 403)):
            headers = bearer(token) if token else {}
            response = await client.request(method, path, headers=headers, json={} if method != "GET" else None)
            assert response.status_code == status, (method, path, token)
            problem(response)
    assert (await client.get("/api/pipelines", params={"token": ADMIN})).status_code == 401  # never in an address
    assert len((await client.get("/api/pipelines", headers=bearer(ADMIN))).json()["pipelines"]) == 3


async def test_headers_of_every_page(client: Client):
    for path in PAGES:
        response = await client.get(path, headers=HTML)
        assert response.headers["content-type"] == "text/html; charset=utf-8", path
        policy = dict(part.split(maxsplit=1) for part in response.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "server" not in response.headers
        inline = r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style"
        elsewhere = r"https?://(?!127\.0\.0\.1)"
        assert not re.search(f"{inline}|{elsewhere}", response.text)


async def test_an_error_is_a_page_for_people_and_a_problem_for_programs(client: Client):
    for path in ("/d/nothing", "/nothing"):
        assert "<html" in (await client.get(path, headers=HTML)).text
        problem(await client.get(path, headers={"Accept": "*/*"}))
    problem(await client.get("/api/nothing", headers=HTML))


async def test_nosniff_everywhere(client: Client):
    for path in (RECORDS, "/api/pipelines/nothing/stream", "/healthz", "/metrics", "/api/openapi.json"):
        assert (await client.get(path)).headers["x-content-type-options"] == "nosniff", path


async def host(client: httpx.AsyncClient, name: str | None) -> int:
    """The status of a request to that Host."""
    line = f"Host: {name}\r\n" if name is not None else ""
    async with connected(client) as (reader, writer):
        writer.write(f"GET /healthz HTTP/1.1\r\n{line}\r\n".encode())
        return int((await reader.readuntil(b"\r\n")).split()[1])


async def test_other_host_names_are_not_answered(client: Client):
    """A page elsewhere may point its own name at 127.0.0.1 (DNS rebinding)."""
    for name in ("localhost", "LOCALHOST:8765", "127.0.0.1:8765", "[::1]:8765"):
        assert await host(client, name) == 200, name
    for name in ("evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "evil.test:8765", "", None, "192.168.1.7"):
        assert await host(client, name) in (400, 421), name


async def test_allowed_hosts(tmp_path: Path):
    async with serving(tmp_path / "data", "", allowed_hosts="live.example, *.shop.example") as client:
        for name in ("live.example", "live.example:443", "a.shop.example", "a.b.shop.example"):
            assert await host(client, name) == 200, name
        for name in ("localhost", "shop.example", "evilshop.example", "x.live.example"):
            assert await host(client, name) == 421, name


async def test_the_host_of_the_base_url_is_answered(tmp_path: Path):
    async with serving(tmp_path / "data", "", base_url="https://live.example/") as client:
        assert [await host(client, name) for name in ("live.example", "localhost", "evil.test")] == [200, 200, 421]


SECRETS = {"ingest": "very-secret-ingest-1", "stream": "very-secret-stream-2"}


async def test_tokens_are_not_in_the_files(tmp_path: Path):
    folder = tmp_path / "data"
    tokens = ", ".join(f"{kind}_token: {text}" for kind, text in SECRETS.items())
    document = f"apiVersion: 1\npipelines: [{{slug: weather, {tokens}}}]"
    async with serving(folder, document) as client:
        wanted = {"kind": "api"}
        made = (await client.request("POST", "/api/tokens", json=wanted, headers=bearer(ADMIN))).json()["token"]
        await client.append('{"n":1}', token=SECRETS["ingest"])
        shown = (await client.get("/api/pipelines/weather", headers=bearer(made))).json()
        assert shown["stream_token"] == SECRETS["stream"]
        for text in (*SECRETS.values(), made, ADMIN):
            assert holders(folder, text) == []
        assert SECRETS["ingest"] not in (await client.get("/api/export", headers=bearer(ADMIN))).text
        assert SECRETS["stream"] not in (await client.get("/api/export", headers=bearer(ADMIN))).text


def holders(folder: Path, text: str) -> list[str]:
    """The files in `folder` that hold `text` as it is."""
    return [path.name for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


async def test_files_are_for_their_owner_only(tmp_path: Path):
    folder = tmp_path / "data"
    async with serving(folder, "", admin_token=None) as client:
        token = (folder / "admin.token").read_text().strip()
        assert (await client.get("/api/pipelines", headers=bearer(token))).status_code == 200
        assert holders(folder, token) == ["admin.token"]
        assert folder.stat().st_mode & 0o777 == 0o700
        for name in ("admin.token", "secret.key"):
            assert (folder / name).stat().st_mode & 0o777 == 0o600
    async with serving(folder, "", admin_token=None) as client:  # and it stays the same
        assert (await client.get("/api/pipelines", headers=bearer(token))).status_code == 200


@pytest.mark.parametrize("style", ["json", "console"])
async def test_no_token_reaches_the_log(tmp_path: Path, style: str):
    texts = [INGEST, STREAM, ADMIN, "wrong-token-1", "wrong-token-2", "ld_in_wrong-token-3", "wrong-token-4"]
    with process(tmp_path / "data", LIVEDASH_LOG_LEVEL="debug", LIVEDASH_LOG_FORMAT=style) as (server, url):
        async with httpx.AsyncClient(base_url=url) as client:
            await client.get(STREAMED, params={"token": "wrong-token-1"})
            await client.get(STREAMED, params={"token": STREAM, "last_event_id": "bad"})
            await client.get("/d/nothing", params={"token": "wrong-token-1"}, headers=HTML)
            await client.post(RECORDS, content=b"{", headers=bearer("wrong-token-2"))
            await client.post(RECORDS, content=b"{", headers=bearer(INGEST))
            await client.get("/api/pipelines", headers=bearer("ld_in_wrong-token-3"))
            await client.put(
                "/api/pipelines/x", json={"ingest_token": "wrong-token-4", "nope": 1}, headers=bearer(ADMIN)
            )
            async with connected(client) as (reader, writer):
                writer.write(request("GET", f"{STREAMED}?token=wrong-token-1", "Broken header", token="wrong-token-2"))
                await reader.read(100)
        printed = (await asyncio.to_thread(server.stop)).decode()
        assert printed.count("refused") >= 4
        assert [text for text in texts if text in printed] == []
