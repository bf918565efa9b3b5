"""The door: group commit, fairness, refusals, keys."""

import asyncio
from dataclasses import replace

import pytest

from livedash.base import clock, limits
from livedash.base.metrics import Metrics
from livedash.bus.local import LocalBus
from livedash.log.sqlite import SqliteLog
from livedash.mapping import compile
from livedash.model.errors import Busy, Conflict, StorageError, StorageFull
from livedash.stream.door import Door
from livedash.stream.gate import Gates
from livedash.stream.intake import Unreadable
from livedash.stream.logs import Logs
from tests.stream.conftest import SlowLog, Stream, a_pipeline


def door_to(log: SqliteLog) -> Door:
    mapper = compile([])
    metrics = Metrics()
    return Door(Gates(Logs(log, log), LocalBus(), metrics), lambda _: mapper, clock=clock.now, metrics=metrics)


async def test_appends_in_order_and_answers_offsets(stream: Stream):
    first = await stream.door.append(a_pipeline(), [{"n": 1}, {"n": 2}])
    second = await stream.door.append(a_pipeline(), [{"n": 3}])
    assert (first.first, first.last, first.accepted) == (1, 2, 2)
    assert (second.first, second.last) == (3, 3)
    page = await stream.logs.durable.read("pl_weather", 0, 10)
    assert [record.data["n"] for record in page.records] == [1, 2, 3]


async def test_a_paused_pipeline_takes_nothing(stream: Stream):
    paused = replace(a_pipeline(), paused=True)
    for items in ([{"n": 1}], ["refused"]):
        with pytest.raises(Conflict, match="weather is paused; resume it to append"):
            await stream.door.append(paused, items, "a-key")
    assert await stream.logs.durable.refused("pl_weather", 10) == []
    assert (await stream.door.append(a_pipeline(), [{"n": 2}], "a-key")).first == 1, "the key is not used up"


async def test_what_cannot_be_taken_is_refused_alone_and_kept(stream: Stream):
    deep: dict = {}
    inner = deep
    for _ in range(limits.RECORD_DEPTH):
        inner["a"] = inner = {}
    outcome = await stream.door.append(
        a_pipeline(), [{"ok": 1}, 7, "text", Unreadable(b"{", "not JSON"), deep, {"big": "x" * 70_000}, {"ok": 2}]
    )
    assert (outcome.accepted, outcome.first, outcome.last) == (2, 1, 2)
    assert [index for index, _ in outcome.errors] == [1, 2, 3, 4, 5]
    kept = await stream.logs.durable.refused("pl_weather", 10)
    assert sorted(refusal.index for _, refusal in kept) == [1, 2, 3, 4, 5]
    assert {refusal.body for _, refusal in kept} >= {b"7", b'"text"', b"{"}


async def test_depth_at_the_limit_is_taken(stream: Stream):
    deep: dict = {}
    inner = deep
    for _ in range(limits.RECORD_DEPTH - 1):
        inner["a"] = inner = {}
    assert (await stream.door.append(a_pipeline(), [deep])).accepted == 1


async def test_what_arrives_during_a_commit_makes_the_next_one(slow: SlowLog):
    door = door_to(slow)
    calls = [asyncio.create_task(door.append(a_pipeline(), [{"n": 0}]))]
    while not slow.commits:
        await asyncio.sleep(0)
    calls += [asyncio.create_task(door.append(a_pipeline(), [{"n": n}])) for n in range(1, 20)]
    for _ in range(50):
        await asyncio.sleep(0)
    slow.open.set()
    outcomes = await asyncio.gather(*calls)
    assert sorted(outcome.first for outcome in outcomes) == list(range(1, 21))
    assert len(slow.commits) == 2


async def test_a_busy_pipeline_leaves_room_for_the_others(slow: SlowLog):
    door = door_to(slow)
    loud = [asyncio.create_task(door.append(a_pipeline("loud"), [{}] * 1000)) for _ in range(12)]
    while not slow.commits:
        await asyncio.sleep(0)
    quiet = asyncio.create_task(door.append(a_pipeline("quiet"), [{}]))
    for _ in range(500):
        await asyncio.sleep(0)
    slow.open.set()
    await asyncio.gather(*loud, quiet)
    pipelines = [write.pipeline for write in slow.commits[1]]  # type: ignore[union-attr]
    assert "pl_quiet" in pipelines
    assert pipelines.count("pl_loud") <= 3


async def test_too_much_waiting_is_busy_and_stores_nothing(slow: SlowLog, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "PENDING_RECORDS", 5)
    door = door_to(slow)
    waiting = asyncio.create_task(door.append(a_pipeline(), [{}] * 5))
    while not slow.commits:
        await asyncio.sleep(0)
    with pytest.raises(Busy):
        await door.append(a_pipeline(), [{}])
    slow.open.set()
    assert (await waiting).last == 5
    assert (await door.append(a_pipeline(), [{}])).last == 6


async def test_a_failed_commit_fails_its_callers_and_the_next_one_works(slow: SlowLog):
    door = door_to(slow)
    slow.fail = StorageFull("full")
    slow.open.set()
    with pytest.raises(StorageFull):
        await door.append(a_pipeline(), [{}])
    slow.fail = None
    assert (await door.append(a_pipeline(), [{}])).first == 1


async def test_a_caller_that_goes_away_disturbs_nobody(slow: SlowLog):
    door = door_to(slow)
    leaver = asyncio.create_task(door.append(a_pipeline(), [{"n": 1}]))
    while not slow.commits:
        await asyncio.sleep(0)
    stayer = asyncio.create_task(door.append(a_pipeline(), [{"n": 2}]))
    leaver.cancel()
    slow.open.set()
    assert (await stayer).first == 2


async def test_a_repeated_key_answers_the_first_outcome(stream: Stream):
    first = await stream.door.append(a_pipeline(), [{"n": 1}, 5], key="k")
    again = await stream.door.append(a_pipeline(), [{"n": 1}, 5], key="k")
    assert again == first
    assert (await stream.logs.durable.bounds("pl_weather")).last == 1


async def test_what_does_not_persist_keeps_the_newest_only(stream: Stream):
    await stream.door.append(a_pipeline("v", persist=False), [{"n": n} for n in range(250)])
    page = await stream.logs.volatile.read("pl_v", 0, 1000)
    assert (page.records[0].offset, page.last) == (151, 250)
    assert (await stream.logs.durable.bounds("pl_v")).last == 0


async def test_a_bug_in_a_commit_leaves_nobody_waiting(slow: SlowLog):
    door = door_to(slow)
    slow.fail = RuntimeError("a bug")
    slow.open.set()
    with pytest.raises(StorageError):
        await door.append(a_pipeline(), [{}])
    slow.fail = None
    assert (await door.append(a_pipeline(), [{}])).first == 1
