"""What happens to Livedash itself."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Operations(BaseModel):
    """A record for everything that whoever runs Livedash has to know: a sink that fails, recovers or is disabled, a
    delivery that is parked. Give the pipeline a sink, and they are told wherever they are."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"type": "operations"}]})

    type: Literal["operations"] = "operations"
