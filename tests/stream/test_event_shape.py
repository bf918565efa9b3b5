"""What a stream carries: which records, which of their fields, and in which pieces."""

import orjson
import pytest

from livedash.base import limits
from livedash.model import Cursor, Gap, Page
from livedash.model.errors import Invalid
from livedash.stream.event_shape import EventShape
from tests.stream.pages import ONE, page, record

PLAIN = EventShape()


def said(page: Page, shape: EventShape = PLAIN) -> bytes:
    return b"".join(frame.data for frame in shape(page))


def test_an_event_is_unnamed_and_its_id_is_the_cursor() -> None:
    assert said(page(record(7, t=21.5))) == b"id: k3v9-7\ndata: " + ONE + b"\n\n"
    assert said(page()) == b""


def test_no_text_of_a_record_can_end_an_event() -> None:
    """A newline in a value is escaped in JSON; one in a frame would let a sender forge events for every client."""
    evil = record(1, **{"a\n\nevent: gap\n": "b\r\n\r\nid: 9\u2028\x00", "c": {"d": "\n\ndata: x"}})
    for shape in (PLAIN, EventShape(("c.d", "a\n\nevent: gap\n"))):
        assert said(page(evil), shape).count(b"\n") == 3
        assert b"\r" not in said(page(evil), shape)


def test_a_gap_comes_first_under_a_name_and_with_where_to_resume() -> None:
    """Whatever is chosen of the records: a gap may hold some that would have been."""
    for shape in (PLAIN, EventShape(where="data.t > 100")):
        text = said(page(record(7, t=21.5), gap=Gap(3, 6, "trimmed")), shape)
        gap, rest = text.split(b"\n\n", 1)
        assert gap == b'event: gap\nid: k3v9-6\ndata: {"from":3,"to":6,"reason":"trimmed"}'
        assert rest == said(page(record(7, t=21.5)), shape)


def test_a_gap_with_nothing_after_it() -> None:
    text = said(page(gap=Gap(8, None, "epoch"), after=12))
    assert text == b'event: gap\nid: k3v9-12\ndata: {"from":8,"to":null,"reason":"epoch"}\n\n'


def test_fields_are_chosen_and_keep_the_form_of_a_record() -> None:
    both = record(7, t=21.5, place={"name": "Bern", "zip": 3000})
    (event,) = said(page(both), EventShape(("place.name",))).split(b"data: ")[1:]
    assert orjson.loads(event) == {
        "offset": 7,
        "timestamp": "2026-09-21T14:13:20.123Z",
        "data": {"place": {"name": "Bern"}},
        "metrics": {},
    }


def test_where_leaves_out_and_says_how_far_it_is() -> None:
    frames = EventShape(where="data.t > 1")(page(record(1, t=1), record(2, t=2), record(3, t=3), record(4, t=0)))
    assert [(frame.last, frame.records, frame.data.count(b"id: ")) for frame in frames] == [(4, 2, 2)]
    assert EventShape(where="data.t > 9")(page(record(1, t=1))) == ()
    assert EventShape(where="data.t > 1")(page(record(1, s="no number"))) == (), (
        "what cannot be compared does not match"
    )


def test_an_expression_that_is_none() -> None:
    with pytest.raises(Invalid):
        EventShape(where="data.t >")


def test_a_frame_is_of_a_named_size_or_one_record() -> None:
    records = [record(offset, text="x" * 20_000) for offset in range(1, 8)]
    records.insert(0, record(0, text="x" * 2 * limits.FRAME_BYTES))
    frames = PLAIN(page(*records))
    assert [frame.records for frame in frames] == [1, 3, 3, 1]
    assert all(len(frame.data) <= limits.FRAME_BYTES or frame.records == 1 for frame in frames)
    assert [frame.last for frame in frames] == [0, 3, 6, 7]


def test_what_takes_work_is_done_in_pieces() -> None:
    long = page(*[record(offset, t=offset) for offset in range(5, 30)], gap=Gap(1, 4, "trimmed"))
    assert PLAIN.parts(long) == (long,)
    parts = EventShape(("t",)).parts(long)
    assert parts is EventShape(where="data.t > 1").parts(long), "shared by all shapes"
    assert [record.offset for part in parts for record in part.records] == list(range(5, 30))
    assert [(part.after, part.last, part.gap) for part in parts] == [(4, 14, long.gap), (14, 24, None), (24, 29, None)]
    assert max(len(part.records) for part in parts) == limits.SHAPE_RECORDS
    assert EventShape(("t",)).parts(page(after=7)) == (page(after=7),)


def test_a_filter_looks_at_so_much_of_a_record() -> None:
    shape = EventShape(where="size(data.l) > 1 && data.s == 'x'")
    most = limits.FILTER_VALUES - 2  # the list and the text are values too
    for count, matches in ((most, 1), (most + 1, 0)):
        assert len(shape(page(record(1, l=[1] * count, s="x", more=[1] * 2_000)))) == matches


def test_silence() -> None:
    """Where records may be left out, an id moves the client past them."""
    assert PLAIN.silence(Cursor("k3v9", 7), 0) == b":keepalive\n\n"
    for shape in (EventShape(pings=True), EventShape(where="data.t > 1")):
        ping = shape.silence(Cursor("k3v9", 7), 1_790_000_000_123_456)
        assert ping == b'event: ping\nid: k3v9-7\ndata: {"now":1790000000123,"cursor":"k3v9-7"}\n\n'


def test_equal_shapes_share_what_a_page_was_encoded_to() -> None:
    shared = page(record(7, t=21.5, more=1))
    assert shared.encoded(EventShape(("t",), "data.t > 1")) is shared.encoded(EventShape(("t",), "data.t > 1"))
    assert shared.encoded(EventShape(("t",))) != shared.encoded(PLAIN)
