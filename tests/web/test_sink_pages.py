"""The pages of sinks as plain HTML and forms: what works without a script."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.server import Client
from tests.sinks.webhook.support import Receiver, an_answer
from tests.web.sinks import HEADER, PAGE, SINK, call, delivered, delivering, report
from tests.web.test_sessions import HERE, HTML, sign_in
from tests.wire import numbers, records

EVIL = "<script>alert(1)</script>"
REFUSED = an_answer("422 Unprocessable Entity", EVIL.encode(), f"x-evil: {EVIL}")
Both = tuple[Client, Receiver]


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    """Signed in."""
    async with delivering(tmp_path) as found:
        await sign_in(found[0])
        yield found


async def send(client: Client, path: str = PAGE, **fields: str) -> httpx.Response:
    """A form, as a browser sends it."""
    return await client.request("POST", path, data=fields, headers=HERE | HTML)


async def done(client: Client, **fields: str) -> str:
    """What the page says after a form."""
    answer = await send(client, **fields)
    assert answer.status_code == 303, answer.text
    page = (await client.get(answer.headers["location"])).text
    found = re.search(r'class="notice done" role="status">([^<]*)<', page)
    assert found
    return found[1]


async def page(client: Client, query: str = "") -> str:
    return (await client.get(PAGE + query)).raise_for_status().text


def part(text: str, name: str) -> str:
    """Where a part of a page asks for what is new of it."""
    found = re.search(rf'id="part-{name}"[^>]*hx-get="([^"]+)"', text)
    assert found
    return found[1].replace("&amp;", "&")


async def test_all_sinks_on_one_page(both: Both):
    client, _ = both
    text = (await client.get("/sinks")).text
    assert f'href="{PAGE}"' in text and 'data-state="running"' in text
    await call(client, "DELETE", SINK, status=204)
    assert "no sink here yet" in (await client.get("/sinks")).text


async def test_what_the_endpoint_says_is_escaped(both: Both):
    client, receiver = both
    receiver.answer = REFUSED
    await numbers(client, 1, 1)
    await delivered(client, 1)
    text = await page(client)
    assert EVIL not in text and text.count("&lt;script&gt;") == 2
    assert "answered 422" in text and "Parked" in text
    assert HEADER not in text and "whsec_" not in text


async def test_a_part_is_sent_only_when_it_changed(both: Both):
    client, _ = both
    await report(client)
    text = await page(client)
    for name in ("state", "history"):
        assert (await client.get(part(text, name))).status_code == 204
    await numbers(client, 1, 1)
    await delivered(client, 1)
    for name in ("state", "history"):
        answer = await client.get(part(text, name))
        assert answer.status_code == 200 and answer.text.startswith(f'<div id="part-{name}"')
        assert "<html" not in answer.text
        assert (await client.get(part(answer.text, name))).status_code == 204
    listed = part((await client.get("/sinks")).text, "list")
    assert (await client.get(listed)).status_code == 204
    await call(client, "POST", f"{SINK}/pause")
    assert 'data-state="paused"' in (await client.get(listed)).text


async def test_a_part_of_what_is_gone_loads_the_page(both: Both):
    client, _ = both
    address = part(await page(client), "state")
    await call(client, "DELETE", SINK, status=204)
    answer = await client.get(address, headers=HTML | {"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (404, "true")


async def test_pause_and_resume(both: Both):
    client, receiver = both
    assert (await done(client, action="pause")).startswith("Paused")
    text = await page(client)
    assert 'value="resume"' in text and 'value="pause"' not in text
    await numbers(client, 1, 2)
    assert await done(client, action="resume", **{"from": "now"}) == "Resumed."
    await numbers(client, 3, 3)
    found = await delivered(client, 3)
    assert [each["offset"] for each in receiver.requests[-1].json["data"]["records"]] == [3]
    epoch = found["cursor"].partition("-")[0]
    await done(client, action="resume", cursor=f" {epoch}-1 ", **{"from": "cursor"})
    await delivered(client, 3)
    assert [each["offset"] for each in receiver.requests[-1].json["data"]["records"]] == [2, 3]


async def test_a_test_says_how_it_went(both: Both):
    client, receiver = both
    assert await done(client, action="test") == "The test was delivered."
    receiver.answer = an_answer("500 Internal Server Error")
    assert "does not work now" in await done(client, action="test")
    receiver.answer = REFUSED
    assert "refused" in await done(client, action="test")


async def test_parked_deliveries(both: Both):
    client, receiver = both
    receiver.answer = REFUSED
    for number in (1, 2, 3):
        await numbers(client, number, number)
        await delivered(client, number)
    numbered = re.findall(r'id="parked-(\d+)"', await page(client))
    assert len(numbered) == 3
    await done(client, action="drop", number=numbered[0])
    receiver.answer = an_answer("200 OK")
    await done(client, action="retry", number=numbered[1])
    await report(client, lambda found: found["parked"] == 1)
    await done(client, action="retry")
    await report(client, lambda found: found["parked"] == 0)
    sent = [[each["offset"] for each in request.json["data"]["records"]] for request in receiver.requests[3:]]
    assert sent == [[2], [3]]


async def test_replay(both: Both):
    client, receiver = both
    await numbers(client, 1, 2)
    await delivered(client, 2)
    await done(client, action="replay", first="2", last="2")
    await report(client, lambda found: not found["replays"] and not found["delivery"])
    assert [each["offset"] for each in receiver.requests[-1].json["data"]["records"]] == [2]
    day = (await records(client))[0]["timestamp"][:10]
    before = len(receiver.requests)
    await done(client, action="replay", since=f"{day}T00:00", until="2100-01-01T00:00:00")
    await report(client, lambda found: not found["replays"] and not found["delivery"])
    sent = [each["offset"] for request in receiver.requests[before:] for each in request.json["data"]["records"]]
    assert sent == [1, 2]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"action": "replay", "first": "1", "last": "99"}, 422),
        ({"action": "replay", "first": "one", "last": "two"}, 422),
        ({"action": "replay"}, 422),
        ({"action": "resume", "from": "cursor", "cursor": EVIL}, 400),
        ({"action": "resume", "from": "cursor", "cursor": "0abc-1"}, 410),
        ({"action": "retry", "number": "77"}, 404),
        ({"action": "drop", "number": "x"}, 422),
        ({"action": "drop"}, 422),
        ({"action": "__init__"}, 422),
        ({}, 422),
    ],
)
async def test_what_did_not_go_through_is_said_on_the_page(both: Both, fields: dict[str, str], status: int):
    client, _ = both
    answer = await send(client, **fields)
    assert answer.status_code == status
    assert 'role="alert">This did not go through' in answer.text and f'action="{PAGE}"' in answer.text
    assert EVIL not in answer.text


async def test_the_secret_has_a_page_of_its_own(both: Both):
    client, _ = both
    first = (await call(client, "GET", f"{SINK}/secret"))["secret"]
    assert first in (await client.get(f"{PAGE}/secret")).text
    assert (await send(client, f"{PAGE}/secret")).headers["location"] == f"{PAGE}/secret?done=rotate"
    second = (await call(client, "GET", f"{SINK}/secret"))["secret"]
    answer = await client.get(f"{PAGE}/secret")
    assert first in answer.text and second in answer.text and first != second
    assert answer.headers["cache-control"] == "no-store"


async def test_who_is_not_signed_in_sees_and_steers_nothing(both: Both):
    client, receiver = both
    client.cookies.clear()
    for path in ("/sinks", PAGE, f"{PAGE}/secret"):
        assert (await client.get(path, headers=HTML)).headers["location"].startswith("/sign-in")
        assert (await client.get(path)).status_code == 401
    assert (await send(client, action="test")).headers["location"] == "/sign-in?next=%2F"
    assert (await send(client, f"{PAGE}/secret")).status_code == 303
    assert receiver.requests == []


async def test_another_site_steers_nothing(both: Both):
    client, receiver = both
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await client.request("POST", PAGE, data={"action": "test"}, headers=headers)).status_code == 403
    assert receiver.requests == []
