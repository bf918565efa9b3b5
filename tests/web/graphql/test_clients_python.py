"""gql, the client for Python: it asks, follows, resumes, and hears why not."""

import asyncio
from typing import Any

import pytest
from gql import Client as GqlClient
from gql import GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

from tests.server import ADMIN, STREAM, Client, bearer
from tests.web.graphql.wire import EVENTS, PATH, address, followed_by
from tests.wire import numbers


def over_http(client: Client, token: str) -> GqlClient:
    return GqlClient(transport=AIOHTTPTransport(f"{client.base_url}{PATH}", headers=bearer(token)))


def over_socket(client: Client, token: str = STREAM) -> GqlClient:
    transport = WebsocketsTransport(
        address(client), init_payload={"token": token}, subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
    )
    return GqlClient(transport=transport)


def request(query: str, **variables: Any) -> GraphQLRequest:
    return GraphQLRequest(gql(query), variable_values=variables)


async def test_it_asks_and_changes_over_http_with_the_schema_that_it_fetched(client: Client):
    transport = AIOHTTPTransport(f"{client.base_url}{PATH}", headers=bearer(ADMIN))
    async with GqlClient(transport=transport, fetch_schema_from_transport=True) as session:
        found = await session.execute(request("{ pipelines { slug } }"))
        assert [each["slug"] for each in found["pipelines"]] == ["other", "volatile", "weather"]
        change = "mutation($id: ID!, $input: PipelineInput!) { putPipeline(id: $id, input: $input) { created } }"
        made = await session.execute(request(change, id="made", input={"retention": {"days": 3}}))
        assert made == {"putPipeline": {"created": True}}
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(request(change, id="made", input={"retention": {"days": -3}}))
        [error] = refused.value.errors or []
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["extensions"]["faults"][0]["path"] == ["retention", "days"]


async def test_it_follows_and_resumes(client: Client):
    async with over_socket(client) as session:
        events = session.subscribe(request(EVENTS, p="weather"))
        waiting = asyncio.ensure_future(anext(events))
        await followed_by(client, 1)
        await numbers(client, 1, 10)
        got = [await waiting, *[await anext(events) for _ in range(4)]]
        assert [each["pipelineEvents"]["offset"] for each in got] == [1, 2, 3, 4, 5]
    await numbers(client, 11, 20)
    async with over_socket(client) as session:
        events = session.subscribe(request(EVENTS, p="weather", after=got[-1]["pipelineEvents"]["cursor"]))
        got = [await anext(events) for _ in range(15)]
        assert [each["pipelineEvents"]["offset"] for each in got] == list(range(6, 21))


async def test_an_expired_cursor_and_a_wrong_token_are_told(client: Client):
    async with over_socket(client) as session:
        with pytest.raises(TransportQueryError) as expired:
            await anext(session.subscribe(request(EVENTS, p="weather", after="otherlife-3")))
        [error] = expired.value.errors or []
        assert error["extensions"]["code"] == "CURSOR_EXPIRED"
    async with over_http(client, STREAM) as session:
        with pytest.raises(TransportQueryError) as denied:
            await session.execute(request("{ pipelines { slug } }"))
        assert (denied.value.errors or [])[0]["extensions"]["code"] == "FORBIDDEN"
