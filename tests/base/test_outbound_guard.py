"""No way leads to an address that must not be reached: a listener on loopback gets no connection at all."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Sequence

import pytest

from livedash.base import limits
from livedash.base.lookup import system_lookup
from livedash.base.outbound import Outbound, Response
from livedash.model.errors import Forbidden, Unreachable
from tests.base.receiver import OK, Receiver, neighbours, posting, receiving

SECRET = "hush"
NAMES = {
    "inside.example": ["10.1.2.3"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "many.example": ["127.0.0.1", "::1", "10.1.2.3", "169.254.169.254"],
    "scoped.example": ["::1%lo"],
}


def lookup(host: str, port: int) -> Sequence[str]:
    return NAMES.get(host) or system_lookup(host, port)


@pytest.fixture
async def listener() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
        assert receiver.connections == 0


async def post(outbound: Outbound, url: str) -> Response:
    try:
        return await outbound.post(url, SECRET.encode(), [("webhook-id", SECRET)], timeout=5, keep=10)
    except Unreachable as error:
        assert SECRET not in "".join(traceback.format_exception(error))
        raise


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.1", "127.0.0.1 is a loopback address; set LIVEDASH_OUTBOUND_ALLOW to reach it"),
        ("10.1.2.3", "10.1.2.3 is a private address"),
        ("[::1]", "::1 is a loopback address"),
        ("[::ffff:127.0.0.1]", "an address that carries another one"),
        ("[::ffff:7f00:1]", "an address that carries another one"),
        ("[64:ff9b::127.0.0.1]", "an address that carries another one"),
        ("[2002:7f00:1::]", "an address that carries another one"),
        ("[fe80::1%25lo]", "a link-local address"),
        ("[::1%25lo]", "a link-local address"),
        ("169.254.169.254", "a link-local address"),
        ("0.0.0.0", "an unspecified address"),
        ("[::]", "an unspecified address"),
        ("2130706433", "four decimal numbers"),
        ("0177.0.0.1", "four decimal numbers"),
        ("127.1", "four decimal numbers"),
        ("127.0.0.1.", "four decimal numbers"),
        ("0x7f000001", "0x7f000001 leads to a loopback address"),
        ("0x7f.1", "0x7f.1 leads to a loopback address"),
        ("１２７.0.0.1", "a loopback address"),
        ("localhost", "localhost leads to a loopback address; set LIVEDASH_OUTBOUND_ALLOW to reach it"),
        ("LOCALHOST", "leads to a loopback address"),
        ("inside.example", "inside.example leads to a private address"),
        ("loopback.example", "a loopback address"),
        ("loopback6.example", "a loopback address"),
        ("mapped.example", "an address that carries another one"),
        ("nat64.example", "an address that carries another one"),
        ("many.example", "address"),
        ("scoped.example", "a link-local address"),
    ],
)
async def test_inside_is_refused_however_it_is_written(listener: Receiver, scheme: str, host: str, words: str) -> None:
    async with posting(lookup=lookup) as outbound:
        with pytest.raises(Forbidden) as caught:
            await post(outbound, f"{scheme}://user:{SECRET}@{host}:{listener.port}/{SECRET}?{SECRET}")
        assert words in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "//a/",
        "http:///a",
        "http://a:0/",
        "http://a:65536/",
        "http://[::1",
        "ftp://a/",
        "ws://a/",
        "file:///etc/hosts",
    ],
)
async def test_only_http_urls_are_reached(url: str) -> None:
    async with posting("0.0.0.0/0", "::/0") as outbound:
        with pytest.raises(Forbidden):
            await post(outbound, url)


async def test_a_name_whose_address_changes_does_not_lead_inside() -> None:
    """DNS rebinding. 127.0.0.2 stands for an address that may be reached."""
    answers = ["127.0.0.2"]
    known = posting("127.0.0.2", lookup=lambda host, port: [answers.pop(0)] if answers else ["127.0.0.1"])
    closing = OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    async with known as outbound, neighbours(closing) as (inside, public):
        url = f"http://rebinding.example:{public.port}/"
        assert (await post(outbound, url)).status == 200
        forget_names(outbound)
        with pytest.raises(Forbidden, match=r"rebinding.example leads to a loopback address"):
            await post(outbound, url)
    assert (public.connections, inside.connections) == (1, 0)


def forget_names(outbound: Outbound) -> None:
    exchange = outbound._exchange
    assert exchange is not None
    exchange._kept.connector.clear_dns_cache()  # type: ignore[union-attr]


@pytest.mark.parametrize("good", [0, 1, 2 * limits.ADDRESSES_TRIED])
async def test_of_several_addresses_those_that_may_be_reached_are(good: int) -> None:
    addresses = ["127.0.0.1", "::1"] * limits.ADDRESSES_TRIED
    addresses.insert(good, "127.0.0.2")
    known = posting("127.0.0.2", lookup=lambda host, port: addresses)
    async with known as outbound, neighbours() as (inside, public):
        assert (await post(outbound, f"http://mixed.example:{public.port}/")).body == b"ok"
    assert inside.connections == 0


async def test_an_address_that_may_be_reached_and_does_not_answer_is_what_is_told(listener: Receiver) -> None:
    async with posting("127.0.0.2", lookup=lambda host, port: ["127.0.0.1", "127.0.0.2"]) as outbound:
        with pytest.raises(Unreachable, match=r"^connection refused$") as caught:
            await post(outbound, f"http://mixed.example:{listener.port}/")
        assert not isinstance(caught.value, Forbidden)


async def test_of_many_addresses_a_few_are_tried() -> None:
    addresses = [f"127.0.1.{last}" for last in range(100)]
    async with posting(*addresses, lookup=lambda host, port: addresses) as outbound:
        tried = addresses[limits.ADDRESSES_TRIED - 1], addresses[limits.ADDRESSES_TRIED]
        async with receiving(host=tried[1]) as late:
            with pytest.raises(Unreachable, match="refused"):
                await post(outbound, f"http://many.example:{late.port}/")
        async with receiving(host=tried[0]) as last:
            assert (await post(outbound, f"http://others.example:{last.port}/")).status == 200


async def test_a_redirect_does_not_lead_inside(listener: Receiver) -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{listener.port}/\r\nContent-Length: 0\r\n\r\n".encode()
    async with posting("127.0.0.2") as outbound, receiving(answer, "127.0.0.2") as receiver:
        assert (await post(outbound, receiver.url)).status == 302


async def test_a_name_is_looked_up_once_for_all_who_wait_for_it() -> None:
    asked: list[str] = []

    def counting(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with posting("127.0.0.1", lookup=counting) as outbound:
        async with receiving() as receiver:
            url = f"http://one.example:{receiver.port}/"
            await asyncio.gather(*(post(outbound, url) for _ in range(50)))
        assert asked == ["one.example"]
