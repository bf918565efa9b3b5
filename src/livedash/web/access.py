"""Who asks, and for what: the way from a request to `manage/rights`, which decides."""

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

from starlette.types import Scope

from livedash.catalog.directory import Directory
from livedash.catalog.entries import Dashboard, Pipeline
from livedash.manage import rights
from livedash.model.errors import LivedashError
from livedash.web.http import bearer, query
from livedash.web.origin import check_origin
from livedash.web.sessions import Sessions


class Access:
    """Finds what a path names and returns it if the asker may; raises Unknown, Denied or NotFound if not."""

    def __init__(self, directory: Directory, sessions: Sessions) -> None:
        self._directory = directory
        self._sessions = sessions

    def actor(self, scope: Scope) -> rights.Actor:
        """By `Authorization: Bearer …`, else by the session of a browser."""
        if (token := bearer(scope)) is not None:
            return rights.actor_of(self._directory, token)
        if self.is_signed_in(scope):
            check_origin(scope)
        return self._of_session(scope)

    def is_signed_in(self, scope: Scope) -> bool:
        """Whether a browser asks whose session is open."""
        return self._of_session(scope) is not rights.ANONYMOUS

    def _of_session(self, scope: Scope) -> rights.Actor:
        return rights.signed_in(self._directory, self._sessions.token(scope))

    def to_append(self, name: str, scope: Scope) -> Pipeline:
        """By a token only: nothing that a browser sends by itself adds records."""
        return rights.may_append(rights.actor_of(self._directory, bearer(scope)), self._directory.pipeline(name))

    def to_read(self, name: str, scope: Scope) -> Pipeline:
        return self.to_follow(name, scope).pipeline

    def to_follow(self, name: str, scope: Scope) -> "Reading":
        """The token may stand in the query: an EventSource cannot send headers."""
        token = bearer(scope) or query(scope).get("token")
        return self.to_follow_as(partial(rights.actor_of, self._directory, token), name)

    def to_follow_as(self, who: Callable[[], rights.Actor], name: str) -> "Reading":
        """`who()` is who asks, and goes on being asked while they stay."""
        return Reading(self._directory, rights.may_read(who(), self._directory.pipeline(name)), who)

    def to_view(self, name: str, scope: Scope) -> Dashboard:
        return rights.may_view(self.actor(scope), self._directory.dashboard(name))

    def may_view(self, dashboard: Dashboard, scope: Scope) -> bool:
        return self.still_viewable(dashboard, scope) is not None

    def still_viewable(self, dashboard: Dashboard, scope: Scope) -> Dashboard | None:
        """The dashboard as it is now; None when it was deleted or the asker may not look at it any more."""
        try:
            return self.to_view(dashboard.id, scope)
        except LivedashError:
            return None

    def to_administer(self, scope: Scope) -> rights.Actor:
        actor = self.actor(scope)
        rights.may_administer(actor)
        return actor


class Refusal(NamedTuple):
    """Why somebody may not stay. `moved`: another log holds the pipeline now, and who comes back is told of the gap."""

    reason: Literal["deleted", "revoked", "moved"]
    detail: str


class Reading:
    """Somebody let in to a pipeline, for as long as they stay."""

    __slots__ = ("_directory", "_who", "pipeline")

    def __init__(self, directory: Directory, pipeline: Pipeline, who: Callable[[], rights.Actor]) -> None:
        self.pipeline = pipeline
        self._directory = directory
        self._who = who

    def refusal(self) -> Refusal | None:
        """None while they may stay."""
        pipeline = self._directory.pipeline(self.pipeline.id)
        if pipeline is None:
            return Refusal("deleted", "This pipeline was deleted.")
        try:
            rights.may_read(self._who(), pipeline)
        except LivedashError:
            return Refusal("revoked", "The token opens this pipeline no more; ask for the new one.")
        moved = pipeline.persist != self.pipeline.persist
        return Refusal("moved", "The records are kept elsewhere now.") if moved else None
