"""`livedash pipeline`: steer pipelines."""

from typing import Annotated

import typer

pipelines = typer.Typer(help="Pause and resume pipelines.", no_args_is_help=True)

Pipeline = Annotated[str, typer.Argument(help="Slug or id.")]


def _steer(pipeline: str, what: str) -> None:
    from livedash.cli.client import ask

    ask("POST", "pipelines", pipeline, what)


@pipelines.command()
def pause(pipeline: Pipeline) -> None:
    """Take no records until it is resumed; streams stay open."""
    _steer(pipeline, "pause")


@pipelines.command()
def resume(pipeline: Pipeline) -> None:
    """Take records again."""
    _steer(pipeline, "resume")
