"""Endpoints that hang, break off, or do not speak HTTP: in time and in plain words."""

import asyncio
import socket
import struct
import traceback
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from livedash.base.lookup import system_lookup
from livedash.base.outbound import Outbound, Response
from livedash.model.errors import Forbidden, TimedOut, Unreachable
from tests.base.receiver import OK, Request, posting, receiving

HEADERS = [("webhook-id", "msg_1")]
SHORT = 0.3
SECRET = "hush"


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with posting("127.0.0.1") as outbound:
        yield outbound


async def post(outbound: Outbound, url: str, seconds: float = 10) -> Response:
    return await outbound.post(url, b"{}", HEADERS, timeout=seconds, keep=100)


async def refused(outbound: Outbound, url: str, seconds: float = 10) -> str:
    with pytest.raises(Unreachable) as caught:
        await post(outbound, f"{url}?{SECRET}", seconds)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert not isinstance(caught.value, Forbidden | TimedOut)
    return str(caught.value)


async def timed_out(outbound: Outbound, url: str) -> None:
    began = monotonic()
    with pytest.raises(TimedOut, match=r"^timed out after 0\.3 s$"):
        await post(outbound, url, SHORT)
    assert SHORT - 0.01 < monotonic() - began < 5  # the loop's clock has the grain of a millisecond


def reset(request: Request) -> None:
    """Closes so that what comes next is answered with a reset."""
    sock = request.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.writer.transport.abort()


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_kept_connection_that_has_ended_costs_no_attempt(outbound: Outbound, how: str) -> None:
    async def once(request: Request) -> None:
        if (request.connection, request.number) == (1, 2):
            request.writer.close() if how == "close" else reset(request)
        else:
            request.writer.write(OK)

    async with receiving(once) as receiver:
        assert [(await post(outbound, receiver.url)).body for _ in range(3)] == [b"ok"] * 3
    assert [(r.connection, r.number) for r in receiver.requests[:3]] == [(1, 1), (1, 2), (2, 1)]
    assert receiver.requests[1].body == receiver.requests[2].body == b"{}"


async def test_all_kept_connections_may_have_ended(outbound: Outbound) -> None:
    together = asyncio.Barrier(5)

    async def first_only(request: Request) -> None:
        if request.connection <= 5 and request.number == 1:
            await together.wait()
            request.writer.write(OK)
        elif request.connection <= 5:
            request.writer.close()
        else:
            request.writer.write(OK)

    async with receiving(first_only) as receiver:
        await asyncio.gather(*(post(outbound, receiver.url) for _ in range(5)))
        assert [(await post(outbound, receiver.url)).body for _ in range(5)] == [b"ok"] * 5


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_an_endpoint_that_answers_nothing_is_asked_once(outbound: Outbound, beginning: bytes) -> None:
    async def breaks_off(request: Request) -> None:
        if request.number == 1 and not beginning:
            return request.writer.close()
        request.writer.write(beginning if request.number == 2 else OK)
        if request.number == 2:
            request.writer.close()

    async with receiving(breaks_off) as receiver:
        if beginning:
            await post(outbound, receiver.url)
        assert await refused(outbound, receiver.url) == "the connection was closed without an answer"
    assert receiver.connections == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "it did not answer in HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n", "it did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "it did not answer in HTTP"),
        (b"HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc", "it did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "the answer's headers are too large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 10_000 + b"\r\n\r\n", "the answer's headers are too large"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "it did not answer in HTTP"),
    ],
)
async def test_what_is_no_answer_is_named(outbound: Outbound, answer: bytes, words: str) -> None:
    async with receiving(answer) as receiver:
        assert await refused(outbound, receiver.url) == words
        receiver.answer = OK
        assert (await post(outbound, receiver.url)).body == b"ok"


async def test_an_answer_that_breaks_off_is_none(outbound: Outbound) -> None:
    async def breaks_off(request: Request) -> None:
        request.writer.write(OK[:-1])
        request.writer.close()

    async with receiving(breaks_off) as receiver:
        assert await refused(outbound, receiver.url) == "the answer was cut off"
    assert receiver.connections == 1


async def test_nobody_there(outbound: Outbound) -> None:
    async with receiving() as receiver:
        pass
    assert await refused(outbound, receiver.url) == "connection refused"
    assert await refused(outbound, "http://nobody.invalid/") == "no such host"
    assert await refused(outbound, f"http://{'a' * 64}.example/") == "no such host"
    assert await refused(outbound, "http://a..example/") == "no such host"


async def test_a_host_that_does_not_take_connections_times_out(outbound: Outbound) -> None:
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.connect(full.getsockname())  # the one that may wait; the next one's SYN is dropped
        await timed_out(outbound, f"http://127.0.0.1:{full.getsockname()[1]}/")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_endpoint_that_says_nothing_times_out(outbound: Outbound, scheme: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        await timed_out(outbound, f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/")


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Go\r\n\r\n"]
)
async def test_an_answer_that_trickles_times_out(outbound: Outbound, head: bytes) -> None:
    async def trickle(request: Request) -> None:
        request.writer.write(head)
        while not request.writer.is_closing():
            request.writer.write(b"a" if b"100" not in head else head)
            await request.writer.drain()
            await asyncio.sleep(0.01)

    async with receiving(trickle) as receiver:
        await timed_out(outbound, receiver.url)
        await asyncio.wait_for(receiver.gone.wait(), 10)


async def test_the_systems_lookup_gives_each_address_once() -> None:
    found = system_lookup("127.0.0.1", 80)
    assert found == ["127.0.0.1"]
    with pytest.raises(OSError):
        system_lookup("a..b", 80)
