"""Sinks over REST: what is configured, how they go, and what people have them do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.server import ADMIN, Client, bearer
from tests.sinks.webhook.support import Receiver, an_answer
from tests.web.sinks import HEADER, SINK, call, delivered, delivering, report
from tests.wire import numbers, records

REFUSED = an_answer("422 Unprocessable Entity", b"no such order")
METERS = ("deliveries", "attempts", "records", "bytes", "failed", "parked", "streams", "events")
Both = tuple[Client, Receiver]


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    async with delivering(tmp_path) as found:
        yield found


async def test_create_change_delete(both: Both):
    client, receiver = both
    body = {"type": "webhook", "url": receiver.url, "headers": {"X-Key": HEADER}}
    other = "/api/pipelines/other/sinks/mine"
    made = await call(client, "PUT", other, body, 201)
    assert made["secret"].startswith("whsec_")
    again = await call(client, "PUT", other, body | {"batch": {"records": 7}})
    assert "secret" not in again and again["id"] == made["id"]
    one = await call(client, "GET", other)
    assert one["settings"]["batch"]["records"] == 7
    assert (one["pipeline"], one["name"], one["headers"]) == ("other", "mine", ["X-Key"])
    assert one["report"]["state"] == "running"
    assert made["secret"] not in str(one) and HEADER not in str(one)
    assert (await call(client, "GET", f"/api/pipelines/other/sinks/{made['id']}"))["id"] == made["id"]
    assert [each["name"] for each in (await call(client, "GET", "/api/sinks"))["sinks"]] == ["mine", "billing"]
    listed = (await call(client, "GET", "/api/pipelines/other/sinks"))["sinks"]
    assert [each["id"] for each in listed] == [made["id"]]
    await call(client, "DELETE", other, status=204)
    await call(client, "GET", other, status=404)
    await call(client, "DELETE", other, status=404)


async def test_a_secret_that_was_given_is_not_shown(both: Both):
    client, receiver = both
    body = {"type": "webhook", "url": receiver.url, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    assert "secret" not in await call(client, "PUT", "/api/pipelines/other/sinks/mine", body, 201)


async def test_a_sink_is_found_on_its_own_pipeline_only(both: Both):
    client, _ = both
    id = (await call(client, "GET", SINK))["id"]
    for path in (f"/api/pipelines/other/sinks/{id}", "/api/pipelines/other/sinks/billing", "/api/pipelines/no/sinks"):
        await call(client, "GET", path, status=404)
    await call(client, "POST", f"/api/pipelines/other/sinks/{id}/pause", status=404)


async def test_mistakes_have_their_places(both: Both):
    client, receiver = both
    for body, pointer in (
        ({"type": "webhook", "url": receiver.url, "batch": {"records": 0}}, "/batch/records"),
        ({"type": "webhook", "url": receiver.url, "x": 1}, "/x"),
    ):
        found = await call(client, "PUT", "/api/pipelines/other/sinks/mine", body, 422)
        assert [error["pointer"] for error in found["errors"]] == [pointer]


async def test_how_it_goes_and_what_was_delivered(both: Both):
    client, receiver = both
    await numbers(client, 1, 3)
    found = await delivered(client, 3)
    assert (found["state"], found["lag"]["records"], found["parked"]) == ("running", 0, 0)
    assert found["success_rate"] == 1.0 and found["latency_ms"]["p95"] > 0
    [attempt] = (await call(client, "GET", f"{SINK}/attempts"))["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["records"]) == ("delivered", 204, 3)
    assert attempt["request"]["body"].startswith('{"type":"records"') and HEADER not in str(attempt)
    assert (await call(client, "GET", f"{SINK}/attempts?outcome=failed"))["attempts"] == []
    await call(client, "GET", f"{SINK}/attempts?outcome=strange", status=422)
    assert len(receiver.requests) == 1


async def test_usage(both: Both):
    client, receiver = both
    await numbers(client, 1, 3)
    await delivered(client, 3)
    receiver.answer = REFUSED
    await numbers(client, 4, 4)
    await delivered(client, 4)
    found = await call(client, "GET", "/api/usage")
    [row] = found["rows"]
    size = len(receiver.requests[0].body)
    assert [row[meter] for meter in METERS] == [1, 2, 3, size, 1, 1, 0, 0]
    assert found["total"] == {meter: row[meter] for meter in METERS}
    assert (row["pipeline_slug"], row["sink_name"], row["day"]) == ("weather", "billing", found["to"])
    for query, count in (
        ("sink=billing", 1),
        (f"sink={row['sink']}", 1),
        ("pipeline=weather", 1),
        ("pipeline=other", 0),
    ):
        assert len((await call(client, "GET", f"/api/usage?{query}"))["rows"]) == count, query
    csv = (await client.get("/api/usage.csv", headers=bearer(ADMIN))).text.splitlines()
    assert csv[0].split(",")[-8:] == list(METERS) and csv[1].split(",")[-8:] == [str(row[meter]) for meter in METERS]
    await call(client, "DELETE", SINK, status=204)
    [left] = (await call(client, "GET", "/api/usage"))["rows"]
    assert left == row | {"sink_name": None}
    assert (await call(client, "GET", "/api/usage?from=2020-01-01&to=2020-01-31"))["rows"] == []
    assert (await call(client, "GET", "/api/usage?to=0001-01-05"))["rows"] == [], "time begins somewhere"
    for wrong in ("from=yesterday", "from=2026-02-01&to=2026-01-01", "from=2020-01-01&to=2026-01-01"):
        await call(client, "GET", f"/api/usage?{wrong}", status=422)


async def test_parked_deliveries_are_retried_or_given_up(both: Both):
    client, receiver = both
    receiver.answer = REFUSED
    for number in (1, 2, 3):
        await numbers(client, number, number)
        await delivered(client, number)
    parked = (await call(client, "GET", f"{SINK}/parked"))["parked"]
    assert [(each["first"], each["last"], each["retrying"]) for each in parked] == [(n, n, False) for n in (1, 2, 3)]
    assert all("422" in each["reason"] for each in parked)
    await call(client, "DELETE", f"{SINK}/parked/{parked[0]['number']}", status=204)
    receiver.answer = an_answer("200 OK")
    queued = await call(client, "POST", f"{SINK}/parked/{parked[1]['number']}/retry", status=202)
    assert queued == {"queued": 1}
    await report(client, lambda found: found["parked"] == 1)
    await call(client, "POST", f"{SINK}/parked/retry", status=202)
    await report(client, lambda found: found["parked"] == 0)
    ids = [request.headers["webhook-id"] for request in receiver.requests[3:]]
    assert ids == [each["delivery"] for each in parked[1:]]
    await call(client, "POST", f"{SINK}/parked/99/retry", status=404)
    await call(client, "DELETE", f"{SINK}/parked/99", status=404)


async def test_pause_and_resume(both: Both):
    client, receiver = both
    assert (await call(client, "POST", f"{SINK}/pause"))["report"]["state"] == "paused"
    await numbers(client, 1, 2)
    assert (await report(client, lambda found: found["lag"]["records"] == 2))["state"] == "paused"
    assert (await call(client, "POST", f"{SINK}/resume"))["report"]["state"] == "running"
    await delivered(client, 2)
    await call(client, "POST", f"{SINK}/pause")
    await numbers(client, 3, 4)
    await call(client, "POST", f"{SINK}/resume", {"from": "now"})
    await numbers(client, 5, 5)
    await delivered(client, 5)
    offsets = [[each["offset"] for each in request.json["data"]["records"]] for request in receiver.requests]
    assert offsets == [[1, 2], [5]]
    epoch = (await report(client))["cursor"].partition("-")[0]
    await call(client, "POST", f"{SINK}/resume", {"from": f"{epoch}-3"})
    await delivered(client, 5)
    assert [each["offset"] for each in receiver.requests[-1].json["data"]["records"]] == [4, 5]
    await call(client, "POST", f"{SINK}/resume", {"from": "yesterday"}, 400)
    await call(client, "POST", f"{SINK}/resume", {"from": "0abc-3"}, 410)
    await call(client, "POST", f"{SINK}/resume", {"form": "now"}, 422)


async def test_replay_a_range(both: Both):
    client, receiver = both
    for number in range(1, 6):
        await numbers(client, number, number)
        await delivered(client, number)
    stored = await records(client)
    epoch = (await report(client))["cursor"].partition("-")[0]
    late = datetime.now(UTC) + timedelta(days=1)
    for span, first, last in (
        ({"first": 2, "last": 3}, 2, 3),
        ({"after": f"{epoch}-1", "through": f"{epoch}-4"}, 2, 4),
        ({"since": stored[1]["timestamp"], "until": stored[3]["timestamp"]}, 2, 3),
        ({"since": stored[3]["timestamp"], "until": late.isoformat()}, 4, 5),
    ):
        before = len(receiver.requests)
        found = await call(client, "POST", f"{SINK}/replay", span, 202)
        assert (found["first"], found["last"]) == (first, last), span
        await report(client, lambda found: not found["replays"] and not found["delivery"])
        sent = [each["offset"] for request in receiver.requests[before:] for each in request.json["data"]["records"]]
        assert sent == list(range(first, last + 1)), span
        assert f"_replay{found['replay']}_" in receiver.requests[-1].headers["webhook-id"]
    for wrong in ({}, {"first": 1}, {"first": 1, "until": late.isoformat()}, {"first": 4, "last": 9},
                  {"since": "2026-01-01T00:00:00", "until": "2026-01-02T00:00:00"}):  # fmt: skip
        await call(client, "POST", f"{SINK}/replay", wrong, 422)
    await call(client, "POST", f"{SINK}/replay", {"after": "0abc-1", "through": "0abc-2"}, 410)


async def test_a_test_is_sent_at_once_whatever_the_state(both: Both):
    client, receiver = both
    await call(client, "POST", f"{SINK}/pause")
    assert (await call(client, "POST", f"{SINK}/test"))["outcome"] == "delivered"
    receiver.answer = an_answer("500 Internal Server Error")
    attempt = await call(client, "POST", f"{SINK}/test")
    assert (attempt["outcome"], attempt["status"], attempt["kind"]) == ("trouble", 500, "test")
    assert len(receiver.requests) == 2


async def test_secrets_are_shown_and_changed(both: Both):
    client, receiver = both
    first = await call(client, "GET", f"{SINK}/secret")
    assert first["older"] == []
    second = await call(client, "POST", f"{SINK}/rotate")
    assert second["secret"] != first["secret"]
    assert [each["secret"] for each in second["older"]] == [first["secret"]]
    await call(client, "POST", f"{SINK}/test")
    assert len(receiver.requests[-1].headers["webhook-signature"].split()) == 2
    given = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    third = await call(client, "POST", f"{SINK}/rotate", {"secret": given, "overlap_hours": 0})
    assert third == {"secret": given, "older": []}
    wrong = await call(client, "POST", f"{SINK}/rotate", {"secret": "too-short-and-very-secret"}, 422)
    assert "very-secret" not in str(wrong)
    await call(client, "POST", f"{SINK}/rotate", {"overlap_hours": 1000}, 422)
    answer = await client.get(f"{SINK}/secret", headers=bearer(ADMIN))
    assert answer.headers["cache-control"] == "no-store"
