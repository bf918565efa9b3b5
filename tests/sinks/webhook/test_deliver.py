"""Attempts at a real receiver."""

import json
import socket
from collections.abc import Iterator

import pytest

from livedash import __version__
from livedash.base import limits
from livedash.catalog.entries import Header, SigningSecret
from livedash.sinks.sink import Directive, Outcome
from livedash.sinks.webhook import signature

from .support import NOON, SECRET, Receiver, a_parcel, an_answer, sinking

OTHER = "whsec_" + "QUJD" * 11


async def test_a_delivery_is_a_signed_post(receiver: Receiver) -> None:
    async with sinking(receiver.url + "?key=of-the-url", now=lambda: NOON + 999_999) as sink:
        answer = await sink.deliver(a_parcel({"temp": 21.5}))
    (request,) = receiver.requests
    assert request.line == "POST /hooks?key=of-the-url HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"Livedash/{__version__} (+webhooks)"
    assert request.headers["webhook-id"] == "sk_a_1_e-2"
    assert request.headers["webhook-timestamp"] == str(NOON // 1_000_000)
    signed = signature.sign([signature.key(SECRET)], "sk_a_1_e-2", NOON // 1_000_000, request.body)
    assert request.headers["webhook-signature"] == signed
    assert "x-hub-signature-256" not in request.headers
    assert (answer.outcome, answer.status, answer.reason, answer.directive) == (Outcome.DELIVERED, 204, "", None)
    assert 0 < answer.seconds < 10
    assert answer.sent.body == request.body.decode()
    assert answer.sent.size == len(request.body)


async def test_each_attempt_has_its_own_timestamp_and_the_same_body(receiver: Receiver) -> None:
    times: Iterator[int] = iter(range(NOON, NOON + 9_000_000, 1_000_000))
    async with sinking(receiver.url, now=lambda: next(times)) as sink:
        await sink.deliver(a_parcel({"temp": 21.5}))
        await sink.deliver(a_parcel({"temp": 21.5}))
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])


async def test_an_old_secret_signs_until_its_time_is_over(receiver: Receiver) -> None:
    secrets = [SigningSecret(SECRET), SigningSecret(OTHER, until=NOON), SigningSecret("of-github-before", until=NOON)]
    for now, count in ((NOON - 1, 2), (NOON, 1)):
        async with sinking(receiver.url, secrets=secrets, now=lambda now=now: now) as sink:
            await sink.deliver(a_parcel({"temp": 1}))
        request = receiver.requests[-1]
        keys = [signature.key(SECRET), signature.key(OTHER)][:count]
        signed = signature.sign(keys, "sk_a_1_e-2", now // 1_000_000, request.body)
        assert request.headers["webhook-signature"] == signed


async def test_github_has_the_newest_secret(receiver: Receiver) -> None:
    secrets = [SigningSecret("the new secret of github"), SigningSecret("the old secret of github", until=2**62)]
    async with sinking(receiver.url, secrets=secrets, signature="github") as sink:
        await sink.deliver(a_parcel({"temp": 1}))
    (request,) = receiver.requests
    signed = signature.github(b"the new secret of github", request.body)
    assert request.headers["x-hub-signature-256"] == signed
    assert request.headers["webhook-id"] == "sk_a_1_e-2"
    assert "webhook-timestamp" in request.headers
    assert "webhook-signature" not in request.headers


async def test_a_secret_that_does_not_go_with_the_signature_is_told_at_once(receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="signing secret"):
        async with sinking(receiver.url, secrets=[SigningSecret("the new secret of github")]):
            pass


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        ("200 OK", Outcome.DELIVERED, ""),
        ("299 Fine", Outcome.DELIVERED, ""),
        ("302 Found", Outcome.TROUBLE, "answered 302; redirects are not followed: change the URL"),
        ("400 Bad Request", Outcome.REFUSED, "answered 400 Bad Request"),
        ("404", Outcome.REFUSED, "answered 404 Not Found"),
        ("408 Late", Outcome.TROUBLE, "answered 408 Late"),
        ("410 Gone", Outcome.TROUBLE, "answered 410 Gone: it wants nothing any more"),
        ("425 Too Early", Outcome.TROUBLE, "answered 425 Too Early"),
        ("429 Slow down", Outcome.TROUBLE, "answered 429 Slow down"),
        ("499", Outcome.REFUSED, "answered 499"),
        ("500 Oh", Outcome.TROUBLE, "answered 500 Oh"),
        ("503 " + "x" * 300, Outcome.TROUBLE, "answered 503 " + "x" * 100),
        ("999 Odd", Outcome.TROUBLE, "answered 999 Odd"),
    ],
)
async def test_what_a_status_means(receiver: Receiver, status: str, outcome: Outcome, reason: str) -> None:
    receiver.answer = an_answer(status, b"said", "retry-after: 7")
    async with sinking(receiver.url) as sink:
        answer = await sink.deliver(a_parcel({"temp": 1}))
    assert (answer.outcome, answer.reason, answer.status) == (outcome, reason, int(status[:3]))
    assert answer.body == "said"
    assert answer.head.splitlines()[0].startswith(f"HTTP {status[:3]}")
    assert "retry-after: 7" in answer.head
    assert answer.retry_after == (None if outcome is Outcome.DELIVERED else 7)
    assert answer.directive == (Directive.DISABLE if status == "410 Gone" else None)
    assert len(receiver.requests) == 1, "nothing is followed or repeated within one attempt"


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://me:pass@elsewhere.example/a?token=b", "elsewhere.example;"),
        ("/other?token=b", "another path;"),
        ("https://[x", "what is no URL;"),
    ],
)
async def test_a_redirect_says_where_without_secrets(receiver: Receiver, location: str, told: str) -> None:
    receiver.answer = an_answer("307 Temporary Redirect", b"", f"location: {location}")
    async with sinking(receiver.url) as sink:
        answer = await sink.deliver(a_parcel({"temp": 1}))
    assert answer.reason.startswith(f"answered 307 and wants to redirect to {told}")


@pytest.mark.parametrize(
    ("value", "directive"),
    [("disable", Directive.DISABLE), ("Abort-Message", Directive.ABORT), ("other", None)],
)
@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Oh"])
async def test_the_header_webhook_delivery(
    receiver: Receiver, status: str, value: str, directive: Directive | None
) -> None:
    receiver.answer = an_answer(status, b"", f"Webhook-Delivery: {value}")
    async with sinking(receiver.url) as sink:
        assert (await sink.deliver(a_parcel({"temp": 1}))).directive is directive


async def test_no_connection_is_trouble(receiver: Receiver) -> None:
    with socket.socket() as taken:  # bound and not listening: refuses
        taken.bind(("127.0.0.1", 0))
        async with sinking(f"http://127.0.0.1:{taken.getsockname()[1]}/?token=secret-of-the-url") as sink:
            answer = await sink.deliver(a_parcel({"temp": 1}))
    assert (answer.outcome, answer.status, answer.head, answer.body) == (Outcome.TROUBLE, None, "", "")
    assert "refused" in answer.reason
    assert "secret-of-the-url" not in repr(answer)
    assert answer.sent.size > 0


async def test_a_connection_cut_off_is_trouble(receiver: Receiver) -> None:
    receiver.answer = None
    async with sinking(receiver.url) as sink:
        answer = await sink.deliver(a_parcel({"temp": 1}))
    assert (answer.outcome, answer.status) == (Outcome.TROUBLE, None)


async def test_no_answer_in_time_is_trouble(receiver: Receiver) -> None:
    receiver.answer = b"HTTP/1.1 200 OK\r\n"
    async with sinking(receiver.url, within=0.2) as sink:
        answer = await sink.deliver(a_parcel({"temp": 1}))
    assert (answer.outcome, answer.reason) == (Outcome.TROUBLE, "timed out after 0.2 s")
    assert answer.seconds > 0.19  # the loop's clock has the grain of a millisecond


async def test_an_address_that_must_not_be_reached_is_trouble(receiver: Receiver) -> None:
    async with sinking(receiver.url, allow=()) as sink:
        answer = await sink.deliver(a_parcel({"temp": 1}))
    assert (answer.outcome, answer.status) == (Outcome.TROUBLE, None)
    assert "loopback" in answer.reason
    assert receiver.requests == []


async def test_a_template_that_makes_too_much_is_refused(receiver: Receiver) -> None:
    template = {"$each": ["{{ data }}"] * 50}
    async with sinking(receiver.url, template=template) as sink:
        answer = await sink.deliver(a_parcel(*({"text": "x" * 60_000} for _ in range(10))))
    assert (answer.outcome, answer.status) == (Outcome.REFUSED, None)
    assert answer.reason == "the template makes more than 16 MiB out of this batch; set a smaller one"
    assert receiver.requests == []


async def test_what_is_kept_is_cut(receiver: Receiver) -> None:
    receiver.answer = an_answer("400 Bad Request", b"\xff" + b"y" * 5000, f"x-long: {'z' * 5000}")
    async with sinking(receiver.url) as sink:
        answer = await sink.deliver(a_parcel({"text": "x" * 5000}))
    assert answer.body == "\ufffd" + "y" * (limits.RESPONSE_KEPT - 1)
    assert len(answer.head) == limits.RESPONSE_HEAD_KEPT
    assert len(answer.sent.body) == limits.RESPONSE_KEPT
    assert answer.sent.size == len(receiver.requests[0].body)


async def test_custom_headers_are_sent_and_kept_hidden(receiver: Receiver) -> None:
    headers = [Header("Authorization", "Bearer very-secret-token"), Header("X-Team", 'north "1"')]
    echo = {"got": "very-secret-token", "team": 'north "1"', "again": SECRET, "key": "k=of-url"}
    phrase = "Bad very-secret-token " + "x" * 65 + " very-secret-token"
    receiver.answer = an_answer(
        f"400 {phrase}", json.dumps(echo).encode(), "x-echo: Bearer very-secret-token", f"x-key: {SECRET[6:]}"
    )
    async with sinking(receiver.url + "?key=of-url&plain", headers=headers) as sink:
        answer = await sink.deliver(a_parcel({"temp": 1}))
    request = receiver.requests[0]
    assert request.headers["authorization"] == "Bearer very-secret-token"
    assert request.headers["x-team"] == 'north "1"'
    for secret in ("very-secret-token", "north", SECRET[6:], "of-url"):
        assert secret not in repr(answer)
    assert "Authorization: [hidden]\nX-Team: [hidden]\n" in answer.sent.head
    assert answer.sent.head.startswith(f"POST /hooks?[hidden] HTTP/1.1\nhost: 127.0.0.1:{receiver.port}\n")
    assert f"webhook-signature: {request.headers['webhook-signature']}" in answer.sent.head
    assert answer.body.startswith('{"got": "[hidden]", "team": "[hidden]"')
    assert answer.reason.startswith("answered 400 Bad [hidden] xxx")
    assert "very" not in answer.reason, "not its beginning either, where the reason is cut"


@pytest.mark.parametrize("secret", ["very-secret-token", "veryägeheim"])
@pytest.mark.parametrize("before", range(limits.RESPONSE_KEPT - 30, limits.RESPONSE_KEPT + 1))
async def test_a_secret_at_the_end_of_what_is_kept_is_hidden(receiver: Receiver, before: int, secret: str) -> None:
    sent = secret.encode()
    receiver.answer = an_answer("400 Bad Request", sent + b"y" * (before - len(sent)) + sent * 3)
    async with sinking(receiver.url, headers=[Header("x-key", secret)]) as sink:
        answer = await sink.deliver(a_parcel({"temp": 1}))
    assert "very" not in answer.body
    assert answer.body.startswith("[hidden]y")
