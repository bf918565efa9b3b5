"""One attempt to deliver by a signed HTTP post. Runs for each delivery, so it does little."""

import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from livedash import __version__
from livedash.base import limits
from livedash.base.outbound import Outbound, Response
from livedash.catalog.entries import Header, SigningSecret
from livedash.model import Clock
from livedash.model.errors import TooLarge, Unreachable
from livedash.sinks.sink import Answer, Outcome, Parcel, Sent
from livedash.sinks.webhook import answers, signature
from livedash.sinks.webhook.body import Body
from livedash.sinks.webhook.hiding import HIDDEN, Hiding
from livedash.sinks.webhook.settings import Webhook

_Headers = list[tuple[str, str]]
_FIXED = (("content-type", "application/json"), ("user-agent", f"Livedash/{__version__} (+webhooks)"))


class WebhookSink:
    """A Sink that posts to a URL."""

    def __init__(
        self,
        settings: Webhook,
        secrets: Sequence[SigningSecret],
        headers: Sequence[Header],
        outbound: Outbound,
        clock: Clock,
        timeout: float,
    ) -> None:
        """`secrets`: the present one first. `timeout`: seconds for the whole answer. Raises ValueError for a present
        secret that does not go with the signature."""
        settings.check_secret(secrets[0].text)
        self.settings = settings
        self._outbound = outbound
        self._clock = clock
        self._timeout = timeout
        self._body = Body(settings)
        self._keys = _keys(settings, secrets)
        self._fixed = [*_FIXED, *((header.name, header.value) for header in headers)]
        self._hiding = Hiding(_secrets(settings.url, secrets, headers))
        self._head = _head(settings.url, headers)

    async def deliver(self, parcel: Parcel) -> Answer:
        """One attempt; `seconds` is how long the endpoint took."""
        try:
            body = await self._body.of(parcel)
            await self._outbound.ready()
        except TooLarge as error:
            return Answer(Outcome.REFUSED, 0.0, str(error))
        except Unreachable as error:
            return Answer(Outcome.TROUBLE, 0.0, str(error))
        now = self._clock()
        headers = self._signed(parcel.id, now, body)
        sent = self._sent(headers, body)
        began = time.perf_counter()
        try:
            response = await self._outbound.post(
                self.settings.url, body, [*self._fixed, *headers], timeout=self._timeout, keep=limits.RESPONSE_KEPT
            )
        except Unreachable as error:
            reason = self._hiding.text(str(error))
            return Answer(Outcome.TROUBLE, time.perf_counter() - began, reason, sent=sent)
        return self._answer(response, time.perf_counter() - began, sent)

    def _signed(self, id: str, now: int, body: bytes) -> _Headers:
        timestamp = now // 1_000_000
        keys = [key for key, until in self._keys if until is None or until > now]
        if self.settings.signature == "standard":
            signed = ("webhook-signature", signature.sign(keys, id, timestamp, body))
        else:  # one header has room for one: the newest, so that a new secret counts at once, as at GitHub
            signed = ("x-hub-signature-256", signature.github(keys[0], body))
        return [("webhook-id", id), ("webhook-timestamp", str(timestamp)), signed]

    def _sent(self, headers: _Headers, body: bytes) -> Sent:
        head = self._head + "".join([f"{name}: {value}\n" for name, value in headers])
        return Sent(head, body[: limits.RESPONSE_KEPT].decode(errors="replace"), len(body))

    def _answer(self, response: Response, seconds: float, sent: Sent) -> Answer:
        status, headers = response.status, {name.lower(): value for name, value in response.headers}
        outcome = answers.outcome(status)
        failed = outcome is not Outcome.DELIVERED
        phrase = self._hiding.text(_phrase(response))  # before it is cut
        reason = answers.reason(status, phrase, headers.get("location")) if failed else ""
        return Answer(
            outcome,
            seconds,
            self._hiding.text(reason),
            status,
            answers.retry_after(headers.get("retry-after"), self._clock()) if failed else None,
            answers.directive(status, headers.get("webhook-delivery")),
            sent,
            self._kept_head(response),
            self._kept_body(response.body),
        )

    def _kept_head(self, response: Response) -> str:
        lines = [f"HTTP {response.status} {response.reason}".rstrip()]
        lines += [f"{name}: {value}" for name, value in response.headers]
        return self._hiding.text("\n".join(lines))[: limits.RESPONSE_HEAD_KEPT]

    def _kept_body(self, body: bytes) -> str:
        text = body.decode(errors="replace")
        if len(body) < limits.RESPONSE_KEPT:  # all of it: no secret is cut off
            return self._hiding.text(text)[: limits.RESPONSE_KEPT]
        return self._hiding.cut(text, limits.RESPONSE_KEPT)


def _keys(settings: Webhook, secrets: Sequence[SigningSecret]) -> list[tuple[bytes, int | None]]:
    """Each with the moment (µs) until which it signs. Older ones may be of the other signature: they sign no more."""
    if settings.signature == "github":
        return [(secrets[0].text.encode(), None)]
    found = []
    for secret in secrets:
        try:
            found.append((signature.key(secret.text), secret.until))
        except ValueError:
            continue
    return found


def _secrets(url: str, secrets: Iterable[SigningSecret], headers: Iterable[Header]) -> Iterable[str]:
    """All that must not be kept of what an endpoint may repeat."""
    yield from (secret.text for secret in secrets)
    yield from (secret.text.removeprefix(signature.PREFIX) for secret in secrets)
    yield from (header.value for header in headers)
    yield from (part.partition("=")[2] or part for part in urlsplit(url).query.split("&"))


def _head(url: str, headers: Iterable[Header]) -> str:
    """The part of the request's head that is the same at each attempt, without secrets."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{HIDDEN}" if parts.query else "")
    lines = [f"POST {target} HTTP/1.1", f"host: {parts.netloc}", *(f"{name}: {value}" for name, value in _FIXED)]
    lines += [f"{header.name}: {HIDDEN}" for header in headers]
    return "\n".join(lines) + "\n"


def _phrase(response: Response) -> str:
    """The standard's words for the status where the endpoint sends none."""
    if response.reason:
        return response.reason
    try:
        return HTTPStatus(response.status).phrase
    except ValueError:
        return ""
