"""Stopping, starting again, and starting twice."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.server import INGEST, STREAM, Process, bearer, free_port, process
from tests.wire import RECORDS, STREAMED, Following, answer, connected, following, request


async def append(client: httpx.AsyncClient, number: int) -> str:
    """Append `{"n": number}`; its cursor."""
    answer = await client.post(RECORDS, json={"n": number}, headers=bearer(INGEST))
    return str(answer.raise_for_status().json()["cursor"])


@pytest.fixture
def limits() -> httpx.Limits:
    return httpx.Limits(max_connections=100)


async def test_sigterm_with_streams_open(tmp_path: Path, limits: httpx.Limits):
    with process(tmp_path / "data") as (server, url):
        async with httpx.AsyncClient(base_url=url, limits=limits) as client, AsyncExitStack() as stack:
            idle, _ = await stack.enter_async_context(connected(client))
            streams = [await stack.enter_async_context(following(client)) for _ in range(50)]
            pages = [await stack.enter_async_context(following(client, "/d/weather/live", None)) for _ in range(10)]
            for page in pages:
                assert (await page.next()).event == "state"
            cursor = await append(client, 1)
            assert {(await stream.next()).id for stream in streams} == {cursor}

            started = time.monotonic()
            printed = await asyncio.to_thread(server.stop)
            assert time.monotonic() - started < 2
            assert server.popen.returncode == 0
            assert b"Traceback" not in printed

            waits = [await stream.farewell() for stream in streams]
            assert all(1_000 <= wait <= 4_000 for wait in waits)
            assert len(set(waits)) > 10  # they do not all come back in one moment
            for page in pages:
                assert (await last_of(page)).retry
            assert await idle.read() == b""


async def last_of(stream: Following):
    """The last event of a stream that ends."""
    while True:
        try:
            event = await stream.next()
        except StopAsyncIteration:
            return event


async def test_a_request_under_way_is_finished(tmp_path: Path):
    """Its body arrives after the signal."""
    with process(tmp_path / "data") as (server, url):
        async with httpx.AsyncClient(base_url=url) as client, connected(client) as (reader, writer):
            writer.write(request("POST", RECORDS, "Content-Length: 7", "Expect: 100-continue"))
            assert (await answer(reader))[0] == 100
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            writer.write(b'{"n":1}')
            assert (await answer(reader))[0] == 200
            await stopping
        assert server.popen.returncode == 0


async def test_streams_resume_over_a_stop_and_a_start(tmp_path: Path):
    with process(tmp_path / "data") as (server, url):
        async with httpx.AsyncClient(base_url=url) as client:
            async with following(client) as stream:
                first = await append(client, 1)
                assert (await stream.next()).id == first
            await append(client, 2)
            await asyncio.to_thread(server.stop)
            server.start()
            await asyncio.to_thread(server.wait_until_up, url)
            await append(client, 3)
            headers = bearer(STREAM) | {"Last-Event-ID": first}
            async with client.stream("GET", STREAMED, headers=headers) as response:
                events = await Following(response).take(2)
    assert [event.json()["data"]["n"] for event in events] == [2, 3]


def test_a_second_server_on_the_same_folder(tmp_path: Path):
    with process(tmp_path / "data") as (_, url):
        second = Process("serve", "--port", str(free_port()), "--data", str(tmp_path / "data"))
        printed = second.popen.communicate(timeout=20)[0].decode()
        assert second.popen.returncode not in (0, None)
        assert "another Livedash uses" in printed and "Traceback" not in printed
        assert len(printed.strip().splitlines()) <= 2
        assert httpx.get(url + "/healthz").is_success


def test_a_port_that_is_taken(tmp_path: Path):
    with process(tmp_path / "data") as (_, url):
        port = url.rpartition(":")[2]
        second = Process("serve", "--port", port, "--data", str(tmp_path / "other"))
        printed = second.popen.communicate(timeout=20)[0].decode()
        assert second.popen.returncode not in (0, None)
        assert f"cannot listen on 127.0.0.1:{port}" in printed and "Traceback" not in printed
