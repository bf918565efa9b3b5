"""The tables, their numbered migrations, and how a connection is opened."""

import sqlite3
from pathlib import Path

from livedash.model.errors import StorageError

# `head`: one row per life of a log; `pipeline` is NULL once a Restart ended that life.
# `record`: offsets below `head.first` are trimmed and wait for the sweep. `arrived` is NULL where the
# timestamp says it.
# `block`: index by time, one row per BLOCK_RECORDS offsets; it counts trimmed records too until they are swept.
# `refusal`: a ring per pipeline; `slot` is `number` modulo REFUSALS_KEPT.
_FIRST = """
CREATE TABLE head (
    life INTEGER PRIMARY KEY, pipeline TEXT UNIQUE, epoch TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, bytes INTEGER NOT NULL, refused INTEGER NOT NULL
);
CREATE TABLE record (
    life INTEGER NOT NULL, offset INTEGER NOT NULL, timestamp INTEGER NOT NULL, arrived INTEGER, body BLOB NOT NULL,
    PRIMARY KEY (life, offset)
) WITHOUT ROWID;
CREATE TABLE block (
    life INTEGER NOT NULL, block INTEGER NOT NULL,
    newest INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (life, block)
) WITHOUT ROWID;
CREATE TABLE refusal (
    pipeline TEXT NOT NULL, slot INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
    place INTEGER NOT NULL, reason TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (pipeline, slot)
) WITHOUT ROWID;
CREATE TABLE request (
    pipeline TEXT NOT NULL, key TEXT NOT NULL, outcome TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (pipeline, key)
) WITHOUT ROWID;
CREATE INDEX request_at ON request (at);
CREATE TABLE checkpoint (
    reader TEXT NOT NULL, pipeline TEXT NOT NULL,
    epoch TEXT NOT NULL, offset INTEGER NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (reader, pipeline)
) WITHOUT ROWID;
CREATE TABLE meter (
    pipeline TEXT NOT NULL, day TEXT NOT NULL, name TEXT NOT NULL, total INTEGER NOT NULL,
    PRIMARY KEY (pipeline, day, name)
) WITHOUT ROWID;
"""
# `note`: in the order of writing (a table with rowids), since what is written together then lies together: with 50
# readers a commit writes a quarter of the pages. Without rowids a body over 2 KB would also take pages of its own.
# `meter`: by day first, as it is read.
_SINKS = """
CREATE TABLE note (
    reader TEXT NOT NULL, kind TEXT NOT NULL, key INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (reader, kind, key)
);
ALTER TABLE meter RENAME TO meter_before;
CREATE TABLE meter (
    day TEXT NOT NULL, team TEXT NOT NULL, pipeline TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (day, team, pipeline, subject, name)
) WITHOUT ROWID;
INSERT INTO meter SELECT day, '', pipeline, '', name, total FROM meter_before;
DROP TABLE meter_before;
"""
MIGRATIONS = (_FIRST, _SINKS)  # number n brings user_version from n - 1 to n; never edit one that was released
PAGE_SIZE = 8192  # a body up to a quarter of a page shares one with others; a larger one takes pages of its own
_STATEMENTS = 256  # kept prepared: store.py has some ten tables in eleven sizes
_OLDEST = (3, 38, 0)  # upserts of many rows, window functions, JSON built in


def connect(path: str, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode. It may be handed from thread to thread, never shared by two at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS)
    connection.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk; NORMAL syncs only at checkpoints
    connection.execute("PRAGMA wal_autocheckpoint = 500")  # pages, 4 MB
    connection.execute("PRAGMA journal_size_limit = 16777216")  # one huge commit does not keep its WAL for ever
    connection.execute("PRAGMA temp_store = MEMORY")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Bring the store to the newest schema. Raises StorageError when it is newer than this program."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StorageError(f"SQLite {'.'.join(map(str, _OLDEST))} or newer is needed, not {sqlite3.sqlite_version}")
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")  # of a new store
    connection.execute("PRAGMA journal_mode = WAL")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StorageError(
            f"{Path(path).name} was written by a newer Livedash: it has schema {version}, "
            f"this one knows {len(MIGRATIONS)}. Update Livedash, or give it another data folder."
        )
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT")


def empty_wal(connection: sqlite3.Connection) -> None:
    """Give the disk back what the WAL takes, so that a transaction fits again."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
