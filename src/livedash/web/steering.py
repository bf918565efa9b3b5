"""What the forms of a sink's page have done."""

from collections.abc import Awaitable, Callable

from pydantic import ValidationError

from livedash.catalog.directory import Directory
from livedash.catalog.entries import Sink
from livedash.model.errors import Invalid
from livedash.sinks.runner import Sinks
from livedash.stream.logs import Logs
from livedash.web.sink_shapes import owner_of
from livedash.web.spans import Span

Fields = dict[str, str]
Step = Callable[[Sink, Fields], Awaitable[str]]


class Steering:
    """Each step takes the fields of its form and returns a word for what was done."""

    def __init__(self, sinks: Sinks, directory: Directory, logs: Logs) -> None:
        self._sinks = sinks
        self._directory = directory
        self._logs = logs
        self._steps: dict[str, Step] = {
            "test": self._test,
            "pause": self._pause,
            "resume": self._resume,
            "replay": self._replay,
            "retry": self._retry,
            "drop": self._drop,
        }

    async def take(self, sink: Sink, fields: Fields) -> str:
        """The step that the form's `action` names. Raises Invalid for none of ours, and what the step raises."""
        step = self._steps.get(fields.get("action", ""))
        if step is None:
            raise Invalid("this form is not one of this page")
        return await step(sink, fields)

    async def _test(self, sink: Sink, _: Fields) -> str:
        return str((await self._sinks.test(sink))["outcome"])

    async def _pause(self, sink: Sink, _: Fields) -> str:
        await self._sinks.pause(sink)
        return "pause"

    async def _resume(self, sink: Sink, fields: Fields) -> str:
        starts = {"now": "now", "cursor": fields.get("cursor", "").strip()}
        await self._sinks.resume(sink, starts.get(fields.get("from", "")))
        return "resume"

    async def _replay(self, sink: Sink, fields: Fields) -> str:
        pipeline = owner_of(sink, self._directory)
        span = _span({name: fields[name].strip() for name in Span.model_fields if fields.get(name, "").strip()})
        await self._sinks.replay(sink, *await span.offsets(self._logs.of(pipeline), pipeline))
        return "replay"

    async def _retry(self, sink: Sink, fields: Fields) -> str:
        await self._sinks.retry(sink, _number(fields) if "number" in fields else None)
        return "retry"

    async def _drop(self, sink: Sink, fields: Fields) -> str:
        await self._sinks.drop(sink, _number(fields))
        return "drop"


def _number(fields: Fields) -> int:
    """Of a parked delivery. Raises Invalid."""
    text = fields.get("number", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Invalid("say which parked delivery")
    return int(text)


def _span(given: Fields) -> Span:
    """Times of a form have no zone: they are UTC. Raises Invalid."""
    utc = {name: f"{text}Z" if name in ("since", "until") else text for name, text in given.items()}
    try:
        return Span.model_validate(utc)
    except ValidationError:
        raise Invalid("give two offsets, such as 1 and 100, or two times") from None
