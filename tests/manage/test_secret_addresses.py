"""An address that a document takes from a variable is a secret: it is kept, but shown as what it is called."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from livedash.base.config import Settings
from livedash.base.outbound import Outbound
from livedash.base.tokens import digest
from livedash.catalog.catalog import Catalog
from livedash.manage.components import sink_of
from livedash.manage.edit import Editor
from livedash.manage.export import export
from livedash.model.errors import Invalid

from .support import ADMIN, applied, conflicts, head_of, now, plan_of, said
from .test_document import mistakes
from .test_sinks import HEAD, by_people, sink

KEY = "pipelines.a.sinks.s"
SINK = "  sinks:\n  - {type: webhook, name: s, url: '${HOOK}', batch: {records: 10}}\n"
TEXT = HEAD + SINK
FIRST = "https://chat.example/services/T000/first"
SECOND = "https://chat.example/services/T000/second"
PLAIN = "https://x.example/hooks"


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    outbound = Outbound()
    yield outbound
    await outbound.close()


def readable(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_it_is_kept_and_shown_as_what_it_is_called(catalog: Catalog) -> None:
    result = await applied(catalog, TEXT, HOOK=FIRST)
    assert sink(catalog).settings == {"type": "webhook", "url": FIRST, "batch": {"records": 10}}
    assert sink(catalog).references == {"url": "${HOOK}"}
    assert plan_of(catalog, TEXT, HOOK=FIRST).empty

    changed = await applied(catalog, TEXT, HOOK=SECOND)
    assert "    url: ${HOOK} → ${HOOK}" in str(changed.plan).splitlines()
    assert sink(catalog).settings["url"] == SECOND
    assert catalog.snapshot.applied["file"][KEY]["url"] == {"digest": digest(SECOND), "reference": "${HOOK}"}
    shown = [
        str(result.plan),
        repr(result),
        str(changed.plan),
        repr(changed),
        repr(sink(catalog)),
        export(catalog.snapshot),
    ]
    assert "services" not in "".join([*shown, str(catalog.snapshot.applied)])


async def test_an_export_says_what_it_is_called_and_makes_the_same(catalog: Catalog, other_catalog: Catalog) -> None:
    await applied(catalog, TEXT, HOOK=FIRST)
    text = export(catalog.snapshot)
    assert "  - name: s\n    type: webhook\n    url: ${HOOK}\n    batch:" in text
    assert plan_of(catalog, text, source="never applied", HOOK=FIRST).empty
    await applied(other_catalog, text, HOOK=FIRST)
    assert sink(other_catalog).settings == sink(catalog).settings
    assert export(other_catalog.snapshot) == text


async def test_only_a_whole_variable_makes_it_a_secret(catalog: Catalog) -> None:
    await applied(catalog, HEAD + SINK.replace("${HOOK}", PLAIN + "?of=${HOOK}"), HOOK="a")
    assert sink(catalog).references == {}
    assert f"url: {PLAIN}?of=a\n" in export(catalog.snapshot)


async def test_a_document_can_make_it_a_secret_and_a_plain_text_again(catalog: Catalog) -> None:
    plain = HEAD + SINK.replace("${HOOK}", PLAIN)
    await applied(catalog, plain)
    result = await applied(catalog, TEXT, HOOK=PLAIN)
    assert f'    url: "{PLAIN}" → ${{HOOK}}' in str(result.plan).splitlines()
    assert (sink(catalog).settings["url"], sink(catalog).references) == (PLAIN, {"url": "${HOOK}"})
    await applied(catalog, plain)
    assert (sink(catalog).settings["url"], sink(catalog).references) == (PLAIN, {})


async def test_one_that_people_changed_is_theirs(catalog: Catalog) -> None:
    await applied(catalog, TEXT, HOOK=FIRST)
    await by_people(catalog, settings=sink(catalog).settings | {"url": PLAIN}, references={})
    assert plan_of(catalog, TEXT, HOOK=FIRST).kept == ((KEY, "url"),)
    both = plan_of(catalog, TEXT, HOOK=SECOND)
    assert conflicts(both) == {(KEY, "url")}
    assert "! sink a/s: url was changed here and in the document" in str(both)
    assert "digest" not in str(both)
    assert conflicts(plan_of(catalog, HEAD)) == {(KEY, None)}, "and not deleted"

    changed = await applied(catalog, TEXT.replace("10", "20"), HOOK=FIRST)
    assert changed.plan.kept == ((KEY, "url"),)
    assert sink(catalog).settings == {"type": "webhook", "url": PLAIN, "batch": {"records": 20}}
    assert sink(catalog).references == {}


async def test_it_stays_a_secret_when_something_else_changes(catalog: Catalog) -> None:
    await applied(catalog, TEXT, HOOK=FIRST)
    editor = Editor(catalog, now, head_of)
    seen = sink(catalog).settings
    await editor.put_sink(ADMIN, "a", "s", seen | {"batch": {"records": 20}})
    assert sink(catalog).references == {"url": "${HOOK}"}
    await editor.rotate(ADMIN, "a", "s")
    assert sink(catalog).references == {"url": "${HOOK}"}
    assert said(plan_of(catalog, HEAD + "  name: New\n" + SINK.replace("10", "20"), HOOK=FIRST))[KEY] == "unchanged"
    await editor.put_sink(ADMIN, "a", "s", seen | {"url": PLAIN})
    assert sink(catalog).references == {}


def test_one_that_will_not_do_is_not_shown() -> None:
    [mistake] = mistakes(TEXT, HOOK="ftp://chat.example/services/first")
    assert mistake == "a.yaml:5: pipelines[0].sinks[0].url: a URL begins with https:// or http://"


@pytest.mark.parametrize("url", ["${HOOK}", FIRST])
async def test_none_is_readable_in_the_files(catalog: Catalog, tmp_path: Path, url: str) -> None:
    """Also not in what is remembered of the document."""
    await applied(catalog, HEAD + SINK.replace("${HOOK}", url), HOOK=FIRST)
    kept = readable(tmp_path)
    assert sink(catalog).id.encode() in kept
    assert b"chat.example" not in kept
    assert catalog.snapshot.applied["file"][KEY]["batch.records"] == 10


@pytest.mark.parametrize("changes", [{"type": "pigeon"}, {"url": "ftp://chat.example/services/first"}, {"nope": FIRST}])
async def test_the_error_of_a_sink_that_cannot_start_does_not_show_it(
    catalog: Catalog, outbound: Outbound, changes: dict[str, str]
) -> None:
    await applied(catalog, TEXT, HOOK=FIRST)
    broken = replace(sink(catalog), settings=sink(catalog).settings | changes)
    with pytest.raises(Invalid) as caught:
        sink_of(outbound, Settings(), broken)
    assert "services" not in str(caught.value)
