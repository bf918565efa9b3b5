"""Sinks, changed one by one: the same checks as in a document, and rights first."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from livedash.base import limits
from livedash.base.tokens import make_signing_secret
from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Header, Pipeline, SigningSecret, TokenKind
from livedash.manage.edit import Editor
from livedash.manage.rights import ANONYMOUS, Actor, Holder
from livedash.model import Cursor
from livedash.model.errors import Conflict, Denied, Invalid, NotFound, Unknown

from .support import ADMIN, NOW, applied, head_of, now

FIRST, SECOND, THIRD = (make_signing_secret() for _ in range(3))
DAY = limits.ROTATION_SECONDS * 1_000_000
HOOK = {"type": "webhook", "url": "https://x.example/hooks"}
DOCUMENT = """\
apiVersion: 1
pipelines: [{slug: q, sinks: [{type: webhook, name: s, url: 'https://x.example/hooks', secret: '${S}'}]}]
"""


class Moments:
    """A clock that is set."""

    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def moment() -> Moments:
    return Moments()


@pytest.fixture
async def editor(catalog: Catalog, moment: Moments) -> Editor:
    editor = Editor(catalog, moment, head_of)
    await editor.put_pipeline(ADMIN, "p", {})
    return editor


def names(catalog: Catalog) -> list[str]:
    return [each.name for each in catalog.directory.sinks()]


async def test_a_sink_is_made_and_then_replaced(catalog: Catalog, editor: Editor) -> None:
    made, created = await editor.put_sink(ADMIN, "p", "s", HOOK | {"name": "s", "headers": {"X-Key": "v"}})
    assert (created, made.name, made.start, made.settings) == (True, "s", "e1-7", HOOK)
    assert made.headers == (Header("X-Key", "v"),)
    assert made.secrets[0].text.startswith("whsec_")

    again, created = await editor.put_sink(ADMIN, "p", made.id, HOOK | {"batch": {"records": 3}})
    assert (created, again.id, again.start) == (False, made.id, made.start)
    assert (again.secrets, again.headers) == (made.secrets, made.headers), "secrets left out stay"
    assert again.settings == HOOK | {"batch": {"records": 3}}
    assert again.revision > made.revision
    for name in ("s", made.id):
        assert editor.sink(ADMIN, "p", name) == again
    without, _ = await editor.put_sink(ADMIN, "p", "s", HOOK)
    assert without.settings == HOOK

    async def later(_: Pipeline) -> Cursor:
        return Cursor("e1", 8)

    again, _ = await Editor(catalog, now, later).put_sink(ADMIN, "p", "s", HOOK)
    assert again.start == made.start, "where it began is no matter of today"


async def test_given_headers_are_all_there_are_and_null_keeps_a_value(editor: Editor) -> None:
    await editor.put_sink(ADMIN, "p", "s", HOOK | {"headers": {"X-A": "a", "X-B": "b"}})
    put, _ = await editor.put_sink(ADMIN, "p", "s", HOOK | {"headers": {"x-b": None, "X-C": "c"}})
    assert put.headers == (Header("x-b", "b"), Header("X-C", "c"))
    with pytest.raises(Invalid, match="no value to keep") as caught:
        await editor.put_sink(ADMIN, "p", "s", HOOK | {"headers": {"X-A": None}})
    assert [fault.path for fault in caught.value.faults] == [("headers", "X-A")]
    put, _ = await editor.put_sink(ADMIN, "p", "s", HOOK | {"headers": {}})
    assert put.headers == ()


async def test_a_given_secret_takes_over_with_an_overlap(editor: Editor, moment: Moments) -> None:
    await editor.put_sink(ADMIN, "p", "s", HOOK | {"secret": FIRST})
    put, _ = await editor.put_sink(ADMIN, "p", "s", HOOK | {"secret": SECOND})
    assert put.secrets == (SigningSecret(SECOND), SigningSecret(FIRST, NOW + DAY))
    again, _ = await editor.put_sink(ADMIN, "p", "s", HOOK | {"secret": SECOND})
    assert again.secrets == put.secrets
    moment.now = NOW + DAY
    again, _ = await editor.put_sink(ADMIN, "p", "s", HOOK)
    assert again.secrets == (SigningSecret(SECOND),), "what has ended goes"


async def test_a_secret_left_out_stays_as_the_document_wrote_it(catalog: Catalog, editor: Editor) -> None:
    await applied(catalog, DOCUMENT, S=FIRST)
    put, _ = await editor.put_sink(ADMIN, "q", "s", HOOK | {"batch": {"records": 3}})
    assert put.secrets == (SigningSecret(FIRST, reference="${S}"),)


async def test_a_secret_left_out_must_do_for_a_new_signature(editor: Editor) -> None:
    github = HOOK | {"signature": "github", "secret": "any sixteen chars"}
    made, _ = await editor.put_sink(ADMIN, "p", "s", github)
    with pytest.raises(Invalid, match="the secret that is there") as caught:
        await editor.put_sink(ADMIN, "p", "s", HOOK)
    assert [fault.path for fault in caught.value.faults] == [("secret",)]
    assert "sixteen" not in str(caught.value)
    assert editor.sink(ADMIN, "p", "s") == made


async def test_a_secret_is_rotated_with_a_chosen_overlap(editor: Editor, moment: Moments) -> None:
    await editor.put_sink(ADMIN, "p", "s", HOOK | {"secret": FIRST})
    made = await editor.rotate(ADMIN, "p", "s", None, 3600)
    assert [each.until for each in made.secrets] == [None, NOW + 3600 * 1_000_000]
    assert (made.secrets[0].text not in (FIRST, SECOND), made.secrets[1].text) == (True, FIRST)
    again = await editor.rotate(ADMIN, "p", made.id, SECOND)
    assert [each.until for each in again.secrets] == [None, NOW + DAY, NOW + 3600 * 1_000_000], "each has its own end"
    at_once = await editor.rotate(ADMIN, "p", "s", THIRD, 0)
    assert at_once.secrets == (SigningSecret(THIRD),)
    assert editor.sink(ADMIN, "p", "s") == at_once


@pytest.mark.parametrize(
    ("secret", "overlap", "path"),
    [("hush-hush", 0, ("secret",)), (None, -1, ("overlap_seconds",)), (None, 31 * 86_400, ("overlap_seconds",))],
)
async def test_a_bad_rotation_is_refused(editor: Editor, secret: str | None, overlap: float, path: tuple[str]) -> None:
    made, _ = await editor.put_sink(ADMIN, "p", "s", HOOK)
    with pytest.raises(Invalid) as caught:
        await editor.rotate(ADMIN, "p", "s", secret, overlap)
    assert [fault.path for fault in caught.value.faults] == [path]
    assert "hush" not in str(caught.value)
    assert editor.sink(ADMIN, "p", "s") == made


@pytest.mark.parametrize(
    ("name", "data", "path"),
    [
        ("Bad Name", HOOK, ("name",)),
        ("sk_nobody", HOOK, ("name",)),
        ("s", HOOK | {"name": "t"}, ("name",)),
        ("s", {"type": "pigeon"}, ()),
        ("s", HOOK | {"url": 3}, ("url",)),
        ("s", HOOK | {"secret": "hush-hush"}, ("secret",)),
        ("s", HOOK | {"headers": {"Host": "x"}}, ("headers", "Host")),
    ],
)
async def test_a_bad_sink_is_refused_with_its_place(
    catalog: Catalog, editor: Editor, name: str, data: Any, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(Invalid) as caught:
        await editor.put_sink(ADMIN, "p", name, data)
    assert [fault.path for fault in caught.value.faults] == [path]
    assert "hush" not in str(caught.value)
    if "name" not in data:
        with pytest.raises(Invalid) as caught:
            await editor.put_pipeline(ADMIN, "q", {"sinks": [data | {"name": name}]})
        assert [fault.path for fault in caught.value.faults] == [("sinks", 0, *path)]
    assert names(catalog) == []


async def test_a_pipeline_has_so_many_sinks_and_no_more(catalog: Catalog, editor: Editor) -> None:
    sinks = [HOOK | {"name": f"s{n}"} for n in range(limits.SINKS_PER_PIPELINE)]
    await editor.put_pipeline(ADMIN, "p", {"sinks": sinks})
    with pytest.raises(Invalid, match="at most 50 sinks"):
        await editor.put_sink(ADMIN, "p", "more", HOOK)
    await editor.put_sink(ADMIN, "p", "s0", HOOK)
    assert len(names(catalog)) == 50


async def test_a_pipelines_sinks_become_those_that_are_given(catalog: Catalog, editor: Editor) -> None:
    put = await editor.put_pipeline(ADMIN, "new", {"sinks": [HOOK | {"name": "one"}, HOOK | {"name": "two"}]})
    one, two = catalog.directory.sinks(put.pipeline.id)
    assert (one.name, one.start, two.start) == ("one", None, None)
    await editor.put_pipeline(ADMIN, "new", {"name": "Left out"})
    assert names(catalog) == ["one", "two"]
    sinks = [HOOK | {"name": "two", "url": "https://y.example"}, HOOK | {"name": "three"}]
    await editor.put_pipeline(ADMIN, "new", {"sinks": sinks})
    three, again = catalog.directory.sinks(put.pipeline.id)
    assert (three.name, three.start) == ("three", "e1-7")
    assert (again.id, again.secrets, again.settings["url"]) == (two.id, two.secrets, "https://y.example")
    await editor.put_pipeline(ADMIN, "new", {"sinks": []})
    assert names(catalog) == []


async def test_a_pipelines_bad_sinks_change_nothing(catalog: Catalog, editor: Editor) -> None:
    await editor.put_pipeline(ADMIN, "p", {"sinks": [HOOK | {"name": "one"}]})
    before = catalog.snapshot
    for sinks, path in (
        ([HOOK | {"name": "two"}] * 2, ("sinks", 1, "name")),
        ([HOOK | {"name": "two"}, HOOK | {"name": "one", "headers": {"X-A": None}}], ("sinks", 1, "headers", "X-A")),
    ):
        with pytest.raises(Invalid) as caught:
            await editor.put_pipeline(ADMIN, "p", {"name": "New", "sinks": sinks})
        assert [fault.path for fault in caught.value.faults] == [path]
        assert catalog.snapshot == before


async def test_the_head_is_asked_of_the_log_that_it_is_going_to_be(catalog: Catalog) -> None:
    asked: list[bool] = []

    async def head_of(pipeline: Pipeline) -> Cursor:
        asked.append(pipeline.persist)
        assert names(catalog) == [], "asked before the sink is there"
        return Cursor("e1", 7)

    editor = Editor(catalog, now, head_of)
    await editor.put_pipeline(ADMIN, "p", {})
    await editor.put_pipeline(ADMIN, "p", {"persist": False, "sinks": [HOOK | {"name": "s"}]})
    assert asked == [False]


async def test_a_sink_is_deleted_and_a_new_one_begins_anew(catalog: Catalog, editor: Editor) -> None:
    made, _ = await editor.put_sink(ADMIN, "p", "s", HOOK)
    await editor.delete_sink(ADMIN, "p", made.id)
    assert names(catalog) == []
    again, created = await editor.put_sink(ADMIN, "p", "s", HOOK)
    assert (created, again.id != made.id, again.secrets != made.secrets) == (True, True, True)
    await editor.delete_pipeline(ADMIN, "p")
    assert names(catalog) == []


async def test_a_pipeline_that_goes_meanwhile_takes_the_new_sink_along(catalog: Catalog) -> None:
    async def head_of(pipeline: Pipeline) -> Cursor:
        await editor.delete_pipeline(ADMIN, "p")
        return Cursor("e1", 7)

    editor = Editor(catalog, now, head_of)
    await editor.put_pipeline(ADMIN, "p", {})
    with pytest.raises(Conflict):
        await editor.put_sink(ADMIN, "p", "s", HOOK)
    assert names(catalog) == []


async def test_what_is_not_there(editor: Editor) -> None:
    made, _ = await editor.put_sink(ADMIN, "p", "s", HOOK)
    await editor.put_pipeline(ADMIN, "q", {})
    for call in (
        editor.put_sink(ADMIN, "nobody", "s", HOOK),
        editor.delete_sink(ADMIN, "p", "nobody"),
        editor.delete_sink(ADMIN, "q", made.id),
        editor.rotate(ADMIN, "q", made.id),
        editor.rotate(ADMIN, "nobody", "s"),
    ):
        with pytest.raises(NotFound):
            await call
    with pytest.raises(NotFound):
        editor.sink(ADMIN, "q", made.id)


CALLS: list[Callable[[Editor, Actor], Awaitable[object]]] = [
    lambda editor, actor: editor.put_sink(actor, "p", "s", HOOK),
    lambda editor, actor: editor.put_sink(actor, "p", "t", HOOK),
    lambda editor, actor: editor.delete_sink(actor, "p", "s"),
    lambda editor, actor: editor.rotate(actor, "p", "s"),
]


@pytest.mark.parametrize("call", CALLS)
async def test_only_an_admin_may(catalog: Catalog, editor: Editor, call: Callable[..., Awaitable[object]]) -> None:
    sink, _ = await editor.put_sink(ADMIN, "p", "s", HOOK)
    before = catalog.snapshot
    with pytest.raises(Unknown):
        await call(editor, ANONYMOUS)
    with pytest.raises(Denied):
        await call(editor, Holder(TokenKind.STREAM, sink.pipeline, "tk_1"))
    with pytest.raises(Unknown):
        editor.sink(ANONYMOUS, "p", "s")
    assert catalog.snapshot == before
