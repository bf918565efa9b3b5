"""An endpoint or a name server that hangs takes nothing from the others."""

import asyncio
from collections.abc import Sequence
from threading import Event

import pytest

from livedash.base import limits
from livedash.base.outbound import Outbound, Response
from livedash.model.errors import TimedOut
from tests.base.receiver import OK, Request, hang, posting, receiving

SHORT = 0.3


async def post(outbound: Outbound, url: str, seconds: float = 10) -> Response:
    return await outbound.post(url, b"{}", [], timeout=seconds, keep=100)


async def timed_out(outbound: Outbound, url: str) -> None:
    with pytest.raises(TimedOut):
        await post(outbound, url, SHORT)


async def test_names_that_hang_hold_up_no_other() -> None:
    hanging = Event()

    def lookup(host: str, port: int) -> Sequence[str]:
        if host.endswith("hangs.example"):
            hanging.wait(10)
        return ["127.0.0.1"]

    async with posting("127.0.0.1", lookup=lookup) as outbound, receiving() as receiver:
        names = ["hangs.example"] * 40 + [f"{n}.hangs.example" for n in range(limits.DNS_THREADS - 2)]
        waiting = [asyncio.create_task(timed_out(outbound, f"http://{name}:{receiver.port}/")) for name in names]
        assert (await post(outbound, f"http://well.example:{receiver.port}/", SHORT * 10)).body == b"ok"
        await asyncio.gather(*waiting)
        hanging.set()
        assert (await post(outbound, f"http://again.example:{receiver.port}/")).body == b"ok"


async def test_an_endpoint_that_hangs_leaves_slots_for_others() -> None:
    async with (
        posting("127.0.0.1", connections=3, per_host=2) as outbound,
        receiving(hang) as hanging,
        receiving() as healthy,
    ):
        waiting = [asyncio.create_task(post(outbound, hanging.url)) for _ in range(6)]
        while len(hanging.requests) < 2:
            hanging.came.clear()
            await hanging.came.wait()
        for _ in range(20):
            await post(outbound, healthy.url, 5)
        assert len(hanging.requests) == 2
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert not outbound._slots._hosts, "hosts that are used no more are forgotten"


async def test_waiting_for_others_is_not_the_endpoints_time() -> None:
    released = asyncio.Event()

    async def slow(request: Request) -> None:
        await released.wait()
        request.writer.write(OK)

    async with posting("127.0.0.1", per_host=1) as outbound, receiving(slow) as receiver:
        first = asyncio.create_task(post(outbound, receiver.url))
        await receiver.came.wait()
        second = asyncio.create_task(post(outbound, receiver.url, SHORT))
        done, _ = await asyncio.wait([second], timeout=3 * SHORT)
        assert not done, "it has not begun"
        released.set()
        assert [(await task).body for task in (first, second)] == [b"ok"] * 2
