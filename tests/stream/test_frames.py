"""The bytes of records as each kind of client needs them, encoded once."""

import orjson

from livedash.model import Draft, Gap, Page, Record
from livedash.model.record import metrics_of
from livedash.stream.frames import array, event, events, lines


def record(offset: int, **data: object) -> Record:
    draft = Draft.encode(data, metrics_of(data), 1_790_000_000_123_456)
    return Record(offset, draft.timestamp, draft.body)


def page(*records: Record, gap: Gap | None = None, after: int = 0) -> Page:
    after = records[0].offset - 1 if records else after
    return Page("pl_p", "k3v9", after, records, records[-1].offset if records else after, gap)


ONE = b'{"offset":7,"timestamp":"2026-09-21T14:13:20.123Z","data":{"t":21.5},"metrics":{"t":21.5}}'


def test_an_event_is_unnamed_and_its_id_is_the_cursor() -> None:
    assert event(b"k3v9", record(7, t=21.5)) == b"id: k3v9-7\ndata: " + ONE + b"\n\n"


def test_a_page_is_its_events_in_order() -> None:
    records = [record(7, t=21.5), record(8, t=1)]
    assert events(page(*records)) == b"".join(event(b"k3v9", each) for each in records)
    assert events(page()) == b""


def test_no_text_of_a_record_can_end_an_event_or_a_line() -> None:
    """A newline in a value is escaped in JSON; one in a frame would let a sender forge events for every client."""
    evil = record(1, **{"a\n\nevent: gap\n": "b\r\n\r\nid: 9\u2028\x00", "c": {"d": "\n\ndata: x"}})
    assert events(page(evil)).count(b"\n") == 3
    assert b"\r" not in events(page(evil))
    assert lines(page(evil)).count(b"\n") == 1


def test_a_gap_comes_first_under_a_name_and_with_where_to_resume() -> None:
    text = events(page(record(7, t=21.5), gap=Gap(3, 6, "trimmed")))
    gap, rest = text.split(b"\n\n", 1)
    assert gap == b'event: gap\nid: k3v9-6\ndata: {"from":3,"to":6,"reason":"trimmed"}'
    assert rest == event(b"k3v9", record(7, t=21.5))


def test_a_gap_with_nothing_after_it() -> None:
    text = events(page(gap=Gap(8, None, "epoch"), after=12))
    assert text == b'event: gap\nid: k3v9-12\ndata: {"from":8,"to":null,"reason":"epoch"}\n\n'


def test_lines_and_arrays_are_the_same_records() -> None:
    records = page(record(7, t=21.5), record(8, s="é漢\n"))
    assert lines(records).splitlines()[0] == ONE
    assert [orjson.loads(line) for line in lines(records).splitlines()] == orjson.loads(array(records))
    assert [each["offset"] for each in orjson.loads(array(records))] == [7, 8]
    assert (array(page()), lines(page())) == (b"[]", b"")


def test_a_page_is_encoded_once_for_each_kind() -> None:
    shared = page(record(7, t=21.5))
    assert shared.encoded(events) is shared.encoded(events)
    assert shared.encoded(lines) == ONE + b"\n" != shared.encoded(events)
