"""The bytes of records as each kind of client needs them. `Page.encoded` keeps them, so they are made once."""

import orjson

from livedash.model import Cursor, Page, Record


def event(epoch: bytes, record: Record) -> bytes:
    """One record as an unnamed Server-Sent Event."""
    return b'id: %b-%d\ndata: {"offset":%d%b\n\n' % (epoch, record.offset, record.offset, record.body)


def events(page: Page) -> bytes:
    """A page as Server-Sent Events: its gap, if any, then its records.

    The gap's id is the cursor just before the first record that follows, so a client that breaks off after the gap
    resumes behind it and is not told again.
    """
    epoch = page.epoch.encode()
    records = b"".join([event(epoch, record) for record in page.records])
    if page.gap is None:
        return records
    resume = Cursor(page.epoch, page.records[0].offset - 1 if page.records else page.after)
    gap = orjson.dumps(page.gap.json())
    return b"event: gap\nid: %b\ndata: %b\n\n" % (str(resume).encode(), gap) + records


def lines(page: Page) -> bytes:
    """A page as NDJSON."""
    return b"".join([record.json + b"\n" for record in page.records])


def array(page: Page) -> bytes:
    """A page's records as a JSON array."""
    return b"[" + b",".join([record.json for record in page.records]) + b"]"
