"""What every sink works with."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from livedash.base.metrics import Metrics
from livedash.log import Log
from livedash.model import Clock
from livedash.sinks.course import Schedule
from livedash.stream.gate import Gate
from livedash.stream.operations import Operations
from livedash.stream.tail import Tails


@dataclass(frozen=True, slots=True)
class Means:
    """`log` keeps what is remembered, `gate` is the way into it. `sleep` waits seconds of
    `clock`; `chance` is from 0 up to 1, for the jitter."""

    tails: Tails
    gate: Gate
    log: Log
    operations: Operations
    schedule: Schedule
    clock: Clock
    metrics: Metrics
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
