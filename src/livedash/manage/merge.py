"""The three-way comparison: what a document said last time, what is installed here, and what it says now. Pure.

What only one side changed since the last apply is taken from that side. What both changed to different things is a
conflict: it stays as it is here and is reported until both agree. A thing of which the document never spoke before
is taken over as it says.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from livedash.manage.state import Fields, State, defaults_of, is_digest, is_secret, parent_of, stays
from livedash.model import Json


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`before` or `after` is MISSING when the field is not there."""

    name: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one thing; `key` is its place, such as `pipelines.weather`."""

    key: str
    action: Literal["create", "update", "delete", "unchanged"]
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """What cannot be decided here. The thing, or only its `field`, stays as it is."""

    key: str
    reason: str
    field: str | None = None


@dataclass
class Merged:
    """`wanted` is the state after the apply; `said` is what the next comparison begins with; `kept` are fields and
    things that people changed here and the document did not, as (key, field or None)."""

    wanted: State
    said: State = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    kept: list[tuple[str, str | None]] = field(default_factory=list)


def merge(before: State, here: State, now: State) -> Merged:
    """Compare what the document said before with what is here and what it says now."""
    out = Merged(wanted=dict(here))
    for key in now:
        _said(out, key, before.get(key), here.get(key), now[key])
    for key in sorted(before.keys() & here.keys() - now.keys()):  # sorted: a dashboard, then its widgets
        if parent_of(key) in (None, *now):
            _unsaid(out, key, before[key], here[key])
        elif parent_of(key) in out.said:  # a conflict keeps its dashboard, and the widgets with it
            out.said[key] = before[key]
    _children_follow(out, here)
    return out


def _said(out: Merged, key: str, before: Fields | None, here: Fields | None, now: Fields) -> None:
    """A thing of which the document speaks."""
    if here is not None:
        out.wanted[key], out.said[key], changes = _fields(out, key, before, here, now)
        out.changes.append(Change(key, "update" if changes else "unchanged", tuple(changes)))
    elif before is None:
        out.wanted[key] = out.said[key] = now
        out.changes.append(Change(key, "create", tuple(FieldChange(name, MISSING, now[name]) for name in now)))
    elif before == _told(now):
        out.said[key] = before
        out.kept.append((key, None))
    else:
        out.said[key] = before
        out.conflicts.append(
            Conflict(key, "was deleted here, but changed in the document; take it out of the document to agree")
        )


def _unsaid(out: Merged, key: str, before: Fields, here: Fields) -> None:
    """A thing that the document made and does not speak of any more."""
    changed = [name for name in before if not is_secret(name) and here.get(name, MISSING) != before[name]]
    if changed:
        out.said[key] = before
        what = ", ".join(changed)
        out.conflicts.append(Conflict(key, f"was taken out of the document, but {what} changed here; delete it here"))
    else:
        del out.wanted[key]
        out.changes.append(Change(key, "delete"))


def _fields(
    out: Merged, key: str, before: Fields | None, here: Fields, now: Fields
) -> tuple[Fields, Fields, list[FieldChange]]:
    """The fields wanted, those to remember as said, and what changes."""
    wanted, said, changes = dict(here), _told(now), []
    defaults = defaults_of(key)
    for name in [*said, *(name for name in before or {} if name not in now)]:
        have, want = here.get(name, MISSING), now.get(name, MISSING)
        was = _was(name, before, here, defaults)
        if want is MISSING and (stays(name) or have != was):
            continue  # the document says no more of it; a secret, or what people changed, stays
        want = defaults.get(name, MISSING) if want is MISSING else want
        if want == have:
            continue
        revoked = have is MISSING and is_secret(name) and want != was
        if before is None or have == was or revoked or _same_secret(name, have, want):
            changes.append(FieldChange(name, have, want))
            _set(wanted, name, want)
        elif want == was:
            out.kept.append((key, name))
        else:
            out.conflicts.append(Conflict(key, _both(name, was, have, want), name))
            _set(said, name, (before or {}).get(name, MISSING))
    return wanted, said, changes


def _was(name: str, before: Fields | None, here: Fields, defaults: Fields) -> Json:
    """The field at the last apply. A secret of which nothing was said was whatever it is."""
    if before is not None and name in before:
        return before[name]
    return here.get(name, MISSING) if is_secret(name) else defaults.get(name, MISSING)


def _same_secret(name: str, have: Json, want: Json) -> bool:
    """Whether both say the same text, if not by the same reference."""
    both = isinstance(have, dict) and isinstance(want, dict) and is_digest(name, have) and is_digest(name, want)
    return both and have["digest"] == want["digest"]


def _set(fields: Fields, name: str, value: Json) -> None:
    if value is MISSING:
        fields.pop(name, None)
    else:
        fields[name] = value


def _both(name: str, was: Json, have: Json, want: Json) -> str:
    if any(is_digest(name, value) for value in (was, have, want)):
        return f"{name} was changed here and in the document; write what it is here into it, or leave it out"
    return f"{name} was {was!r}; it is {have!r} here and {want!r} in the document"


def _told(fields: Fields) -> Fields:
    """Without secrets that are only named: they stay what they are, as if nothing had ever been said of them."""
    return {name: value for name, value in fields.items() if not (value is None and is_secret(name))}


def _children_follow(out: Merged, here: State) -> None:
    """A widget goes with its dashboard, a sink with its pipeline; they do not come without it."""
    for key in list(out.wanted):
        if parent_of(key) in (None, *out.wanted):
            continue
        del out.wanted[key]
        out.changes = [change for change in out.changes if change.key != key]
        if key in here:
            out.changes.append(Change(key, "delete"))
        else:
            out.said.pop(key, None)
            parent = "is on a dashboard" if key.startswith("dashboards.") else "belongs to a pipeline"
            out.conflicts.append(Conflict(key, f"{parent} that was deleted here"))
    out.kept = [(key, name) for key, name in out.kept if parent_of(key) in (None, *out.wanted)]
