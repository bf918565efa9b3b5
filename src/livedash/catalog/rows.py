"""Entries as rows of the tables, and back."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import RowMapping

from livedash.base.secrets import Vault
from livedash.catalog.entries import (
    Dashboard,
    Header,
    Pipeline,
    Retention,
    SigningSecret,
    Sink,
    Token,
    TokenKind,
    Widget,
)
from livedash.model import Json

Row = dict[str, Any]


def pipeline_row(pipeline: Pipeline, revision: int) -> Row:
    return {
        "id": pipeline.id,
        "team": pipeline.team,
        "slug": pipeline.slug,
        "name": pipeline.name,
        "source": pipeline.source,
        "mapping": list(pipeline.mapping),
        "persist": pipeline.persist,
        "retention_days": pipeline.retention.days,
        "retention_bytes": pipeline.retention.bytes,
        "allowed_origins": list(pipeline.allowed_origins),
        "revision": revision,
        "paused": pipeline.paused,
    }


def to_pipeline(row: RowMapping) -> Pipeline:
    return Pipeline(
        id=row["id"],
        slug=row["slug"],
        name=row["name"],
        team=row["team"],
        source=row["source"],
        mapping=tuple(row["mapping"]),
        persist=row["persist"],
        retention=Retention(row["retention_days"], row["retention_bytes"]),
        allowed_origins=tuple(row["allowed_origins"]),
        revision=row["revision"],
        paused=row["paused"],
    )


def sink_row(sink: Sink, revision: int, vault: Vault) -> Row:
    hidden = {
        "settings": sink.settings,  # an address may be a secret as well, as those of chats are
        "references": sink.references,
        "secrets": list(map(asdict, sink.secrets)),
        "headers": list(map(asdict, sink.headers)),
    }
    return {
        "id": sink.id,
        "pipeline": sink.pipeline,
        "name": sink.name,
        "sealed": vault.seal(orjson.dumps(hidden).decode(), sink.id),
        "start": sink.start,
        "revision": revision,
    }


def to_sink(row: RowMapping, vault: Vault) -> Sink:
    hidden = orjson.loads(vault.unseal(row["sealed"], row["id"]))
    return Sink(
        id=row["id"],
        pipeline=row["pipeline"],
        name=row["name"],
        settings=hidden["settings"],
        references=hidden["references"],
        secrets=tuple(SigningSecret(**each) for each in hidden["secrets"]),
        headers=tuple(Header(**each) for each in hidden["headers"]),
        start=row["start"],
        revision=row["revision"],
    )


def dashboard_row(dashboard: Dashboard, revision: int) -> Row:
    return {
        "id": dashboard.id,
        "team": dashboard.team,
        "slug": dashboard.slug,
        "title": dashboard.title,
        "is_public": dashboard.is_public,
        "auto": dashboard.auto,
        "revision": revision,
    }


def to_dashboard(row: RowMapping, widgets: Iterable[Widget]) -> Dashboard:
    return Dashboard(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        team=row["team"],
        is_public=row["is_public"],
        widgets=tuple(sorted(widgets, key=_reading_order)),
        auto=row["auto"],
        revision=row["revision"],
    )


def _reading_order(widget: Widget) -> tuple[int, int, str]:
    """Rows from the top, each from the left: what a phone stacks and a screen reader reads."""
    return widget.position["y"], widget.position["x"], widget.id


def widget_row(dashboard: str, widget: Widget) -> Row:
    return {
        "dashboard": dashboard,
        "id": widget.id,
        "type": widget.type,
        "config": widget.config,
        "query": widget.query,
        "position": widget.position,
    }


def to_widget(row: RowMapping) -> Widget:
    return Widget(row["id"], row["type"], row["config"], row["query"], row["position"])


def token_row(token: Token, vault: Vault) -> Row:
    return {
        "id": token.id,
        "kind": token.kind.value,
        "pipeline": token.pipeline,
        "name": token.name,
        "digest": token.digest,
        "sealed": None if token.text is None else vault.seal(token.text, token.id),
        "main": token.main,
        "reference": token.reference,
        "created": token.created,
        "until": token.until,
    }


def applied_row(source: str, said: Json, vault: Vault) -> Row:
    """Sealed: it repeats what the document said, the addresses of sinks too."""
    return {"source": source, "said": b64encode(vault.seal(orjson.dumps(said).decode(), source)).decode()}


def to_said(row: RowMapping, vault: Vault) -> Json:
    """An older version left it open."""
    said = row["said"]
    return orjson.loads(vault.unseal(b64decode(said), row["source"])) if isinstance(said, str) else said


def to_token(row: RowMapping, vault: Vault) -> Token:
    return Token(
        id=row["id"],
        kind=TokenKind(row["kind"]),
        pipeline=row["pipeline"],
        name=row["name"],
        digest=row["digest"],
        created=row["created"],
        main=row["main"],
        reference=row["reference"],
        text=None if row["sealed"] is None else vault.unseal(row["sealed"], row["id"]),
        until=row["until"],
    )
