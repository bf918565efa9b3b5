"""Who may ask, follow and change, by which token, and from which pages."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.server import ADMIN, INGEST, STREAM, Client, bearer
from tests.web.graphql.wire import EVENTS, PATH, ask, begun, codes, socket
from tests.wire import numbers

RECORDS = "query($p: ID!) { records(pipelineId: $p) { edges { cursor } } }"
SHOP, EVIL = "https://eu.shop.example", "https://evil.example"
CREATE = 'mutation { putDashboard(slug: "made", input: {}) { created } }'


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "UNAUTHENTICATED"),
        (INGEST, "FORBIDDEN"),
        ("other-stream-token", "NOT_FOUND"),
        (STREAM, None),
        (ADMIN, None),
    ],
)
async def test_who_may_read(client: Client, token: str | None, code: str | None):
    wanted = [code] if code else []
    for query in (
        RECORDS,
        "query($p: ID!) { pipeline(id: $p) { slug log { last } } }",
        'query($p: ID!) { series(pipelineId: $p, fields: ["n"]) { times } }',
    ):
        assert await codes(client, query, token, p="weather") == wanted
    async with begun(client, token) as opened:
        if code:
            [error] = await opened.of(await opened.start(EVENTS, p="weather"), "error")
            assert error["extensions"]["code"] == code
        else:
            id = await opened.follow()
            await numbers(client, 1, 1)
            assert await opened.offsets(id, 1) == [1]


async def test_the_token_comes_as_argument_as_parameter_or_as_header(client: Client):
    async with (
        begun(client, None) as argument,
        begun(client, STREAM) as parameter,
        socket(client, **bearer(STREAM)) as h,
    ):
        header = await h.begin(None)
        ids = [await argument.follow(token=STREAM), await parameter.follow(), await header.follow()]
        await numbers(client, 1, 1)
        for opened, id in zip((argument, parameter, header), ids, strict=True):
            assert await opened.offsets(id, 1) == [1]


async def test_an_argument_counts_before_what_the_socket_shows(client: Client):
    async with begun(client, STREAM) as opened:
        id = await opened.follow("other", token="other-stream-token")
        wrong = await opened.start(EVENTS, p="weather", token="other-stream-token")
        unknown = await opened.start(EVENTS, p="weather", token="nobody-knows-this")
        assert (await opened.of(wrong, "error"))[0]["extensions"]["code"] == "NOT_FOUND"
        assert (await opened.of(unknown, "error"))[0]["extensions"]["code"] == "UNAUTHENTICATED"
        await client.append(b'{"n": 1}', "other", token="other-ingest-token")
        assert await opened.offsets(id, 1) == [1]


async def test_a_token_that_nobody_knows_is_refused_whatever_is_asked(client: Client):
    answer = await client.request("POST", PATH, json={"query": "{ __typename }"}, headers=bearer("nobody-knows-this"))
    assert answer.status_code == 401 and "www-authenticate" in answer.headers
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("token", [None, STREAM, INGEST])
async def test_only_an_api_token_changes_and_lists(client: Client, token: str | None):
    code = "FORBIDDEN" if token else "UNAUTHENTICATED"
    for query in (CREATE, "{ pipelines { slug } }", "{ dashboards { slug } }"):
        assert await codes(client, query, token) == [code]
    secret = await ask(client, '{ pipeline(id: "weather") { streamToken } }', token)
    assert secret["errors"][0]["extensions"]["code"] in (code, "FORBIDDEN")
    assert not any(each.slug == "made" for each in client.app.catalog.directory.dashboards())


async def test_anybody_may_look_at_a_public_dashboard_and_nobody_else_at_a_private_one(client: Client):
    query = "query($slug: ID!) { dashboard(slug: $slug) { title widgets { id } } }"
    public = await ask(client, query, None, slug="weather")
    assert [each["id"] for each in public["data"]["dashboard"]["widgets"]] == ["temp", "days", "wind"]
    assert await codes(client, query, None, slug="private") == ["NOT_FOUND"]
    assert await codes(client, query, ADMIN, slug="private") == []


async def test_which_pages_may_open_a_socket(client: Client):
    async with begun(client, STREAM, Origin=SHOP) as opened:
        id = await opened.follow()
        await numbers(client, 1, 1)
        assert await opened.offsets(id, 1) == [1]
    for origin in (EVIL, "null", "https://shop.example"):
        with pytest.raises(InvalidStatus) as refused:
            async with socket(client, Origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_a_page_may_follow_only_the_pipelines_that_allow_it(client: Client):
    for token in ("other-stream-token", ADMIN):
        async with socket(client, Origin=SHOP) as opened:
            await opened.say(type="connection_init", payload={"token": token})
            assert (await opened.closed())[0] == 4403, "neither another pipeline's token nor an API token is for pages"
    async with begun(client, None, Origin=SHOP) as opened:
        ours = await opened.follow(token=STREAM)
        theirs = await opened.start(EVENTS, p="other", token="other-stream-token")
        [error] = await opened.of(theirs, "error")
        assert error["extensions"]["code"] == "FORBIDDEN" and "allowed_origins" in error["message"]
        dashboard = await opened.start('{ dashboard(slug: "weather") { title } }')
        assert (await opened.of(dashboard))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        await numbers(client, 1, 1)
        assert await opened.offsets(ours, 1) == [1]


async def test_our_own_pages_may_do_what_their_user_may(client: Client):
    own = str(client.base_url).rstrip("/")
    async with begun(client, ADMIN, Origin=own) as opened:
        assert (await opened.of(await opened.start(CREATE)))["data"] == {"putDashboard": {"created": True}}


async def test_a_session_opens_a_socket_from_our_own_pages_only(client: Client):
    own = str(client.base_url).rstrip("/")
    signed = await client.request("POST", "/sign-in", data={"token": ADMIN}, headers={"Origin": own})
    cookie = signed.headers["set-cookie"].partition(";")[0]
    async with begun(client, None, Cookie=cookie, Origin=own) as opened:
        assert "errors" not in await opened.of(await opened.start("{ pipelines { slug } }"))
    async with begun(client, None, Cookie=cookie, Origin=SHOP) as opened:
        [error] = (await opened.of(await opened.start("{ pipelines { slug } }")))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED", "another page has no session here"


async def test_pages_of_allowed_origins_may_ask(client: Client):
    for origin, token, allowed in [
        (SHOP, STREAM, True), (SHOP, "other-stream-token", False), (SHOP, ADMIN, False), (EVIL, STREAM, False),
    ]:  # fmt: skip
        body = {"query": RECORDS, "variables": {"p": "weather"}}
        answer = await client.request("POST", PATH, json=body, headers=bearer(token) | {"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert "Origin" in answer.headers["vary"]
        assert ("errors" in answer.json()) is not allowed
    change = await client.request("POST", PATH, json={"query": CREATE}, headers=bearer(ADMIN) | {"Origin": SHOP})
    assert change.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_browser_may_ask_before(client: Client):
    for origin, allowed in [(SHOP, True), (EVIL, False)]:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = await client.options(PATH, headers=asked)
        assert answer.status_code == 204
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert answer.headers.get("access-control-allow-methods") == ("GET, POST" if allowed else None)
        assert ("Content-Type" in answer.headers.get("access-control-allow-headers", "")) is allowed


async def test_a_subscription_by_a_token_of_its_own_ends_alone(client: Client):
    wanted = {"kind": "stream", "pipeline": "weather"}
    token = (await client.request("POST", "/api/tokens", json=wanted, headers=bearer(ADMIN))).json()
    async with begun(client, STREAM) as opened:
        by_argument, by_socket = await opened.follow(token=token["token"]), await opened.follow()
        await client.request("DELETE", f"/api/tokens/{token['id']}", headers=bearer(ADMIN))
        await numbers(client, 1, 1)
        [error] = await opened.of(by_argument, "error")
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert await opened.offsets(by_socket, 1) == [1]


async def test_a_pipeline_that_is_deleted_ends_its_subscriptions(client: Client):
    async with begun(client, ADMIN) as opened:
        id = await opened.follow("other")
        await client.request("DELETE", "/api/pipelines/other", headers=bearer(ADMIN))
        [error] = await opened.of(id, "error")
        assert error["extensions"]["code"] == "NOT_FOUND"
        await opened.alive()
