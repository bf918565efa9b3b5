"""Questions to the log. Each is one statement with one row of answer where it can be: a statement reads from one
snapshot, and every further row would give up Python's lock once more (1,000 rows beside a busy event loop took
400 ms row by row, 12 ms joined).

Functions return None when the pipeline does not exist yet.
"""

import sqlite3
from collections.abc import Sequence
from itertools import accumulate, count, pairwise
from typing import cast

import orjson

from livedash.base.limits import BLOCK_RECORDS, PAGE_BYTES
from livedash.log import Bounds, Checkpoint, Total
from livedash.model import Gap, Page, Record, Refusal

# `fit` is the last offset of the page: `limit` records, of which the first always fits and the others in PAGE_BYTES.
# Sizes come from the rows' headers, so what does not fit is not read.
_PAGE = f"""
WITH asked AS (SELECT life, epoch, first, last, max(?2, first - 1) AS after FROM head WHERE pipeline = ?1),
sizes AS (
    SELECT offset, row_number() OVER page AS number, sum(length(body)) OVER page AS total
    FROM record, asked WHERE record.life = asked.life AND offset > after AND offset <= after + ?3
    WINDOW page AS (ORDER BY offset ROWS UNBOUNDED PRECEDING)
)
SELECT epoch, first, last, group_concat(timestamp), group_concat(length(body)),
    CAST(group_concat(CAST(body AS TEXT), '') AS BLOB)
FROM asked LEFT JOIN record ON record.life = asked.life AND offset > after
    AND offset <= (SELECT max(offset) FROM sizes WHERE number = 1 OR total <= {PAGE_BYTES})
"""

_FIND = f"""
SELECT ifnull((
    SELECT offset FROM block CROSS JOIN record ON record.life = block.life
        AND offset BETWEEN block * {BLOCK_RECORDS} + 1 AND (block + 1) * {BLOCK_RECORDS}
    WHERE block.life = head.life AND block >= (first - 1) / {BLOCK_RECORDS} AND newest >= ?2
        AND offset >= first AND timestamp >= ?2
    ORDER BY block, offset LIMIT 1
), last + 1) FROM head WHERE pipeline = ?1
"""

# Found by halves, since records arrive in the order of their offsets.
_TOO_OLD = """
WITH RECURSIVE asked AS (SELECT life, first, last FROM head WHERE pipeline = ?1), part (low, high) AS (
    SELECT first, last + 1 FROM asked
    UNION ALL
    SELECT iif(ifnull(arrived, timestamp) < ?2, offset + 1, low),
        iif(ifnull(arrived, timestamp) < ?2, high, offset)
    FROM part CROSS JOIN asked CROSS JOIN record ON record.life = asked.life AND offset = (low + high) / 2
    WHERE low < high
) SELECT max(low) - 1 FROM part
"""

# `edge` is the oldest block of which something may stay: behind it there are at most ?2 bytes. Of its records the
# newest stay, as many as there is room for.
_TOO_MUCH = f"""
WITH asked AS (SELECT life, first FROM head WHERE pipeline = ?1),
edge AS (
    SELECT block, ?2 - behind AS room FROM (
        SELECT block, sum(bytes) OVER (ORDER BY block DESC ROWS UNBOUNDED PRECEDING) - bytes AS behind
        FROM block CROSS JOIN asked WHERE block.life = asked.life AND block >= (first - 1) / {BLOCK_RECORDS}
    ) WHERE behind <= ?2 ORDER BY block LIMIT 1
),
kept AS (
    SELECT offset, room, sum(length(body)) OVER (ORDER BY offset DESC ROWS UNBOUNDED PRECEDING) AS size
    FROM asked CROSS JOIN edge CROSS JOIN record ON record.life = asked.life AND offset >= first
        AND offset BETWEEN block * {BLOCK_RECORDS} + 1 AND (block + 1) * {BLOCK_RECORDS}
)
SELECT ifnull((SELECT max(offset) FROM kept WHERE size > room), (SELECT block * {BLOCK_RECORDS} FROM edge))
"""

_BOUNDS = """
SELECT json_group_array(json_array(pipeline, epoch, first, last, bytes)) FROM head
WHERE pipeline IN (SELECT value FROM json_each(?))
"""

_NOTES = """
SELECT json_group_array(key), group_concat(length(body)), CAST(group_concat(CAST(body AS TEXT), '') AS BLOB)
FROM (SELECT key, body FROM note WHERE reader = ? AND kind = ? ORDER BY key)
"""

# From one reader to the next: the rows between them, with their bodies, are not read.
_READERS = """
WITH RECURSIVE noted (reader) AS (
    SELECT min(reader) FROM note
    UNION ALL
    SELECT (SELECT min(reader) FROM note WHERE note.reader > noted.reader) FROM noted WHERE noted.reader NOTNULL
) SELECT json_group_array(reader) FROM (
    SELECT reader FROM noted WHERE reader NOTNULL UNION SELECT reader FROM checkpoint
)
"""

_METERS = """
SELECT json_group_array(json_array(team, pipeline, subject, day, name, total)) FROM (
    SELECT * FROM meter WHERE day BETWEEN ? AND ? ORDER BY day, team, pipeline, subject, name
)
"""

_SPACE = """SELECT (page_count - freelist_count) * page_size, freelist_count * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size"""


def page(db: sqlite3.Connection, pipeline: str, after: int, limit: int) -> Page | None:
    epoch, first, last, *columns = db.execute(_PAGE, (pipeline, after, limit)).fetchone()
    if epoch is None:
        return None
    start = min(max(after, first - 1, 0), last)
    gap = Gap(max(after, 0) + 1, start, "trimmed") if start > max(after, 0) else None
    return Page(pipeline, epoch, start, _records(start + 1, *columns), last, gap)


def _records(first: int, timestamps: str | None, sizes: str | None, bodies: bytes | None) -> tuple[Record, ...]:
    if not timestamps:
        return ()
    moments = map(int, timestamps.split(","))
    return tuple(map(Record, count(first), moments, _parted(sizes, bodies)))


def _parted(sizes: str | None, joined: bytes | None) -> Sequence[bytes]:
    """What was joined in one blob, taken apart by its sizes."""
    if not sizes:
        return ()
    bodies, ends = joined or b"", list(accumulate(map(int, sizes.split(","))))
    return [bodies[start:end] for start, end in pairwise((0, *ends))]


def find(db: sqlite3.Connection, pipeline: str, since: int) -> int | None:
    row = db.execute(_FIND, (pipeline, since)).fetchone()
    return row and int(row[0])


def bounds(db: sqlite3.Connection, pipeline: str) -> Bounds | None:
    row = db.execute("SELECT epoch, first, last, bytes FROM head WHERE pipeline = ?", (pipeline,)).fetchone()
    return row and Bounds(*row)


def bounds_of(pipelines: Sequence[str], db: sqlite3.Connection) -> dict[str, Bounds]:
    """Of those that exist, by name."""
    (found,) = db.execute(_BOUNDS, (orjson.dumps(pipelines).decode(),)).fetchone()
    return {name: Bounds(*row) for name, *row in orjson.loads(found)}


def expired(db: sqlite3.Connection, pipeline: str, before: int | None, over: int | None) -> int | None:
    if (held := bounds(db, pipeline)) is None:
        return None
    asked = [(_TOO_OLD, before), (_TOO_MUCH, over)]
    found = [db.execute(text, (pipeline, limit)).fetchone()[0] for text, limit in asked if limit is not None]
    through = max((each for each in found if each is not None), default=0)
    return through if through >= held.first else 0


def pipelines(db: sqlite3.Connection) -> Sequence[str]:
    (found,) = db.execute(
        "SELECT json_group_array(pipeline) FROM head WHERE pipeline NOTNULL AND max(last, refused) > 0"
    ).fetchone()
    return cast("list[str]", orjson.loads(found))


def checkpoint(db: sqlite3.Connection, reader: str, pipeline: str) -> Checkpoint | None:
    row = db.execute(
        "SELECT epoch, offset, state FROM checkpoint WHERE reader = ? AND pipeline = ?", (reader, pipeline)
    ).fetchone()
    return row and Checkpoint(reader, pipeline, *row)


def refused(db: sqlite3.Connection, pipeline: str, limit: int) -> Sequence[tuple[int, Refusal]]:
    rows = db.execute(
        "SELECT at, place, reason, body FROM refusal WHERE pipeline = ? ORDER BY number DESC LIMIT ?",
        (pipeline, limit),
    )
    return [(at, Refusal(place, reason, body)) for at, place, reason, body in rows.fetchall()]


def notes(db: sqlite3.Connection, reader: str, kind: str) -> Sequence[tuple[int, bytes]]:
    keys, *columns = db.execute(_NOTES, (reader, kind)).fetchone()
    return list(zip(orjson.loads(keys), _parted(*columns), strict=True))


def readers(db: sqlite3.Connection) -> Sequence[str]:
    return cast("list[str]", orjson.loads(db.execute(_READERS).fetchone()[0]))


def meters(db: sqlite3.Connection, first: str, last: str) -> Sequence[Total]:
    (found,) = db.execute(_METERS, (first, last)).fetchone()
    return [Total(*row) for row in orjson.loads(found)]


def space(db: sqlite3.Connection) -> tuple[int, int]:
    """Bytes of pages in use, and of pages free for reuse. What the WAL repeats of them is not counted: it is a few
    MB at most, and temporary."""
    used, reusable = db.execute(_SPACE).fetchone()
    return used, reusable
