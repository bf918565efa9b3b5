"""The bytes of pages and events. `Page.encoded` keeps those of a page, so they are made once."""

from collections.abc import Mapping

import orjson

from livedash.model import Cursor, Json, Page


def event(name: str, data: Mapping[str, Json], cursor: Cursor | None = None) -> bytes:
    """One named Server-Sent Event; `cursor` becomes its id."""
    tag = b"" if cursor is None else b"id: %b\n" % str(cursor).encode()
    return b"event: %b\n%bdata: %b\n\n" % (name.encode(), tag, orjson.dumps(data, default=str))


def lines(page: Page) -> bytes:
    """A page as NDJSON."""
    return b"".join([record.json + b"\n" for record in page.records])


def array(page: Page) -> bytes:
    """A page's records as a JSON array."""
    return b"[" + b",".join([record.json for record in page.records]) + b"]"
