"""Who asks, and for what: the way from a request to `manage/rights`, which decides."""

from starlette.types import Scope

from livedash.catalog.directory import Directory
from livedash.catalog.entries import Dashboard, Pipeline
from livedash.manage import rights
from livedash.model.errors import LivedashError
from livedash.web.http import bearer, query
from livedash.web.origin import check_origin
from livedash.web.sessions import Sessions
from livedash.web.streams import gone


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
        pipeline = rights.may_read(rights.actor_of(self._directory, token), self._directory.pipeline(name))
        return Reading(self._directory, pipeline, token)

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


class Reading:
    """Somebody let in to a pipeline, for as long as they stay."""

    __slots__ = ("_directory", "_token", "pipeline")

    def __init__(self, directory: Directory, pipeline: Pipeline, token: str | None) -> None:
        self.pipeline = pipeline
        self._directory = directory
        self._token = token

    def refusal(self) -> bytes | None:
        """What to say when they may not stay; None while they may."""
        pipeline = self._directory.pipeline(self.pipeline.id)
        if pipeline is None:
            return gone("deleted", "This pipeline was deleted.")
        try:
            rights.may_read(rights.actor_of(self._directory, self._token), pipeline)
        except LivedashError:
            return gone("revoked", "The token opens this pipeline no more; ask for the new one.")
        # another log holds it now: who comes back is told of the gap
        return None if pipeline.persist == self.pipeline.persist else b""
