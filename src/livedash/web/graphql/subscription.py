"""One subscription on a socket: a client of the broadcast like any stream, in whose messages its own id stands."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from livedash.model.errors import Denied, NotFound
from livedash.web.access import Refusal
from livedash.web.entrance import Entered
from livedash.web.graphql import messages
from livedash.web.graphql.messages import Messages
from livedash.web.graphql.protocol import Code

if TYPE_CHECKING:
    from livedash.web.graphql.session import Session


class Subscription:
    """The line that its follower writes to, and what is looked after as long as it is open."""

    __slots__ = ("_ending", "_follower", "_id", "_left", "_length", "_refusal", "_session", "of", "own_token")

    def __init__(
        self,
        session: "Session",
        id: str,
        of: str,
        entered: Entered,
        refusal: Callable[[], Refusal | None],
        *,
        own_token: bool,
    ) -> None:
        self.of = of
        self._session = session
        self._id = id
        self._ending = messages.ending(id)
        self._length = len(self._ending)
        self._follower, self._left = entered
        self._refusal = refusal
        self.own_token = own_token

    def begin(self) -> None:
        self._follower.start(self)

    @property
    def behind(self) -> bool:
        return self._session.line.behind

    def send(self, data: Messages) -> None:
        self._session.line.send(self._ending.join(data.parts(self._length)))
        if data.last:
            self._session.forget(self._id)

    def resume(self) -> None:
        self._follower.resume()

    def end(self, said: bytes = b"") -> None:
        """The log cannot be read now. The whole socket goes, since that is all that makes a client come back."""
        self._session.close(Code.TRY_AGAIN, "The log cannot be read now")

    def check(self) -> None:
        refusal = self._refusal()
        match refusal:
            case Refusal(reason="moved"):
                self._session.close(Code.RESTART, refusal.detail)
            case Refusal(reason="revoked") if not self.own_token:
                self._session.close(Code.FORBIDDEN, "Forbidden")
            case Refusal(reason="revoked"):
                self._session.fail(self._id, Denied(refusal.detail))
            case Refusal():
                self._session.fail(self._id, NotFound(refusal.detail))

    def dismiss(self) -> None:
        self._session.dismiss()

    def stop(self) -> None:
        """Nothing more. To be called once."""
        self._follower.stop()
        self._left()
