"""Who asks, and for what: the way from a request to `manage/rights`, which decides."""

from starlette.types import Scope

from livedash.catalog.directory import Directory
from livedash.catalog.entries import Dashboard, Pipeline
from livedash.manage import rights
from livedash.model.errors import LivedashError
from livedash.web.http import bearer, query


class Access:
    """Finds what a path names and returns it if the asker may; raises Unknown, Denied or NotFound if not."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def actor(self, scope: Scope) -> rights.Actor:
        """By `Authorization: Bearer …`."""
        return rights.actor_of(self._directory, bearer(scope))

    def to_append(self, name: str, scope: Scope) -> Pipeline:
        return rights.may_append(self.actor(scope), self._directory.pipeline(name))

    def to_read(self, name: str, scope: Scope) -> Pipeline:
        """The token may stand in the query: an EventSource cannot send headers."""
        token = bearer(scope) or query(scope).get("token")
        actor = rights.actor_of(self._directory, token)
        return rights.may_read(actor, self._directory.pipeline(name))

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

    @property
    def revision(self) -> int:
        """As long as it is the same, everybody may what they might."""
        return self._directory.revision

    def still_readable(self, pipeline: Pipeline, scope: Scope) -> bool:
        """False when the pipeline was deleted or moved between persisting and not, or the asker's token revoked."""
        try:
            return self.to_read(pipeline.id, scope).persist == pipeline.persist
        except LivedashError:
            return False

    def to_administer(self, scope: Scope) -> rights.Actor:
        actor = self.actor(scope)
        rights.may_administer(actor)
        return actor
