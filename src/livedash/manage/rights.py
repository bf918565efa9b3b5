"""Who may do what: the only place that decides.

| who                          | append | read          | view public | view private | administer |
|------------------------------|--------|---------------|-------------|--------------|------------|
| nobody (no token)            | 401    | 401           | yes         | 404          | 401        |
| a token nobody knows         | 401    | 401           | 401         | 401          | 401        |
| this pipeline's ingest token | yes    | 403           | yes         | 404          | 403        |
| this pipeline's stream token | 403    | yes           | yes         | 404          | 403        |
| another pipeline's token     | 404    | 404           | yes         | 404          | 403        |
| API token                    | yes    | yes           | yes         | yes          | yes        |

What does not exist is answered like what somebody may not learn of.
"""

from dataclasses import dataclass

from livedash.catalog.directory import ADMIN, Directory
from livedash.catalog.entries import Dashboard, Grant, Pipeline, TokenKind
from livedash.model.errors import Denied, NotFound, Unknown


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Who showed no token."""


@dataclass(frozen=True, slots=True)
class Admin:
    """Who showed an API token, by its id; also what Livedash does by itself, at start or on a timer."""

    token: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who showed the ingest or stream token of one pipeline."""

    kind: TokenKind
    pipeline: str
    token: str


Actor = Anonymous | Admin | Holder

ANONYMOUS = Anonymous()


def actor_of(directory: Directory, token: str | None) -> Actor:
    """Who shows this token; None is nobody. Raises Unknown for a token that nobody knows."""
    if token is None:
        return ANONYMOUS
    match directory.grant(token):
        case Grant(TokenKind.API, None, id):
            return Admin(id)
        case Grant(kind, str(pipeline), id):
            return Holder(kind, pipeline, id)
    raise Unknown("this token is not known")


def signed_in(directory: Directory, token: str | None) -> Actor:
    """Who signed in with the API token of this id; nobody once it was revoked."""
    known = token == ADMIN or any(each.id == token and each.kind is TokenKind.API for each in directory.snapshot.tokens)
    return Admin(token) if token and known else ANONYMOUS


def may_append(actor: Actor, pipeline: Pipeline | None) -> Pipeline:
    """The pipeline, if `actor` may add records to it. Raises Unknown, Denied or NotFound; None is one that does not
    exist."""
    return _reach(actor, pipeline, TokenKind.INGEST)


def may_read(actor: Actor, pipeline: Pipeline | None) -> Pipeline:
    """The pipeline, if `actor` may read and follow its records. Raises like `may_append`."""
    return _reach(actor, pipeline, TokenKind.STREAM)


def may_view(actor: Actor, dashboard: Dashboard | None) -> Dashboard:
    """The dashboard, if `actor` may look at it. Raises NotFound."""
    if dashboard is None or not (dashboard.is_public or isinstance(actor, Admin)):
        raise NotFound("there is no such dashboard, or it is private")
    return dashboard


def may_administer(actor: Actor) -> None:
    """Whether `actor` may see and change what is configured. Raises Unknown or Denied."""
    match actor:
        case Anonymous():
            raise Unknown("this needs an API token")
        case Holder(kind):
            raise Denied(f"this needs an API token; this is a token for one pipeline ({kind.value})")


def _reach(actor: Actor, pipeline: Pipeline | None, needed: TokenKind) -> Pipeline:
    match actor:
        case Anonymous():
            raise Unknown(f"this needs the pipeline's {needed.value} token, or an API token")
        case Holder(pipeline=own) if pipeline is None or pipeline.id != own:
            raise NotFound("there is no such pipeline, or this token is not for it")
        case Holder(kind) if kind is not needed:
            raise Denied(f"this needs the pipeline's {needed.value} token; this is its {kind.value} token")
    if pipeline is None:
        raise NotFound("there is no such pipeline")
    return pipeline
