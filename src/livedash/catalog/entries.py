"""What is configured, as plain values. The store keeps them, the directory answers look-ups with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class Token:
    """A secret that opens something, without its text: `digest` is its SHA-256.

    Only a stream token has `text`: editors may see it again, so it is stored encrypted. `main` marks the one that a
    document's `ingest_token` or `stream_token` speaks of; `reference` is how the document wrote it (`${NAME}`), if so.
    `created` and `until`, from which moment on it opens nothing, are microseconds since 1970.
    """

    id: str
    kind: TokenKind
    pipeline: str | None
    name: str
    digest: str
    created: int
    main: bool = False
    reference: str | None = None
    text: str | None = field(default=None, repr=False)
    until: int | None = None

    def over(self, now: int) -> bool:
        """Whether its time has come."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True, slots=True)
class Team:
    """A tenant."""

    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Retention:
    """Records older than `days`, and the oldest beyond `bytes`, are trimmed; None means no bound of that kind."""

    days: float | None = 30
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """source → mapping → log, with its settings. `source` and `mapping` are the validated JSON of their components,
    `team` is an id. One that is `paused` takes no records. `revision` is the catalog's at the last change;
    a pause is none, so that what was made of the settings goes on."""

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
    paused: bool = False


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret that deliveries are signed with; until a moment (µs) when a newer one took its place. `reference` is how
    a document wrote it (`${NAME}`), if so."""

    text: str = field(repr=False)
    until: int | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the user's own, whose value is a secret."""

    name: str
    value: str = field(repr=False)
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Sink:
    """Where the records of `pipeline` (an id) are pushed to; `name` is unique there. `settings` are the validated JSON
    of its type, `type` included, without name, secret and headers; `references` is how a document wrote those of them
    that are secrets (`${NAME}`), by setting. `secrets`: the present one first. `start` is the cursor that it began at;
    None: whatever is the first record. `revision` is the catalog's at the last change."""

    id: str
    pipeline: str
    name: str
    settings: dict[str, Json] = field(repr=False)
    references: dict[str, str]
    secrets: tuple[SigningSecret, ...]
    headers: tuple[Header, ...]
    start: str | None
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
    them. `team` is an id; `widgets` are in reading order. `revision` is the catalog's at the last change."""

    id: str
    slug: str
    title: str
    team: str
    is_public: bool
    widgets: tuple[Widget, ...]
    auto: str | None
    revision: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is configured at one revision. `applied` is what each document said when it was last applied,
    by the document's name."""

    revision: int
    teams: tuple[Team, ...]
    pipelines: tuple[Pipeline, ...]
    sinks: tuple[Sink, ...]
    dashboards: tuple[Dashboard, ...]
    tokens: tuple[Token, ...]
    applied: Mapping[str, Json]
