"""What a request looks like on the wire, what is read of its answer, and that connections are used again."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from livedash.base import limits
from livedash.base.outbound import Outbound, Response
from livedash.model.errors import Forbidden, Unreachable
from tests.base.receiver import OK, Request, hang, posting, receiving

HEADERS = [("webhook-id", "msg_1"), ("Content-Type", "application/json")]


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with posting("127.0.0.1") as outbound:
        yield outbound


async def post(outbound: Outbound, url: str, body: bytes = b"{}", keep: int = 100) -> Response:
    return await outbound.post(url, body, HEADERS, timeout=10, keep=keep)


async def test_the_request_as_it_is_sent(outbound: Outbound) -> None:
    async with receiving() as receiver:
        url = receiver.url.replace("127", "ann:s%20cret@127") + "?key=a%20b#part"
        assert (await post(outbound, url)).status == 200
        await outbound.post(receiver.url, b"", {"X-One": "1 ä\t2"}, timeout=10, keep=0)
    first, second = receiver.requests
    assert first.head.startswith("POST /hook?key=a%20b HTTP/1.1\r\n")
    assert first.body == b"{}"
    assert first.header("host") == [f"127.0.0.1:{receiver.port}"]
    assert first.header("webhook-id") == ["msg_1"]
    assert first.header("content-type") == ["application/json"]
    assert first.header("content-length") == ["2"]
    assert first.header("accept-encoding") == ["identity"]
    assert first.header("user-agent") == ["Livedash"]
    assert first.header("authorization") == ["Basic YW5uOnMgY3JldA=="]
    assert second.header("x-one") == ["1 ä\t2"]
    assert second.header("content-length") == ["0"]


async def test_the_answer_as_it_came(outbound: Outbound) -> None:
    head = b"HTTP/1.1 418 I'm \xff\r\nX-B: 1\r\nx-a: \xc3\xa4\r\nX-b: 2\r\nContent-Encoding: gzip\r\n"
    answer = head + b"Content-Length: 4\r\n\r\n\x1f\x8bxy"
    async with receiving(answer) as receiver:
        found = await post(outbound, receiver.url, keep=3)
    assert (found.status, found.reason) == (418, "I'm ?")
    assert found.headers[:3] == (("X-B", "1"), ("x-a", "ä"), ("X-b", "2"))
    assert found.body == b"\x1f\x8bx", "not unpacked, and cut"


async def test_nothing_of_the_environment_and_of_earlier_answers_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine shop.example login ann password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    answer = OK.replace(b"\r\n", b"\r\nSet-Cookie: a=b\r\n", 1)
    known = posting("127.0.0.1", lookup=lambda host, port: ["127.0.0.1"])
    async with known as outbound, receiving() as proxy, receiving(answer) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for _ in range(2):
            await post(outbound, receiver.url.replace("127.0.0.1", "shop.example"))
        assert proxy.connections == 0
    assert [(r.header("cookie"), r.header("authorization")) for r in receiver.requests] == [([], [])] * 2


async def test_a_redirect_is_an_answer(outbound: Outbound) -> None:
    async with receiving() as other:
        answer = f"HTTP/1.1 307 Go\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with receiving(answer) as receiver:
            found = await post(outbound, receiver.url)
    assert (found.status, found.headers[0]) == (307, ("Location", other.url))
    assert other.connections == 0


async def test_a_connection_is_used_again(outbound: Outbound) -> None:
    async with receiving() as receiver:
        for _ in range(20):
            await post(outbound, receiver.url)
    assert (receiver.connections, len(receiver.requests)) == (1, 20)


async def test_hints_that_come_before_the_answer_are_skipped(outbound: Outbound) -> None:
    async with receiving(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK
    ) as receiver:
        assert (await post(outbound, receiver.url)).body == b"ok"
        assert (await post(outbound, receiver.url)).status == 200
    assert receiver.connections == 1


@pytest.mark.parametrize("head", [b"Content-Length: 99999999", b"Connection: close", b"Transfer-Encoding: chunked"])
async def test_a_long_answer_is_cut_and_its_connection_closed(outbound: Outbound, head: bytes) -> None:
    async def endless(request: Request) -> None:
        request.writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        piece = b"x" * 4096
        while not request.writer.is_closing():
            request.writer.write(b"1000\r\n%b\r\n" % piece if b"chunked" in head else piece)
            await request.writer.drain()

    async with receiving(endless) as receiver:
        found = await post(outbound, receiver.url, keep=5)
        assert (found.status, found.body) == (200, b"xxxxx")
        await asyncio.wait_for(receiver.gone.wait(), 10)


async def test_an_answer_of_the_size_that_is_read_leaves_the_connection(outbound: Outbound) -> None:
    size = limits.RESPONSE_BYTES
    async with receiving(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size) as receiver:
        assert len((await post(outbound, receiver.url, keep=2 * size)).body) == size
        await post(outbound, receiver.url)
    assert receiver.connections == 1


async def test_a_large_body_arrives_whole(outbound: Outbound) -> None:
    body = bytes(range(256)) * (4 * limits.MIB // 256)
    async with receiving() as receiver:
        await post(outbound, receiver.url, body)
    assert receiver.requests[0].body == body


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[("X-A", text) for text in ("1\r\nX-B: 2", "1\n2", "\0", "\udc00")],
        *[(name, "1") for name in ("", "X A", "X:A", "X-Ä", "X-A\r\nX-B", "Content-Length", "HOST", "Authorization")],
        ("transfer-encoding", "chunked"),
    ],
)
async def test_headers_that_would_make_another_request_are_refused(outbound: Outbound, name: str, text: str) -> None:
    async with receiving() as receiver:
        url = receiver.url.replace("127", ":b@127")
        with pytest.raises(Forbidden):
            await outbound.post(url, b"", [("X-Good", "1"), (name, text)], timeout=10, keep=0)
    assert receiver.connections == 0


async def test_who_waits_no_longer_leaves_nothing_behind(outbound: Outbound) -> None:
    async with receiving(hang) as receiver:
        waiting = asyncio.create_task(post(outbound, receiver.url))
        await receiver.came.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(receiver.gone.wait(), 10)
        receiver.answer = OK
        assert (await post(outbound, receiver.url)).body == b"ok"
    assert receiver.connections == 2


async def test_close_ends_what_is_on_its_way_and_all_that_follows() -> None:
    outbound = Outbound(["127.0.0.1"], per_host=2)
    async with receiving(hang) as receiver:
        waiting = [asyncio.create_task(post(outbound, receiver.url)) for _ in range(5)]
        await receiver.came.wait()
        await outbound.close()
        ends = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
        assert [(type(end), str(end)) for end in ends] == [(Unreachable, "Livedash is stopping")] * 5
        with pytest.raises(Unreachable, match="stopping"):
            await post(outbound, receiver.url)
        await outbound.close()


async def test_one_that_was_never_used_can_be_closed() -> None:
    outbound = Outbound()
    await outbound.close()
    with pytest.raises(Unreachable, match="stopping"):
        await post(outbound, "http://127.0.0.1/")


def test_a_server_that_posts_nothing_does_not_load_aiohttp() -> None:
    code = "import sys, livedash.base.outbound as o; o.Outbound(); assert not {'aiohttp', 'yarl'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


async def test_many_first_requests_share_what_the_first_makes(outbound: Outbound) -> None:
    async with receiving() as receiver:
        found = await asyncio.gather(*(post(outbound, receiver.url) for _ in range(20)))
        assert {answer.status for answer in found} == {200}
        made = receiver.connections
        await post(outbound, receiver.url)
    assert receiver.connections == made
