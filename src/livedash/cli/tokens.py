"""`livedash token`: list, make, show, rotate and revoke tokens."""

import sys
from typing import Annotated, Any

import typer

from livedash.catalog.entries import TokenKind

tokens = typer.Typer(help="List, make, show, rotate and revoke tokens.", no_args_is_help=True)


def _ask(method: str, *path: str, **more: Any) -> Any:
    from livedash.cli.client import ask

    return ask(method, *path, **more)


@tokens.command("list")
def list_tokens() -> None:
    """All tokens, without their texts."""
    from livedash.cli.columns import print_columns

    slugs = {each["id"]: each["slug"] for each in _ask("GET", "pipelines")["pipelines"]}
    rows = [("ID", "KIND", "PIPELINE", "MADE", "UNTIL", "NAME")] + [
        (each["id"], each["kind"], slugs.get(each["pipeline"], "-"), _moment(each["created"]), _moment(each["until"]),
         each["name"])
        for each in _ask("GET", "tokens")["tokens"]
    ]  # fmt: skip
    print_columns(rows)


def _moment(time: str | None) -> str:
    return "-" if time is None else time[:19] + "Z"


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
def rotate(
    pipeline: Annotated[str, typer.Argument(help="Slug or id.")],
    overlap_hours: Annotated[float, typer.Option(help="How long the old one opens beside the new one.")] = 24,
) -> None:
    """Make a new stream token in place of a pipeline's own one, and print it."""
    body = {"overlap_hours": overlap_hours}
    sys.stdout.write(_ask("POST", "pipelines", pipeline, "stream-token", "rotate", json=body)["stream_token"] + "\n")


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
        raise NotFound(f"{pipeline} has no stream token; make one: livedash token rotate {pipeline}")
    sys.stdout.write(token + "\n")
