"""Sinks as REST and pages show them."""

from collections.abc import Iterable

from livedash.base import clock
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline, SigningSecret, Sink
from livedash.model import Json
from livedash.model.errors import NotFound
from livedash.model.record import iso
from livedash.sinks.report import Report
from livedash.sinks.runner import Sinks


def owner_of(sink: Sink, directory: Directory) -> Pipeline:
    """The pipeline of a sink. Raises NotFound when it was deleted meanwhile."""
    pipeline = directory.pipeline(sink.pipeline)
    if pipeline is None:
        raise NotFound(f"there is no sink {sink.name!r} any more")
    return pipeline


async def reported(wanted: Iterable[Sink], directory: Directory, sinks: Sinks) -> list[tuple[Pipeline, Sink, Report]]:
    """How each of `wanted` goes, without those that are deleted meanwhile. Raises StorageError."""
    found = []
    for each in wanted:
        try:
            found.append((owner_of(each, directory), each, await sinks.report(each)))
        except NotFound:
            continue
    return found


def shape(sink: Sink, pipeline: Pipeline) -> dict[str, Json]:
    """A sink without its secrets: of its headers the names only."""
    return {
        "id": sink.id,
        "pipeline": pipeline.slug,
        "name": sink.name,
        "settings": sink.settings,
        "headers": [header.name for header in sink.headers],
        "start": sink.start,
        "revision": sink.revision,
    }


def signing(sink: Sink) -> list[SigningSecret]:
    """The secrets that deliveries are signed with: the present one, then the older ones that still sign beside it."""
    present, *older = sink.secrets
    return [present, *(each for each in older if each.until and each.until > clock.now())]


def secrets(sink: Sink) -> dict[str, Json]:
    """The present secret, and the older ones that still sign, until when."""
    present, *older = signing(sink)
    told = [{"secret": each.text, "until": iso(each.until)} for each in older if each.until]
    return {"secret": present.text, "older": told}
