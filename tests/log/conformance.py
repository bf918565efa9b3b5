"""What every adapter of the Log port must do. An adapter's test gives the fixtures `log` and `clock` (a HandClock
that the log was made with) and inherits from LogConformance. Change the suite, not an adapter's test.
"""

import asyncio

import pytest

from livedash.base.limits import KEY_SECONDS, REFUSALS_KEPT, STATE_BYTES
from livedash.log import (
    Append,
    Appended,
    Checkpoint,
    Count,
    Done,
    Log,
    Restart,
    Save,
    Together,
    Trim,
)
from livedash.model import Draft, Refusal
from livedash.model.errors import Invalid, StorageClosed, TooLarge

from .conformance_beside import BesideConformance
from .conformance_reads import ReadsConformance
from .conformance_together import TogetherConformance
from .support import SECOND, HandClock, append, draft, drafts, offsets, one, refusal


class WritesConformance:
    async def test_offsets_are_dense_under_concurrent_writers(self, log: Log) -> None:
        written: list[tuple[int, bytes]] = []

        async def write(writer: int) -> None:
            for number in range(40):
                outcome = await one(log, Append("p", [draft(text=f"{writer}-{number}-{i}") for i in range(number % 4)]))
                assert isinstance(outcome, Appended)
                bodies = [draft(text=f"{writer}-{number}-{i}").body for i in range(number % 4)]
                written.extend(enumerate(bodies, outcome.first or 0))

        await asyncio.gather(*map(write, range(8)))
        page = await log.read("p", 0, 1000)
        assert [offset for offset, _ in sorted(written)] == list(range(1, 8 * 60 + 1))
        assert [(record.offset, record.body) for record in page.records] == sorted(written)

    async def test_every_kind_of_write_in_one_commit_has_its_own_outcome(self, log: Log) -> None:
        epoch = (await append(log, "p", 3)).epoch
        outcomes = await log.commit([
            Append("p", drafts(2), refusals=[refusal(1)]),
            Trim("p", 6),
            Trim("p", 2),
            Save(Checkpoint("r", "p", epoch, 6)),
            Save(Checkpoint("r", "p", epoch, 5, b"state")),
            Save(Checkpoint("large", "p", epoch, 1, b"x" * (STATE_BYTES + 1))),
            Count("in", "p", "2026-11-22", 2),
            Append("q", [], refusals=[refusal(0)]),
            Restart("z"),
            Append("p", drafts(1)),
        ])  # fmt: skip
        first, beyond, trimmed, ahead, saved, large, counted, empty, restarted, last = outcomes
        assert first == Appended(epoch, 4, 5, 2, ((1, "not an object"),))
        assert [type(o) for o in (beyond, ahead, large)] == [Invalid, Invalid, TooLarge]
        assert trimmed == saved == counted == restarted == Done()
        assert isinstance(empty, Appended) and (empty.first, empty.last, empty.accepted) == (None, None, 0)
        assert empty.errors == ((0, "not an object"),)
        assert last == Appended(epoch, 6, 6, 1)
        assert await offsets(log, "p") == [3, 4, 5, 6]
        assert await log.checkpoint("r", "p") == Checkpoint("r", "p", epoch, 5, b"state")
        assert await log.checkpoint("large", "p") is None

    async def test_a_commit_of_nothing(self, log: Log) -> None:
        assert list(await log.commit([])) == []

    async def test_one_commit_serves_many_pipelines(self, log: Log) -> None:
        outcomes = await log.commit([Append(f"p{i % 70}", [draft(i)]) for i in range(210)])
        assert [o.first for o in outcomes if isinstance(o, Appended)] == [i // 70 + 1 for i in range(210)]
        page = await log.read("p69", 0, 10)
        assert [record.timestamp for record in page.records] == [69, 139, 209]

    async def test_a_repeated_key_stores_nothing_and_answers_the_same(self, log: Log) -> None:
        request = Append("p", drafts(2), refusals=[refusal(1), refusal(3, "too deep")], key="k")
        twins = await log.commit([request, Append("p", drafts(5), key="k"), Append("q", drafts(1), key="k")])
        again = await one(log, Together([request]))
        assert twins[0] == twins[1] and again == Done((twins[0],))
        assert twins[0] != twins[2]
        assert await offsets(log, "p") == [1, 2] and await offsets(log, "q") == [1]
        assert len(await log.refused("p", 10)) == 2

    async def test_a_key_is_forgotten_after_its_time(self, log: Log, clock: HandClock) -> None:
        first = await append(log, "p", key="k")
        clock.now += (KEY_SECONDS - 1) * SECOND
        while await log.sweep():
            pass
        assert await append(log, "p", key="k") == first
        clock.now += SECOND
        assert (await append(log, "p", key="k")).first == 2
        assert (await append(log, "p", key="k")).first == 2

    async def test_a_key_is_remembered_over_a_restart(self, log: Log) -> None:
        first = await append(log, "p", key="k")
        await one(log, Restart("p"))
        assert await append(log, "p", key="k") == first
        assert await offsets(log, "p") == []

    async def test_restart_begins_a_new_life(self, log: Log) -> None:
        old = (await append(log, "p", 3)).epoch
        outcomes = await log.commit([Append("p", drafts(2)), Restart("p"), Append("p", drafts(1)), Trim("p", 1)])
        new = await log.bounds("p")
        assert isinstance(outcomes[2], Appended) and (outcomes[2].epoch, outcomes[2].first) == (new.epoch, 1)
        assert new.epoch != old and (new.first, new.last, new.bytes) == (2, 1, 0)
        assert new.epoch.isalnum() and new.epoch.islower() and len(new.epoch) <= 16
        assert (await append(log, "p")).first == 2

    async def test_a_checkpoint_of_another_epoch_is_kept_as_it_is(self, log: Log) -> None:
        old = (await append(log, "p", 3)).epoch
        await one(log, Restart("p"))
        assert await one(log, Save(Checkpoint("r", "p", old, 3, b"\x00\xff"))) == Done()
        assert await log.checkpoint("r", "p") == Checkpoint("r", "p", old, 3, b"\x00\xff")

    async def test_refusals_are_kept_newest_first_up_to_a_limit(self, log: Log, clock: HandClock) -> None:
        await one(log, Append("p", [], refusals=[refusal(i) for i in range(REFUSALS_KEPT)]))
        clock.now += SECOND
        await one(log, Append("p", drafts(1), refusals=[refusal(5, "first"), Refusal(7, "then", b"\x00\xff")]))
        newest = await log.refused("p", 3)
        assert list(newest) == [
            (clock.now, Refusal(7, "then", b"\x00\xff")),
            (clock.now, refusal(5, "first")),
            (clock.now - SECOND, refusal(REFUSALS_KEPT - 1)),
        ]
        every = await log.refused("p", 10 * REFUSALS_KEPT)
        assert len(every) == REFUSALS_KEPT and every[-1][1] == refusal(2)

    async def test_refusals_go_with_the_life_they_belong_to(self, log: Log) -> None:
        await one(log, Append("p", [], refusals=[refusal(1)]))
        await one(log, Append("q", [], refusals=[refusal(2)]))
        assert sorted(await log.pipelines()) == ["p", "q"]
        await log.commit([Append("p", [], refusals=[refusal(3)]), Restart("p"), Append("p", [], refusals=[refusal(4)])])
        assert [kept for _, kept in await log.refused("p", 9)] == [refusal(4)]
        await one(log, Restart("p"))
        assert [kept for _, kept in await log.refused("p", 9)] == []
        assert [kept for _, kept in await log.refused("q", 9)] == [refusal(2)]
        assert list(await log.pipelines()) == ["q"]

    async def test_bodies_come_back_as_they_went_in(self, log: Log) -> None:
        bodies = [b"", b"\x00", b"\xff\xfe", "ü€😀".encode(), b",\n,", bytes(range(256))]
        await one(log, Append("p", [Draft(-index, body) for index, body in enumerate(bodies)]))
        page = await log.read("p", 0, 10)
        assert [(record.timestamp, record.body) for record in page.records] == [(-i, b) for i, b in enumerate(bodies)]
        assert (await log.bounds("p")).bytes == sum(map(len, bodies))

    async def test_after_close_everything_says_closed(self, log: Log) -> None:
        await append(log, "p")
        await log.close()
        for call in (
            log.commit([]), log.read("p", 0, 1), log.find("p", 0), log.bounds("p"), log.checkpoint("r", "p"),
            log.refused("p", 1), log.meters("", "9"), log.notes("r", "k"), log.readers(),
            log.expired("p", before=0, over=0), log.sweep(), log.used(),
        ):  # fmt: skip
            with pytest.raises(StorageClosed):
                await call
        await log.close()


class LogConformance(WritesConformance, TogetherConformance, BesideConformance, ReadsConformance):
    pass
