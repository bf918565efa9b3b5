import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.base import limits
from livedash.sinks.webhook import answers

from .support import NOON


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("1.5", 1.5),
        ("9999999999", limits.RETRY_AFTER_SECONDS),
        ("9" * 5000, None),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("1e3", None),
        ("٣", None),
        ("nan", None),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30),
        ("Wednesday, 25-Nov-26 12:00:30 GMT", 30),
        ("Wed Nov 25 12:00:30 2026", 30),
        ("Wed, 25 Nov 2026 13:00:30 +0100", 30),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0),
        ("Wed, 25 Nov 2099 12:00:00 GMT", limits.RETRY_AFTER_SECONDS),
        ("Wed, 25 Nov 99999 12:00:00 GMT", None),
        ("Wed, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert answers.retry_after(header, NOON) == seconds


_DATES = st.from_regex(r"[A-Z][a-z]{2}, \d{1,5} (Nov|Feb|x) \d{1,6} \d{1,3}:\d{1,3}(:\d{1,9})? ?([A-Z+-]\w{0,9})?")


@given(st.text() | _DATES)
def test_retry_after_is_bounded_whatever_it_says(header: str) -> None:
    seconds = answers.retry_after(header, NOON)
    assert seconds is None or 0 <= seconds <= limits.RETRY_AFTER_SECONDS


@given(st.text())
def test_a_location_never_fails(location: str) -> None:
    assert answers.reason(301, "", location).endswith("change the URL")
