"""Lines over time."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

import orjson
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, model_validator

from livedash.boards import format, svg
from livedash.boards.hidden_table import hidden_table
from livedash.boards.picture import Picture, Pictures, update
from livedash.boards.query import seconds
from livedash.boards.series import Point
from livedash.boards.widget import Delta, View
from livedash.boards.window import WINDOW_RECORDS
from livedash.model import Json, Page
from livedash.model.record import iso

HIDDEN_ROWS = 100  # of a chart's data for screen readers: the newest; all of it is in .csv


class LineChartConfig(BaseModel):
    """Lines over time: one per field of the query, or with `group_by` one per value and field. Without fields the
    numbers of the records are shown. With a range that holds more than `limit` records they are joined into `limit`
    points by `aggregate` (avg); counts, sums and rates are always joined."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["line_chart"] = "line_chart"
    title: str | None = Field(default=None, max_length=200, description="Heading", examples=["Temperature"])
    unit: str | None = Field(
        default=None,
        max_length=30,
        description="Unit of the values: celsius, percent, bytes, bytes/s, seconds, or any text",
        examples=["celsius"],
    )
    decimals: int | None = Field(default=None, ge=0, le=10, description="Digits after the point; otherwise as needed")
    min: float | None = Field(default=None, description="Lower end of the value axis; otherwise that of the data")
    max: float | None = Field(default=None, description="Upper end of the value axis; otherwise that of the data")
    legend: bool | None = Field(default=None, description="Name the lines; otherwise when there are several")
    labels: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict,
        max_length=50,
        description="Names of lines by path; otherwise the path",
        examples=[{"temp_max": "High"}],
    )
    fill: bool = Field(default=False, description="Fill the area below the lines")

    @model_validator(mode="after")
    def _ends(self) -> "LineChartConfig":
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("min must be less than max")
        return self


class LineChart:
    """Draws a picture on the server, for the first moment, and keeps a Chart.js chart up to date after it."""

    TYPE: ClassVar[str] = "line_chart"
    Config: ClassVar[type[BaseModel]] = LineChartConfig

    def __init__(self, config: LineChartConfig, view: View) -> None:
        self._config = config
        self._view = view
        self.query = view.query
        self._pictures = Pictures(view.query)

    def start(self, history: Iterable[Page], now: int) -> Picture:
        state = self._pictures.step(Picture(), Page("", "", 0, (), 0), now)
        for page in history:
            state = self._pictures.step(state, page, now)
        return state

    def step(self, state: Picture, page: Page, now: int) -> Picture:
        return self._pictures.step(state, page, now)

    def render(self, state: Picture) -> Markup:
        settings = orjson.dumps(self._chart(state)).decode()
        names = self._names(state)
        label = f"{self._config.title or 'Line chart'}: {', '.join(names) if names else 'no data yet'}"
        canvas = Markup('<canvas id="chart-{}" data-chart-config="{}" role="img" aria-label="{}"></canvas>')
        return Markup("").join(
            [
                canvas.format(self._view.id, settings, label),
                self._poster(state),
                *self._notes(state),
                self._table(state, names),
            ]
        )

    def diff(self, old: Picture, new: Picture) -> Delta | None:
        if old is new:
            return None
        if self._outline(old) != self._outline(new):
            return Delta(body=self.render(new))
        if old.points == new.points and (old.ends == new.ends or not new.points):
            return None
        return Delta(chart=update(old.points, new))

    def rows(self, state: Picture) -> tuple[list[str], list[list[Json]]]:
        names = ["time", *self._names(state, {})]
        return names, [[iso(int(point[0] or 0) * 1000), *point[1:]] for point in state.points]

    def _names(self, state: Picture, labels: Mapping[str, str] | None = None) -> list[str]:
        """A name per line; `labels` name its path, otherwise those of the settings."""
        known = self._config.labels if labels is None else labels
        several = len({key.field for key in state.series}) > 1
        paths = [known.get(key.field, key.field) for key in state.series]
        if not self._view.query.group_by:
            return paths
        return [f"{key.group} {path}" if several else key.group for key, path in zip(state.series, paths, strict=True)]

    def _outline(self, state: Picture) -> tuple[object, ...]:
        """What the picture has beside its points; when it changes the whole is sent."""
        return state.series, bool(state.points), state.crowded, state.present.left_out, state.present.edge is None

    def _chart(self, state: Picture) -> dict[str, Json]:
        datasets = [
            {
                "label": name,
                "data": [{"x": point[0], "y": point[index]} for point in state.points],
                "fill": self._config.fill,
            }
            for index, name in enumerate(self._names(state), 1)
        ]
        return {"type": "line", "data": {"datasets": datasets}, "options": self._options(state)}

    def _options(self, state: Picture) -> dict[str, Json]:
        config, query = self._config, self._view.query
        time: dict[str, Json] = {"type": "time"}
        if state.ends:
            time["min"], time["max"] = state.ends
        values = {name: end for name, end in (("min", config.min), ("max", config.max)) if end is not None}
        return {
            "animation": False,
            "parsing": False,
            "normalized": True,
            "responsive": True,
            "maintainAspectRatio": False,
            "spanGaps": bool(query.group_by),  # lines of other groups have their points in between
            "elements": {"point": {"radius": 0}},
            "interaction": {"mode": "index", "intersect": False},
            "scales": {"x": time, "y": values},
            "plugins": {
                "legend": {"display": len(state.series) > 1 if config.legend is None else config.legend},
                "livedash": {
                    "unit": config.unit,
                    "decimals": config.decimals,
                    "window": len(state.points) if query.range else query.limit,
                    "range_ms": seconds(query.range) * 1000 if query.range else None,
                    "timezone": self._view.tz.key,
                },
            },
        }

    def _poster(self, state: Picture) -> Markup:
        series = [_line(state.points, index) for index in range(1, len(state.series) + 1)]
        return svg.lines(series, css="chart-poster", across=state.ends, low=self._config.min, high=self._config.max)

    def _table(self, state: Picture, names: list[str]) -> Markup:
        config = self._config
        times = [format.moment(int(point[0] or 0) * 1000, self._view.tz) for point in state.points[-HIDDEN_ROWS:]]
        values = [
            ["" if value is None else format.quantity(value, config.unit, config.decimals) for value in point[1:]]
            for point in state.points[-HIDDEN_ROWS:]
        ]
        return hidden_table(config.title or "Line chart", ["Time", *names], times, values)

    def _notes(self, state: Picture) -> list[Markup]:
        notes = []
        if not state.points:
            notes.append(Markup('<p class="widget-empty">No data yet.</p>'))
        if left_out := state.present.left_out:
            at_least = "More than " if state.present.edge else ""
            note = Markup('<p class="widget-note">{}{} more lines are not shown.</p>')
            notes.append(note.format(at_least, left_out))
        if state.crowded:
            note = Markup('<p class="widget-note">Only the newest {:,} records of the range are shown.</p>')
            notes.append(note.format(WINDOW_RECORDS))
        return notes


def _line(points: list[Point], index: int) -> list[tuple[float, float | None]]:
    return [(point[0] or 0, point[index]) for point in points]
