"""Tokens, changed one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from livedash.base import limits
from livedash.catalog import changes
from livedash.catalog.entries import Snapshot, Token, TokenKind
from livedash.manage.editing import Editing, still_there
from livedash.manage.entries import new_token
from livedash.manage.rights import Actor, may_administer
from livedash.model.errors import Fault, Invalid, NotFound


@dataclass(frozen=True)
class Rotated:
    """The stream token that is new and its text, and when (µs) the one before opens nothing any more; None when there
    was none, or when it does so already."""

    token: Token
    text: str = field(repr=False)
    previous_until: int | None


class TokenEditor(Editing):
    """Changes to tokens."""

    def tokens(self, actor: Actor) -> Sequence[Token]:
        """All, oldest first, without their texts."""
        may_administer(actor)
        ordered = sorted(self._catalog.snapshot.tokens, key=lambda token: (token.created, token.id))
        return [replace(token, text=None) for token in ordered]

    async def make_token(
        self, actor: Actor, kind: TokenKind, pipeline: str | None = None, label: str = ""
    ) -> tuple[Token, str]:
        """A further token, and its text, which for all but stream tokens cannot be shown again. An API token is for
        no pipeline, the others are for one. Raises Invalid, NotFound."""
        may_administer(actor)
        if (pipeline is None) is not (kind is TokenKind.API):
            raise Invalid("an API token is for no pipeline; an ingest or stream token is for one")
        owner = None if pipeline is None else self._pipeline(pipeline).id
        token, text = new_token(kind, owner, self._clock(), name=label)
        await self._catalog.write([changes.PutToken(token)])
        return token, text

    async def revoke_token(self, actor: Actor, id: str) -> None:
        """From now on it opens nothing. Raises NotFound."""
        may_administer(actor)
        if not any(token.id == id for token in self._catalog.snapshot.tokens):
            raise NotFound(f"there is no token {id!r}")
        await self._catalog.write([changes.DropToken(id)])

    async def rotate_stream_token(
        self, actor: Actor, pipeline: str, overlap_seconds: float = limits.ROTATION_SECONDS
    ) -> Rotated:
        """A new stream token in place of the pipeline's own one, which opens it for `overlap_seconds` more; those that
        were replaced before do so no longer than that either. Raises NotFound, Invalid with faults."""
        may_administer(actor)
        owner = self._pipeline(pipeline)
        _check_overlap(overlap_seconds)
        now = self._clock()
        until = now + round(overlap_seconds * 1_000_000)
        token, text = new_token(TokenKind.STREAM, owner.id, now, main=True)

        def decide(snapshot: Snapshot) -> list[changes.Change]:
            still_there(owner, snapshot)
            old = [each for each in _stream_tokens(snapshot, owner.id) if each.main or each.until is not None]
            kept = ending(old, now, until)
            gone = {each.id for each in old} - {each.id for each in kept}
            return [*map(changes.DropToken, gone), *map(changes.PutToken, [*kept, token])]

        before, after = await self._catalog.change(decide)
        previous = {each.id for each in _stream_tokens(before, owner.id) if each.main}
        left = (each.until for each in _stream_tokens(after, owner.id) if each.id in previous)
        return Rotated(replace(token, text=None), text, next(left, None))

    async def revoke_stream_tokens(self, actor: Actor, pipeline: str) -> None:
        """From now on no stream token opens the pipeline, until one is made. Raises NotFound."""
        may_administer(actor)
        owner = self._pipeline(pipeline)
        await self._catalog.change(
            lambda snapshot: [changes.DropToken(each.id) for each in _stream_tokens(snapshot, owner.id)]
        )


def ending(old: Sequence[Token], now: int, until: int) -> list[Token]:
    """Those of `old` that open beside a new one until `until` (µs) or until their own earlier end: not more than can be
    kept, those that end last."""
    ends = [replace(each, main=False, until=until if each.until is None else min(each.until, until)) for each in old]
    left = sorted((each for each in ends if not each.over(now)), key=lambda each: (each.until, each.created))
    return left[-limits.ENDING_TOKENS :]


def _check_overlap(seconds: float) -> None:
    if not 0 <= seconds <= limits.ROTATION_SECONDS_MOST:
        message = f"an overlap is 0 to {limits.ROTATION_SECONDS_MOST // 3600} hours"
        raise Invalid(message, [Fault(("overlap_seconds",), message)])


def _stream_tokens(snapshot: Snapshot, pipeline: str) -> list[Token]:
    return [each for each in snapshot.tokens if each.kind is TokenKind.STREAM and each.pipeline == pipeline]
