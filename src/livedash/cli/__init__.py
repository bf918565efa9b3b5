"""The command line. Imports are inside the commands: `livedash --help` needs none of the server."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from livedash import __version__
from livedash.cli.tokens import tokens
from livedash.model.errors import LivedashError

app = typer.Typer(
    name="livedash",
    help="Records flow into pipelines, people watch them live on dashboards.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(tokens, name="token")

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", show_default="8765")]
Data = Annotated[Path | None, typer.Option(help="Folder that holds everything.", show_default="livedash-data")]


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    config: Annotated[Path | None, typer.Option(help="YAML file to apply at start and whenever it changes.")] = None,
) -> None:
    """Run the server."""
    from livedash.cli.serving import serve_until_stopped

    serve_until_stopped(config, host=host, port=port, data=data)


@app.command()
def demo(
    host: Host = None,
    port: Port = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the demo's own.", show_default="livedash-demo")] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
) -> None:
    """Run a server that shows this host's own metrics, and a pipeline to try."""
    from livedash.cli.demo import run_demo

    run_demo(open_browser=open_browser, host=host, port=port, data=data)


@app.command()
def apply(
    files: Annotated[list[Path], typer.Argument(help="YAML files, together one document.", exists=True)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan only.")] = False,
    source: Annotated[
        str | None,
        typer.Option(help="Name of the document: what it made and says no more goes.", show_default="names of FILES"),
    ] = None,
) -> None:
    """Make what is configured be what FILES say; prints the plan."""
    from livedash.cli.applying import apply_files

    raise typer.Exit(apply_files(files, source, dry_run=dry_run))


@app.command()
def export() -> None:
    """Print everything configured as YAML that `apply` takes."""
    from livedash.cli.client import call, connect

    with connect() as client:
        sys.stdout.write(call(client, "GET", "/api/export").text)


@app.command()
def send(
    pipeline: Annotated[str, typer.Argument(help="Slug or id.")],
    file: Annotated[str, typer.Argument(help="NDJSON file; - is standard input.")] = "-",
) -> None:
    """Append records, one JSON object a line, in batches; safe to interrupt and to repeat."""
    from livedash.cli.sending import send_file

    raise typer.Exit(send_file(pipeline, file))


@app.command()
def tail(
    pipeline: Annotated[str, typer.Argument(help="Slug or id.")],
    since: Annotated[str | None, typer.Option(help="Cursor to begin after; from now on without.")] = None,
    count: Annotated[int, typer.Option("-n", help="End after this many records; 0: never.")] = 0,
) -> None:
    """Print records as they come, one JSON object a line."""
    from livedash.cli.following import print_records

    print_records(pipeline, since, count)


@app.command()
def doctor(data: Data = None) -> None:
    """Check the data folder and this host; says what to do about what is wrong."""
    from livedash.cli.doctor import examine

    raise typer.Exit(examine(data))


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"{__version__}\n")


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors that people can do something about are said in a line, without a traceback."""
    try:
        yield
    except LivedashError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True, markup=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output, such as head, has had enough
        sys.stderr.close()
        sys.exit(0)


def main() -> None:
    """Entry point."""
    with _plain_errors():
        app()
