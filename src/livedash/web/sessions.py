"""Browsers that are signed in. Kept in memory: a restart signs everybody out."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Scope

from livedash.base import limits
from livedash.base.tokens import digest
from livedash.model import Clock
from livedash.model.errors import Busy
from livedash.web.http import text_header

_MICROS = 1_000_000
_NAME = "livedash_session"


@dataclass(frozen=True, slots=True)
class _Session:
    token: str  # the id of the API token that opened it
    ends: int


class Sessions:
    """What is known of a browser by its cookie. Texts are kept as digests, like those of tokens."""

    def __init__(self, clock: Clock, *, secure: bool) -> None:
        """`secure`: people reach us over https, so the cookie is never to be sent without it."""
        self._clock = clock
        self._secure = secure
        self._name = f"__Host-{_NAME}" if secure else _NAME
        self._sessions: OrderedDict[str, _Session] = OrderedDict()  # by digest, the one that ends first in front
        self._invitations: dict[str, _Session] = {}
        self._failures: OrderedDict[str, list[int]] = OrderedDict()  # moments by client address

    def invite(self, token: str) -> str:
        """The text of a link that opens one session in the name of the token with this id, within 15 minutes."""
        text = secrets.token_urlsafe(24)
        self._invitations[digest(text)] = _Session(token, self._clock() + limits.SETUP_SECONDS * _MICROS)
        return text

    def accept(self, text: str) -> str | None:
        """The token id of an invitation, which is used up; None when there is none (any more)."""
        return self._live(self._invitations.pop(digest(text), None))

    def token(self, scope: Scope) -> str | None:
        """The id of the token whose holder asks, by the session in the cookie; None without one."""
        return self._live(self._sessions.get(digest(self._cookie(scope))))

    def open(self, token: str, response: Response) -> None:
        """Begin a session of the token with this id in the browser that gets `response`."""
        text = secrets.token_urlsafe(24)
        while len(self._sessions) >= limits.SESSIONS:
            self._sessions.popitem(last=False)
        self._sessions[digest(text)] = _Session(token, self._clock() + limits.SESSION_SECONDS * _MICROS)
        self._set(response, text, limits.SESSION_SECONDS)

    def close(self, scope: Scope, response: Response) -> None:
        """End the session in the cookie, if there is one."""
        self._sessions.pop(digest(self._cookie(scope)), None)
        self._set(response, "", 0)

    def check(self, address: str) -> None:
        """Raises Busy when too many tries from this address failed within a minute."""
        recent = self._recent(address)
        if len(recent) >= limits.SIGN_IN_FAILURES:
            left = limits.SIGN_IN_SECONDS - (self._clock() - recent[0]) / _MICROS
            raise Busy("too many tries failed; wait a minute", left)

    def failed(self, address: str) -> None:
        """A try from this address failed."""
        self._failures[address] = [*self._recent(address), self._clock()]
        self._failures.move_to_end(address)
        while len(self._failures) > limits.SIGN_IN_ADDRESSES:
            self._failures.popitem(last=False)

    def _recent(self, address: str) -> list[int]:
        begin = self._clock() - int(limits.SIGN_IN_SECONDS * _MICROS)
        return [moment for moment in self._failures.get(address, ()) if moment > begin]

    def _live(self, session: _Session | None) -> str | None:
        return session.token if session is not None and session.ends > self._clock() else None

    def _cookie(self, scope: Scope) -> str:
        """By hand: one odd cookie of something else on this host must not hide ours."""
        pairs = (pair.strip().partition("=") for pair in (text_header(scope, b"cookie") or "").split(";"))
        return next((value for name, _, value in pairs if name == self._name), "")

    def _set(self, response: Response, text: str, seconds: int) -> None:
        response.set_cookie(
            self._name, text, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )
