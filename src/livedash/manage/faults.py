"""pydantic's errors as ours: where in what was written, and in words for who wrote it."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from livedash.manage.spec import IN_WORDS
from livedash.model import Json
from livedash.model.errors import Fault, Invalid

Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

# What the contract promises and this version does not have yet: said by name, never accepted in silence.
NOT_BUILT_KEYS = frozenset({"variables", "members", "users", "teams", "shares"})
NOT_BUILT_SOURCES = frozenset({"webhook", "poll", "derive"})


def parse(model: type[M] | TypeAdapter[M], data: Json) -> M:
    """`data` as `model`. Raises Invalid with every fault."""
    try:
        return model.validate_python(data) if isinstance(model, TypeAdapter) else model.model_validate(data)
    except ValidationError as error:
        faults = faults_of(error, data)
        raise Invalid("; ".join(f"{dotted(fault.path)}: {fault.message}" for fault in faults), faults) from None


def faults_of(error: ValidationError, data: Json) -> list[Fault]:
    """Every error with its place in `data`, which was validated."""
    return [
        Fault(_place(detail, data), _message(detail))
        for detail in error.errors(include_url=False, include_input=False)
        if not _is_echo(detail)
    ]


def dotted(path: Path) -> str:
    """`pipelines[0].slug`; "document" for the whole."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.lstrip(".") or "document"


def duplicates(items: Json, key: str, path: Path, what: str) -> Iterable[Fault]:
    """A fault for each of `items` whose `key` an earlier one has; items of a wrong shape are not our matter."""
    seen: set[Json] = set()
    for index, item in enumerate(items if isinstance(items, list | tuple) else ()):
        name = item.get(key) if isinstance(item, dict) else None
        if isinstance(name, str) and name in seen:
            yield Fault((*path, index, key), f"the {what} {name!r} is there twice")
        elif isinstance(name, str):
            seen.add(name)


def _place(detail: ErrorDetails, data: Json) -> Path:
    """pydantic's location without the tags of unions, which nobody wrote, and with the rest of the way that a check
    of our own knows."""
    place: list[str | int] = []
    for key in (*detail["loc"], *detail.get("ctx", {}).get("path", ())):
        try:
            data = data[key]
        except (LookupError, TypeError):
            continue
        place.append(key)
    return tuple(place)


def _is_echo(detail: ErrorDetails) -> bool:
    """A widget's type is the tag of its config: a wrong one is said once, at the type."""
    return detail["type"].startswith("union_tag") and detail["loc"][-1:] == ("config",)


def _message(detail: ErrorDetails) -> str:
    key = detail["loc"][-1] if detail["loc"] else ""
    context: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return f"{key!r} is missing"
        case "extra_forbidden":
            return f"{key!r} is not built yet" if key in NOT_BUILT_KEYS else f"there is no key {key!r} here"
        case "union_tag_not_found":
            return "'type' is missing"
        case "union_tag_invalid":
            return _unknown_type(key, context["tag"], context["expected_tags"].replace("'", ""))
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch" if context["pattern"] in IN_WORDS:
            return IN_WORDS[context["pattern"]]
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _unknown_type(key: str | int, tag: str, known: str) -> str:
    if key == "source" and tag in NOT_BUILT_SOURCES:
        return f"the type {tag!r} is not built yet"
    close = get_close_matches(tag, known.split(", "), 1)
    return f"there is no type {tag!r}; " + (f"did you mean {close[0]!r}?" if close else f"there is {known}")
