"""Tail and reader: nothing lost, nothing twice, gaps said, hints lost without harm."""

import asyncio

import pytest

from livedash.base import limits
from livedash.log import Append, Restart, Trim
from livedash.model import Cursor, Draft, Gap, Page
from livedash.stream.reader import Reader
from tests.stream.conftest import Stream, a_pipeline


async def append(stream: Stream, count: int, start: int = 1) -> None:
    await stream.door.append(a_pipeline(), [{"n": n} for n in range(start, start + count)])


async def drain(reader: Reader, last: int) -> list[Page]:
    pages = []
    while reader.cursor.offset < last:
        pages.append(await reader.next(wait=5))
    return pages


def offsets(pages: list[Page]) -> list[int]:
    return [record.offset for page in pages for record in page.records]


async def test_from_now_on(stream: Stream):
    await append(stream, 3)
    reader = Reader(await stream.tails.of(a_pipeline()))
    await append(stream, 2, 4)
    assert offsets(await drain(reader, 5)) == [4, 5]


async def test_a_waiting_reader_wakes(stream: Stream):
    reader = Reader(await stream.tails.of(a_pipeline()))
    waiting = asyncio.create_task(reader.next(wait=60))
    await asyncio.sleep(0)
    await append(stream, 1)
    page = await asyncio.wait_for(waiting, 1.5)  # well before the poll: the hint woke it
    assert offsets([page]) == [1]


async def test_empty_after_the_wait(stream: Stream):
    reader = Reader(await stream.tails.of(a_pipeline()))
    assert not (await reader.next(wait=0.01)).records


async def test_far_behind_reads_pages_of_the_log_in_order(stream: Stream):
    await append(stream, 2_500)
    tail = await stream.tails.of(a_pipeline())
    pages = await drain(Reader(tail, Cursor(tail.epoch, 0)), 2_500)
    assert offsets(pages) == list(range(1, 2_501))
    assert max(len(page.records) for page in pages) <= limits.PAGE_RECORDS


async def test_a_slow_reader_catches_up_while_more_comes(stream: Stream):
    tail = await stream.tails.of(a_pipeline())
    reader = Reader(tail, Cursor(tail.epoch, 0))
    seen: list[Page] = []
    for burst in range(10):
        await append(stream, 130, burst * 130 + 1)
        seen.append(await reader.next(wait=1))
    seen += await drain(reader, 1_300)
    assert offsets(seen) == list(range(1, 1_301))


async def test_readers_share_pages_and_their_bytes(stream: Stream):
    tail = await stream.tails.of(a_pipeline())
    readers = [Reader(tail) for _ in range(3)]
    waits = [asyncio.create_task(reader.next(wait=5)) for reader in readers]
    await asyncio.sleep(0)
    await append(stream, 2)
    first, *others = await asyncio.gather(*waits)
    assert all(page is first for page in others)


async def test_a_lost_hint_costs_one_poll(stream: Stream, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "POLL_SECONDS", 0.05)

    async def lose(pipeline: str, last: int) -> None:
        return None

    monkeypatch.setattr(stream.bus, "announce", lose)
    reader = Reader(await stream.tails.of(a_pipeline()))
    waiting = asyncio.create_task(reader.next(wait=30))
    await asyncio.sleep(0)
    await append(stream, 1)
    assert offsets([await asyncio.wait_for(waiting, 5)]) == [1]


async def test_repeated_and_wrong_hints_do_no_harm(stream: Stream):
    reader = Reader(await stream.tails.of(a_pipeline()))
    await append(stream, 2)
    for last in (2, 2, 1, 99):
        await stream.bus.announce("pl_weather", last)
    assert offsets(await drain(reader, 2)) == [1, 2]
    assert not (await reader.next(wait=0.05)).records


async def test_a_foreign_epoch_is_a_gap_and_goes_on_from_the_first(stream: Stream):
    await append(stream, 3)
    reader = Reader(await stream.tails.of(a_pipeline()), Cursor("zzz", 41))
    page = await reader.next(wait=0)
    assert page.gap == Gap(42, None, "epoch")
    assert offsets([page]) == [1, 2, 3]


async def test_a_reader_that_is_further_than_the_tail_is_told_of_no_gap(stream: Stream):
    await append(stream, 200)
    tail = await stream.tails.of(a_pipeline())
    reader = Reader(tail, Cursor(tail.epoch, 0))
    await stream.logs.durable.commit([Append("pl_weather", [Draft(1, b"}")] * 5)])  # and no hint of it
    pages = [await reader.next(wait=0)]  # from the log, which has more than the tail knows
    assert (tail.last, reader.cursor.offset) == (200, 205)
    pages.append(await reader.next(wait=0))
    assert [page.gap for page in pages] == [None, None]
    assert offsets(pages) == list(range(1, 206))


async def test_readers_behind_together_share_one_page_of_the_log(stream: Stream):
    await append(stream, 300)
    tail = await stream.tails.of(a_pipeline())
    first, second = await asyncio.gather(*(Reader(tail, Cursor(tail.epoch, 0)).next(wait=0) for _ in range(2)))
    assert first is second


async def test_a_cursor_ahead_of_the_log_is_a_gap(stream: Stream):
    await append(stream, 3)
    tail = await stream.tails.of(a_pipeline())
    reader = Reader(tail, Cursor(tail.epoch, 9))
    assert (await reader.next(wait=0)).gap == Gap(4, 9, "ahead")
    await append(stream, 1, 4)
    assert offsets([await reader.next(wait=5)]) == [4]


async def test_what_was_trimmed_is_a_gap(stream: Stream):
    await append(stream, 300)
    tail = await stream.tails.of(a_pipeline())
    await stream.logs.durable.commit([Trim("pl_weather", 150)])
    stream.tails.forget("pl_weather", stream.logs.durable, 150)
    reader = Reader(tail, Cursor(tail.epoch, 10))
    page = await reader.next(wait=0)
    assert page.gap == Gap(11, 150, "trimmed")
    assert page.records[0].offset == 151


async def test_a_restarted_log_is_noticed_by_a_waiting_reader(stream: Stream):
    await append(stream, 5)
    tail = await stream.tails.of(a_pipeline())
    reader = Reader(tail)
    waiting = asyncio.create_task(reader.next(wait=30))
    await asyncio.sleep(0)
    await stream.logs.durable.commit([Restart("pl_weather")])
    await append(stream, 1)
    page = await asyncio.wait_for(waiting, 5)
    assert page.gap == Gap(6, None, "epoch")
    assert offsets([page]) == [1]


async def test_cancelling_next_loses_nothing(stream: Stream):
    tail = await stream.tails.of(a_pipeline())
    reader = Reader(tail)
    seen: list[Page] = []
    for n in range(1, 21):
        waiting = asyncio.create_task(reader.next(wait=5))
        await append(stream, 1, n)
        for _ in range(n):
            await asyncio.sleep(0)
        if not waiting.cancel():
            seen.append(waiting.result())
        else:
            await asyncio.gather(waiting, return_exceptions=True)
            if not waiting.cancelled():
                seen.append(waiting.result())
    seen += await drain(reader, 20)
    assert offsets(seen) == list(range(1, 21))


async def test_the_tail_holds_the_newest_and_is_loaded_from_the_log(stream: Stream):
    await append(stream, 250)
    tail = await stream.tails.of(a_pipeline())
    assert [record.offset for record in tail.records] == list(range(151, 251))


async def test_large_records_fill_the_tail_over_several_pages(stream: Stream):
    for _ in range(100):
        await stream.door.append(a_pipeline(), [{"text": "x" * 60_000}])
    tail = await stream.tails.of(a_pipeline())
    assert len(tail.records) == 100
