"""REST for what is configured: pipelines, dashboards, tokens, documents."""

from collections.abc import AsyncIterator
from typing import Any

from livedash.base import limits
from tests.server import ADMIN, DOCUMENT, INGEST, Client, bearer
from tests.web.test_ingest import problem
from tests.wire import stored

WIDGET: dict[str, Any] = {
    "id": "n", "type": "stat_card", "position": {"x": 0, "y": 0, "w": 3, "h": 2}, "config": {"title": "N"},
    "query": {"pipeline": "weather", "field": "n", "aggregate": "last"},
}  # fmt: skip


async def call(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """The JSON of an answer that has `status`."""
    response = await client.request(method, "/api" + path, json=body, headers=bearer(ADMIN))
    assert response.status_code == status, response.text
    if status >= 400:
        return problem(response)
    return response.json() if response.content else None


async def test_pipelines(client: Client):
    made = await call(client, "PUT", "/pipelines/new", {"name": "New", "retention": {"days": 1}}, 201)
    assert made["id"].startswith("pl_") and made["slug"] == "new" and made["retention"]["days"] == 1
    token = made["ingest_token"]
    assert (await client.append('{"n":1}', pipeline="new", token=token)).status_code == 200
    changed = await call(client, "PUT", "/pipelines/new", {"name": "Newer"})
    assert (changed["id"], changed["name"], changed["ingest_token"]) == (made["id"], "Newer", None)
    assert (await client.append('{"n":2}', pipeline="new", token=token)).status_code == 200
    one = await call(client, "GET", "/pipelines/new")
    assert (one["log"]["first"], one["log"]["last"]) == (1, 2) and one["stream_token"]
    assert one == await call(client, "GET", "/pipelines/" + made["id"])
    listed = (await call(client, "GET", "/pipelines"))["pipelines"]
    assert [each["slug"] for each in listed] == ["new", "other", "volatile", "weather"]
    await call(client, "DELETE", "/pipelines/new", status=204)
    await call(client, "GET", "/pipelines/new", status=404)
    await call(client, "DELETE", "/pipelines/new", status=404)
    await call(client, "DELETE", "/pipelines/weather", status=409)  # a dashboard shows it
    assert (await client.append('{"n":3}', pipeline="new", token=token)).status_code == 401  # gone with its pipeline


async def test_a_pipeline_made_again_is_another(client: Client):
    await client.append('{"n":1}', pipeline="other", token="other-ingest-token")
    await call(client, "DELETE", "/pipelines/other", status=204)
    await call(client, "PUT", "/pipelines/other", {}, 201)
    assert await stored(client, "other") == []


async def test_dashboards(client: Client):
    body = {"title": "Mine", "is_public": True, "widgets": [WIDGET]}
    made = await call(client, "PUT", "/dashboards/mine", body, 201)
    assert made["id"].startswith("db_") and [each["id"] for each in made["widgets"]] == ["n"]
    assert (await client.get("/d/mine")).status_code == 200
    changed = await call(client, "PUT", "/dashboards/mine", body | {"is_public": False})
    assert (changed["id"], changed["is_public"]) == (made["id"], False)
    assert (await client.get("/d/mine")).status_code == 404
    assert changed == await call(client, "GET", "/dashboards/mine")
    listed = (await call(client, "GET", "/dashboards"))["dashboards"]
    assert [each["slug"] for each in listed] == ["mine", "private", "weather"]
    await call(client, "DELETE", "/dashboards/mine", status=204)
    await call(client, "GET", "/dashboards/mine", status=404)
    await call(client, "DELETE", "/dashboards/mine", status=404)


def with_widget(**other: Any) -> dict:
    return {"widgets": [WIDGET | other]}


async def test_mistakes_have_their_places(client: Client):
    for path, body, pointers in [
        ("/pipelines/new", {"nam": "x"}, ["/nam"]),
        ("/pipelines/new", {"sinks": [{"type": "webhook", "name": "s"}]}, ["/sinks/0"]),
        ("/pipelines/Not_a_slug", {}, ["/slug"]),
        ("/pipelines/weather", {"slug": "other"}, ["/slug"]),
        ("/pipelines/new", {"retention": {"days": -1}, "persist": "often"}, ["/persist", "/retention/days"]),
        ("/pipelines/new", {"ingest_token": INGEST}, ["/ingest_token"]),
        ("/dashboards/new", with_widget(position={"x": 11, "y": 0, "w": 3, "h": 2}), ["/widgets/0/position"]),
        ("/dashboards/new", with_widget(config={"titel": "x"}), ["/widgets/0/config/titel"]),
        ("/dashboards/new", {"widgets": [WIDGET, WIDGET]}, ["/widgets/1/id"]),
        ("/dashboards/new", with_widget(query=WIDGET["query"] | {"pipeline": "no"}), ["/widgets/0/query/pipeline"]),
    ]:
        errors = (await call(client, "PUT", path, body, 422))["errors"]
        assert sorted(error["pointer"] for error in errors) == pointers, (body, errors)
        assert all(error["detail"] for error in errors)
    assert INGEST not in str(await call(client, "PUT", "/pipelines/new", {"ingest_token": INGEST}, 422))
    await call(client, "PUT", "/pipelines/new", [1], 422)
    await call(client, "GET", "/pipelines/weather/refused?limit=0", status=422)
    await call(client, "GET", "/pipelines/nothing/refused", status=404)


async def test_tokens(client: Client):
    listed = (await call(client, "GET", "/tokens"))["tokens"]
    assert len(listed) == 6 and all("token" not in each and "text" not in each for each in listed)
    made = await call(client, "POST", "/tokens", {"kind": "ingest", "pipeline": "weather", "name": "ci"}, 201)
    assert made["token"].startswith("ld_in_")
    assert (await client.append('{"n":1}', token=made["token"])).status_code == 200
    assert made["token"] not in str(await call(client, "GET", "/tokens"))
    await call(client, "DELETE", "/tokens/" + made["id"], status=204)
    assert (await client.append('{"n":1}', token=made["token"])).status_code == 401
    await call(client, "DELETE", "/tokens/" + made["id"], status=404)
    for body in ({"kind": "ingest"}, {"kind": "api", "pipeline": "weather"}, {"kind": "magic"}, {}):
        await call(client, "POST", "/tokens", body, 422)
    await call(client, "POST", "/tokens", {"kind": "stream", "pipeline": "nothing"}, 404)


async def test_apply(client: Client):
    changed = DOCUMENT.replace("title: Weather\n", "title: Sky\n")
    planned = (await client.apply(changed, dry_run=True)).json()
    assert planned["changed"] and any("Sky" in line for line in planned["plan"])
    assert (await call(client, "GET", "/dashboards/weather"))["title"] == "Weather"
    assert (await client.apply(changed)).json() == planned
    assert (await call(client, "GET", "/dashboards/weather"))["title"] == "Sky"
    again = (await client.apply(changed)).json()
    assert not again["changed"] and again["conflicts"] == 0


async def test_apply_leaves_a_conflict_alone(client: Client):
    here = await call(client, "GET", "/pipelines/weather")
    await call(client, "PUT", "/pipelines/weather", {"name": "Theirs", "allowed_origins": here["allowed_origins"]})
    answer = (await client.apply(DOCUMENT.replace("slug: weather, i", "slug: weather, name: Ours, i"))).json()
    assert answer["conflicts"] == 1
    assert any(line.startswith("!") and "Ours" in line for line in answer["plan"])
    assert (await call(client, "GET", "/pipelines/weather"))["name"] == "Theirs"


async def test_apply_shows_the_tokens_it_made_once(client: Client):
    more = DOCUMENT.replace("\ndashboards:", "\n  - {slug: fresh}\ndashboards:")
    made = (await client.apply(more)).json()["made_tokens"]
    assert (await client.append('{"n":1}', pipeline="fresh", token=made["fresh"])).status_code == 200
    assert (await client.apply(more)).json()["made_tokens"] == {}


async def test_every_mistake_of_a_document_has_its_file_and_line(client: Client):
    text = "apiVersion: 1\npipelines:\n  - {slug: a, shares: []}\n  - slug: b\n    nam: x\n"
    answer = await client.apply(text)
    assert answer.status_code == 422
    said = str(problem(answer))
    assert "test.yaml:3" in said and "shares" in said
    assert "test.yaml:5" in said and "nam" in said
    broken = await client.apply("apiVersion: 1\npipelines: [\n")
    assert broken.status_code in (400, 422) and "test.yaml:" in str(problem(broken))
    unknown = await client.apply("apiVersion: 1\npipelines: [{slug: a, ingest_token: '${NOT_GIVEN}'}]")
    assert unknown.status_code == 422 and "NOT_GIVEN" in str(problem(unknown))
    assert len((await call(client, "GET", "/pipelines"))["pipelines"]) == 3


async def test_a_body_is_read_up_to_its_limit_whoever_sends_it(client: Client):
    async def large() -> AsyncIterator[bytes]:
        for _ in range(limits.BODY_BYTES // limits.MIB + 1):
            yield b"x" * limits.MIB

    assert problem(await client.request("POST", "/api/apply", content=large()))["status"] == 413


async def test_export_is_what_apply_takes(client: Client):
    answer = await client.get("/api/export", headers=bearer(ADMIN))
    assert answer.headers["content-type"].startswith("application/yaml")
    assert not (await client.apply(answer.text)).raise_for_status().json()["changed"]
    assert INGEST not in answer.text
