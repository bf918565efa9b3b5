"""What an endpoint's answer means."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from livedash.base import limits
from livedash.model.record import to_micros
from livedash.sinks.sink import Directive, Outcome

NOT_NOW = frozenset({408, 425, 429})  # of 4xx: the same may go well later
_SECONDS = re.compile(r"\d{1,10}(\.\d{1,10})?", re.ASCII)
_DATE_CHARS = 64


def outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if 400 <= status < 500 and status not in NOT_NOW and status != HTTPStatus.GONE:
        return Outcome.REFUSED
    return Outcome.TROUBLE


def reason(status: int, phrase: str, location: str | None) -> str:
    """In words, why it was not taken."""
    if 300 <= status < 400:
        where = "" if location is None else f" and wants to redirect to {_host(location)}"
        return f"answered {status}{where}; redirects are not followed: change the URL"
    if status == HTTPStatus.GONE:
        return "answered 410 Gone: it wants nothing any more"
    return f"answered {status} {phrase[:100]}".rstrip()


def directive(status: int, header: str | None) -> Directive | None:
    """What the endpoint asks for by its status or by the header `webhook-delivery`."""
    if status == HTTPStatus.GONE:
        return Directive.DISABLE
    wish = "" if header is None else header.lower()
    return Directive(wish) if wish in set(Directive) else None


def retry_after(header: str | None, now: int) -> float | None:
    """The seconds from `now` (µs) that `Retry-After` asks for, in seconds or as a date; None for what is neither."""
    if header is None:
        return None
    if _SECONDS.fullmatch(header):
        return min(float(header), limits.RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(header[:_DATE_CHARS])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        wait = (to_micros(moment) - now) / 1e6
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait, 0.0), limits.RETRY_AFTER_SECONDS)


def _host(location: str) -> str:
    """Only the host: the rest may hold secrets."""
    try:
        return urlsplit(location).hostname or "another path"
    except ValueError:
        return "what is no URL"
