"""Which of the two media types of GraphQL over HTTP an answer has."""

_STRICT, _PLAIN = "application/graphql-response+json", "application/json"
_RANGES = {_STRICT: _STRICT, _PLAIN: _PLAIN, "application/*": _PLAIN, "*/*": _PLAIN}


def media_type(accept: str | None) -> str | None:
    """The one that a client likes best; None when it takes neither. By `application/json` a client says that it looks
    for errors in the body and not at the status; so do those that do not say."""
    if not accept:
        return _PLAIN
    wanted = sorted(map(_preference, accept.split(",")), key=lambda each: -each[1])
    return next((_RANGES[name] for name, quality in wanted if name in _RANGES and quality > 0), None)


def _preference(part: str) -> tuple[str, float]:
    name, *parameters = (each.strip().lower() for each in part.split(";"))
    quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0
