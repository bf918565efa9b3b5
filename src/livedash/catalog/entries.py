"""What is configured, as plain values. The store keeps them, the directory answers look-ups with them."""

from dataclasses import dataclass
from enum import StrEnum

from livedash.model import Json


class TokenKind(StrEnum):
    """What a token opens. `ingest`: append to one pipeline; `stream`: read one pipeline; `api`: everything."""

    INGEST = "ingest"
    STREAM = "stream"
    API = "api"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a presented token stands for. `pipeline` is an id, None for an API token."""

    kind: TokenKind
    pipeline: str | None
    token: str  # the token's id (tk_…), never its text


@dataclass(frozen=True, slots=True)
class Retention:
    """Records older than `days`, and the oldest beyond `bytes`, are trimmed; None means no bound of that kind."""

    days: float | None = 30
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """source → mapping → log, with its settings. `source` and `mapping` are the validated JSON of their components."""

    id: str
    slug: str
    name: str
    team: str
    source: dict[str, Json]
    mapping: tuple[dict[str, Json], ...]
    persist: bool
    retention: Retention
    allowed_origins: tuple[str, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class Widget:
    """One picture on a dashboard. `config`, `query` and `position` are validated JSON of the widget's type."""

    id: str
    type: str
    config: dict[str, Json]
    query: dict[str, Json]
    position: dict[str, int]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page by `slug`. While it has no widgets and `auto` names a pipeline (its id), the first record there makes
    them. `revision` grows with every change."""

    id: str
    slug: str
    title: str
    team: str
    is_public: bool
    widgets: tuple[Widget, ...]
    auto: str | None
    revision: int
