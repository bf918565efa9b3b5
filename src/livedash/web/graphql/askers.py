"""Who asks, and from where: by a bearer token, a browser's session, or what a socket's client shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from starlette.types import Scope

from livedash.catalog.directory import Directory
from livedash.manage import rights
from livedash.model import Json
from livedash.model.errors import Denied, LivedashError
from livedash.web import cors
from livedash.web.access import Access
from livedash.web.http import bearer, text_header
from livedash.web.origin import is_own_origin


@dataclass(frozen=True, slots=True)
class Asker:
    """`who()` raises Unknown once the token opens nothing any more. `foreign` is the origin of the page that asks,
    unless it is one of our own or no page at all."""

    who: Callable[[], rights.Actor]
    foreign: str | None = None


class Askers:
    """Finds out who asks."""

    def __init__(self, access: Access, directory: Directory, base_url: str | None) -> None:
        self._access = access
        self._directory = directory
        self._base = urlsplit(base_url or "").netloc.lower()

    def of(self, scope: Scope) -> Asker:
        """Who sends a request. A page of another origin has no session here."""
        foreign, token = self._foreign(scope), bearer(scope)
        if token is not None:
            return Asker(partial(rights.actor_of, self._directory, token), foreign)
        if foreign is not None:
            return Asker(lambda: rights.ANONYMOUS, foreign)
        cookies = [(name, value) for name, value in scope["headers"] if name in _OF_SESSION]
        return Asker(partial(self._access.actor, {"method": scope["method"], "headers": cookies}))

    def shown(self, asker: Asker, payload: Mapping[str, Json]) -> Asker:
        """Who opened a socket, by what its first message shows. Raises Unknown and Denied."""
        if (token := payload.get("token")) is not None:
            if not isinstance(token, str):
                raise Denied("a token is a text")
            asker = Asker(partial(rights.actor_of, self._directory, token), asker.foreign)
        actor = asker.who()
        if asker.foreign is not None and not self._may_be_read(actor, asker.foreign):
            raise Denied(f"pages of {asker.foreign} may not read this")
        return asker

    def check_origin(self, scope: Scope) -> None:
        """Raises Denied for a page that no pipeline allows."""
        foreign = self._foreign(scope)
        if foreign is not None and not cors.allowed(foreign, self.origins()):
            raise Denied(f"no pipeline allows pages of {foreign[:200]}; its allowed_origins say which may follow it")

    def origins(self) -> list[str]:
        """Those that any pipeline allows."""
        return [origin for each in self._directory.pipelines() for origin in each.allowed_origins]

    def origins_for(self, asker: Asker) -> tuple[str, ...]:
        """Those that may read what `asker` is answered: what the pipeline of their token allows."""
        try:
            actor = asker.who()
        except LivedashError:
            return ()
        return self._allowed_by(actor)

    def _may_be_read(self, actor: rights.Actor, origin: str) -> bool:
        """Who shows no token may do so with a subscription."""
        return actor is rights.ANONYMOUS or cors.allowed(origin, self._allowed_by(actor))

    def _allowed_by(self, actor: rights.Actor) -> tuple[str, ...]:
        pipeline = self._directory.pipeline(actor.pipeline) if isinstance(actor, rights.Holder) else None
        return pipeline.allowed_origins if pipeline else ()

    def _foreign(self, scope: Scope) -> str | None:
        origin = text_header(scope, b"origin")
        if origin is None or is_own_origin(scope) or (self._base and urlsplit(origin).netloc.lower() == self._base):
            return None
        return origin


_OF_SESSION = (b"cookie", b"origin", b"host", b"sec-fetch-site")
