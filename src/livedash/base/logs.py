"""Structured logs on standard error, for people on a terminal and as JSON lines elsewhere. Secrets never pass."""

import logging
import re
import sys
from typing import Any, Literal

import structlog
from structlog.types import EventDict, WrappedLogger

_HIDDEN = "[redacted]"
_WORDS = r"(?:[\w-]{0,40}(?:token|secret|password|api[_-]?key)|authorization|cookie|key)"
_SECRETS = re.compile(
    rf"""(?ix)
    (?P<keep>
        \bbearer\s+
      | \bauthorization:\s*(?:\w+\s+)?         # Authorization: Basic …
      | \b{_WORDS}(?:=|%3d)                     # ?token=…
      | \b{_WORDS}["']?\s*:\s*b?["']            # "token": "…
    ) [^\s&"',;)}}\]]+
    | (?:ld_(?:in|st|api)_|whsec_)[\w+/=-]+    # what we make ourselves says what it is
    """
)
_SECRET_NAME = re.compile(rf"(?i){_WORDS}|set-cookie")
_DEEPEST = 8  # of values in values; nothing that we log is deeper


def redact(text: str) -> str:
    """`text` without anything that looks like a token or a secret, query strings included."""
    return _SECRETS.sub(lambda match: (match["keep"] or "") + _HIDDEN, text)


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: _HIDDEN if _is_secret(name) else _clean(value) for name, value in event.items()}


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and _SECRET_NAME.fullmatch(name) is not None


def _clean(value: Any, depth: int = 0) -> Any:
    """The same value without secrets, however deep. What is no plain value is logged as its text, without any."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case bytes():
            return redact(value.decode(errors="replace"))
        case _ if depth == _DEEPEST:
            return "…"
        case dict():
            return {_clean(key, depth + 1): _HIDDEN if _is_secret(key) else _clean(each, depth + 1)
                    for key, each in value.items()}  # fmt: skip
        case list() | tuple() | set() | frozenset():
            return [_clean(each, depth + 1) for each in value]
    return redact(str(value))


def configure(level: str, style: Literal["auto", "json", "console"]) -> None:
    """Send our logs and those of libraries through one chain. Called once, by the command line."""
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # before redaction: a traceback may show a token
        _redact,
    ]
    last = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.error", "httpx", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")
