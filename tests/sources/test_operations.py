"""What happens to Livedash is told to the pipelines of operations, and to no others."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline, Snapshot
from livedash.sources.operations import Operations as Source
from livedash.stream.operations import Operations
from tests.stream.conftest import Stream, a_pipeline

FAILING = {"type": "sink.failing", "sink": "hook"}


def operations(slug: str) -> Pipeline:
    return replace(a_pipeline(slug), source=Source().model_dump())


async def records(stream: Stream, *pipelines: Pipeline) -> list[list[object]]:
    pages = [await stream.logs.of(each).read(each.id, 0, 10) for each in pipelines]
    return [[record.data for record in page.records] for page in pages]


@pytest.fixture
def pipelines() -> tuple[Pipeline, ...]:
    return operations("ops"), operations("pager"), a_pipeline("weather")


@pytest.fixture
def telling(stream: Stream, pipelines: tuple[Pipeline, ...]) -> Operations:
    return Operations(Directory(Snapshot(1, (), pipelines, (), (), (), {})), stream.door)


async def test_every_pipeline_of_operations_hears_of_it(
    stream: Stream, telling: Operations, pipelines: tuple[Pipeline, ...]
):
    await telling.tell("sk_1-1", FAILING)
    assert await records(stream, *pipelines) == [[FAILING], [FAILING], []]


async def test_once(stream: Stream, telling: Operations, pipelines: tuple[Pipeline, ...]):
    for key in ("sk_1-1", "sk_1-1", "sk_1-2"):
        await telling.tell(key, FAILING)
    assert await records(stream, *pipelines) == [[FAILING] * 2, [FAILING] * 2, []]


async def test_but_not_the_one_that_it_is_about(stream: Stream, telling: Operations, pipelines: tuple[Pipeline, ...]):
    await telling.tell("sk_1-1", FAILING, besides="pl_ops")
    assert await records(stream, *pipelines) == [[], [FAILING], []]


async def test_nor_one_that_is_paused(stream: Stream, pipelines: tuple[Pipeline, ...]):
    ops, pager, weather = pipelines
    paused = (replace(ops, paused=True), pager, weather)
    telling = Operations(Directory(Snapshot(1, (), paused, (), (), (), {})), stream.door)
    await telling.tell("sk_1-1", FAILING)
    assert await records(stream, *pipelines) == [[], [FAILING], []]


def test_it_has_no_settings():
    assert Source.model_validate({"type": "operations"}) == Source()
    with pytest.raises(ValidationError):
        Source.model_validate({"type": "operations", "url": "http://x"})
