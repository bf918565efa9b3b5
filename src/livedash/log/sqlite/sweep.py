"""Freeing what is out of date, a chunk a transaction: a million rows at once would hold up ingest for a second."""

import sqlite3

from livedash.base.limits import BLOCK_RECORDS, KEY_SECONDS, SWEEP_RECORDS
from livedash.log.sqlite.writes import transaction

_TRIMMED = """
SELECT life, first - 1, lowest FROM (
    SELECT life, first, (SELECT min(offset) FROM record WHERE record.life = head.life) AS lowest FROM head
) WHERE lowest < first LIMIT 1
"""
_ENDED = "SELECT life FROM head WHERE pipeline IS NULL"


def sweep(db: sqlite3.Connection, now: int) -> bool:
    """Free one chunk. True when more is left."""
    with transaction(db):
        trimmed = db.execute(_TRIMMED).fetchone()
        if trimmed is None:
            return _forget(db, now)
        _free(db, *trimmed)
    return True


def _free(db: sqlite3.Connection, life: int, last: int, lowest: int) -> None:
    last = min(last, lowest + SWEEP_RECORDS - 1)  # offsets are dense
    db.execute("DELETE FROM record WHERE life = ? AND offset <= ?", (life, last))
    db.execute("DELETE FROM block WHERE life = ? AND (block + 1) * ? <= ?", (life, BLOCK_RECORDS, last))


def _forget(db: sqlite3.Connection, now: int) -> bool:
    """Lives whose records are all gone, and old Idempotency-Keys."""
    db.execute(f"DELETE FROM block WHERE life IN ({_ENDED})")
    db.execute("DELETE FROM head WHERE pipeline IS NULL")
    forgotten = db.execute(
        "DELETE FROM request WHERE (pipeline, key) IN (SELECT pipeline, key FROM request WHERE at <= ? LIMIT ?)",
        (now - KEY_SECONDS * 1_000_000, SWEEP_RECORDS),
    )
    return forgotten.rowcount == SWEEP_RECORDS
