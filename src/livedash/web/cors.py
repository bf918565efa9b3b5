"""Which other origins may read a pipeline from a browser: exact ones, and `https://*.example.com`."""

from collections.abc import Sequence

from starlette.types import Scope

from livedash.web.http import text_header

MAX_AGE = 86_400  # seconds a browser may keep the answer to a preflight: the longest any honours


def allowed(origin: str, patterns: Sequence[str]) -> bool:
    """Whether `origin` is one of `patterns`; `*.` stands for one or more labels, never for the bare domain."""
    return any(_matches(origin, pattern) for pattern in patterns)


def _matches(origin: str, pattern: str) -> bool:
    scheme, star, suffix = pattern.partition("://*.")
    if not star:
        return origin == pattern
    prefix = scheme + "://"
    if not origin.startswith(prefix) or not origin.endswith("." + suffix):
        return False
    labels = origin[len(prefix) : -len(suffix) - 1]
    return bool(labels) and all(part.replace("-", "").isalnum() for part in labels.split("."))


def headers(scope: Scope, patterns: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """Headers that let the asking origin read the answer. `Vary` is there either way, for the caches between."""
    vary = (b"vary", b"Origin")
    origin = text_header(scope, b"origin")
    if origin is None or not allowed(origin, patterns):
        return [vary]
    return [
        vary,
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"Retry-After"),
    ]


def preflight(
    scope: Scope,
    patterns: Sequence[str],
    methods: bytes = b"GET",
    asked_with: bytes = b"Authorization, Last-Event-ID",
) -> list[tuple[bytes, bytes]]:
    """Headers that answer OPTIONS: by which methods and with which headers may be asked."""
    found = headers(scope, patterns)
    if len(found) == 1:
        return found
    return [
        *found[:2],
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", asked_with),
        (b"access-control-max-age", b"%d" % MAX_AGE),
    ]
