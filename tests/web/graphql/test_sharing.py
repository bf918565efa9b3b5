"""Subscriptions that want the same are executed once for all; each client gets it under its own id."""

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.web.graphql import messages
from livedash.web.graphql.messages import Messages
from livedash.web.graphql.selection import Selection
from livedash.web.socket_line import framed
from tests.server import ADMIN, STREAM, Client, bearer
from tests.web.graphql.wire import EVENTS, begun, followed_by
from tests.wire import RECORDS, numbers

LITERAL = """subscription Mine {
  pipelineEvents(pipelineId: "weather", token: "%s") { offset cursor timestamp data metrics }
}"""
SPACED = "subscription($q: ID!) {\n\n pipelineEvents(pipelineId: $q) {\n offset,cursor,timestamp,data,metrics # all\n}}"
SOME = "subscription($p: ID!, $with: Boolean!) { pipelineEvents(pipelineId: $p) { offset data @include(if: $with) } }"
SPREAD = "subscription($p: ID!) { pipelineEvents(pipelineId: $p) { ...R } } fragment R on Record { offset }"


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was executed, one entry for each time."""
    found: list[str] = []
    answer = Selection.answer

    def counted(self: Selection, row: object) -> object:
        found.append(self.text)
        return answer(self, row)  # type: ignore[arg-type]

    monkeypatch.setattr(Selection, "answer", counted)
    yield found


async def test_the_same_is_executed_once(client: Client, executed: list[str]):
    await numbers(client, 1, 1)
    cursor = (await client.get(RECORDS, headers=bearer(ADMIN))).json()["cursor"]
    async with begun(client) as one, begun(client, None) as two, begun(client, ADMIN) as three:
        everybody = [
            (one, await one.follow()),
            (one, await one.follow(after=cursor)),
            (two, await two.start(LITERAL % STREAM, "a-long-id-" * 20)),
            (three, await three.start(SPACED, 'ÿ"\\ id', q="weather")),
        ]
        await followed_by(client, 4)
        await numbers(client, 2, 4)
        answers = [await socket.events(id, 3) for socket, id in everybody]
        assert all(answer == answers[0] for answer in answers)
        assert [event["offset"] for event in answers[0]] == [2, 3, 4]
        assert len(executed) == 3, "once for each record"


async def test_what_differs_is_executed_apart(client: Client, executed: list[str]):
    async with begun(client) as socket:
        ids = [
            await socket.start(SOME, p="weather", **{"with": True}),
            await socket.start(SOME, p="weather", **{"with": False}),
            await socket.start(SPREAD, p="weather"),
            await socket.start(EVENTS, p="weather", where="data.n > 1"),
        ]
        await followed_by(client, 4)
        await numbers(client, 1, 2)
        whole, part, spread = [await socket.events(id, 2) for id in ids[:3]]
        assert whole == [{"offset": n, "data": {"n": n}} for n in (1, 2)]
        assert part == spread == [{"offset": 1}, {"offset": 2}]
        assert await socket.offsets(ids[3], 1) == [2]
        assert len(executed) == 3 * 2 + 1


async def test_an_alias_stays(client: Client):
    async with begun(client) as socket:
        query = "subscription($p: ID!) { now: pipelineEvents(pipelineId: $p) { n: offset __typename } }"
        id = await socket.start(query, p="weather")
        await followed_by(client, 1)
        await numbers(client, 1, 1)
        assert await socket.of(id) == {"data": {"now": {"n": 1, "__typename": "Record"}}}


@given(st.lists(st.binary(max_size=70_000).map(lambda some: orjson.dumps(some.hex())), max_size=4), st.text(min_size=1))
def test_what_is_put_together_is_what_would_be_written_for_each(payloads: list[bytes], id: str) -> None:
    many = Messages("next", payloads)
    ending = messages.ending(id)
    alone = [framed(b'{"type":"next","payload":%b,"id":%b}' % (each, orjson.dumps(id))) for each in payloads]
    assert ending.join(many.parts(len(ending))) == b"".join(alone)
    assert len(many) == sum(map(len, payloads))
