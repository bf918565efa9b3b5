"""From a component's stored settings to its behaviour."""

from pydantic import TypeAdapter

from livedash import mapping
from livedash.base import clock
from livedash.base.config import Settings
from livedash.base.outbound import Outbound
from livedash.catalog.entries import Pipeline
from livedash.catalog.entries import Sink as SinkEntry
from livedash.manage.faults import parse
from livedash.manage.spec import Source as SourceSettings
from livedash.mapping import Mapper
from livedash.sinks import Webhook
from livedash.sinks.sink import Sink
from livedash.sources import Source

_STEPS: TypeAdapter[mapping.Steps] = TypeAdapter(mapping.Steps)
_SOURCE: TypeAdapter[SourceSettings] = TypeAdapter(SourceSettings)


class Mappings:
    """Compiled mappings, one for each pipeline, made anew when the pipeline changes."""

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[int, Mapper]] = {}

    def of(self, pipeline: Pipeline) -> Mapper:
        revision, mapper = self._compiled.get(pipeline.id, (None, None))
        if mapper is None or revision != pipeline.revision:
            mapper = mapping.compile(_STEPS.validate_python(pipeline.mapping))
            self._compiled[pipeline.id] = (pipeline.revision, mapper)
        return mapper


def source_of(pipeline: Pipeline) -> Source | None:
    """The source, if it has work of its own to do."""
    settings = _SOURCE.validate_python(pipeline.source)
    return settings if isinstance(settings, Source) else None


def sink_of(outbound: Outbound, settings: Settings, entry: SinkEntry) -> Sink:
    """The sink, ready to deliver. Raises Invalid, which holds nothing of the settings: the address may be a secret."""
    from livedash.sinks.webhook.webhook import WebhookSink

    told = parse(Webhook, entry.settings)
    return WebhookSink(told, entry.secrets, entry.headers, outbound, clock.now, settings.sink_timeout_seconds)
