"""Sinks, changed one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from livedash.base import limits
from livedash.base.tokens import make_signing_secret
from livedash.catalog import changes
from livedash.catalog.entries import Pipeline, SigningSecret, Sink, Snapshot
from livedash.manage.editing import Editing
from livedash.manage.faults import parse
from livedash.manage.rights import Actor, may_administer
from livedash.manage.sinks import rotated, to_sink
from livedash.manage.sinkspec import SINK, SinkSpec
from livedash.model import Json
from livedash.model.errors import Fault, Invalid, NotFound


class SinkEditor(Editing):
    """Changes to sinks, which are named by name or id; a name that is no id yet is that of a new one."""

    def sink(self, actor: Actor, pipeline: str, name: str) -> Sink:
        """With its secrets. Raises NotFound."""
        may_administer(actor)
        owner = self._pipeline(pipeline)
        found = self._sink_of(owner, name)
        if found is None:
            raise NotFound(f"there is no sink {name!r} on {owner.slug}")
        return found

    async def put_sink(self, actor: Actor, pipeline: str, name: str, data: Json) -> tuple[Sink, bool]:
        """Create or replace the sink; True when it is new, and then it begins with the next record. A secret left out
        stays, and so do headers left out. Raises NotFound, Invalid with faults."""
        may_administer(actor)
        owner = self._pipeline(pipeline)
        found = self._sink_of(owner, name)
        spec = parse(SINK, addressed(data, "name", found.name if found else name))
        start = str(await self._head_of(owner))

        def decide(snapshot: Snapshot) -> list[changes.Change]:
            there = sinks_of(snapshot, owner.id)
            if spec.name not in there and len(there) >= limits.SINKS_PER_PIPELINE:
                raise Invalid(f"a pipeline has at most {limits.SINKS_PER_PIPELINE} sinks")
            return [changes.PutSink(to_sink(spec, owner.id, there.get(spec.name), start=start, now=self._clock()))]

        before, after = await self._catalog.change(decide)
        return sinks_of(after, owner.id)[spec.name], spec.name not in sinks_of(before, owner.id)

    async def delete_sink(self, actor: Actor, pipeline: str, name: str) -> None:
        """Raises NotFound."""
        await self._catalog.write([changes.DropSink(self.sink(actor, pipeline, name).id)])

    async def rotate(
        self,
        actor: Actor,
        pipeline: str,
        name: str,
        secret: str | None = None,
        overlap_seconds: float = limits.ROTATION_SECONDS,
    ) -> Sink:
        """Sign with `secret`, made when it is None; those before sign beside it for `overlap_seconds` more, at most.
        Raises NotFound, Invalid with faults."""
        found = self.sink(actor, pipeline, name)
        if not 0 <= overlap_seconds <= limits.ROTATION_SECONDS_MOST:
            message = f"an overlap is 0 to {limits.ROTATION_SECONDS_MOST // 3600} hours"
            raise Invalid(message, [Fault(("overlap_seconds",), message)])
        text = make_signing_secret() if secret is None else secret
        parse(SINK, {**found.settings, "name": found.name, "secret": text})

        def decide(snapshot: Snapshot) -> list[changes.Change]:
            now = self._clock()
            old = sinks_of(snapshot, found.pipeline).get(found.name)
            if old is None:
                raise NotFound(f"there is no sink {name!r} any more")
            until = now + round(overlap_seconds * 1_000_000)
            return [
                changes.PutSink(replace(old, secrets=rotated(old.secrets, SigningSecret(text), now=now, until=until)))
            ]

        _, after = await self._catalog.change(decide)
        return sinks_of(after, found.pipeline)[found.name]

    def _sink_changes(
        self, specs: Sequence[SinkSpec], pipeline: str, snapshot: Snapshot, start: str | None
    ) -> Iterator[changes.Change]:
        """Make the sinks of the pipeline those of `specs`, no others. Raises Invalid with faults."""
        there, now = sinks_of(snapshot, pipeline), self._clock()
        for name in there.keys() - {spec.name for spec in specs}:
            yield changes.DropSink(there[name].id)
        for index, spec in enumerate(specs):
            try:
                yield changes.PutSink(to_sink(spec, pipeline, there.get(spec.name), start=start, now=now))
            except Invalid as error:
                faults = [Fault(("sinks", index, *fault.path), fault.message) for fault in error.faults]
                raise Invalid(f"sinks[{index}].{error}", faults) from None

    def _sink_of(self, pipeline: Pipeline, name: str) -> Sink | None:
        found = self._catalog.directory.sink(name, pipeline.id)
        return found if found and found.pipeline == pipeline.id else None


def sinks_of(snapshot: Snapshot, pipeline: str) -> dict[str, Sink]:
    """Those of the pipeline with this id, by name."""
    return {each.name: each for each in snapshot.sinks if each.pipeline == pipeline}


def addressed(data: Json, key: str, name: str) -> Json:
    """`data` with the `key` (slug or name) that is in the address; in the body it may be repeated, not changed."""
    if not isinstance(data, dict):
        raise Invalid("this is a JSON object")
    if data.get(key, name) != name:
        raise Invalid(f"a {key} cannot be changed", [Fault((key,), f"this is {name!r}")])
    return data | {key: name}
