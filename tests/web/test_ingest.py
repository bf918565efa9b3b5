"""Ingest over HTTP, as other people's scripts use it: what is taken, what is refused, and how that is said."""

import asyncio

import httpx
import orjson
import pytest

from tests.server import ADMIN, STREAM, Client, bearer
from tests.wire import RECORDS, pipeline_of, stored

NDJSON = "application/x-ndjson"


def problem(response: httpx.Response) -> dict:
    """The problem an error is answered with, after a look at its form."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["type"] and body["title"] and body["detail"]
    return body


async def refused(client: Client) -> list[dict]:
    answer = await client.get("/api/pipelines/weather/refused", headers=bearer(ADMIN))
    return answer.raise_for_status().json()["refused"]


async def test_one_object(client: Client):
    response = await client.append('{"temp_max": 12.8}', content_type="application/json")
    assert response.status_code == 200
    body = response.json()
    assert body | {"cursor": ""} == {
        "accepted": 1, "refused": 0, "first": 1, "last": 1, "cursor": "", "durable": True, "errors": [],
    }  # fmt: skip
    records = (await client.get(RECORDS, headers=bearer(STREAM))).json()
    assert records["cursor"] == body["cursor"]
    assert records["records"][0]["data"] == {"temp_max": 12.8}
    assert records["records"][0]["metrics"] == {"temp_max": 12.8}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'[{"n":1},{"n":2}]'),
        ("application/json; charset=utf-8", b'\xef\xbb\xbf [{"n":1},{"n":2}]'),
        ("application/vnd.acme+json", b'[{"n":1},{"n":2}]'),
        ("application/x-www-form-urlencoded", b'[{"n":1},{"n":2}]'),  # what curl -d says
        (NDJSON, b'{"n":1}\n{"n":2}'),
        (NDJSON, b'\n{"n":1}\r\n  \n{"n":2}\n\n'),
    ],
)
async def test_several(client: Client, content_type: str, body: bytes):
    answer = (await client.append(body, content_type=content_type)).json()
    assert (answer["accepted"], answer["first"], answer["last"]) == (2, 1, 2)
    assert await stored(client) == [{"n": 1}, {"n": 2}]


async def test_no_json_at_all(client: Client):
    for body, line, column in [
        (b'{"n": 1,\n "m": }', 2, 7), (b"{", 1, 2), (b"NaN", 1, 1), (b'{"n": Infinity}', 1, 7), (b'[{"n":1}', 1, 9),
        (b'{"n":1}{"n":2}', 1, 8), (b'{"n":"\xff"}', 1, 1), (b'{"n":"\\ud800"}', 1, 7), (b"[" * 2_000, 1, 1026),
    ]:  # fmt: skip
        response = await client.append(body)
        assert response.status_code == 400, body
        [error] = problem(response)["errors"]
        assert (error["line"], error["column"]) == (line, column), body
    assert await stored(client) == [] and await refused(client) == []


async def test_an_empty_body(client: Client):
    for body in (b"", b" \n"):
        response = await client.append(body, content_type="application/json")
        assert response.status_code == 400
        assert "empty" in problem(response)["detail"]


async def test_no_records(client: Client):
    for content_type, body in (("application/json", b"[]"), (NDJSON, b""), (NDJSON, b"\n\n")):
        response = await client.append(body, content_type=content_type)
        assert response.status_code == 422, (content_type, body)
        assert response.json() == {
            "accepted": 0, "refused": 0, "first": None, "last": None, "cursor": None, "durable": True, "errors": [],
        }  # fmt: skip


async def test_a_scalar_is_refused_and_kept(client: Client):
    scalars = {"1": "a number", '"x"': "a string", "true": "a boolean", "null": "null"}
    for body, word in scalars.items():
        response = await client.append(body)
        assert response.status_code == 422
        assert response.json()["errors"] == [{"index": 0, "reason": f"not a JSON object but {word}"}]
    assert [each["body"] for each in await refused(client)] == [*scalars][::-1]


async def test_a_broken_line_is_refused_alone_and_kept(client: Client):
    lines = [b'{"n":1}', b"{broken", b'{"n":NaN}', b'{"n":"\xff"}', b"[1]", b'{"n":2}']
    response = await client.append(b"\n".join(lines), content_type=NDJSON)
    assert response.status_code == 200
    answer = response.json()
    assert (answer["accepted"], answer["refused"], answer["first"], answer["last"]) == (2, 4, 1, 2)
    assert [error["index"] for error in answer["errors"]] == [1, 2, 3, 4]
    assert "column 2" in answer["errors"][0]["reason"]
    assert await stored(client) == [{"n": 1}, {"n": 2}]
    kept = (await refused(client))[::-1]
    assert [each["index"] for each in kept] == [1, 2, 3, 4]
    assert [each["body"] for each in kept] == ["{broken", '{"n":NaN}', '{"n":"\ufffd"}', "[1]"]
    assert [each["reason"] for each in kept] == [each["reason"] for each in answer["errors"]]


async def test_an_element_is_refused_alone(client: Client):
    answer = (await client.append('[{"n":1}, 2, {"n":3}]')).json()
    assert (answer["accepted"], answer["refused"], answer["errors"][0]["index"]) == (2, 1, 1)
    assert await stored(client) == [{"n": 1}, {"n": 3}]


async def test_what_is_not_understood(client: Client):
    for headers, status in [
        ({"content_type": "text/csv"}, 415),
        ({"content_type": "multipart/form-data; boundary=x"}, 415),
        ({"content_encoding": "br"}, 415),
        ({"content_encoding": "gzip, gzip"}, 415),
        ({"idempotency_key": "k" * 256}, 400),
        ({"idempotency_key": ""}, 400),
    ]:
        response = await client.append('{"n":1}', **headers)
        assert response.status_code == status, headers
        problem(response)
    assert await stored(client) == []


async def test_tokens(client: Client):
    for pipeline, token, status in [
        ("weather", "", 401),
        ("weather", "nobody-knows-this", 401),
        ("weather", "nobody-kn\xf6ws-this", 401),
        ("nothing", "nobody-knows-this", 401),
        ("weather", "other-ingest-token", 404),
        ("nothing", "other-ingest-token", 404),
        ("weather", STREAM, 403),
        ("nothing", ADMIN, 404),
    ]:
        headers = {"Authorization": f"Bearer {token}".encode("latin-1")} if token else {}
        path = f"/api/pipelines/{pipeline}/records"
        response = await client.request("POST", path, content=b'{"n":1}', headers=headers)
        assert response.status_code == status, (pipeline, token)
        problem(response)
        assert not token or token not in response.text
        assert ("www-authenticate" in response.headers) == (status == 401)
    assert await stored(client) == []
    assert (await client.append('{"n":1}', token=ADMIN)).status_code == 200


async def test_by_id_as_well_as_by_slug(client: Client):
    id = (await pipeline_of(client))["id"]
    assert id.startswith("pl_")
    assert (await client.append('{"n":1}', pipeline=id)).status_code == 200
    assert await stored(client) == [{"n": 1}]


async def test_other_methods(client: Client):
    for method in ("PUT", "PATCH", "DELETE"):
        response = await client.request(method, RECORDS, headers=bearer(ADMIN))
        assert response.status_code == 405
        problem(response)
        assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_many_at_once_get_dense_offsets(client: Client):
    answers = await asyncio.gather(*(client.append(orjson.dumps({"n": number})) for number in range(300)))
    placed = {answer.json()["first"]: number for number, answer in enumerate(answers)}
    assert sorted(placed) == list(range(1, 301))
    assert [data["n"] for data in await stored(client)] == [placed[offset] for offset in sorted(placed)]
