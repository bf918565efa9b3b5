"""This host's own metrics."""

import asyncio
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from livedash.catalog.entries import Pipeline
from livedash.sources.host import HostMeter
from livedash.stream.door import Door


class System(BaseModel):
    """CPU per core, memory, disk and network rates and load of the host that Livedash runs on."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"type": "system", "every": 0.5}]}
    )

    type: Literal["system"] = "system"
    every: float = Field(default=0.5, ge=0.1, le=3600, description="Seconds between two records", examples=[0.5])

    async def run(self, pipeline: Pipeline, door: Door) -> None:
        """One record every `every` seconds, on the beat: a slow one does not delay those after it."""
        meter, loop = HostMeter(), asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self.every, loop.time())
            await asyncio.sleep(due - loop.time())
            await door.append(pipeline, [meter.sample()])
