"""Numbers and units as people read them."""

import pytest

from livedash.boards.format import plain, quantity


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "expected"),
    [
        (21.456, "celsius", None, "21.46 °C"),
        (37, "percent", None, "37%"),
        (5, "m/s", None, "5 m/s"),
        (0.5, None, None, "0.5"),
        (-0.0001, None, 1, "0.0"),
        (1536, "bytes", None, "1.5 KiB"),
        (3 * 1024**3, "B/s", 1, "3.0 GiB/s"),
        (-2048, "bytes", None, "-2 KiB"),
        (0.25, "seconds", None, "250 ms"),
        (12.5, "s", None, "12.5 s"),
        (93784, "duration", None, "1d 2h"),
        (3600, "seconds", None, "1h"),
        (None, "celsius", None, "–"),
        (1e300, None, None, "1e+300"),
        (1.5e300, "seconds", None, "1.5e+300 s"),
    ],
)
def test_quantities(value: float | None, unit: str | None, decimals: int | None, expected: str) -> None:
    assert quantity(value, unit, decimals) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.0, "0"), (1234567, "1,234,567"), (1234.56, "1,235"), (123.45, "123.5"), (0.00012, "0.00012"),
     (-0.5, "-0.5"), (100, "100"), (10.0, "10")],
)  # fmt: skip
def test_plain_numbers_have_the_digits_that_matter(value: float, expected: str) -> None:
    assert plain(value) == expected
