"""`livedash apply`: the plan printed, then carried out by the server."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from livedash.cli.client import answer, connect
from livedash.cli.files import texts_of, variables_of

_COLOURS = {"+": "green", "~": "yellow", "-": "red", "!": "bold red"}


def apply_files(files: Sequence[Path], source: str | None, *, dry_run: bool) -> int:
    """Exit status: 0, or 2 when something is in conflict and was left as it is."""
    texts = texts_of(files)
    source = source or "+".join(sorted(path.name for path in files))
    body = {"files": texts, "variables": variables_of(texts), "source": source, "dry_run": dry_run}
    with connect() as client:
        result = answer(client, "POST", "/api/apply", json=body)
    out = Console(highlight=False, soft_wrap=True)
    for line in result["plan"]:
        out.print(line, style=_COLOURS.get(line[:1]), markup=False)
    if not result["changed"]:
        out.print("Nothing to do.")
    elif dry_run:
        out.print("A dry run: nothing was changed.")
    for slug, token in result["made_tokens"].items():
        out.print(f"Ingest token of {slug} (shown only now): {token}", markup=False)
    return 2 if result["conflicts"] else 0
