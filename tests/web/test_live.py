"""The live stream of a dashboard: what a page hears that follows `/d/{slug}/live`."""

import asyncio
import re

import pytest

from livedash.base import limits
from livedash.boards import board
from tests.server import ADMIN, DOCUMENT, Client, bearer
from tests.wire import PATIENCE, Following, following, metric, until

LIVE = "/d/weather/live"


def watching(client: Client, version: str | None = None, **query: str):
    """The stream of somebody without an account."""
    return following(client, LIVE, None, **({"version": version} if version else {}), **query)


async def version_of(client: Client) -> str:
    """The version that the page is rendered with."""
    page = (await client.get("/d/weather")).raise_for_status().text
    found = re.search(r'data-version="([a-z0-9]+-\d+)"', page)
    assert found
    return found[1]


async def bundle(stream: Following) -> tuple[list[dict], dict[str, str], str]:
    """One version's worth: its charts, its bodies, and the version. (Each record here changes the table.)"""
    charts: list[dict] = []
    while (event := await stream.next()).event != "patch":
        charts += [event.json()] if event.event == "update-chart" else []
    return charts, event.json()["bodies"], event.id


async def test_an_unknown_version_gets_the_whole_state(client: Client):
    await client.append('{"wind": 4.25}')
    for version in (None, "0abc-7", "nonsense", f"{(await version_of(client)).partition('-')[0]}-999"):
        async with watching(client, version) as stream:
            event = await stream.next()
            assert event.event == "state"
            state = event.json()
            assert (state["version"], state["title"]) == (event.id, "Weather")
            for widget in ("temp", "days", "wind"):
                assert f'data-widget-id="{widget}"' in state["html"]
            assert "4.25" in state["html"]
            assert (await stream.next()).event == "ping"


async def test_a_known_version_gets_what_came_after_it(client: Client):
    await client.append('{"temp_max": 1, "wind": 1}')
    version = await version_of(client)
    await client.append('{"date": "2026-11-22", "weather": "<b>sun</b>", "temp_max": 12.8, "temp_min": 5, "wind": 4}')
    async with watching(client, version) as stream:
        charts, bodies, version = await bundle(stream)
        assert [chart["widget"] for chart in charts] == ["temp"]
        assert bodies.keys() == {"days", "wind"}
        assert "&lt;b&gt;sun" in bodies["days"] and "<b>" not in bodies["days"]
        assert 'class="stat-value"' in bodies["wind"]
        await client.append('{"wind": 5}')
        charts, bodies, later = await bundle(stream)
    async with watching(client, version) as stream:  # who was away for one version gets that one
        assert await bundle(stream) == (charts, bodies, later)
        assert (await stream.next()).event == "ping"
    headers = {"Last-Event-ID": later}
    async with client.stream("GET", LIVE, params={"version": version}, headers=headers) as response:
        assert (await Following(response).next()).event == "ping"


async def test_an_update_of_a_chart(client: Client):
    await client.append('{"temp_max": 1}')
    version = await version_of(client)
    await client.append('[{"temp_max": 12.8, "temp_min": 5}, {"temp_max": 10.6}]')
    async with watching(client, version) as stream:
        update = (await stream.until("update-chart")).json()
    assert update.keys() >= {"widget", "labels", "data", "append", "window"}
    assert (update["widget"], update["append"]) == ("temp", True)
    assert 3 <= update["window"] <= 100
    assert update["data"] == [[12.8, 10.6], [5, None]]
    assert len(update["labels"]) == 2 and all(label > 1_700_000_000_000 for label in update["labels"])


async def test_pings_tell_that_it_is_live(client: Client, monkeypatch: pytest.MonkeyPatch):
    """Also when nothing comes."""
    monkeypatch.setattr(board, "PING_SECONDS", 0.05)
    monkeypatch.setattr(board, "TICK_SECONDS", 0.02)
    async with watching(client, await version_of(client)) as stream:
        pings = await stream.take(3)
    assert {ping.event for ping in pings} == {"ping"}
    times = [ping.json()["now"] for ping in pings]
    assert times == sorted(set(times))


async def test_a_changed_dashboard_comes_whole(client: Client):
    async with watching(client, await version_of(client)) as stream:
        await stream.until("ping")
        (await client.apply(DOCUMENT.replace("title: Wind,", "title: Breeze,"))).raise_for_status()
        state = (await stream.until("state")).json()
        assert "Breeze" in state["html"] and "Wind" not in state["html"]
        await client.append('{"wind": 4.25}')
        assert "4.25" in (await stream.until("patch")).json()["bodies"]["wind"]


@pytest.mark.parametrize("by", ["deleting", "hiding"])
async def test_a_dashboard_that_goes_says_so(client: Client, by: str):
    async with watching(client) as stream:
        await stream.until("ping")
        if by == "deleting":
            answer = await client.request("DELETE", "/api/dashboards/weather", headers=bearer(ADMIN))
        else:
            answer = await client.apply(DOCUMENT.replace("is_public: true", "is_public: false"))
        answer.raise_for_status()
        assert (await stream.until("gone")).json()["detail"]
        await stream.farewell()
    assert (await client.get("/d/weather")).status_code == 404


async def test_nothing_is_sent_when_nothing_changes(client: Client, monkeypatch: pytest.MonkeyPatch):
    """Also not as time passes, when no window moves."""
    monkeypatch.setattr(board, "TICK_SECONDS", 0.02)
    folds = 'livedash_stage_seconds_count{stage="board"}'
    async with watching(client) as stream:
        await stream.until("ping")
        await client.append('{"unseen": 1}')
        version = (await stream.until("patch")).id  # a row of the table, though an empty one
        await until(client, folds, await metric(client, folds) + 3)
        patches = await metric(client, "livedash_patches_total")
        await client.append('{"wind": 4}')
        _, bodies, next_version = await bundle(stream)
        assert bodies.keys() >= {"wind"}
        assert int(next_version.split("-")[1]) == int(version.split("-")[1]) + 1
        assert await metric(client, "livedash_patches_total") == patches + 1


async def test_one_board_however_many_watch(client: Client):
    async with asyncio.TaskGroup() as group:
        done = asyncio.Event()

        async def watch(tz: str) -> None:
            async with watching(client, tz=tz) as stream:
                await stream.until("patch")
                await done.wait()

        for number in range(30):
            group.create_task(watch("Europe/Zurich" if number % 3 == 0 else "UTC"))
        await until(client, "livedash_viewers", 30)
        assert await metric(client, "livedash_boards") == 2
        await client.append('{"wind": 4}')
        await until(client, "livedash_patches_total", 2)
        done.set()
    assert await metric(client, "livedash_patches_total") == 2


async def test_viewers_settings_cannot_make_boards_without_end(client: Client):
    """Who comes too late is told so, and those who look already go on."""
    zones = [f"Etc/GMT{sign}{hours}" for sign in "+-" for hours in range(1, 13)]
    answers = [await client.get("/d/weather", params={"tz": zone}) for zone in zones]
    made = limits.BOARDS_PER_DASHBOARD
    assert [answer.status_code for answer in answers] == [200] * made + [429] * (len(zones) - made)
    assert answers[-1].headers["retry-after"]
    assert await metric(client, "livedash_boards") == made
    assert (await client.get("/d/weather", params={"tz": zones[0]})).status_code == 200


async def test_at_most_so_many_patches_a_second(client: Client):
    """Four, unless set otherwise, however fast records come; and what is shown last is what came last."""
    loop = asyncio.get_running_loop()
    async with watching(client, await version_of(client)) as stream:
        started = loop.time()
        arrived: list[float] = []

        async def follow() -> None:
            while "77.5" not in (await stream.until("patch")).json()["bodies"].get("wind", ""):
                arrived.append(loop.time() - started)

        follower = asyncio.create_task(follow())
        number = 0
        while len(arrived) < 6:
            number += 1
            await client.append(f'{{"wind": {number}}}')
        await client.append('{"wind": 77.5}')
        async with asyncio.timeout(PATIENCE):
            await follower
        assert len(arrived) <= 4 * (arrived[-1] - arrived[0]) + 2
        assert number > 2 * len(arrived)
