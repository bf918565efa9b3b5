"""A first dashboard, made of the first records: numbers as a line chart and stat cards, the rest as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from livedash.catalog.catalog import Catalog
from livedash.catalog.changes import PutDashboard
from livedash.catalog.entries import Dashboard, Pipeline, Snapshot, Widget
from livedash.model import Json, Record

CHART_FIELDS = 6  # lines one can tell apart at a glance
STAT_CARDS = 4  # one row
TABLE_FIELDS = 8  # columns that fit on a screen
_COLUMNS = 12
_PATH_CHARS = 200


def widgets_for(records: Sequence[Record], pipeline: str) -> list[dict[str, Json]]:
    """Widgets, as a document writes them, that show what is in `records` of the pipeline with this slug; none when
    the records have no fields."""
    numbers = list(dict.fromkeys(path for record in records for path in record.metrics if _fits(path)))
    paths = list(dict.fromkeys(path for record in records for path in _leaves(record.data) if _fits(path)))
    cards = numbers[:STAT_CARDS]
    widgets = [_card(path, index, len(cards), pipeline) for index, path in enumerate(cards)]
    y = 2 if cards else 0
    if numbers:
        chart = {"title": _title(numbers[0]) if len(numbers) == 1 else "Over time"}
        query = {"pipeline": pipeline, "fields": numbers[:CHART_FIELDS]}
        widgets.append(_widget("chart", "line_chart", chart, query, (0, y, _COLUMNS, 5)))
        y += 5
    if set(paths) - set(numbers):
        columns = list(dict.fromkeys(["timestamp", *paths]))[:TABLE_FIELDS]
        table = {"title": "Newest records", "fields": columns}
        widgets.append(_widget("table", "table", table, {"pipeline": pipeline, "limit": 20}, (0, y, _COLUMNS, 5)))
    return widgets


async def fill(catalog: Catalog, pipeline: Pipeline, records: Sequence[Record]) -> None:
    """Put widgets made of `records` on every dashboard that waits for the pipeline's first record (`auto`). Safe to
    call again and at the same time: a dashboard that has widgets by then is left alone."""
    widgets = tuple(Widget(**each) for each in widgets_for(records, pipeline.slug))
    if widgets:
        await catalog.change(
            lambda snapshot: [PutDashboard(replace(each, widgets=widgets)) for each in _waiting(snapshot, pipeline)]
        )


def waits(catalog: Catalog, pipeline: Pipeline) -> bool:
    """Whether a dashboard waits for the pipeline's first record."""
    return bool(_waiting(catalog.snapshot, pipeline))


def _waiting(snapshot: Snapshot, pipeline: Pipeline) -> list[Dashboard]:
    return [each for each in snapshot.dashboards if each.auto == pipeline.id and not each.widgets]


def _card(path: str, index: int, of: int, pipeline: str) -> dict[str, Json]:
    width = _COLUMNS // of
    query = {"pipeline": pipeline, "field": path, "aggregate": "last"}
    config = {"title": _title(path), "label": "newest", "delta": True, "sparkline": True}
    return _widget(f"stat-{index + 1}", "stat_card", config, query, (index * width, 0, width, 2))


def _widget(id: str, type: str, config: Json, query: Json, place: tuple[int, int, int, int]) -> dict[str, Json]:
    position = dict(zip("xywh", place, strict=True))
    return {"id": id, "type": type, "position": position, "config": config, "query": query}


def _fits(path: str) -> bool:
    """Whether a widget takes the path; nobody wants to see a longer one."""
    return len(path) <= _PATH_CHARS


def _title(path: str) -> str:
    """`location.temp_max` → `Location temp max`."""
    words = path.replace(".", " ").replace("_", " ").replace("-", " ").split()
    text = " ".join(words) or path
    return text[:1].upper() + text[1:200]


def _leaves(data: Mapping[str, Json], prefix: str = "") -> list[str]:
    """The paths of everything that is not an object, through objects."""
    out: list[str] = []
    for key, value in data.items():
        out += _leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
    return out
