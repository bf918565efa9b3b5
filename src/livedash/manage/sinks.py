"""Sinks as entries of the catalog: which secrets sign, which headers stay, where a new one begins."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from livedash.base import limits, tokens
from livedash.catalog.entries import Header, Pipeline, SigningSecret, Sink
from livedash.manage.sinkspec import SinkSpec, settings_of
from livedash.model import Cursor, Json
from livedash.model.errors import Fault, Invalid

HeadOf = Callable[[Pipeline], Awaitable[Cursor]]
"""The cursor of a pipeline's newest record. A new sink begins there: asked before the sink is stored, so that nothing
is missed of what arrives after the answer."""

NOTHING_TO_KEEP = "there is no value to keep; give one"


def to_sink(
    spec: SinkSpec,
    pipeline: str,
    old: Sink | None,
    *,
    start: str | None,
    now: int,
    references: Mapping[str, str] | None = None,
) -> Sink:
    """`spec` for the pipeline with this id, in place of `old`, whose secret and headers stay where `spec` does not
    give them. A new secret takes over with the usual overlap. `references` are those of a document, by field, None for
    what is no document's; `start` is for a new one. Raises Invalid with faults."""
    kept = () if old is None else old.secrets
    settings, said = settings_of(spec), references or {}
    return Sink(
        id=tokens.make_id("sk") if old is None else old.id,
        pipeline=pipeline,
        name=spec.name,
        settings=settings,
        references=_references(settings, old, references),
        secrets=_secrets(spec, kept, said.get("secret"), now),
        headers=_headers(spec, () if old is None else old.headers, said),
        start=start if old is None else old.start,
        revision=0,
    )


def _references(settings: Mapping[str, Json], old: Sink | None, said: Mapping[str, str] | None) -> dict[str, str]:
    """Those of settings. Where no document says them, what is left as it was is no less a secret."""
    if said is not None:
        return {name: reference for name, reference in said.items() if name in settings}
    if old is None:
        return {}
    return {name: reference for name, reference in old.references.items() if settings.get(name) == old.settings[name]}


def rotated(kept: Iterable[SigningSecret], new: SigningSecret, *, now: int, until: int) -> tuple[SigningSecret, ...]:
    """`new` signs from now on, those before it beside it until `until` (µs), or until their own earlier end."""
    before = (replace(each, until=until if each.until is None else min(each.until, until)) for each in kept)
    ending = [each for each in before if each.text != new.text]
    return _signing([new, *ending], now)


def _signing(secrets: Iterable[SigningSecret], now: int) -> tuple[SigningSecret, ...]:
    return tuple(each for each in secrets if each.until is None or each.until > now)[: limits.SIGNING_SECRETS]


def _secrets(
    spec: SinkSpec, kept: Sequence[SigningSecret], reference: str | None, now: int
) -> tuple[SigningSecret, ...]:
    text = spec.secret
    if text is None and kept:
        _check_kept(spec, kept[0])
        text, reference = kept[0].text, kept[0].reference
    new = SigningSecret(tokens.make_signing_secret() if text is None else text, reference=reference)
    ending = [each for each in kept if _can_sign(spec, each)]  # what signs may have changed as well
    return rotated(ending, new, now=now, until=now + limits.ROTATION_SECONDS * 1_000_000)


def _check_kept(spec: SinkSpec, secret: SigningSecret) -> None:
    try:
        spec.check_secret(secret.text)
    except ValueError as error:
        message = f"the secret that is there does not do any more: {error}"
        raise Invalid(f"secret: {message}", [Fault(("secret",), message)]) from None


def _can_sign(spec: SinkSpec, secret: SigningSecret) -> bool:
    try:
        spec.check_secret(secret.text)
    except ValueError:
        return False
    return True


def _headers(spec: SinkSpec, kept: Sequence[Header], references: Mapping[str, str]) -> tuple[Header, ...]:
    if "headers" not in spec.model_fields_set:
        return tuple(kept)
    there = {each.name.lower(): each for each in kept}
    out: list[Header] = []
    for name, value in spec.headers.items():
        if value is not None:
            out.append(Header(name, value, references.get(f"headers.{name}")))
        elif name.lower() in there:
            out.append(replace(there[name.lower()], name=name))
        else:
            raise Invalid(f"headers.{name}: {NOTHING_TO_KEEP}", [Fault(("headers", name), NOTHING_TO_KEEP)])
    return tuple(out)
