"""`livedash token`: list, make, revoke and show tokens."""

import sys
from typing import Annotated, Any

import typer

from livedash.catalog.entries import TokenKind

tokens = typer.Typer(help="List, make, show and revoke tokens.", no_args_is_help=True)


def _ask(method: str, *path: str, **more: Any) -> Any:
    from livedash.cli.client import ask

    return ask(method, *path, **more)


@tokens.command("list")
def list_tokens() -> None:
    """All tokens, without their texts."""
    from livedash.cli.columns import print_columns

    slugs = {each["id"]: each["slug"] for each in _ask("GET", "pipelines")["pipelines"]}
    rows = [("ID", "KIND", "PIPELINE", "MADE", "NAME")] + [
        (each["id"], each["kind"], slugs.get(each["pipeline"], "-"), each["created"][:19] + "Z", each["name"])
        for each in _ask("GET", "tokens")["tokens"]
    ]
    print_columns(rows)


@tokens.command()
def make(
    pipeline: Annotated[str | None, typer.Argument(help="Slug or id; none for an API token.")] = None,
    kind: Annotated[
        TokenKind | None, typer.Option(help="What it opens.", show_default="ingest; api without PIPELINE")
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make a further token and print it. It cannot be shown again."""
    kind = kind or (TokenKind.INGEST if pipeline else TokenKind.API)
    body = {"kind": kind, "pipeline": pipeline, "name": name}
    sys.stdout.write(_ask("POST", "tokens", json=body)["token"] + "\n")


@tokens.command()
def revoke(token: Annotated[str, typer.Argument(help="Its id, as `token list` shows it.")]) -> None:
    """From now on it opens nothing."""
    _ask("DELETE", "tokens", token)


@tokens.command()
def show(pipeline: Annotated[str, typer.Argument(help="Slug or id.")]) -> None:
    """Print a pipeline's stream token."""
    from livedash.model.errors import NotFound

    token = _ask("GET", "pipelines", pipeline)["stream_token"]
    if token is None:
        raise NotFound(f"{pipeline} has no stream token; make one: livedash token make {pipeline} --kind stream")
    sys.stdout.write(token + "\n")
