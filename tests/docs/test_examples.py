"""The examples of the docs are run, in the order in which somebody reads them, and print what the docs show."""

from collections.abc import Iterator

import pytest

from .pages import page
from .walk import Walk, differences, examples, walking

# each page goes on where the one before it left the pipeline `weather`
ORDER = ("start", "ingest", "reading", "graphql", "cli", "operations", "configuration", "dashboards", "webhooks")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with walking(tmp_path_factory.mktemp("docs"), page("start")) as found:
        yield found


def test_every_page_with_examples_is_walked() -> None:
    from .pages import pages

    assert {each.name for each in pages().values() if examples(each)} == {f"docs/{name}.md" for name in ORDER}


@pytest.mark.parametrize("name", ORDER)
def test_examples_print_what_the_page_shows(walk: Walk, name: str) -> None:
    found = examples(page(name))
    for example, output in zip(found, walk.outputs(page(name)), strict=True):
        assert example.expected, f"{example.block} shows no output"
        reason = differences(example.expected, output)
        assert reason is None, f"{example.block}: {reason}"
