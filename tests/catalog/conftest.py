from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

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
from livedash.catalog.store import Store

KEY = b"k" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path, Vault(KEY))
    yield store
    store.close()


def a_pipeline(team: str, slug: str = "weather", **changes: Any) -> Pipeline:
    plain = Pipeline(
        id=f"pl_{slug}",
        slug=slug,
        name="Weather",
        team=team,
        source={"type": "push"},
        mapping=({"rename": {"tmax": "temp_max"}},),
        persist=True,
        retention=Retention(7.5, 2_000_000_000_000),
        allowed_origins=("https://shop.example",),
        revision=0,
    )
    return replace(plain, **changes)


def a_sink(pipeline: str, name: str = "billing", **changes: Any) -> Sink:
    plain = Sink(
        id=f"sk_{pipeline}_{name}",
        pipeline=pipeline,
        name=name,
        settings={"type": "webhook", "url": "https://shop.example/hooks", "batch": {"records": 1}},
        references={"url": "${HOOK}"},
        secrets=(SigningSecret("whsec_first", reference="${FIRST}"), SigningSecret("whsec_before", until=7)),
        headers=(Header("x-key", "a-header-value", "${KEY}"), Header("x-other", "another")),
        start="e1-12",
        revision=0,
    )
    return replace(plain, **changes)


def a_dashboard(team: str, slug: str = "weather", **changes: Any) -> Dashboard:
    plain = Dashboard(
        id=f"db_{slug}",
        slug=slug,
        title="Weather",
        team=team,
        is_public=True,
        widgets=(
            Widget("low", "table", {"fields": ["a"]}, {"pipeline": "weather"}, {"x": 0, "y": 4, "w": 4, "h": 2}),
            Widget("top", "stat_card", {}, {"pipeline": "weather", "field": "a"}, {"x": 0, "y": 0, "w": 4, "h": 2}),
        ),
        auto=None,
        revision=0,
    )
    return replace(plain, **changes)


def a_token(kind: TokenKind, pipeline: str | None, digest: str, **changes: Any) -> Token:
    return replace(Token(f"tk_{digest}", kind, pipeline, "", digest, created=1), **changes)
