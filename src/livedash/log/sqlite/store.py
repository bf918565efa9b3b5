"""What a commit changed, written to the tables: a few statements each of many rows, never one a row."""

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain

import orjson

from livedash.base.limits import BLOCK_RECORDS, REFUSALS_KEPT
from livedash.log import Appended
from livedash.log.sqlite.changes import Changes, Head, Run

_MINUTE = 60_000_000  # µs
# Rows a statement. Few sizes, so that each is prepared once; such that any number takes few of them, and so do the
# round numbers that people send. Each statement gives up Python's lock.
_ROWS = (1000, 500, 250, 125, 64, 32, 16, 8, 4, 2, 1)
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
_NOTE = """note (reader, kind, key, body) VALUES {} ON CONFLICT (reader, kind, key)
    DO UPDATE SET body = excluded.body"""
_METER = """meter (day, team, pipeline, subject, name, total) VALUES {}
    ON CONFLICT (day, team, pipeline, subject, name) DO UPDATE SET total = total + excluded.total"""
_DROP_NOTES = """DELETE FROM note WHERE rowid IN (SELECT note.rowid FROM json_each(?) AS gone CROSS JOIN note
    ON reader = gone.value ->> 0 AND kind = gone.value ->> 1 AND note.key = gone.value ->> 2)"""


def store(db: sqlite3.Connection, changes: Changes, before: dict[str, Head], now: int) -> None:
    heads = [head for name, head in changes.heads.items() if before.get(name) != head]
    _put(db, _HEAD, 7, [*changes.ended, *heads])  # what ended first: the name it had is taken over
    _put(db, _RECORD, 5, _records(changes.runs, now))
    _put(db, _BLOCK, 4, _blocks(changes.runs))
    if changes.restarted:
        _delete(db, "refusal", "pipeline", changes.restarted)
    _put(db, _REFUSAL, 7, [
        (pipeline, number % REFUSALS_KEPT, number, now, refusal.index, refusal.reason, refusal.body)
        for life, pipeline, number, refusal in changes.refusals if changes.heads[pipeline].life == life
    ])  # fmt: skip
    _put(db, _REQUEST, 4, [(*key, as_json(_outcome_row(o)), now) for key, o in changes.requests.items()])
    if changes.forgotten:
        _delete(db, "checkpoint", "reader", changes.forgotten)
        _delete(db, "note", "reader", changes.forgotten)
    _put(db, _CHECKPOINT, 5, [(*key, c.epoch, c.offset, c.state) for key, c in changes.checkpoints.items()])
    _put(db, _NOTE, 4, [(*key, body) for key, body in changes.notes.items() if body is not None])
    if gone := [key for key, body in changes.notes.items() if body is None]:
        db.execute(_DROP_NOTES, (as_json(gone),))
    _put(db, _METER, 6, [(*meter, amount) for meter, amount in changes.meters.items()])


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


def _delete(db: sqlite3.Connection, table: str, column: str, values: Sequence[str]) -> None:
    db.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))", (as_json(values),))


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


def as_json(value: object) -> str:
    return orjson.dumps(value).decode()
