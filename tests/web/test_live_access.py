"""Who may watch a dashboard live, and under which settings."""

import httpx
import pytest

from tests.server import ADMIN, Client, bearer
from tests.web.test_ingest import problem
from tests.wire import following

LIVE = "/d/weather/live"


@pytest.mark.parametrize("query", ["tz=Nowhere", "from=yesterday", "to=2026"])
async def test_settings_that_are_none(client: Client, query: str):
    for path in ("/d/weather", LIVE):
        response = await client.get(f"{path}?{query}")
        assert response.status_code == 422
        assert problem(response)["errors"][0]["pointer"] == "/" + query.partition("=")[0]


async def test_who_may_watch(client: Client):
    async def ask(path: str, token: str | None) -> httpx.Response:
        async with client.stream("GET", path, headers=bearer(token) if token else {}) as response:
            return response

    for token in (None, "weather-stream-token"):
        assert (await ask("/d/private/live", token)).status_code == 404
    assert (await ask("/d/private/live", ADMIN)).status_code == 200
    assert (await ask("/d/nothing/live", None)).status_code == 404
    for slug in ("private", "nothing"):  # a page that was open is told, and learns no more than that
        async with following(client, f"/d/{slug}/live", None, version="0abc-1") as stream:
            assert (await stream.next()).event == "gone"
    assert (await ask(LIVE, None)).status_code == 200
