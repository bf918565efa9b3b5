"""What people change one by one: the same checks as for a document, and rights first."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import TokenKind
from livedash.manage.edit import Editor
from livedash.manage.rights import ANONYMOUS, Actor, Holder
from livedash.model.errors import Conflict, Denied, Invalid, NotFound, Unknown

from .support import ADMIN, head_of, now

WIDGET = {
    "id": "w",
    "type": "table",
    "position": {"x": 0, "y": 0, "w": 4, "h": 4},
    "config": {"title": "W"},
    "query": {"pipeline": "p"},
}


@pytest.fixture
def editor(catalog: Catalog) -> Editor:
    return Editor(catalog, now, head_of)


async def test_a_pipeline_is_made_and_then_replaced(catalog: Catalog, editor: Editor) -> None:
    made = await editor.put_pipeline(ADMIN, "p", {"name": "P", "persist": False})
    assert made.created
    assert made.ingest_token is not None
    grant = catalog.directory.grant(made.ingest_token)
    assert grant is not None
    assert (grant.kind, grant.pipeline) == (TokenKind.INGEST, made.pipeline.id)
    stream = catalog.directory.stream_token(made.pipeline.id)

    again = await editor.put_pipeline(ADMIN, made.pipeline.id, {"name": "Q"})
    assert (again.created, again.ingest_token) == (False, None)
    assert (again.pipeline.id, again.pipeline.name, again.pipeline.persist) == (made.pipeline.id, "Q", True)
    assert again.pipeline.revision > made.pipeline.revision
    assert catalog.directory.grant(made.ingest_token) == grant, "a token left out stays"
    assert catalog.directory.stream_token(made.pipeline.id) == stream
    assert made.ingest_token not in repr(made)


async def test_given_tokens_replace_the_pipelines_own(catalog: Catalog, editor: Editor) -> None:
    made = await editor.put_pipeline(ADMIN, "p", {})
    await editor.put_pipeline(ADMIN, "p", {"ingest_token": "chosen-one", "stream_token": "chosen-two"})
    assert made.ingest_token is not None
    assert catalog.directory.grant(made.ingest_token) is None
    assert catalog.directory.grant("chosen-one") is not None
    assert catalog.directory.stream_token(made.pipeline.id) == "chosen-two"
    for taken in ({"ingest_token": "chosen-one"}, {"ingest_token": "the-same-two", "stream_token": "the-same-two"}):
        with pytest.raises(Invalid, match="used elsewhere"):
            await editor.put_pipeline(ADMIN, "q", taken)


@pytest.mark.parametrize(
    ("name", "data", "path"),
    [
        ("Bad Slug", {}, ("slug",)),
        ("p", {"slug": "q"}, ("slug",)),
        ("pl_nobody", {}, ("slug",)),
        ("p", {"source": {"type": "system", "every": 0}}, ("source", "every")),
        ("p", {"mapping": [{"rename": 3}]}, ("mapping", 0, "rename")),
        ("p", {"retention": {"days": -1}}, ("retention", "days")),
        ("p", {"shares": []}, ("shares",)),
    ],
)
async def test_a_bad_pipeline_is_refused_with_its_place(
    catalog: Catalog, editor: Editor, name: str, data: Any, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(Invalid) as caught:
        await editor.put_pipeline(ADMIN, name, data)
    assert [fault.path for fault in caught.value.faults] == [path]
    assert catalog.directory.pipelines() == ()


async def test_a_pipeline_goes_once_no_dashboard_shows_it(catalog: Catalog, editor: Editor) -> None:
    await editor.put_pipeline(ADMIN, "p", {})
    await editor.put_dashboard(ADMIN, "d", {"widgets": [WIDGET]})
    await editor.put_dashboard(ADMIN, "e", {"auto": "p"})
    with pytest.raises(Conflict, match="p is shown on d, e"):
        await editor.delete_pipeline(ADMIN, "p")
    await editor.delete_dashboard(ADMIN, "d")
    await editor.delete_dashboard(ADMIN, "e")
    await editor.delete_pipeline(ADMIN, "p")
    assert (catalog.directory.pipelines(), catalog.snapshot.tokens) == ((), ())


async def test_a_dashboard_is_made_and_then_replaced(catalog: Catalog, editor: Editor) -> None:
    await editor.put_pipeline(ADMIN, "p", {})
    dashboard, created = await editor.put_dashboard(ADMIN, "d", {"slug": "d", "widgets": [WIDGET], "is_public": True})
    assert (created, dashboard.title, dashboard.is_public) == (True, "d", True)
    assert dashboard.widgets[0].config == {"title": "W"}
    again, created = await editor.put_dashboard(ADMIN, dashboard.id, {"title": "D"})
    assert (created, again.id, again.title, again.widgets, again.is_public) == (False, dashboard.id, "D", (), False)


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ({"auto": "nobody"}, [("auto",)]),
        ({"widgets": [WIDGET | {"query": {"pipeline": "nobody"}}]}, [("widgets", 0, "query", "pipeline")]),
        ({"widgets": [WIDGET, WIDGET]}, [("widgets", 1, "id")]),
        ({"widgets": [WIDGET | {"config": {"nope": 1}}]}, [("widgets", 0, "config", "nope")]),
        ([], []),
    ],
)
async def test_a_bad_dashboard_is_refused_with_its_place(
    editor: Editor, data: Any, paths: list[tuple[str | int, ...]]
) -> None:
    await editor.put_pipeline(ADMIN, "p", {})
    with pytest.raises(Invalid) as caught:
        await editor.put_dashboard(ADMIN, "d", data)
    assert [fault.path for fault in caught.value.faults] == paths


async def test_tokens_are_made_listed_and_revoked(catalog: Catalog, editor: Editor) -> None:
    pipeline = (await editor.put_pipeline(ADMIN, "p", {})).pipeline
    for kind, name in ((TokenKind.INGEST, "p"), (TokenKind.STREAM, pipeline.id), (TokenKind.API, None)):
        token, text = await editor.make_token(ADMIN, kind, name, "a label")
        grant = catalog.directory.grant(text)
        assert grant is not None
        assert (grant.kind, grant.token) == (kind, token.id)
        assert token.id in {each.id for each in editor.tokens(ADMIN)}
        assert text.startswith({"ingest": "ld_in_", "stream": "ld_st_", "api": "ld_api_"}[kind.value])
        await editor.revoke_token(ADMIN, token.id)
        assert catalog.directory.grant(text) is None
    assert {each.text for each in editor.tokens(ADMIN)} == {None}
    with pytest.raises(Invalid):
        await editor.make_token(ADMIN, TokenKind.API, "p")
    with pytest.raises(Invalid):
        await editor.make_token(ADMIN, TokenKind.INGEST)


async def test_what_is_not_there(editor: Editor) -> None:
    for call in (
        editor.delete_pipeline(ADMIN, "nobody"),
        editor.delete_dashboard(ADMIN, "nobody"),
        editor.revoke_token(ADMIN, "nobody"),
        editor.make_token(ADMIN, TokenKind.INGEST, "nobody"),
    ):
        with pytest.raises(NotFound):
            await call


CALLS: list[Callable[[Editor, Actor], Awaitable[object]]] = [
    lambda editor, actor: editor.put_pipeline(actor, "q", {}),
    lambda editor, actor: editor.delete_pipeline(actor, "p"),
    lambda editor, actor: editor.put_dashboard(actor, "d", {}),
    lambda editor, actor: editor.delete_dashboard(actor, "d"),
    lambda editor, actor: editor.make_token(actor, TokenKind.API),
    lambda editor, actor: editor.revoke_token(actor, "tk_1"),
]


@pytest.mark.parametrize("call", CALLS)
async def test_only_an_admin_may(catalog: Catalog, editor: Editor, call: Callable[..., Awaitable[object]]) -> None:
    pipeline = (await editor.put_pipeline(ADMIN, "p", {})).pipeline
    before = catalog.snapshot
    with pytest.raises(Unknown):
        await call(editor, ANONYMOUS)
    with pytest.raises(Denied):
        await call(editor, Holder(TokenKind.INGEST, pipeline.id, "tk_1"))
    with pytest.raises(Unknown):
        editor.tokens(ANONYMOUS)
    assert catalog.snapshot == before
