"""The schema in the repository is the one that is served."""

from pathlib import Path

from tests.docs.pages import ROOT
from tests.server import Process


def test_the_schema_that_is_kept_is_the_one_that_is_printed() -> None:
    process = Process("schema")
    process.popen.wait(30)
    printed = process.stop().decode()
    kept = ROOT / "docs" / "schema.graphql"
    assert printed == Path(kept).read_text(encoding="utf-8"), "livedash schema > docs/schema.graphql"
