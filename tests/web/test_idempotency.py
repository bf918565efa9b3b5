"""`Idempotency-Key`, and pipelines that do not persist: what a repetition and a restart find."""

import asyncio
from pathlib import Path

from tests.server import Client, serving
from tests.wire import following, pipeline_of, stored


async def test_a_repetition_gets_the_first_outcome(client: Client):
    first = await client.append('[{"n":1}, 2]', idempotency_key="k")
    for body in ('[{"n":1}, 2]', '{"n":5}'):  # whatever it brings this time
        again = await client.append(body, idempotency_key="k")
        assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert first.json()["accepted"] == 1
    assert (await client.append('{"n":2}', idempotency_key="another")).json()["first"] == 2
    assert await stored(client) == [{"n": 1}, {"n": 2}]


async def test_at_the_same_time(client: Client):
    answers = await asyncio.gather(*(client.append(f'{{"n":{n}}}', idempotency_key="k") for n in range(20)))
    assert len({answer.text for answer in answers}) == 1
    assert len(await stored(client)) == 1


async def test_a_key_belongs_to_its_pipeline(client: Client):
    for pipeline, token in (("weather", "weather-ingest-token"), ("other", "other-ingest-token")):
        await client.append('{"n":1}', pipeline=pipeline, token=token, idempotency_key="k")
        assert await stored(client, pipeline) == [{"n": 1}]


async def test_what_was_refused_stays_refused(client: Client):
    first = await client.append("[1, 2]", idempotency_key="k")
    again = await client.append('{"n":1}', idempotency_key="k")
    assert (again.status_code, again.json()) == (422, first.json())
    assert await stored(client) == []


async def test_a_body_that_is_no_json_does_not_use_up_its_key(client: Client):
    assert (await client.append("{", idempotency_key="k")).status_code == 400
    assert (await client.append('{"n":1}', idempotency_key="k")).status_code == 200
    assert await stored(client) == [{"n": 1}]


async def test_after_a_restart(tmp_path: Path):
    async with serving(tmp_path / "data") as client:
        first = await client.append('{"n":1}', idempotency_key="k")
    async with serving(tmp_path / "data") as client:
        assert (await client.append('{"n":1}', idempotency_key="k")).json() == first.json()
        assert await stored(client) == [{"n": 1}]
        assert (await client.append('{"n":2}')).json()["first"] == 2


async def test_a_pipeline_that_does_not_persist(tmp_path: Path):
    volatile = {"pipeline": "volatile", "token": "volatile-ingest-token"}
    epochs = []
    for _ in range(2):
        async with serving(tmp_path / "data", tail_records=3) as client:
            async with following(client, "/api/pipelines/volatile/stream", "volatile-stream-token") as stream:
                for n in range(1, 5):
                    answer = (await client.append(f'{{"n":{n}}}', **volatile)).json()
                    assert (answer["last"], answer["durable"]) == (n, False)
                    assert (await stream.next()).json()["data"] == {"n": n}
            assert await stored(client, "volatile") == [{"n": 2}, {"n": 3}, {"n": 4}]  # the tail only
            epochs.append((await pipeline_of(client, "volatile"))["log"]["epoch"])
            assert answer["cursor"] == f"{epochs[-1]}-4"
    assert len(set(epochs)) == 2
