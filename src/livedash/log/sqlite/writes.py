"""One commit: load what its writes name, plan, store."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import orjson

from livedash.base.limits import BLOCK_RECORDS, KEY_SECONDS
from livedash.log import Append, Appended, Forget, Note, Outcome, Save, Single, Together, Write
from livedash.log.sqlite.changes import Head, Key
from livedash.log.sqlite.plan import Plan
from livedash.log.sqlite.store import as_json, store


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
    named = {*also, *_named(parts)}
    keys = [(part.pipeline, part.key) for part in parts if isinstance(part, Append) and part.key is not None]
    with transaction(db):
        heads, next_life = _heads(db, named)
        plan = Plan(named, heads, next_life, _answered(db, keys, now), partial(_stored, db), left)
        outcomes = [plan.apply(write) for write in writes]
        if keep is not None:
            plan.keep_newest(keep)
        store(db, plan.changes, heads, now)
    return outcomes


def _named(parts: Iterable[Single]) -> Iterator[str]:
    for part in parts:
        match part:
            case Save(checkpoint):
                yield checkpoint.pipeline
            case Note() | Forget():
                pass
            case _:
                yield part.pipeline


def _heads(db: sqlite3.Connection, pipelines: Iterable[str]) -> tuple[dict[str, Head], int]:
    """The heads that exist of `pipelines`, and the next free life."""
    found, next_life = db.execute(
        """SELECT json_group_array(json_array(life, pipeline, epoch, first, last, bytes, refused)),
        (SELECT ifnull(max(life), 0) + 1 FROM head)
        FROM head WHERE pipeline IN (SELECT value FROM json_each(?))""",
        (as_json(list(pipelines)),),
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
        (as_json(keys), now - KEY_SECONDS * 1_000_000),
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
