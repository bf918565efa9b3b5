"""Pipelines that are paused: by hand, by PUT and by a document."""

import pytest

from livedash.catalog.catalog import Catalog
from livedash.manage.edit import Editor
from livedash.manage.export import export

from .support import ADMIN, applied, conflicts, fields, head_of, now, plan_of

PAUSED = "{apiVersion: 1, pipelines: [{slug: p, paused: true}]}"
GOING = "{apiVersion: 1, pipelines: [{slug: p, paused: false}]}"
SILENT = "{apiVersion: 1, pipelines: [{slug: p}]}"


@pytest.fixture
def editor(catalog: Catalog) -> Editor:
    return Editor(catalog, now, head_of)


def paused(catalog: Catalog) -> bool:
    found = catalog.directory.pipeline("p")
    assert found is not None
    return found.paused


async def test_by_hand(catalog: Catalog, editor: Editor) -> None:
    made = (await editor.put_pipeline(ADMIN, "p", {})).pipeline
    assert not made.paused
    for wanted in (True, False):
        changed = await editor.set_paused(ADMIN, made.id, wanted)
        assert (changed.paused, paused(catalog), changed.revision) == (wanted, wanted, made.revision)
        before = catalog.snapshot
        await editor.set_paused(ADMIN, "p", wanted)
        assert catalog.snapshot is before, "it is already"


async def test_a_put_that_does_not_say_so_leaves_it_as_it_is(catalog: Catalog, editor: Editor) -> None:
    assert (await editor.put_pipeline(ADMIN, "p", {"paused": True})).pipeline.paused
    again = (await editor.put_pipeline(ADMIN, "p", {"mapping": [{"drop": ["a"]}]})).pipeline
    assert (again.paused, len(again.mapping)) == (True, 1)
    assert not (await editor.put_pipeline(ADMIN, "p", {"paused": False})).pipeline.paused
    assert not (await editor.put_pipeline(ADMIN, "p", {})).pipeline.paused


async def test_by_a_document_and_exported(catalog: Catalog, other_catalog: Catalog) -> None:
    await applied(catalog, PAUSED)
    assert paused(catalog)
    text = export(catalog.snapshot)
    assert "paused: true" in text
    assert plan_of(catalog, text, source="another").empty
    await applied(other_catalog, text)
    assert paused(other_catalog)
    assert fields(plan_of(catalog, SILENT)) == {"pipelines.p.paused": (True, False)}
    await applied(catalog, SILENT)
    assert not paused(catalog)
    assert "paused" not in export(catalog.snapshot)


async def test_a_document_that_does_not_speak_of_it_leaves_it_to_people(catalog: Catalog, editor: Editor) -> None:
    await applied(catalog, SILENT)
    await editor.set_paused(ADMIN, "p", True)
    for text in (SILENT, "{apiVersion: 1, pipelines: [{slug: p, name: P}]}"):
        await applied(catalog, text)
        assert paused(catalog)


async def test_what_people_paused_stays_when_a_document_says_the_same_as_before(
    catalog: Catalog, editor: Editor
) -> None:
    await applied(catalog, GOING)
    await editor.set_paused(ADMIN, "p", True)
    plan = plan_of(catalog, GOING)
    assert (plan.kept, conflicts(plan), plan.empty) == ((("pipelines.p", "paused"),), set(), True)
