"""Records that applications send by HTTP."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Push(BaseModel):
    """Records come in as `POST /api/pipelines/{pipeline}/records` with the pipeline's ingest token."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"type": "push"}]})

    type: Literal["push"] = "push"
