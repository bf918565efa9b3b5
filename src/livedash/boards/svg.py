"""Small pictures of lines, drawn on the server. Only attributes, no styles: the policy of our pages allows none."""

import math
from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 1000, 300  # the picture is stretched to where it stands
POINTS = 200  # per line: more is not seen in a picture that a live chart replaces at once
COLOURS = 8  # the theme has --series-1 to --series-8

Points = Sequence[tuple[float, float | None]]

_LINE = Markup(
    '<path class="series-{}" d="{}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" '
    'stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
)
_SVG = Markup(
    '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" focusable="false">{}</svg>'
)


def lines(
    series: Sequence[Points],
    *,
    css: str,
    across: tuple[float, float] | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Markup:
    """An SVG with a line per series of (x, y); None breaks a line. `across` are the ends of the x axis, `low` and
    `high` those of the y axis, otherwise they are found in the points."""
    series = [_thinned(points) for points in series]
    xs = across or _ends([x for points in series for x, _ in points])
    ys = _ends([y for points in series for _, y in points if y is not None])
    box = (*xs, ys[0] if low is None else low, ys[1] if high is None else high)
    paths = [_LINE.format(index % COLOURS + 1, _path(points, box)) for index, points in enumerate(series)]
    return _SVG.format(css, WIDTH, HEIGHT, Markup("").join(paths))


def _path(points: Points, box: tuple[float, float, float, float]) -> str:
    left, right, bottom, top = box
    steps: list[str] = []
    pen = "M"
    for x, y in points:
        if y is None:
            pen = "M"
            continue
        across = WIDTH * _share(x, left, right)
        up = HEIGHT * (1 - _share(y, bottom, top))
        steps.append(f"{pen}{across:.0f} {up:.0f}" + ("h0" if pen == "M" else ""))  # h0: a lone point is a dot
        pen = "L"
    return "".join(steps)


def _share(value: float, low: float, high: float) -> float:
    """Where `value` lies between the ends, 0 to 1; what lies beyond is put at the end."""
    # in parts of the larger end: the difference of two huge numbers overflows, half of the smallest number is nothing
    unit = max(abs(low), abs(high))
    span = high / unit - low / unit if high > low else 0
    if not span:
        return 0.5
    return min(max((value / unit - low / unit) / span, 0.0), 1.0)


def _thinned(points: Points) -> Points:
    step = math.ceil(len(points) / POINTS)
    return points if step <= 1 else points[(len(points) - 1) % step :: step]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (0, 0)
