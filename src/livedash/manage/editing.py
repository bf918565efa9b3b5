"""What all editors of single things share."""

from livedash.catalog.catalog import Catalog
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline, Snapshot
from livedash.manage.sinks import HeadOf
from livedash.model import Clock
from livedash.model.errors import NotFound


class Editing:
    """An editor of what is configured: it asks the rights first, and names pipelines by slug or id."""

    def __init__(self, catalog: Catalog, clock: Clock, head_of: HeadOf) -> None:
        self._catalog = catalog
        self._clock = clock
        self._head_of = head_of

    def _pipeline(self, name: str) -> Pipeline:
        return pipeline_named(self._catalog.directory, name)


def pipeline_named(directory: Directory, name: str) -> Pipeline:
    """The one with this slug or id. Raises NotFound."""
    pipeline = directory.pipeline(name)
    if pipeline is None:
        raise NotFound(f"there is no pipeline {name!r}")
    return pipeline


def still_there(pipeline: Pipeline, snapshot: Snapshot) -> Pipeline:
    """As it is in `snapshot`. Raises NotFound when it was deleted meanwhile."""
    found = next((each for each in snapshot.pipelines if each.id == pipeline.id), None)
    if found is None:
        raise NotFound(f"there is no pipeline {pipeline.slug!r} any more")
    return found
