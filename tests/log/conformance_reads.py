"""The reading half of the suite: pages, gaps, times, what has expired, what the sweep frees."""

import asyncio

from livedash.base.limits import BLOCK_RECORDS, PAGE_BYTES, RECORD_BYTES, SWEEP_RECORDS
from livedash.log import Append, Log, Restart, Trim
from livedash.model import Gap

from .support import SECOND, HandClock, append, draft, drafts, offsets, one, sweep_all


class ReadsConformance:
    async def test_a_pipeline_exists_from_when_it_is_first_named(self, log: Log) -> None:
        page = await log.read("new", 5, 10)
        bounds = await log.bounds("new")
        assert (page.records, page.after, page.head, page.gap) == ((), 0, 0, None)
        assert (bounds.epoch, bounds.first, bounds.last, bounds.bytes) == (page.epoch, 1, 0, 0)
        assert (await append(log, "new")).epoch == page.epoch
        assert await log.find("other", 0) == 1
        assert await log.expired("third", before=1, over=0) == 0
        assert len({page.epoch, (await log.bounds("other")).epoch, (await log.bounds("third")).epoch}) == 3

    async def test_pages_follow_each_other(self, log: Log) -> None:
        await append(log, "p", 25)
        first, second = await log.read("p", 0, 10), await log.read("p", 10, 20)
        assert [record.offset for record in first.records] == list(range(1, 11))
        assert [record.offset for record in second.records] == list(range(11, 26))
        assert (first.after, first.last, first.head, first.gap) == (0, 10, 25, None)

    async def test_reading_beyond_the_end(self, log: Log) -> None:
        await append(log, "p", 3)
        for after in (3, 4, 10**17):
            page = await log.read("p", after, 10)
            assert (page.records, page.after, page.last, page.head, page.gap) == ((), 3, 3, 3, None)

    async def test_a_page_is_bounded_in_bytes_but_never_empty(self, log: Log) -> None:
        await append(log, "p", 2 * PAGE_BYTES // RECORD_BYTES, size=RECORD_BYTES)
        await append(log, "p", 1, size=PAGE_BYTES)
        await append(log, "p", 1)
        found, page = [], await log.read("p", 0, 1000)
        while page.records:
            size = sum(len(record.body) for record in page.records)
            assert size <= PAGE_BYTES or len(page.records) == 1
            found.append(len(page.records))
            page = await log.read("p", page.last, 1000)
        assert found == [63, 63, 2, 1, 1]

    async def test_what_was_trimmed_is_a_gap(self, log: Log) -> None:
        await append(log, "p", 10)
        size = (await log.bounds("p")).bytes // 10
        await one(log, Trim("p", 4))
        page, beside, inside = await log.read("p", 1, 3), await log.read("p", 4, 3), await log.read("p", 7, 3)
        assert page.gap == Gap(2, 4, "trimmed") and page.after == 4
        assert [record.offset for record in page.records] == [5, 6, 7]
        assert beside.gap is None and inside.gap is None
        await one(log, Trim("p", 2))
        bounds = await log.bounds("p")
        assert (bounds.first, bounds.last, bounds.bytes) == (5, 10, 6 * size)
        await one(log, Trim("p", 10))
        page = await log.read("p", 0, 3)
        assert (page.records, page.after, page.gap) == ((), 10, Gap(1, 10, "trimmed"))
        assert await append(log, "p") and await offsets(log, "p") == [11]

    async def test_bytes_stay_exact_whatever_is_trimmed(self, log: Log) -> None:
        sizes = [index % 97 for index in range(3 * BLOCK_RECORDS + 100)]
        stored = [draft(index, size=size) for index, size in enumerate(sizes)]
        await one(log, Append("p", stored))
        for through in (0, 1, 1000, 1024, 1025, 1500, 3071, 3073, len(stored)):
            await one(log, Trim("p", through))
            assert (await log.bounds("p")).bytes == sum(len(body) for _, body in stored[through:])
            await log.sweep()

    async def test_trimming_under_readers(self, log: Log) -> None:
        total, done = 4000, asyncio.Event()

        async def follow() -> None:
            last, seen = 0, 0
            while last < total:
                page = await log.read("p", last, 50)
                if page.gap:
                    assert page.gap.first == last + 1 and page.gap.last == page.after
                seen += page.after - last + len(page.records)
                assert [record.offset for record in page.records] == list(range(page.after + 1, page.last + 1))
                last = page.last
            assert seen == total

        async def write() -> None:
            for last in range(200, total + 1, 200):
                await log.commit([Append("p", drafts(200)), Trim("p", last - 150)])
            done.set()

        async def clean() -> None:
            while not done.is_set():
                await log.sweep()

        await asyncio.gather(write(), clean(), *(follow() for _ in range(4)))

    async def test_find_by_timestamps_that_are_not_in_order(self, log: Log) -> None:
        times = [(index * 7919) % 5003 for index in range(3 * BLOCK_RECORDS)]
        await one(log, Append("p", [draft(time) for time in times[:1500]]))
        await one(log, Append("p", [draft(time) for time in times[1500:]]))
        for first in (1, 700, 1025, 2100):
            await one(log, Trim("p", first - 1))
            for since in (-5, 0, 1, 2500, 4990, 5002, 5003):
                expected = (offset for offset, time in enumerate(times, 1) if offset >= first and time >= since)
                assert await log.find("p", since) == next(expected, len(times) + 1)
            await sweep_all(log)

    async def test_a_later_record_with_an_earlier_timestamp_hides_nothing(self, log: Log) -> None:
        for timestamp in (100, 1, 50):
            await one(log, Append("p", [draft(timestamp)]))
        assert [await log.find("p", since) for since in (0, 60, 101)] == [1, 1, 4]

    async def test_find_passes_over_a_block_whose_newest_was_trimmed(self, log: Log) -> None:
        await one(log, Append("p", [draft(9), *drafts(BLOCK_RECORDS - 1), draft(9_999)]))
        await one(log, Trim("p", 1))
        assert await log.find("p", 5_000) == BLOCK_RECORDS + 1
        assert await log.find("p", 10_000) == BLOCK_RECORDS + 2

    async def test_what_arrived_earlier_has_expired(self, log: Log, clock: HandClock) -> None:
        arrivals = []
        for number in (1, 2, 3000, 7):
            await append(log, "p", number)
            arrivals.append(clock.now)
            clock.now += 3600 * SECOND
        for before, through in zip((*arrivals, clock.now), (0, 1, 3, 3003, 3010), strict=True):
            assert await log.expired("p", before=before, over=None) == through
        await one(log, Trim("p", 2))
        assert await log.expired("p", before=arrivals[1], over=None) == 0
        assert await log.expired("p", before=arrivals[2], over=None) == 3
        assert await log.expired("p", before=None, over=None) == 0

    async def test_what_arrived_late_has_not_expired_however_old_its_timestamp(
        self, log: Log, clock: HandClock
    ) -> None:
        years = 365 * 24 * 3600 * SECOND
        await one(log, Append("p", [draft(clock.now - 10 * years), draft(clock.now), draft(clock.now + 10 * years)]))
        assert await log.expired("p", before=clock.now - 60 * SECOND, over=None) == 0
        assert await log.expired("p", before=clock.now + 1, over=None) == 3

    async def test_what_is_too_much_has_expired(self, log: Log, clock: HandClock) -> None:
        await append(log, "p", 3 * BLOCK_RECORDS + 10)
        size = (await log.bounds("p")).bytes // (3 * BLOCK_RECORDS + 10)
        for trimmed in (0, 5, BLOCK_RECORDS, 2 * BLOCK_RECORDS + 3):
            await one(log, Trim("p", trimmed))
            for stay in (0, 1, 9, 10, 11, BLOCK_RECORDS - 1, BLOCK_RECORDS + 10, 3 * BLOCK_RECORDS + 9, 10**6):
                through = 3 * BLOCK_RECORDS + 10 - stay
                for over in (stay * size, stay * size + size - 1):
                    assert await log.expired("p", before=None, over=over) == (through if through > trimmed else 0)
        assert await log.expired("p", before=clock.now, over=10 * size) == 3 * BLOCK_RECORDS
        assert await log.expired("p", before=clock.now + 1, over=10 * size) == 3 * BLOCK_RECORDS + 10

    async def test_which_pipelines_there_are(self, log: Log) -> None:
        assert list(await log.pipelines()) == []
        await append(log, "a")
        await append(log, "b", 3)
        await log.bounds("named-only")
        await one(log, Trim("b", 3))
        assert sorted(await log.pipelines()) == ["a", "b"]
        await one(log, Restart("a"))
        assert list(await log.pipelines()) == ["b"]

    async def test_the_sweep_frees_what_is_gone_and_nothing_else(self, log: Log) -> None:
        await append(log, "lives", 2000, size=200)
        empty = await log.used()
        await append(log, "restarts", SWEEP_RECORDS + 1, size=200)
        await append(log, "trims", 2 * SWEEP_RECORDS, size=200)
        full = await log.used()
        await log.commit([Restart("restarts"), Append("restarts", drafts(2)), Trim("trims", 2 * SWEEP_RECORDS - 3)])
        assert await sweep_all(log) >= 4
        assert await log.used() - empty < (full - empty) / 50
        assert await offsets(log, "lives") == list(range(1, 2001))
        assert await offsets(log, "restarts") == [1, 2]
        assert await offsets(log, "trims") == [2 * SWEEP_RECORDS - 2, 2 * SWEEP_RECORDS - 1, 2 * SWEEP_RECORDS]
        assert not await log.sweep()
