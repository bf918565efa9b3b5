"""The whole matrix of who may do what."""

from collections.abc import Callable
from typing import Any

import pytest

from livedash.base.tokens import digest
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Dashboard, Pipeline, Retention, Snapshot, Team, Token, TokenKind
from livedash.manage.rights import Actor, actor_of, may_administer, may_append, may_read, may_view
from livedash.model.errors import Denied, NotFound, Unknown

OWN = Pipeline("pl_own", "own", "Own", "tm_1", {"type": "push"}, (), True, Retention(), (), 1)
PUBLIC = Dashboard("db_public", "public", "Public", "tm_1", True, (), None, 1)
PRIVATE = Dashboard("db_private", "private", "Private", "tm_1", False, (), None, 1)
TEXTS = {
    "own ingest": (TokenKind.INGEST, "pl_own"),
    "own stream": (TokenKind.STREAM, "pl_own"),
    "foreign ingest": (TokenKind.INGEST, "pl_foreign"),
    "foreign stream": (TokenKind.STREAM, "pl_foreign"),
    "api": (TokenKind.API, None),
}
TOKENS = tuple(Token(f"tk_{text}", kind, pipeline, "", digest(text), 1) for text, (kind, pipeline) in TEXTS.items())
DIRECTORY = Directory(
    Snapshot(1, (Team("tm_1", "main", "Main"),), (OWN,), (), (PUBLIC, PRIVATE), TOKENS, {}), "admin token"
)

ACTIONS: dict[str, Callable[[Actor], Any]] = {
    "append": lambda actor: may_append(actor, OWN),
    "append to what is not there": lambda actor: may_append(actor, None),
    "read": lambda actor: may_read(actor, OWN),
    "read what is not there": lambda actor: may_read(actor, None),
    "view public": lambda actor: may_view(actor, PUBLIC),
    "view private": lambda actor: may_view(actor, PRIVATE),
    "view what is not there": lambda actor: may_view(actor, None),
    "administer": may_administer,
}
# in the order of ACTIONS; None: allowed
MATRIX: dict[str | None, tuple[type[Exception] | None, ...]] = {
    None: (Unknown, Unknown, Unknown, Unknown, None, NotFound, NotFound, Unknown),
    "own ingest": (None, NotFound, Denied, NotFound, None, NotFound, NotFound, Denied),
    "own stream": (Denied, NotFound, None, NotFound, None, NotFound, NotFound, Denied),
    "foreign ingest": (NotFound, NotFound, NotFound, NotFound, None, NotFound, NotFound, Denied),
    "foreign stream": (NotFound, NotFound, NotFound, NotFound, None, NotFound, NotFound, Denied),
    "api": (None, NotFound, None, NotFound, None, None, NotFound, None),
    "admin token": (None, NotFound, None, NotFound, None, None, NotFound, None),
}
CASES = [
    pytest.param(token, action, outcome, id=f"{token} {action}")
    for token, outcomes in MATRIX.items()
    for action, outcome in zip(ACTIONS, outcomes, strict=True)
]


@pytest.mark.parametrize(("token", "action", "outcome"), CASES)
def test_who_may_do_what(token: str | None, action: str, outcome: type[Exception] | None) -> None:
    actor = actor_of(DIRECTORY, token)
    if outcome is None:
        ACTIONS[action](actor)
        return
    with pytest.raises(outcome) as caught:
        ACTIONS[action](actor)
    assert type(caught.value) is outcome
    assert token is None or token not in str(caught.value)


@pytest.mark.parametrize("text", ["nobody knows me", "", "tk_api", digest("api"), "\ud800"])
def test_a_token_that_nobody_knows(text: str) -> None:
    with pytest.raises(Unknown):
        actor_of(DIRECTORY, text)
