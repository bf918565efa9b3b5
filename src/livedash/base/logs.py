"""Structured logs on standard error, for people on a terminal and as JSON lines elsewhere. Secrets never pass."""

import logging
import re
import sys
from typing import Any, Literal

import structlog
from structlog.types import EventDict, WrappedLogger

_SECRETS = re.compile(
    r"(?P<keep>(?i:bearer\s+|(?:token|secret|password|key)=))[^\s&\"',]+|(?:ld_(?:in|st|api)_|whsec_)[\w+/=-]+"
)
_HIDDEN = "[redacted]"
_SECRET_NAMES = {"token", "authorization", "secret", "password", "cookie"}


def redact(text: str) -> str:
    """`text` without anything that looks like a token or a secret, query strings included."""
    return _SECRETS.sub(lambda match: (match["keep"] or "") + _HIDDEN, text)


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: _HIDDEN if name in _SECRET_NAMES else _clean(value) for name, value in event.items()}


def _clean(value: Any) -> Any:
    return redact(value) if isinstance(value, str) else value


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
