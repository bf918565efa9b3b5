"""What the log keeps beside the records: the notes and checkpoints of readers, and the meters."""

from itertools import product

from livedash.base.limits import STATE_BYTES
from livedash.log import Checkpoint, Count, Done, Forget, Log, Note, Save, Together, Total
from livedash.model.errors import TooLarge


class BesideConformance:
    async def test_notes_are_kept_by_key(self, log: Log) -> None:
        bodies = {key: bytes([key % 256, 0, 255]) * (key % 7) for key in (5, -3, 0, 2**62, 71, 12)}
        await log.commit([Note("r", "k", key, body) for key, body in bodies.items()])
        await log.commit([Note("r", "other", 5, b"o"), Note("s", "k", 5, b"s"), Note("r", "k", 5, b"newer")])
        assert list(await log.notes("r", "k")) == sorted((bodies | {5: b"newer"}).items())
        assert list(await log.notes("r", "other")) == [(5, b"o")]
        assert list(await log.notes("s", "k")) == [(5, b"s")]
        assert list(await log.notes("t", "k")) == []
        await log.commit([Note("r", "k", 5, None), Note("r", "k", 71, None), Note("r", "k", 6, None)])
        assert [key for key, _ in await log.notes("r", "k")] == [-3, 0, 12, 2**62]
        assert list(await log.notes("r", "other")) == [(5, b"o")] and list(await log.notes("s", "k")) == [(5, b"s")]

    async def test_many_notes_at_once(self, log: Log) -> None:
        bodies = {key: f"ü€{key}".encode() * (key % 60) for key in range(1500)}
        await log.commit([Note("r", "k", key, body) for key, body in bodies.items()])
        assert list(await log.notes("r", "k")) == list(bodies.items())
        await log.commit([Note("r", "k", key, None) for key in range(0, 1500, 2)])
        assert [key for key, _ in await log.notes("r", "k")] == list(range(1, 1500, 2))

    async def test_a_note_has_a_largest_size(self, log: Log) -> None:
        outcomes = await log.commit([
            Note("r", "k", 1, b"x" * (STATE_BYTES + 1)),
            Note("r", "k", 2, b"x" * STATE_BYTES),
            Together([Note("r", "k", 2, None), Note("r", "k", 3, b"x" * (STATE_BYTES + 1))]),
        ])  # fmt: skip
        assert [type(o) for o in outcomes] == [TooLarge, Done, TooLarge]
        assert list(await log.notes("r", "k")) == [(2, b"x" * STATE_BYTES)]

    async def test_forgetting_a_reader_leaves_the_others(self, log: Log) -> None:
        for reader in ("a", "b", "c"):
            await log.commit([Save(Checkpoint(reader, name, "e", 1)) for name in ("p", "q")])
            await log.commit([Note(reader, kind, 1, b"body") for kind in ("k", "l")])
        await log.commit([Save(Checkpoint("only saved", "p", "e", 1)), Note("only noted", "k", 1, b"n")])
        assert sorted(await log.readers()) == ["a", "b", "c", "only noted", "only saved"]
        assert (
            list(await log.commit([Forget("a"), Forget("only noted"), Forget("unknown"), Forget("c")])) == [Done()] * 4
        )
        assert sorted(await log.readers()) == ["b", "only saved"]
        for reader, left in (("a", 0), ("b", 1), ("c", 0)):
            checkpoints = [await log.checkpoint(reader, name) for name in ("p", "q")]
            notes = [*await log.notes(reader, "k"), *await log.notes(reader, "l")]
            assert checkpoints == [Checkpoint(reader, name, "e", 1) if left else None for name in ("p", "q")]
            assert notes == [(1, b"body")] * 2 * left

    async def test_readers_with_many_notes_are_found(self, log: Log) -> None:
        await log.commit([Note(f"r{index % 9}", f"k{index % 2}", index, b"") for index in range(300)])
        assert sorted(await log.readers()) == [f"r{index}" for index in range(9)]

    async def test_the_order_inside_one_commit_is_kept(self, log: Log) -> None:
        for reader in ("a", "b", "c"):
            await log.commit([Save(Checkpoint(reader, "p", "e", 1)), Note(reader, "k", 1, b"old")])
        await log.commit([
            Forget("a"), Save(Checkpoint("a", "p", "e", 2)), Note("a", "k", 2, b"new"),
            Save(Checkpoint("b", "p", "e", 2)), Note("b", "k", 2, b"new"), Forget("b"),
            Note("c", "k", 1, b"new"), Note("c", "k", 1, None), Note("c", "k", 2, None), Note("c", "k", 2, b"new"),
        ])  # fmt: skip
        assert await log.checkpoint("a", "p") == Checkpoint("a", "p", "e", 2)
        assert list(await log.notes("a", "k")) == [(2, b"new")]
        assert await log.checkpoint("b", "p") is None and list(await log.notes("b", "k")) == []
        assert await log.checkpoint("c", "p") == Checkpoint("c", "p", "e", 1)
        assert list(await log.notes("c", "k")) == [(2, b"new")]

    async def test_meters_add_up(self, log: Log) -> None:
        await log.commit([Count("in", "p", "2026-11-22", 2), Count("in", "p", "2026-11-22", 3)])
        await log.commit([Count("in", "p", "2026-11-22", -1), Count("in", "p", "2026-11-21", 7)])
        await log.commit([Count("bytes", "p", "2026-11-22", 2**53 + 1), Count("in", "q", "2026-11-22", 9)])
        assert list(await log.meters("2026-11-21", "2026-11-22")) == [
            Total("", "p", "", "2026-11-21", "in", 7),
            Total("", "p", "", "2026-11-22", "bytes", 2**53 + 1),
            Total("", "p", "", "2026-11-22", "in", 4),
            Total("", "q", "", "2026-11-22", "in", 9),
        ]

    async def test_meters_of_teams_and_subjects_stand_beside_each_other(self, log: Log) -> None:
        every = [
            Count(name, pipeline, day, amount + 1, team, subject)
            for amount, (day, team, pipeline, subject, name) in enumerate(
                product(("2026-11-30", "2026-12-01"), ("a", "b"), ("p", "q"), ("", "sk_1"), ("in", "out"))
            )
        ]
        await log.commit(every[::-1])
        totals = [Total(each.team, each.pipeline, each.subject, each.day, each.name, each.amount) for each in every]
        assert list(await log.meters("2026-11-30", "2026-12-01")) == totals
        assert list(await log.meters("2026-12-01", "2027-01-01")) == totals[16:]
        assert list(await log.meters("2026-11-01", "2026-11-30")) == totals[:16]
        assert list(await log.meters("2026-12-02", "2026-11-01")) == []
