"""One commit: load what its writes name, plan, store. A few statements each of many rows, never one a row."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import chain

import orjson

from livedash.base.limits import BLOCK_RECORDS, KEY_SECONDS, REFUSALS_KEPT
from livedash.log import Append, Appended, Outcome, Save, Together, Write
from livedash.log.sqlite.changes import Changes, Head, Key, Run
from livedash.log.sqlite.plan import Plan

_MINUTE = 60_000_000  # µs
_ROWS = (1000, 250, 50, 10, 1)  # rows a statement: fixed sizes, so that each is prepared once
_HEAD = """head (life, pipeline, epoch, first, last, bytes, refused) VALUES {} ON CONFLICT (life) DO UPDATE SET
    pipeline = excluded.pipeline, first = excluded.first, last = excluded.last,
    bytes = excluded.bytes, refused = excluded.refused"""
_RECORD = "record (life, offset, timestamp, arrived, body) VALUES {}"
_BLOCK = """block (life, block, newest, bytes) VALUES {} ON CONFLICT (life, block) DO UPDATE SET
    newest = max(newest, excluded.newest), bytes = bytes + excluded.bytes"""
_REFUSAL = """refusal (pipeline, slot, number, at, place, reason, body) VALUES {} ON CONFLICT (pipeline, slot)
    DO UPDATE SET number = excluded.number, at = excluded.at, place = excluded.place,
    reason = excluded.reason, body = excluded.body"""
_REQUEST = """request (pipeline, key, outcome, at) VALUES {} ON CONFLICT (pipeline, key)
    DO UPDATE SET outcome = excluded.outcome, at = excluded.at"""
_CHECKPOINT = """checkpoint (reader, pipeline, epoch, offset, state) VALUES {} ON CONFLICT (reader, pipeline)
    DO UPDATE SET epoch = excluded.epoch, offset = excluded.offset, state = excluded.state"""
_METER = """meter (pipeline, day, name, total) VALUES {} ON CONFLICT (pipeline, day, name)
    DO UPDATE SET total = total + excluded.total"""


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. SQLite itself has rolled back after some errors (a full disk), not after others."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def commit(
    db: sqlite3.Connection,
    writes: Sequence[Write],
    *,
    now: int,
    keep: int | None,
    left: int,
    also: Sequence[str] = (),
) -> list[Outcome]:
    """Store `writes` in one transaction; pipelines named in `also` begin to exist. `left` are the bytes that records
    may take. Raises sqlite3.Error."""
    parts = [part for write in writes for part in (write.writes if isinstance(write, Together) else (write,))]
    named = {*also, *(part.checkpoint.pipeline if isinstance(part, Save) else part.pipeline for part in parts)}
    keys = [(part.pipeline, part.key) for part in parts if isinstance(part, Append) and part.key is not None]
    with transaction(db):
        heads, next_life = _heads(db, named)
        plan = Plan(named, heads, next_life, _answered(db, keys, now), partial(_stored, db), left)
        outcomes = [plan.apply(write) for write in writes]
        if keep is not None:
            plan.keep_newest(keep)
        _store(db, plan.changes, heads, now)
    return outcomes


def _heads(db: sqlite3.Connection, pipelines: Iterable[str]) -> tuple[dict[str, Head], int]:
    """The heads that exist of `pipelines`, and the next free life."""
    found, next_life = db.execute(
        """SELECT json_group_array(json_array(life, pipeline, epoch, first, last, bytes, refused)),
        (SELECT ifnull(max(life), 0) + 1 FROM head)
        FROM head WHERE pipeline IN (SELECT value FROM json_each(?))""",
        (_json(list(pipelines)),),
    ).fetchone()
    heads = [Head(*row) for row in orjson.loads(found)]
    return {head.pipeline: head for head in heads if head.pipeline is not None}, next_life


def _answered(db: sqlite3.Connection, keys: Sequence[Key], now: int) -> dict[Key, Appended]:
    """The outcomes of those requests that were committed before and are still remembered."""
    if not keys:
        return {}
    (found,) = db.execute(
        """SELECT json_group_array(json_array(r.pipeline, r.key, json(r.outcome))) FROM json_each(?) AS k
        CROSS JOIN request AS r ON r.pipeline = k.value ->> 0 AND r.key = k.value ->> 1 WHERE r.at > ?""",
        (_json(keys), now - KEY_SECONDS * 1_000_000),
    ).fetchone()
    return {
        (pipeline, key): Appended(epoch, first, last, accepted, tuple((index, why) for index, why in errors))
        for pipeline, key, (epoch, first, last, accepted, errors) in orjson.loads(found)
    }


def _stored(db: sqlite3.Connection, life: int, first: int, last: int) -> int:
    """Bytes of the bodies stored there: whole blocks by the index, the records before and after them one by one."""
    whole = -(-(first - 1) // BLOCK_RECORDS), last // BLOCK_RECORDS  # blocks from the first up to without the second
    if whole[0] >= whole[1]:
        inside, ends = (0, 0), (first, last, 0, -1)
    else:
        inside, ends = whole, (first, whole[0] * BLOCK_RECORDS, whole[1] * BLOCK_RECORDS + 1, last)
    (total,) = db.execute(
        """SELECT (SELECT ifnull(sum(bytes), 0) FROM block WHERE life = ?1 AND block >= ?2 AND block < ?3)
        + (SELECT ifnull(sum(length(body)), 0) FROM record WHERE life = ?1 AND offset BETWEEN ?4 AND ?5)
        + (SELECT ifnull(sum(length(body)), 0) FROM record WHERE life = ?1 AND offset BETWEEN ?6 AND ?7)""",
        (life, *inside, *ends),
    ).fetchone()
    return int(total)


def _store(db: sqlite3.Connection, changes: Changes, before: dict[str, Head], now: int) -> None:
    heads = [head for name, head in changes.heads.items() if before.get(name) != head]
    _put(db, _HEAD, 7, [*changes.ended, *heads])  # what ended first: the name it had is taken over
    _put(db, _RECORD, 5, _records(changes.runs, now))
    _put(db, _BLOCK, 4, _blocks(changes.runs))
    if changes.restarted:
        db.execute(
            "DELETE FROM refusal WHERE pipeline IN (SELECT value FROM json_each(?))", (_json(changes.restarted),)
        )
    _put(db, _REFUSAL, 7, [
        (pipeline, number % REFUSALS_KEPT, number, now, refusal.index, refusal.reason, refusal.body)
        for pipeline, number, refusal in changes.refusals
    ])  # fmt: skip
    _put(db, _REQUEST, 4, [(*key, _json(_outcome_row(o)), now) for key, o in changes.requests.items()])
    _put(db, _CHECKPOINT, 5, [(*key, c.epoch, c.offset, c.state) for key, c in changes.checkpoints.items()])
    _put(db, _METER, 4, [(*meter, amount) for meter, amount in changes.meters.items()])


def _outcome_row(outcome: Appended) -> tuple[object, ...]:
    return outcome.epoch, outcome.first, outcome.last, outcome.accepted, outcome.errors


def _records(runs: Sequence[Run], now: int) -> list[tuple[int, int, int, int | None, bytes]]:
    """A timestamp of the last minute stands for the arrival too: most records have one, and need not say it twice."""
    recent = now - _MINUTE
    return [
        (run.life, offset, timestamp, None if recent <= timestamp <= now else now, body)
        for run in runs
        for offset, (timestamp, body) in enumerate(run.drafts, run.first)
    ]


def _blocks(runs: Sequence[Run]) -> list[tuple[int, int, int, int]]:
    """One row per block that was added to: its newest timestamp and its bytes, of this commit alone."""
    blocks: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for run in runs:
        at = 0
        while at < len(run.drafts):
            block, inside = divmod(run.first + at - 1, BLOCK_RECORDS)
            part = run.drafts[at : at + BLOCK_RECORDS - inside]
            blocks.setdefault((run.life, block), []).extend((timestamp, len(body)) for timestamp, body in part)
            at += len(part)
    return [(life, block, max(part)[0], sum(size for _, size in part)) for (life, block), part in blocks.items()]


def _put(db: sqlite3.Connection, into: str, width: int, rows: Sequence[tuple[object, ...]]) -> None:
    at = 0
    for size in _ROWS:
        while len(rows) - at >= size:
            db.execute(_statement(into, width, size), list(chain.from_iterable(rows[at : at + size])))
            at += size


@cache
def _statement(into: str, width: int, rows: int) -> str:
    row = f"({','.join('?' * width)})"
    return "INSERT INTO " + into.format(",".join([row] * rows))


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
