"""REST for tokens. Everything here needs an API token."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from livedash.base import limits
from livedash.catalog.entries import Token, TokenKind
from livedash.manage.edit import Editor
from livedash.manage.rights import Actor
from livedash.model import Json
from livedash.model.record import iso
from livedash.web.access import Access

_MOST_HOURS = limits.ROTATION_SECONDS_MOST / 3600


class TokenRequest(BaseModel):
    """A further token."""

    model_config = ConfigDict(extra="forbid")

    kind: TokenKind
    pipeline: str | None = Field(default=None, description="Slug or id; none for an API token")
    name: str = Field(default="", max_length=200, description="What it is for")


class RotateToken(BaseModel):
    """How a stream token is changed."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: float = Field(default=24, ge=0, le=_MOST_HOURS, description="How long the old one opens beside it")


def router(access: Access, editor: Editor) -> APIRouter:
    def administrator(request: Request) -> Actor:
        return access.to_administer(request.scope)

    routes = APIRouter(prefix="/api", dependencies=[Depends(administrator)], tags=["tokens"])
    Asker = Annotated[Actor, Depends(administrator)]  # noqa: N806 a type

    @routes.get("/tokens")
    async def tokens(actor: Asker) -> dict[str, Json]:
        """All tokens, without their texts; `until` is when one that was rotated opens nothing any more."""
        return {"tokens": [_token(each) for each in editor.tokens(actor)]}

    @routes.post("/tokens", status_code=201)
    async def make_token(request: TokenRequest, actor: Asker) -> dict[str, Json]:
        """Make a further token. Its text is shown once."""
        token, text = await editor.make_token(actor, request.kind, request.pipeline, request.name)
        return {**_token(token), "token": text}

    @routes.delete("/tokens/{token}", status_code=204)
    async def revoke_token(token: str, actor: Asker) -> None:
        """From now on it opens nothing."""
        await editor.revoke_token(actor, token)

    @routes.post("/pipelines/{pipeline}/stream-token/rotate")
    async def rotate_stream_token(
        pipeline: str, actor: Asker, response: Response, request: RotateToken | None = None
    ) -> dict[str, Json]:
        """Make a new stream token; the old one opens the stream beside it for `overlap_hours`, until
        `previous_until`."""
        overlap = (request or RotateToken()).overlap_hours * 3600
        rotated = await editor.rotate_stream_token(actor, pipeline, overlap)
        response.headers["Cache-Control"] = "no-store"
        until = rotated.previous_until
        return {
            "token": _token(rotated.token),
            "stream_token": rotated.text,
            "previous_until": None if until is None else iso(until),
        }

    @routes.delete("/pipelines/{pipeline}/stream-token", status_code=204)
    async def revoke_stream_tokens(pipeline: str, actor: Asker) -> None:
        """From now on no stream token opens the pipeline, further ones included; open streams end."""
        await editor.revoke_stream_tokens(actor, pipeline)

    return routes


def _token(found: Token) -> dict[str, Json]:
    return {
        "id": found.id,
        "kind": found.kind,
        "pipeline": found.pipeline,
        "name": found.name,
        "main": found.main,
        "created": iso(found.created),
        "until": None if found.until is None else iso(found.until),
    }
