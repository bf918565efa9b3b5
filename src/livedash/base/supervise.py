"""Work that must go on: a task group cancels the siblings of what fails, a supervisor starts it again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from livedash.base.metrics import Metrics

_log = structlog.get_logger("livedash.supervise")
LONGEST_WAIT = 30.0  # seconds between tries: often enough to come back soon, rare enough not to flood the log


@dataclass
class Health:
    """What is failing now, by name of the supervised work, with the last error."""

    failing: dict[str, str] = field(default_factory=dict)


async def supervise(
    name: str, run: Callable[[], Awaitable[None]], *, health: Health, metrics: Metrics, backoff: float = 0.5
) -> None:
    """Run `run` until it returns; when it raises, log it, report it and start it again after `backoff` seconds,
    twice as long each time up to `LONGEST_WAIT`. Ends with `run` or by cancellation."""
    wait = backoff
    loop = asyncio.get_running_loop()
    recovery: asyncio.TimerHandle | None = None
    try:
        while True:
            started = loop.time()
            try:
                return await run()
            except Exception as error:
                if loop.time() - started > LONGEST_WAIT:  # it had recovered: this is a new failure
                    wait = backoff
                health.failing[name] = str(error) or type(error).__name__
                metrics.failures.labels(name).inc()
                _log.exception("failed; will be started again", name=name, seconds=wait)
            if recovery:
                recovery.cancel()  # the try before did not hold: else it would look well while it fails
            recovery = loop.call_later(wait + LONGEST_WAIT, health.failing.pop, name, None)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
    finally:
        if recovery:
            recovery.cancel()
        health.failing.pop(name, None)
