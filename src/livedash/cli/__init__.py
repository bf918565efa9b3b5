"""The command line. Imports are inside the commands: `livedash --help` needs none of the server."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from livedash import __version__
from livedash.cli.pipelines import pipelines
from livedash.cli.plain import Commands
from livedash.cli.sinks import sinks
from livedash.cli.tokens import tokens

_HELP = """Records flow into pipelines, people watch them live on dashboards.

Commands that talk to a running server find it at LIVEDASH_URL and show it LIVEDASH_TOKEN; without one, the token that a
server on this host keeps in its data folder."""
_EXIT = (
    "Exit status: 0 all went well; 1 an error; 2 a part refused or in conflict, or a wrong command line; 130 Ctrl-C."
)

app = typer.Typer(
    name="livedash",
    cls=Commands,
    help=_HELP,
    epilog=_EXIT,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(pipelines, name="pipeline")
app.add_typer(tokens, name="token")
app.add_typer(sinks, name="sink")

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.", show_default="8765")
]
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
    files: Annotated[list[Path], typer.Argument(help="YAML files, together one document.")],
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
    """Append records, one JSON object a line, in batches. What a lost answer leaves in doubt is sent again without
    storing anything twice."""
    from livedash.cli.sending import send_file

    raise typer.Exit(send_file(pipeline, file))


@app.command()
def tail(
    pipeline: Annotated[str, typer.Argument(help="Slug or id.")],
    since: Annotated[str | None, typer.Option(help="Cursor to begin after; from now on without.")] = None,
    count: Annotated[int, typer.Option("-n", min=0, help="End after this many records; 0: never.")] = 0,
) -> None:
    """Print records as they come, one JSON object a line."""
    from livedash.cli.following import print_records

    print_records(pipeline, since, count)


@app.command()
def usage(
    start: Annotated[
        str | None, typer.Option("--from", help="First day, such as 2026-11-01 (UTC).", show_default="30 days ago")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Last day.", show_default="today")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, with ids.")] = False,
) -> None:
    """Print what sinks delivered and streams carried, by day, pipeline and sink."""
    from livedash.cli.usage import print_usage

    print_usage(start, to, csv=csv)


@app.command()
def schema() -> None:
    """Print the GraphQL schema, for generators of code."""
    from livedash.cli.schema import print_schema

    print_schema()


@app.command()
def doctor(data: Data = None) -> None:
    """Check the data folder and this host; says what to do about what is wrong."""
    from livedash.cli.doctor import examine

    raise typer.Exit(examine(data))


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"{__version__}\n")


def main() -> None:
    """Entry point."""
    app(prog_name="livedash")
