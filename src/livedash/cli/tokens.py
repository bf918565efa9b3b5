"""`livedash token`: list, make, revoke and show tokens."""

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from livedash.catalog.entries import TokenKind

tokens = typer.Typer(help="List, make, show and revoke tokens.", no_args_is_help=True)


def _call(method: str, path: str, **more: Any) -> Any:
    from livedash.cli.client import call, connect

    with connect() as client:
        response = call(client, method, path, **more)
        return response.json() if response.content else None


@tokens.command("list")
def list_tokens() -> None:
    """All tokens, without their texts."""
    table = Table("id", "kind", "pipeline", "name", "created")
    slugs = {each["id"]: each["slug"] for each in _call("GET", "/api/pipelines")["pipelines"]}
    for each in _call("GET", "/api/tokens")["tokens"]:
        table.add_row(each["id"], each["kind"], slugs.get(each["pipeline"], "–"), each["name"], each["created"])
    Console().print(table)


@tokens.command()
def make(
    pipeline: Annotated[str | None, typer.Argument(help="Slug or id; none for an API token.")] = None,
    kind: Annotated[TokenKind, typer.Option(help="What it opens.")] = TokenKind.INGEST,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make a further token and print it. It cannot be shown again."""
    body = {"kind": kind if pipeline else TokenKind.API, "pipeline": pipeline, "name": name}
    sys.stdout.write(_call("POST", "/api/tokens", json=body)["token"] + "\n")


@tokens.command()
def revoke(token: Annotated[str, typer.Argument(help="Its id, as `token list` shows it.")]) -> None:
    """From now on it opens nothing."""
    _call("DELETE", f"/api/tokens/{token}")


@tokens.command()
def show(pipeline: Annotated[str, typer.Argument(help="Slug or id.")]) -> None:
    """Print a pipeline's stream token."""
    sys.stdout.write(f"{_call('GET', f'/api/pipelines/{pipeline}')['stream_token'] or ''}\n")
