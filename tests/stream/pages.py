"""Pages made by hand."""

from livedash.model import Draft, Gap, Page, Record
from livedash.model.record import metrics_of

ONE = b'{"offset":7,"timestamp":"2026-09-21T14:13:20.123Z","data":{"t":21.5},"metrics":{"t":21.5}}'
"""`record(7, t=21.5)` as JSON."""


def record(offset: int, **data: object) -> Record:
    draft = Draft.encode(data, metrics_of(data), 1_790_000_000_123_456)
    return Record(offset, draft.timestamp, draft.body)


def page(*records: Record, gap: Gap | None = None, after: int = 0) -> Page:
    after = records[0].offset - 1 if records else after
    return Page("pl_p", "k3v9", after, records, records[-1].offset if records else after, gap)
