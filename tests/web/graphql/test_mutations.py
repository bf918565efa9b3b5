"""What mutations do is what REST does: the same checks, the same outcome."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import ADMIN, Client, bearer
from tests.sinks.webhook.support import Receiver, an_answer
from tests.web.graphql.wire import ask, codes, data
from tests.web.sinks import SINK, call, delivered, delivering, report
from tests.wire import numbers, pipeline_of

PUT = """mutation($id: ID!, $input: PipelineInput!) {
  putPipeline(id: $id, input: $input) { created ingestToken pipeline { slug name persist paused allowedOrigins
    mapping source retention { days bytes } } } }"""
PUT_DASHBOARD = """mutation($slug: ID!, $input: DashboardInput!) {
  putDashboard(slug: $slug, input: $input) { created dashboard { id title isPublic widgets { id } } } }"""
PUT_WIDGET = """mutation($dashboard: ID!, $input: WidgetInput!) {
  putWidget(dashboard: $dashboard, input: $input) { created dashboard { widgets { id type config } } } }"""
Both = tuple[Client, Receiver]


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    async with delivering(tmp_path) as found:
        yield found


def widget(id: str, **changes: Any) -> dict[str, Any]:
    position = {"x": 0, "y": 0, "w": 3, "h": 2}
    query = {"pipeline": "weather", "field": "wind"}
    return {"id": id, "type": "stat_card", "position": position, "config": {"title": id}, "query": query, **changes}


async def on_sink(client: Client, field: str, arguments: str = "", shows: str = "") -> Any:
    """The data of a mutation of the sink `billing`."""
    text = f'mutation {{ {field}(pipelineId: "weather", sink: "billing"{arguments}) {shows} }}'
    return (await data(client, text))[field]


async def test_a_pipeline_is_made_and_replaced(client: Client):
    made = (await data(client, PUT, id="made", input={}))["putPipeline"]
    assert made["created"] and made["ingestToken"].startswith("ld_in_")
    assert (await client.append(b'{"n": 1}', "made", token=made["ingestToken"])).status_code == 200
    wanted = {
        "name": "Made", "persist": True, "allowedOrigins": ["https://shop.example"], "paused": True,
        "mapping": [{"rename": {"a": "b"}}], "retention": {"days": None, "bytes": 5_000_000_000},
        "source": {"type": "push"},
    }  # fmt: skip
    again = (await data(client, PUT, id="made", input=wanted))["putPipeline"]
    assert not again["created"] and again["ingestToken"] is None
    assert again["pipeline"] == {"slug": "made", **wanted}
    left_out = (await data(client, PUT, id="made", input={}))["putPipeline"]["pipeline"]
    assert left_out["paused"] and left_out["allowedOrigins"] == [], "what stays and what has a default"
    shown = await pipeline_of(client, "made")
    assert (shown["retention"], shown["paused"]) == ({"days": 30, "bytes": None}, True)


async def test_what_cannot_be_is_told_with_its_place(client: Client):
    wrong = {"retention": {"days": -1}, "allowedOrigins": ["shop.example"], "mapping": [{"no": 1}]}
    answer = await ask(client, PUT, id="made", input=wrong)
    faults = answer["errors"][0]["extensions"]["faults"]
    assert [fault["path"][0] for fault in faults] == ["allowed_origins", "retention", "mapping"]
    assert await codes(client, PUT, id="Not A Slug", input={}) == ["BAD_USER_INPUT"]
    assert client.app.catalog.directory.pipeline("made") is None


async def test_a_pipeline_is_paused_resumed_and_deleted(client: Client):
    found = await data(client, 'mutation { pausePipeline(id: "other") { paused } }')
    assert found["pausePipeline"]["paused"] and (await pipeline_of(client, "other"))["paused"]
    assert not (await data(client, 'mutation { resumePipeline(id: "other") { paused } }'))["resumePipeline"]["paused"]
    assert await codes(client, 'mutation { deletePipeline(id: "weather") }') == ["CONFLICT"], "a dashboard shows it"
    id = (await pipeline_of(client, "other"))["id"]
    assert (await data(client, 'mutation { deletePipeline(id: "other") }'))["deletePipeline"] == id
    assert await codes(client, 'mutation { pausePipeline(id: "other") { paused } }') == ["NOT_FOUND"]


async def test_stream_tokens_are_rotated_and_revoked(client: Client):
    rotate = 'mutation { rotateStreamToken(pipelineId: "weather", overlapHours: 1) { streamToken previousUntil } }'
    rotated = (await data(client, rotate))["rotateStreamToken"]
    assert (await pipeline_of(client))["stream_token"] == rotated["streamToken"] and rotated["previousUntil"]
    revoke = 'mutation { revokeStreamTokens(pipelineId: "weather") { streamToken } }'
    assert (await data(client, revoke))["revokeStreamTokens"]["streamToken"] is None


async def test_a_dashboard_and_its_widgets(client: Client):
    made = await data(client, PUT_DASHBOARD, slug="made", input={"isPublic": True, "widgets": [widget("a")]})
    assert made["putDashboard"]["created"] and made["putDashboard"]["dashboard"]["isPublic"]
    added = (await data(client, PUT_WIDGET, dashboard="made", input=widget("b")))["putWidget"]
    assert added["created"] and [each["id"] for each in added["dashboard"]["widgets"]] == ["a", "b"]
    changed = widget("a", config={"title": "Other"})
    put = (await data(client, PUT_WIDGET, dashboard="made", input=changed))["putWidget"]
    assert not put["created"] and put["dashboard"]["widgets"][0]["config"] == {"title": "Other"}
    for wrong in (
        widget("a", type="no_such"),
        widget("a", query={"pipeline": "no-such", "field": "n"}),
        widget("a", position={"x": 11, "y": 0, "w": 3, "h": 2}),
        widget("a", config={"no": "such"}),
    ):
        assert await codes(client, PUT_WIDGET, dashboard="made", input=wrong) == ["BAD_USER_INPUT"]
    drop = 'mutation { deleteWidget(dashboard: "made", id: "a") { widgets { id } } }'
    assert (await data(client, drop))["deleteWidget"]["widgets"] == [{"id": "b"}]
    assert await codes(client, drop) == ["NOT_FOUND"]
    shown = (await client.get("/api/dashboards/made", headers=bearer(ADMIN))).json()
    assert [each["id"] for each in shown["widgets"]] == ["b"] and shown["is_public"]
    gone = await data(client, 'mutation { deleteDashboard(slug: "made") }')
    assert gone["deleteDashboard"] == shown["id"]
    assert await codes(client, 'mutation { deleteDashboard(slug: "made") }') == ["NOT_FOUND"]


async def test_widgets_that_are_put_at_the_same_time_are_all_there(client: Client):
    await data(client, PUT_DASHBOARD, slug="made", input={})
    each = [data(client, PUT_WIDGET, dashboard="made", input=widget(f"w{n}")) for n in range(10)]
    await asyncio.gather(*each)
    shown = (await client.get("/api/dashboards/made", headers=bearer(ADMIN))).json()
    assert sorted(each["id"] for each in shown["widgets"]) == [f"w{n}" for n in range(10)]


async def test_a_sink_is_made_rotated_and_deleted(both: Both):
    client, receiver = both
    put = """mutation($input: JSON!) { putSink(pipelineId: "other", sink: "mine", input: $input) {
      created secret sink { id name settings headers } } }"""
    sink = {"type": "webhook", "url": receiver.url}
    made = (await data(client, put, input={**sink, "headers": {"X-Key": "v"}}))["putSink"]
    assert made["created"] and made["secret"].startswith("whsec_") and made["sink"]["headers"] == ["X-Key"]
    again = (await data(client, put, input=sink))["putSink"]
    assert (again["created"], again["secret"], again["sink"]["id"]) == (False, None, made["sink"]["id"])
    assert await codes(client, put, input={"type": "webhook", "url": 7}) == ["BAD_USER_INPUT"]
    assert await codes(client, put, input="no object") == ["BAD_USER_INPUT"]
    rotate = 'mutation { rotateSigningSecret(pipelineId: "other", sink: "mine", overlapHours: 2) { secret until } }'
    new, old = (await data(client, rotate))["rotateSigningSecret"]
    assert new["until"] is None and old == {"secret": made["secret"], "until": old["until"]} and old["until"]
    gone = await data(client, 'mutation { deleteSink(pipelineId: "other", sink: "mine") }')
    assert gone["deleteSink"] == made["sink"]["id"]
    await call(client, "GET", "/api/pipelines/other/sinks/mine", status=404)


async def test_a_sink_is_steered(both: Both):
    client, receiver = both
    await numbers(client, 1, 3)
    await delivered(client, 3)
    assert (await on_sink(client, "pauseSink", shows="{ report }"))["report"]["state"] == "paused"
    await numbers(client, 4, 5)
    assert (await on_sink(client, "testSink"))["outcome"] == "delivered"
    assert (await on_sink(client, "resumeSink", shows="{ report }"))["report"]["state"] == "running"
    await delivered(client, 5)
    replay = await on_sink(client, "replaySink", ", span: {first: 2, last: 3}", "{ number first last }")
    assert (replay["first"], replay["last"]) == (2, 3)
    await report(client, lambda found: not found["replays"])
    receiver.answer = an_answer("422 Unprocessable Entity")
    await numbers(client, 6, 6)
    parked = (await report(client, lambda found: found["parked"]))["parked"]
    assert parked == 1
    [one] = (await call(client, "GET", f"{SINK}/parked"))["parked"]
    assert await on_sink(client, "dropParked", f", number: {one['number']}") == one["number"]
    assert await on_sink(client, "retryParked") == 0
    sinks = '{ pipeline(id: "weather") { sinks { name report } } }'
    assert (await data(client, sinks))["pipeline"]["sinks"][0]["report"]["parked"] == 0
