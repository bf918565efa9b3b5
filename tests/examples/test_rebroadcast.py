"""examples/rebroadcast: what Livedash delivers reaches the pages, in order and once; what others send does not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import psutil
import pytest
from httpx_sse import ServerSentEvent

from .rebroadcast import (
    EPOCH,
    HOOK,
    Example,
    Pages,
    identity,
    page,
    rebroadcast,
    record,
    records,
    signed,
)


@pytest.fixture
async def example(tmp_path: Path) -> AsyncIterator[Example]:
    with rebroadcast(tmp_path / "example") as running:
        yield running


@pytest.fixture
async def pages(example: Example) -> AsyncIterator[Pages]:
    async with Pages(base_url=example.url, timeout=20) as client:
        yield client


def ids(events: list[ServerSentEvent]) -> list[str]:
    return [each.id for each in events]


def cursors(first: int, last: int) -> list[str]:
    return [f"{EPOCH}-{offset}" for offset in range(first, last + 1)]


async def test_a_page_gets_each_record_with_its_cursor(pages: Pages) -> None:
    async with page(pages) as events:
        await pages.records(1, 3)
        found = await events.take(3)
    assert ids(found) == cursors(1, 3)
    assert [each.event for each in found] == ["message"] * 3
    assert [each.json() for each in found] == [record(1), record(2), record(3)]


async def test_what_is_not_signed_by_livedash_is_refused(pages: Pages) -> None:
    id = identity(1, 1)
    body = orjson.dumps(records(1, 1))
    good = signed(id, body)
    forgeries = {
        "nothing": {},
        "another body": signed(id, body + b" "),
        "another id": good | {"webhook-id": identity(1, 2)},
        "an old one again": signed(id, body, datetime.now(UTC) - timedelta(minutes=6)),
        "of tomorrow": signed(id, body, datetime.now(UTC) + timedelta(days=1)),
        "no signature at all": good | {"webhook-signature": "v1"},
        "not base64": good | {"webhook-signature": "v1,?"},
    }
    async with page(pages) as events:
        answers = {name: (await pages.post(HOOK, content=body, headers=each)) for name, each in forgeries.items()}
        answers["not UTF-8"] = await pages.post(HOOK, content=b"\xff", headers=good)
        assert {name: each.status_code for name, each in answers.items()} == dict.fromkeys(answers, 401)
        await pages.records(2, 2)
        assert ids(await events.take(1)) == cursors(2, 2)  # and nothing before it


async def test_a_body_without_end_is_cut_off(pages: Pages) -> None:
    body = b" " * (1024 * 1024 + 1)
    answer = await pages.post(HOOK, content=body, headers=signed(identity(1, 1), body))
    assert answer.status_code == 413


async def test_a_delivery_that_comes_again_is_told_once(pages: Pages, example: Example) -> None:
    async with page(pages) as events:
        await pages.records(1, 2)
        await pages.records(1, 2)
        assert ids(await events.take(2)) == cursors(1, 2)
    await asyncio.to_thread(example.restart)
    async with page(pages, f"{EPOCH}-1") as events:
        await pages.records(1, 2)
        await pages.records(3, 3)
        assert ids(await events.take(2)) == cursors(2, 3)


async def test_a_page_that_comes_back_gets_what_it_missed(pages: Pages, example: Example) -> None:
    await pages.records(1, 100)
    await asyncio.to_thread(example.restart)  # killed: what was answered is kept
    await pages.records(101, 102)
    async with page(pages, f"{EPOCH}-42") as events:
        await pages.records(103, 103)
        assert ids(await events.take(61)) == cursors(43, 103)


async def test_a_delivery_that_was_parked_comes_late_and_is_missed_by_nobody(pages: Pages) -> None:
    for first, last in ((1, 2), (5, 6), (3, 4)):
        await pages.records(first, last)
    async with page(pages, f"{EPOCH}-6") as events:
        assert ids(await events.take(2)) == cursors(3, 4)


async def test_a_gap_is_told_between_the_records(pages: Pages) -> None:
    gap = {"pipeline": "weather", "from": 2, "to": 9, "reason": "trimmed"}
    message = {"type": "gap", "timestamp": "2026-11-22T19:00:00.123Z", "data": gap}
    async with page(pages) as events:
        await pages.records(1, 1)
        assert await pages.deliver(message, identity(2, 9, "_gap")) == 204
        await pages.records(10, 10)
        found = await events.take(3)
    assert [each.event for each in found] == ["message", "gap", "message"]
    assert ids(found) == [f"{EPOCH}-{offset}" for offset in (1, 9, 10)]
    assert found[1].json() == gap


async def test_a_replay_is_told_again_and_moves_no_page(pages: Pages) -> None:
    await pages.records(1, 3)
    assert await pages.deliver(records(1, 2), identity(1, 2, "_replay1")) == 204
    await pages.records(4, 4)
    async with page(pages, f"{EPOCH}-2") as events:
        found = await events.take(4)
    assert [each.json()["offset"] for each in found] == [3, 1, 2, 4]
    assert ids(found) == [*cursors(3, 3) * 3, *cursors(4, 4)]  # an event without an id leaves the last one standing


async def test_tests_and_what_is_yet_to_be_invented_are_taken_and_not_told(pages: Pages) -> None:
    async with page(pages) as events:
        for kind in ("test", "something-new"):
            assert await pages.deliver(records(1, 1) | {"type": kind}, identity(1, 1, f"_{kind}")) == 204
        await pages.records(1, 1)
        assert ids(await events.take(1)) == cursors(1, 1)


async def test_a_page_that_was_away_for_too_long_is_told_so(pages: Pages) -> None:
    await pages.records(1, 2)
    async with page(pages, "gone-42") as events:
        gap, *found = await events.take(3)
    assert (gap.event, gap.json()) == ("gap", {"reason": "trimmed"})
    assert ids(found) == cursors(1, 2)


async def test_a_page_that_does_not_read_holds_no_memory_and_misses_nothing(pages: Pages, example: Example) -> None:
    process = psutil.Process(example.popen.pid)
    async with page(pages) as slow, page(pages) as quick:
        before = process.memory_info().rss
        for offset in range(1, 61):
            message = records(offset, offset)
            message["data"]["records"] = [record(offset, text="x" * 900_000)]
            assert await pages.deliver(message, identity(offset, offset)) == 204
            assert (await quick.next()).id == f"{EPOCH}-{offset}"
        waiting = process.memory_info().rss - before
        found = await slow.take(10)
        reading = process.memory_info().rss - before
        assert ids(found + await slow.take(50)) == cursors(1, 60)
    assert max(waiting, reading) < 40_000_000, f"{waiting:,} and {reading:,} bytes for 54 MB that a page did not read"


async def test_streams_end_when_it_stops(pages: Pages, example: Example) -> None:
    async with page(pages) as events:
        printed = await asyncio.to_thread(example.stop, 2)
        with pytest.raises(StopAsyncIteration):
            await events.next()
    assert b"Traceback" not in printed
