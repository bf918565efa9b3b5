"""Where a value is drawn: between the ends, for numbers of every size."""

from hypothesis import example, given
from hypothesis import strategies as st

from livedash.boards.svg import _share

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(FLOATS, FLOATS, FLOATS)
@example(0.0, 5e-324, 5e-324)
@example(-1.7e308, 5.0, 1.7e308)
@example(0.0, 1.7e308, 5e-324)
def test_every_value_has_a_place(low: float, value: float, high: float) -> None:
    share = _share(value, low, high)
    assert 0 <= share <= 1
    if low < high:
        assert _share(low, low, high) in (0, 0.5)
        assert _share(high, low, high) in (1, 0.5)


def test_the_middle_is_in_the_middle() -> None:
    assert _share(5, 0, 10) == 0.5
    assert _share(-7.5, -10, 0) == 0.25
    assert _share(0, -1.7e308, 1.7e308) == 0.5
    assert _share(5e-324, 0.0, 1e-323) == 0.5
