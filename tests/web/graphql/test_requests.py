"""GraphQL over HTTP, where the audit leaves something open."""

import asyncio
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from livedash.base import limits
from livedash.boards.boards import Boards
from livedash.web.graphql.accept import media_type
from tests.server import ADMIN, STREAM, Client, bearer, serving
from tests.web.graphql.wire import EVENTS, PATH, ask, begun

STRICT, PLAIN = "application/graphql-response+json", "application/json"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, PLAIN), ("", PLAIN), ("*/*", PLAIN), ("application/*", PLAIN), (PLAIN, PLAIN), (STRICT, STRICT),
        (f"{STRICT}; charset=utf-8, {PLAIN}; charset=utf-8", STRICT), (f"{PLAIN}, {STRICT}", PLAIN),
        (f"{PLAIN};q=0.5, {STRICT}", STRICT), (f"{STRICT};q=0.1, */*", PLAIN), (f"{STRICT};q=0", None),
        ("text/html", None), (f"{PLAIN};q=x", None), ("TEXT/html, APPLICATION/JSON", PLAIN),
    ],
)  # fmt: skip
def test_the_media_type_that_a_client_likes_best(accept: str | None, kind: str | None) -> None:
    assert media_type(accept) == kind


async def test_a_client_that_takes_no_json_is_told(client: Client):
    answer = await client.get(PATH, params={"query": "{ __typename }"}, headers={"Accept": "text/plain"})
    assert answer.status_code == 406


async def test_what_is_asked_by_get(client: Client):
    query = "query($p: ID!) { pipeline(id: $p) { slug } }"
    given = {"query": query, "variables": '{"p": "weather"}'}
    answer = await client.get(PATH, params=given, headers=bearer(STREAM))
    assert answer.json() == {"data": {"pipeline": {"slug": "weather"}}}
    assert answer.headers["cache-control"] == "no-store"
    for variables in ("{", "[]"):
        assert (await client.get(PATH, params={"query": query, "variables": variables})).status_code == 400
    change = {"query": 'mutation { deletePipeline(id: "other") }'}
    refused = await client.get(PATH, params=change, headers=bearer(ADMIN))
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert client.app.catalog.directory.pipeline("other")


async def test_other_methods_are_not_taken(client: Client):
    for method in ("PUT", "DELETE", "PATCH"):
        answer = await client.request(method, PATH)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, OPTIONS")


async def test_a_subscription_is_not_answered_over_http(client: Client):
    answer = await ask(client, EVENTS, STREAM, p="weather")
    assert "WebSocket" in answer["errors"][0]["message"]


async def test_a_body_has_a_limit(client: Client):
    body = {"query": "{ __typename }", "variables": {"a": "x" * limits.MESSAGE_BYTES}}
    assert (await client.request("POST", PATH, json=body)).status_code == 413


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{" * 3, "GRAPHQL_PARSE_FAILED"),
        ("{ " + "a " * 2_500 + "}", "GRAPHQL_PARSE_FAILED"),
        ("{ a" * 600 + " }" * 600, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: Int!) { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: ID!) { pipeline(id: $a) { slug } }", "BAD_USER_INPUT"),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(31)) + " }", None),
        ("{ " + " ".join(f"a{n}: dashboards {{ slug }}" for n in range(31)) + " }", "TOO_COMPLEX"),
        ('{ records(pipelineId: "weather", first: 1000) { edges { cursor node { offset data } } } }', None),
        (
            '{ a: records(pipelineId: "weather", first: 1000) { edges { cursor node { offset cursor data } } }'
            ' b: records(pipelineId: "weather", first: 1000) { edges { cursor node { offset cursor data } } } }',
            "TOO_COMPLEX",
        ),
        ('{ records(pipelineId: "weather", first: 1001) { edges { cursor } } }', "BAD_USER_INPUT"),
        ('{ records(pipelineId: "weather", first: 0) { edges { cursor } } }', "BAD_USER_INPUT"),
        ('{ records(pipelineId: "weather", where: "data.n >") { edges { cursor } } }', "BAD_USER_INPUT"),
        ('{ records(pipelineId: "weather", after: "no-cursor-1") { edges { cursor } } }', "BAD_USER_INPUT"),
        ('{ records(pipelineId: "weather", after: "zzz-1") { edges { cursor } } }', "CURSOR_EXPIRED"),
    ],
)
async def test_what_a_query_may_ask_for(client: Client, query: str, code: str | None):
    errors = (await ask(client, query)).get("errors", [])
    assert [error["extensions"]["code"] for error in errors] == ([code] if code else [])


async def test_fragments_in_fragments_are_counted_in_no_time(client: Client):
    """Each names the next one twice: 2^24 fields, if they were counted one by one."""
    names = [f"F{n}" for n in range(25)]
    fragments = " ".join(f"fragment {a} on Query {{ ...{b} ...{b} }}" for a, b in pairwise(names))
    query = f"{{ ...F0 }} {fragments} fragment F24 on Query {{ dashboards {{ slug }} }}"
    assert (await ask(client, query))["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"


async def test_the_schema_can_be_kept_to_oneself(tmp_path: Path):
    introspection = "{ __schema { types { name } } }"
    async with serving(tmp_path / "open") as client:
        assert (await ask(client, introspection, None))["data"]["__schema"]["types"]
        assert "pipelines" in (await ask(client, "{ pipelinez { slug } }"))["errors"][0]["message"]
    async with serving(tmp_path / "closed", graphql_introspection=False) as client:
        error, *_ = (await ask(client, introspection))["errors"]
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert "pipelines" not in (await ask(client, "{ pipelinez { slug } }"))["errors"][0]["message"]


async def test_what_we_did_not_foresee_is_told_to_the_log_only(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def broken(*_: Any) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(client.app.catalog.directory, "pipelines", broken)
    answer = await client.request("POST", PATH, json={"query": "{ pipelines { slug } }"}, headers=bearer(ADMIN))
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR" and "secret" not in answer.text
    assert "a secret of ours" in capsys.readouterr().out
    monkeypatch.undo()
    async with begun(client, ADMIN) as socket:
        assert "errors" not in await socket.of(await socket.start("{ pipelines { slug } }"))


async def log_questions(client: Client, monkeypatch: pytest.MonkeyPatch, query: str) -> int:
    """How often the logs were asked for the answer."""
    asked = 0
    for log in (client.app.logs.durable, client.app.logs.volatile):
        for lane in {log._readers, log._writer}:  # type: ignore[attr-defined]
            run = lane.run

            async def counted(question: Any, run: Any = run) -> Any:
                nonlocal asked
                task = asyncio.current_task()
                asked += task is not None and task.get_name() != "retention"  # which looks now and then by itself
                return await run(question)

            monkeypatch.setattr(lane, "run", counted)
    answer = await ask(client, query)
    monkeypatch.undo()
    assert "errors" not in answer
    return asked


async def test_many_pipelines_take_no_more_questions_than_one(client: Client, monkeypatch: pytest.MonkeyPatch):
    query = "{ pipelines { slug log { last bytes } sinks { name } retention { days } streamToken } }"
    await ask(client, query)  # those that are new to the log begin to exist
    few = await log_questions(client, monkeypatch, query)
    more = "apiVersion: 1\npipelines: [" + ", ".join(f"{{slug: p{n}}}" for n in range(40)) + "]\n"
    (await client.apply(more, source="more")).raise_for_status()
    await ask(client, query)
    assert len((await ask(client, query))["data"]["pipelines"]) == 43
    assert await log_questions(client, monkeypatch, query) == few == 2, "one for each log"


async def test_many_widgets_take_one_board(client: Client, monkeypatch: pytest.MonkeyPatch):
    query = '{ dashboard(slug: "weather") { widgets { id data { columns rows } } } }'
    taken = 0
    take = Boards.take

    async def counted(*arguments: Any) -> Any:
        nonlocal taken
        taken += 1
        return await take(*arguments)

    monkeypatch.setattr(Boards, "take", counted)
    assert len((await ask(client, query, None))["data"]["dashboard"]["widgets"]) == 3
    assert taken == 1


def test_who_asks_no_graphql_does_not_pay_for_it() -> None:
    code = "import sys, livedash.app; sys.exit(any(name in sys.modules for name in ('strawberry', 'graphql')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
