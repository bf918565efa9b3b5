"""`livedash apply`: the plan printed, then carried out by the server."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from livedash.cli.client import call, connect
from livedash.manage import lines
from livedash.model.errors import Invalid

_COLOURS = {"+": "green", "~": "yellow", "-": "red", "!": "bold red"}


def texts_of(files: Sequence[Path]) -> dict[str, str]:
    """The files' texts by name. Raises Invalid for one that cannot be read."""
    try:
        return {str(path): path.read_text(encoding="utf-8") for path in files}
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"cannot read {getattr(error, 'filename', None) or 'a file'}: {error}") from None


def variables_of(texts: dict[str, str]) -> dict[str, str]:
    """The variables of our environment that the texts name, and no others."""
    names = {name for text in texts.values() for name in lines.names(text)}
    return {name: os.environ[name] for name in names if name in os.environ}


def apply_files(files: Sequence[Path], source: str | None, *, dry_run: bool) -> int:
    """Exit status: 0, or 2 when something is in conflict and was left as it is."""
    texts = texts_of(files)
    source = source or "+".join(sorted(path.name for path in files))
    body = {"files": texts, "variables": variables_of(texts), "source": source, "dry_run": dry_run}
    with connect() as client:
        result = call(client, "POST", "/api/apply", json=body).json()
    out = Console(highlight=False, soft_wrap=True)
    for line in result["plan"]:
        out.print(line, style=_COLOURS.get(line[:1]), markup=False)
    for slug, token in result["made_tokens"].items():
        out.print(f"ingest token of {slug} (shown only now): {token}", markup=False)
    return 2 if result["conflicts"] else 0
