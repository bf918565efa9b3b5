"""A board over a real stream: versions, patches, shared work, honest pauses."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from markupsafe import Markup

from livedash.base import clock, limits
from livedash.base.metrics import Metrics
from livedash.boards import board as board_module
from livedash.boards import feed as feed_module
from livedash.boards.board import Board, Cell
from livedash.boards.feed import Feed
from livedash.boards.layout import _frame
from livedash.boards.query import Query
from livedash.boards.settings import ViewerSettings
from livedash.boards.widget import View
from livedash.boards.widgets import make
from livedash.catalog.entries import Dashboard, Widget
from livedash.model import Cursor
from livedash.model.errors import Invalid, StorageClosed
from tests.stream.conftest import Stream, a_pipeline, stream  # noqa: F401 a fixture

DASHBOARD = Dashboard("db_1", "main", "Main", "main", True, (), None, 1)
UTC = ViewerSettings().zone


CARD = Query(pipeline="weather", field="n", aggregate="last")
TABLE = Query(pipeline="weather", limit=20)
COUNT = Query(pipeline="weather", aggregate="count", range="1h")
RATE = Query(pipeline="weather", aggregate="rate", range="1s")


@pytest.fixture
async def make_board(stream: Stream) -> AsyncIterator[Callable]:  # noqa: F811
    tasks = []

    async def build(*queries: tuple[str, str, Query], rate: float = 100, run: bool = True) -> Board:
        made = [(id, make(type, {}, View(id, query, UTC))) for id, type, query in queries]
        feed = Feed(await stream.tails.of(a_pipeline()), [widget.query for _, widget in made])
        cells = [Cell(id, Markup("<b>{}</b>"), widget, feed) for id, widget in made]
        board = Board(DASHBOARD, cells, rate=rate, clock=clock.now, metrics=Metrics())
        await board.start()
        if run:
            tasks.append(asyncio.create_task(board.run()))
        return board

    yield build
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(board: Board, text: str) -> None:
    """Until the board's picture holds `text`."""
    async with asyncio.timeout(5):
        while text not in board.html():
            await asyncio.sleep(0.005)


async def append(stream: Stream, *numbers: int) -> None:  # noqa: F811
    await stream.door.append(a_pipeline(), [{"n": n} for n in numbers])


def events(chunk: bytes) -> list[dict]:
    fields = [
        dict(line.split(": ", 1) for line in block.split("\n")) for block in chunk.decode().split("\n\n") if block
    ]
    return [{**each, "data": json.loads(each["data"])} for each in fields]


async def test_begins_with_what_is_there(stream: Stream, make_board: Callable):  # noqa: F811
    await append(stream, 41, 42)
    board = await make_board(("card", "stat_card", CARD))
    assert "42" in board.html()
    assert board.version.offset == 0


async def test_a_record_makes_one_version_for_all_its_widgets(stream: Stream, make_board: Callable):  # noqa: F811
    board = await make_board(("card", "stat_card", CARD), ("table", "table", TABLE))
    before = board.version
    await append(stream, 7)
    await until(board, ">7<")
    assert board.version.offset == before.offset + 1
    (patch,) = events(board.since(before))
    assert patch["event"] == "patch"
    assert patch["id"] == str(board.version)
    assert set(patch["data"]["bodies"]) == {"card", "table"}


async def test_only_the_last_event_of_a_bundle_has_the_version(stream: Stream, make_board: Callable):  # noqa: F811
    chart = Query(pipeline="weather", fields=("n",))
    await append(stream, 1)
    board = await make_board(("chart", "line_chart", chart), ("card", "stat_card", CARD), ("two", "line_chart", chart))
    before = board.version
    await append(stream, 5)
    await until(board, ">5<")
    bundle = events(board.since(before))
    assert [each["event"] for each in bundle] == ["update-chart", "update-chart", "patch"]
    assert [each.get("id") for each in bundle] == [None, None, str(board.version)]
    assert bundle[0]["data"]["data"] == [[5]]
    assert bundle[0]["data"]["append"] is True


async def test_a_known_version_gets_patches_an_unknown_one_nothing(stream: Stream, make_board: Callable):  # noqa: F811
    board = await make_board(("card", "stat_card", CARD))
    first = board.version
    assert board.since(first) == b""
    assert board.since(Cursor("other", 0)) is None
    assert board.since(Cursor(first.epoch, 5)) is None
    for n in range(1, limits.PATCHES_KEPT + 3):
        await append(stream, n)
        await until(board, f">{n}<")
    assert board.since(first) is None
    assert len(events(board.since(Cursor(first.epoch, board.version.offset - 2)))) == 2


async def test_a_burst_is_folded_into_few_versions(stream: Stream, make_board: Callable):  # noqa: F811
    board = await make_board(("card", "stat_card", CARD), rate=4)
    for n in range(50):
        await append(stream, n)
    await until(board, ">49<")
    assert board.version.offset <= 3


async def test_nothing_new_makes_no_version(stream: Stream, make_board: Callable, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    monkeypatch.setattr(board_module, "TICK_SECONDS", 0.01)
    folds = 0
    fold = Board._fold

    async def counted(self: Board, *args: object) -> None:
        nonlocal folds
        folds += 1
        await fold(self, *args)

    monkeypatch.setattr(Board, "_fold", counted)
    await append(stream, 1)
    board = await make_board(("card", "stat_card", CARD), ("table", "table", TABLE))
    async with asyncio.timeout(5):
        while folds < 10:
            await asyncio.sleep(0.01)
    assert board.version.offset == 0


async def test_a_rate_falls_when_only_time_passes(
    stream: Stream,  # noqa: F811
    make_board: Callable,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(board_module, "TICK_SECONDS", 0.05)
    board = await make_board(("rate", "stat_card", RATE))
    await append(stream, *range(10))
    await until(board, ">10<")
    await until(board, ">0<")


async def test_a_count_over_a_range_skips_nothing(stream: Stream, make_board: Callable):  # noqa: F811
    board = await make_board(("count", "stat_card", COUNT))
    for _ in range(5):
        await append(stream, *range(700))
    await until(board, "3,500")


async def test_without_a_range_old_records_are_skipped(stream: Stream, make_board: Callable):  # noqa: F811
    board = await make_board(("table", "table", TABLE), run=False)
    read: list[int] = []
    feed = board.cells["table"].feed
    for _ in range(3):
        await append(stream, *range(1000))
    while (page := await feed.next()).records:
        read.append(len(page.records))
    assert sum(read) <= 120
    assert page.last == 3000


async def test_the_picture_and_its_version_change_in_one_moment(stream: Stream, make_board: Callable):  # noqa: F811
    """Whoever renders while a large page is being folded sees the version before, whole."""
    board = await make_board(("count", "stat_card", COUNT), run=False)
    await append(stream, *range(900))
    task = asyncio.create_task(board.run())
    seen = set()
    async with asyncio.timeout(5):
        while "900" not in board.html():
            seen.add((board.version.offset, str(board.html())))
            await asyncio.sleep(0)
    task.cancel()
    assert {version for version, _ in seen} == {0}
    assert len(seen) == 1


class Viewer:
    """A line of somebody who looks at a board."""

    behind = False

    def __init__(self) -> None:
        self.received = b""

    def send(self, data: bytes) -> None:
        self.received += data

    def end(self, said: bytes = b"") -> None:
        raise AssertionError(said)


async def test_everybody_gets_the_same_patches_and_pings(stream: Stream, make_board: Callable, monkeypatch):  # noqa: F811
    monkeypatch.setattr(board_module, "PING_SECONDS", 0)
    board = await make_board(("card", "stat_card", CARD))
    viewers = [Viewer() for _ in range(3)]
    for viewer in viewers:
        board.channel.join(viewer, None, board.version)
    for n in (7, 8):
        await append(stream, n)
        await until(board, f">{n}<")
    async with asyncio.timeout(5):
        while str(board.version).encode() not in viewers[-1].received:
            await asyncio.sleep(0.005)
    (received,) = {viewer.received for viewer in viewers}
    told = [each for each in events(received) if each["event"] != "ping"]
    assert [each["event"] for each in told] == ["patch", "patch"]
    assert [each["id"] for each in told] == [f"{board.version.epoch}-{number}" for number in (1, 2)]
    assert len(events(received)) > len(told)


def test_a_title_is_escaped_and_may_hold_braces():
    position = {"x": 0, "y": 0, "w": 1, "h": 1}
    frame = _frame(Widget("w", "table", {"title": "<b>{0}{x}\0"}, {}, position))
    assert frame.format(Markup("<i>x</i>")).endswith('<div class="widget-body"><i>x</i></div></div>')
    assert "<h3>&lt;b&gt;{0}{x}\0</h3>" in frame.format("")


@pytest.mark.parametrize(
    ("query", "range"),
    [({}, None), ({"from": "now-15m"}, "15m"), ({"from": "now-14m", "to": "now"}, "15m"), ({"from": "now-99w"}, "30d")],
)
def test_ranges_are_quantised(query: dict, range: str | None):
    assert ViewerSettings.parse(query).range == range


@pytest.mark.parametrize("query", [{"from": "yesterday"}, {"from": "now-0m"}, {"to": "now-1h"}, {"tz": "Mars/Base"}])
def test_settings_that_make_no_sense_are_refused(query: dict):
    with pytest.raises(Invalid):
        ViewerSettings.parse(query)


async def test_what_one_feed_gave_is_shown_although_another_fails(stream: Stream):  # noqa: F811
    pipelines = [a_pipeline(), a_pipeline("memory", persist=False)]
    tails = [await stream.tails.of(each) for each in pipelines]
    widgets = [make("stat_card", {}, View(each.slug, CARD, UTC)) for each in pipelines]
    feeds = [Feed(tail, [CARD]) for tail in tails]
    named = zip(("disk", "memory"), widgets, feeds, strict=True)
    cells = [Cell(name, Markup("{}"), widget, feed) for name, widget, feed in named]
    board = Board(DASHBOARD, cells, rate=100, clock=clock.now, metrics=Metrics())
    await board.start()
    await stream.logs.volatile.close()
    tails[1].hint(1)  # so it looks into the log, which is closed
    await append(stream, 7421)
    with pytest.raises(StorageClosed):
        await board.run()
    assert "7,421" in board.html()


async def test_a_feed_begins_no_earlier_than_a_window_holds(
    stream: Stream,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(feed_module, "WINDOW_RECORDS", 50)
    await append(stream, *range(200))
    for where, first in ((None, 150), ("data.n >= 0", 1)):
        query = Query(pipeline="weather", limit=20, range="1h", where=where)
        feed = Feed(await stream.tails.of(a_pipeline()), [query])
        await feed.start(clock.now())
        assert (await feed.next()).records[0].offset == first
