"""The bytes of records and events, encoded once."""

import orjson

from livedash.model import Cursor
from livedash.stream.frames import array, event, lines
from tests.stream.pages import ONE, page, record


def test_a_named_event() -> None:
    assert event("ping", {"now": 7}) == b'event: ping\ndata: {"now":7}\n\n'
    assert event("gap", {"to": None}, Cursor("k3v9", 6)) == b'event: gap\nid: k3v9-6\ndata: {"to":null}\n\n'


def test_lines_and_arrays_are_the_same_records() -> None:
    records = page(record(7, t=21.5), record(8, s="é漢\n"))
    assert lines(records).splitlines()[0] == ONE
    assert [orjson.loads(line) for line in lines(records).splitlines()] == orjson.loads(array(records))
    assert [each["offset"] for each in orjson.loads(array(records))] == [7, 8]
    assert (array(page()), lines(page())) == (b"[]", b"")


def test_no_text_of_a_record_can_end_a_line() -> None:
    assert lines(page(record(1, **{"a\n\n": "b\r\n\r\n\u2028\x00"}))).count(b"\n") == 1


def test_a_page_is_encoded_once_for_each_kind() -> None:
    shared = page(record(7, t=21.5))
    assert shared.encoded(array) is shared.encoded(array)
    assert shared.encoded(lines) == ONE + b"\n" != shared.encoded(array)
