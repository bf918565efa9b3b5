"""All of a Together or none of it, whatever else the commit carries."""

from livedash.log import (
    Append,
    Appended,
    Bounds,
    Checkpoint,
    Count,
    Done,
    Forget,
    Log,
    Note,
    Restart,
    Save,
    Together,
    Total,
    Trim,
)
from livedash.model.errors import Invalid

from .support import append, drafts, one, refusal


class TogetherConformance:
    async def test_together_stores_all_or_nothing(self, log: Log) -> None:
        epoch = (await append(log, "p", 2)).epoch
        failing = Together([
            Append("p", drafts(3), refusals=[refusal(0)], key="k"),
            Count("in", "p", "2026-11-22", 3),
            Save(Checkpoint("r", "p", epoch, 5)),
            Trim("p", 1),
            Restart("q"),
            Trim("p", 99),
        ])  # fmt: skip
        before = await log.bounds("p"), await log.bounds("q")
        outcomes = await log.commit([Append("p", drafts(1)), failing, Append("p", drafts(1), key="k")])
        assert isinstance(outcomes[1], Invalid)
        assert [o.first for o in outcomes if isinstance(o, Appended)] == [3, 4]
        assert (await log.bounds("p")).first == before[0].first and await log.bounds("q") == before[1]
        assert await log.checkpoint("r", "p") is None
        assert not await log.meters("2026-11-22", "2026-11-22") and not await log.refused("p", 10)

    async def test_what_fails_together_leaves_what_came_before_in_the_commit(self, log: Log) -> None:
        epoch = (await append(log, "p", 2)).epoch
        day, beyond = "2026-11-22", Trim("p", 99)
        await log.commit([Note("r", "k", 1, b"old"), Save(Checkpoint("s", "p", epoch, 1)), Note("s", "k", 1, b"s")])
        outcomes = await log.commit([
            Append("p", drafts(2), refusals=[refusal(0)], key="k"),
            Together([Count("in", "p", day, 2), Save(Checkpoint("r", "p", epoch, 3)), Note("r", "k", 2, b"two")]),
            Together([Count("in", "p", day, 8), Save(Checkpoint("r", "p", epoch, 4)), Note("r", "k", 2, None), beyond]),
            Together([Forget("r"), Forget("s"), Count("out", "p", day, 1), Note("r", "k", 3, b"three"), beyond]),
            Together([Append("p", drafts(3), refusals=[refusal(1)], key="l"), Trim("p", 6), Restart("q"), beyond]),
            Together([Restart("p"), Append("p", drafts(1), refusals=[refusal(2)]), beyond]),
        ])  # fmt: skip
        assert [type(each) for each in outcomes] == [Appended, Done, Invalid, Invalid, Invalid, Invalid]
        assert await log.bounds("p") == Bounds(epoch, 1, 4, 4 * len(drafts(1)[0].body))
        assert [kept for _, kept in await log.refused("p", 9)] == [refusal(0)]
        assert await log.checkpoint("r", "p") == Checkpoint("r", "p", epoch, 3)
        assert await log.checkpoint("s", "p") == Checkpoint("s", "p", epoch, 1)
        assert list(await log.notes("r", "k")) == [(1, b"old"), (2, b"two")]
        assert list(await log.notes("s", "k")) == [(1, b"s")]
        assert list(await log.meters(day, day)) == [Total("", "p", "", day, "in", 2)]
        assert (await append(log, "p", key="l")).first == 5

    async def test_together_answers_its_parts(self, log: Log) -> None:
        epoch = (await log.bounds("p")).epoch
        outcome = await one(log, Together([Append("p", drafts(2)), Save(Checkpoint("r", "q", "e", 2))]))
        assert outcome == Done((Appended(epoch, 1, 2, 2), Done()))
        assert await log.checkpoint("r", "q") == Checkpoint("r", "q", "e", 2)
