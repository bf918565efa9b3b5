"""What can be written to the catalog, as plain values. Pure code decides on changes; the store carries them out."""

from dataclasses import dataclass

from livedash.catalog.entries import Dashboard, Pipeline, Sink, Token
from livedash.model import Json


@dataclass(frozen=True, slots=True)
class PutPipeline:
    """Create or replace by id. Its `revision` is set by the store."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class PausePipeline:
    """Or let it go on, when not `paused`. The pipeline keeps its `revision`."""

    id: str
    paused: bool


@dataclass(frozen=True, slots=True)
class DropPipeline:
    """Its tokens and sinks go with it. A dashboard that waits for its first record keeps it from going."""

    id: str


@dataclass(frozen=True, slots=True)
class PutSink:
    """Create or replace by id. Its `revision` is set by the store."""

    sink: Sink


@dataclass(frozen=True, slots=True)
class DropSink:
    id: str


@dataclass(frozen=True, slots=True)
class PutDashboard:
    """Create or replace by id, with all its widgets. Its `revision` is set by the store."""

    dashboard: Dashboard


@dataclass(frozen=True, slots=True)
class DropDashboard:
    """Its widgets go with it."""

    id: str


@dataclass(frozen=True, slots=True)
class PutToken:
    token: Token


@dataclass(frozen=True, slots=True)
class DropToken:
    id: str


@dataclass(frozen=True, slots=True)
class PutApplied:
    """Remember what the document `source` said; None forgets it."""

    source: str
    said: Json


Change = (
    PutPipeline
    | PausePipeline
    | DropPipeline
    | PutSink
    | DropSink
    | PutDashboard
    | DropDashboard
    | PutToken
    | DropToken
    | PutApplied
)
