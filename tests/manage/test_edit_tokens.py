"""Stream tokens that are rotated and revoked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from livedash.base import limits
from livedash.base.secrets import Vault
from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Token, TokenKind
from livedash.manage.edit import Editor
from livedash.manage.export import export
from livedash.manage.rights import ANONYMOUS, Actor, Holder
from livedash.model.errors import Denied, Invalid, NotFound, Unknown

from .support import ADMIN, NOW, applied, conflicts, head_of, plan_of, said

HOUR = 3600
DOCUMENT = "{apiVersion: 1, pipelines: [{slug: p, stream_token: %s}]}"


class HandClock:
    """Seconds after NOW, as a test sets them."""

    seconds = 0.0

    def __call__(self) -> int:
        return NOW + round(self.seconds * 1_000_000)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def catalog(tmp_path: Path, clock: HandClock) -> AsyncIterator[Catalog]:
    catalog = await Catalog.open(tmp_path / "catalog.db", Vault(b"k" * 32), clock=clock)
    yield catalog
    await catalog.close()


@pytest.fixture
def editor(catalog: Catalog, clock: HandClock) -> Editor:
    return Editor(catalog, clock, head_of)


@pytest.fixture
async def first(editor: Editor) -> str:
    """The first stream token of the pipeline p."""
    await editor.put_pipeline(ADMIN, "p", {"stream_token": "the-first-one"})
    await editor.put_pipeline(ADMIN, "q", {"stream_token": "of-another-one"})
    return "the-first-one"


def opens(catalog: Catalog, *texts: str) -> list[bool]:
    return [catalog.directory.grant(text) is not None for text in texts]


def of_p(catalog: Catalog) -> list[Token]:
    """Its stream tokens, the newest first."""
    found = catalog.directory.pipeline("p")
    assert found is not None
    tokens = [each for each in catalog.snapshot.tokens if (each.pipeline, each.kind) == (found.id, TokenKind.STREAM)]
    return sorted(tokens, key=lambda each: -each.created)


async def test_the_old_one_opens_beside_the_new_one_until_its_time_is_over(
    catalog: Catalog, editor: Editor, clock: HandClock, first: str
) -> None:
    rotated = await editor.rotate_stream_token(ADMIN, "p", HOUR)
    assert rotated.text.startswith("ld_st_")
    assert rotated.text not in repr(rotated)
    assert (rotated.token.main, rotated.token.until, rotated.token.text) == (True, None, None)
    assert rotated.previous_until == NOW + HOUR * 1_000_000
    assert [(each.main, each.until) for each in sorted(of_p(catalog), key=lambda each: each.main)] == [
        (False, rotated.previous_until),
        (True, None),
    ]
    assert catalog.directory.stream_token(rotated.token.pipeline or "") == rotated.text
    clock.seconds = HOUR - 1
    assert opens(catalog, first, rotated.text) == [True, True]
    clock.seconds = HOUR
    assert opens(catalog, first, rotated.text, "of-another-one") == [False, True, True]


async def test_an_overlap_is_a_day_unless_something_else_is_said(
    catalog: Catalog, editor: Editor, clock: HandClock, first: str
) -> None:
    await editor.rotate_stream_token(ADMIN, "p")
    clock.seconds = limits.ROTATION_SECONDS - 1
    assert opens(catalog, first) == [True]
    clock.seconds += 1
    assert opens(catalog, first) == [False]


async def test_without_an_overlap_every_old_one_goes_at_once(
    catalog: Catalog, editor: Editor, clock: HandClock, first: str
) -> None:
    second = (await editor.rotate_stream_token(ADMIN, "p", HOUR)).text
    third = await editor.rotate_stream_token(ADMIN, "p", 0)
    assert third.previous_until is None
    assert opens(catalog, first, second, third.text) == [False, False, True]
    assert [each.id for each in of_p(catalog)] == [third.token.id]


async def test_an_old_one_does_not_live_longer_by_another_rotation(
    catalog: Catalog, editor: Editor, clock: HandClock, first: str
) -> None:
    await editor.rotate_stream_token(ADMIN, "p", HOUR)
    await editor.rotate_stream_token(ADMIN, "p", 2 * HOUR)
    clock.seconds = HOUR
    assert opens(catalog, first) == [False]


async def test_further_ones_stay(catalog: Catalog, editor: Editor, first: str) -> None:
    _, further = await editor.make_token(ADMIN, TokenKind.STREAM, "p")
    await editor.rotate_stream_token(ADMIN, "p", 0)
    assert opens(catalog, further) == [True]


async def test_old_ones_are_limited_and_the_one_that_ends_first_goes(
    catalog: Catalog, editor: Editor, clock: HandClock, first: str
) -> None:
    texts = [first]
    for _ in range(limits.ENDING_TOKENS + 1):
        clock.seconds += 1
        texts.append((await editor.rotate_stream_token(ADMIN, "p", HOUR)).text)
    assert opens(catalog, *texts) == [False] + [True] * (limits.ENDING_TOKENS + 1)
    assert len(of_p(catalog)) == limits.ENDING_TOKENS + 1


async def test_what_is_over_is_not_kept_by_a_rotation(
    catalog: Catalog, editor: Editor, clock: HandClock, first: str
) -> None:
    await editor.rotate_stream_token(ADMIN, "p", HOUR)
    clock.seconds = 2 * HOUR
    await editor.rotate_stream_token(ADMIN, "p", HOUR)
    assert len(of_p(catalog)) == 2


@pytest.mark.parametrize("seconds", [-1, limits.ROTATION_SECONDS_MOST + 1, float("nan")])
async def test_an_overlap_has_bounds(catalog: Catalog, editor: Editor, first: str, seconds: float) -> None:
    before = catalog.snapshot
    with pytest.raises(Invalid, match="0 to 720 hours"):
        await editor.rotate_stream_token(ADMIN, "p", seconds)
    assert catalog.snapshot is before


async def test_revoked_are_all_of_them_and_a_rotation_makes_one_again(
    catalog: Catalog, editor: Editor, first: str
) -> None:
    second = (await editor.rotate_stream_token(ADMIN, "p", HOUR)).text
    _, further = await editor.make_token(ADMIN, TokenKind.STREAM, "p")
    _, ingest = await editor.make_token(ADMIN, TokenKind.INGEST, "p")
    await editor.revoke_stream_tokens(ADMIN, "p")
    assert opens(catalog, first, second, further) == [False] * 3
    assert opens(catalog, ingest, "of-another-one") == [True] * 2
    before = catalog.snapshot
    await editor.revoke_stream_tokens(ADMIN, "p")
    assert catalog.snapshot is before, "nothing more to do"
    made = await editor.rotate_stream_token(ADMIN, "p", HOUR)
    assert made.previous_until is None
    assert opens(catalog, made.text, first) == [True, False]


async def test_no_document_makes_one_again_unless_it_says_so(catalog: Catalog, editor: Editor) -> None:
    silent = "{apiVersion: 1, pipelines: [{slug: p, name: %s}]}"
    await applied(catalog, silent % "before")
    await editor.revoke_stream_tokens(ADMIN, "p")
    for text in (silent % "before", silent % "after", export(catalog.snapshot)):
        await applied(catalog, text)
        assert of_p(catalog) == []
    await editor.put_pipeline(ADMIN, "p", {})
    assert of_p(catalog) == []
    await applied(catalog, DOCUMENT % "of-my-own-choice")
    assert opens(catalog, "of-my-own-choice") == [True]


async def test_a_document_does_not_bring_back_what_was_rotated_or_revoked_here(
    catalog: Catalog, editor: Editor
) -> None:
    await applied(catalog, DOCUMENT % "of-the-document")
    new = (await editor.rotate_stream_token(ADMIN, "p", HOUR)).text
    again = plan_of(catalog, DOCUMENT % "of-the-document")
    assert (again.conflicts, again.kept, said(again)["pipelines.p"]) == (
        (),
        (("pipelines.p", "stream_token"),),
        "unchanged",
    )
    await applied(catalog, DOCUMENT % "of-the-document")
    assert opens(catalog, new, "of-the-document") == [True, True]
    assert export(catalog.snapshot).count("stream_token") == 0
    assert conflicts(plan_of(catalog, DOCUMENT % "another-one")) == {("pipelines.p", "stream_token")}
    assert conflicts(plan_of(catalog, DOCUMENT % new)) == set()
    await editor.revoke_stream_tokens(ADMIN, "p")
    assert plan_of(catalog, DOCUMENT % "of-the-document").kept == (("pipelines.p", "stream_token"),)
    await applied(catalog, DOCUMENT % "of-the-document")
    assert of_p(catalog) == []


async def test_a_document_that_comes_to_name_the_present_one_agrees(catalog: Catalog, editor: Editor) -> None:
    """Also by a reference, which what was made here has not."""
    named = DOCUMENT % '"${TOKEN}"'
    await applied(catalog, named, TOKEN="of-the-document")
    new = (await editor.rotate_stream_token(ADMIN, "p", HOUR)).text
    assert conflicts(plan_of(catalog, named, TOKEN="another-one")) == {("pipelines.p", "stream_token")}
    await applied(catalog, named, TOKEN=new)
    assert opens(catalog, new) == [True]
    assert export(catalog.snapshot).count("stream_token: '${TOKEN}'") == 1
    assert said(plan_of(catalog, named, TOKEN=new))["pipelines.p"] == "unchanged"


async def test_an_old_one_may_be_made_the_main_one_again(catalog: Catalog, editor: Editor, first: str) -> None:
    new = (await editor.rotate_stream_token(ADMIN, "p", HOUR)).text
    await editor.put_pipeline(ADMIN, "p", {"stream_token": first})
    assert [(each.text, each.main, each.until) for each in of_p(catalog)] == [(first, True, None)]
    assert opens(catalog, new) == [False]
    await editor.rotate_stream_token(ADMIN, "p", HOUR)
    await applied(catalog, DOCUMENT % first, source="another")
    assert [(each.text, each.main, each.until) for each in of_p(catalog)] == [(first, True, None)]


async def test_but_not_that_of_another_pipeline(catalog: Catalog, editor: Editor, first: str) -> None:
    await editor.rotate_stream_token(ADMIN, "p", HOUR)
    with pytest.raises(Invalid, match="used elsewhere"):
        await editor.put_pipeline(ADMIN, "q", {"stream_token": first})
    for wrong in ("{slug: q, stream_token: %s}", "{slug: p, ingest_token: %s}"):
        with pytest.raises(Invalid, match="used elsewhere"):
            plan_of(catalog, "{apiVersion: 1, pipelines: [%s]}" % (wrong % first), source="another")


CALLS: list[Callable[[Editor, Actor, str], Awaitable[object]]] = [
    lambda editor, actor, name: editor.rotate_stream_token(actor, name),
    lambda editor, actor, name: editor.revoke_stream_tokens(actor, name),
    lambda editor, actor, name: editor.set_paused(actor, name, True),
]


@pytest.mark.parametrize("call", CALLS)
async def test_only_an_admin_may_and_only_what_is_there(
    catalog: Catalog, editor: Editor, first: str, call: Callable[..., Awaitable[object]]
) -> None:
    before, own = catalog.snapshot, catalog.directory.grant(first)
    assert own is not None
    assert own.pipeline is not None
    with pytest.raises(Unknown):
        await call(editor, ANONYMOUS, "p")
    with pytest.raises(Denied):
        await call(editor, Holder(own.kind, own.pipeline, own.token), "p")
    with pytest.raises(NotFound):
        await call(editor, ADMIN, "nobody")
    assert catalog.snapshot is before


@pytest.mark.parametrize("call", CALLS)
async def test_one_that_was_deleted_meanwhile(
    catalog: Catalog, editor: Editor, first: str, call: Callable[..., Awaitable[object]]
) -> None:
    deleting = editor.delete_pipeline(ADMIN, "p")
    calling = call(editor, ADMIN, "p")
    _, outcome = await asyncio.gather(deleting, calling, return_exceptions=True)
    assert outcome is None or isinstance(outcome, NotFound)
    assert catalog.directory.pipeline("p") is None
