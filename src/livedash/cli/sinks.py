"""`livedash sink`: see and steer sinks."""

import json
import sys
from typing import Annotated, Any

import typer

from livedash.model.errors import Invalid

sinks = typer.Typer(help="See and steer sinks.", no_args_is_help=True)

Pipeline = Annotated[str, typer.Argument(help="Slug or id.")]
Sink = Annotated[str, typer.Argument(help="Name or id.")]
Number = Annotated[int, typer.Argument(help="Of the parked delivery, as `sink parked` shows it.")]


def _ask(method: str, *path: str, **more: Any) -> Any:
    from livedash.cli.client import ask

    return ask(method, *path, **more)


def _sink(method: str, pipeline: str, sink: str, *path: str, **more: Any) -> Any:
    return _ask(method, "pipelines", pipeline, "sinks", sink, *path, **more)


def _print(text: object) -> None:
    sys.stdout.write(f"{text}\n")


def _columns(*rows: tuple[object, ...]) -> None:
    from livedash.cli.columns import print_columns

    print_columns([["-" if cell is None else str(cell) for cell in row] for row in rows])


@sinks.command("list")
def list_sinks(
    pipeline: Annotated[str | None, typer.Argument(help="Slug or id; none for all.")] = None,
) -> None:
    """Sinks, each with how it goes."""
    found = _ask("GET", "sinks") if pipeline is None else _ask("GET", "pipelines", pipeline, "sinks")
    rows = []
    for each in found["sinks"]:
        report = each["report"]
        rate, latency = report["success_rate"], report["latency_ms"] or {}
        behind = f"{report['lag']['records']} ({report['lag']['seconds']:.1f} s)"
        share = None if rate is None else f"{rate:.1%}"
        p95 = None if "p95" not in latency else f"{latency['p95']:.1f} ms"
        rows.append((each["pipeline"], each["name"], report["state"], behind, share, p95, report["parked"]))
    _columns(("PIPELINE", "SINK", "STATE", "BEHIND", "SUCCESS", "P95", "PARKED"), *rows)


@sinks.command()
def show(pipeline: Pipeline, sink: Sink) -> None:
    """Print one sink as JSON: its settings without secrets, and how it goes."""
    _print(json.dumps(_sink("GET", pipeline, sink), indent=2, ensure_ascii=False))


@sinks.command()
def attempts(
    pipeline: Pipeline,
    sink: Sink,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed.")] = False,
) -> None:
    """The attempts that are kept, newest first. Requests and answers are on the sink's page and in REST."""
    found = _sink("GET", pipeline, sink, "attempts", params={"outcome": "failed"} if failed else {})["attempts"]
    _columns(
        ("AT", "OUTCOME", "STATUS", "MS", "RECORDS", "ATTEMPT", "DELIVERY", "REASON"),
        *(
            (each["at"], each["outcome"], each["status"], f"{each['ms']:.1f}", each["records"], each["attempt"],
             each["delivery"], each["reason"])
            for each in found
        ),
    )  # fmt: skip


@sinks.command()
def parked(pipeline: Pipeline, sink: Sink) -> None:
    """The deliveries that the endpoint refused and that were set aside."""
    found = _sink("GET", pipeline, sink, "parked")["parked"]
    _columns(
        ("NUMBER", "AT", "FIRST", "LAST", "ATTEMPTS", "DELIVERY", "REASON"),
        *(
            (each["number"], each["at"], each["first"], each["last"], each["attempts"], each["delivery"],
             each["reason"] + (" (a retry is queued)" if each["retrying"] else ""))
            for each in found
        ),
    )  # fmt: skip


@sinks.command()
def test(pipeline: Pipeline, sink: Sink) -> None:
    """Send a test now. Exit status 2 when it was not delivered."""
    attempt = _sink("POST", pipeline, sink, "test")
    _print(" ".join(str(part) for part in (attempt["outcome"], attempt["status"], attempt["reason"]) if part))
    if attempt["outcome"] != "delivered":
        raise typer.Exit(2)


@sinks.command()
def pause(pipeline: Pipeline, sink: Sink) -> None:
    """Deliver nothing until it is resumed; records wait in the log."""
    _sink("POST", pipeline, sink, "pause")


@sinks.command()
def resume(
    pipeline: Pipeline,
    sink: Sink,
    start: Annotated[
        str | None, typer.Option("--from", help="A cursor, or `now`.", show_default="where it stopped")
    ] = None,
) -> None:
    """Go on after a pause, or when it was disabled."""
    _sink("POST", pipeline, sink, "resume", json={"from": start})


@sinks.command()
def replay(
    pipeline: Pipeline,
    sink: Sink,
    first: Annotated[int | None, typer.Option(min=1, help="Offset of the first record.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Offset of the last record.")] = None,
    since: Annotated[str | None, typer.Option(help="Time from which on, such as 2026-11-22T19:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Time before which.")] = None,
) -> None:
    """Deliver a range of records once more, beside what is new."""
    span = {"first": first, "last": last, "since": since, "until": until}
    found = _sink("POST", pipeline, sink, "replay", json={k: v for k, v in span.items() if v is not None})
    _print(f"replay {found['replay']}: offsets {found['first']} to {found['last']}")


@sinks.command()
def retry(
    pipeline: Pipeline,
    sink: Sink,
    number: Annotated[int | None, typer.Argument(help="Of the parked delivery, as `sink parked` shows it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Retry all that are parked.")] = False,
) -> None:
    """Deliver what is parked once more, under the same id."""
    if (number is None) is not everything:
        raise Invalid("give the number of a parked delivery, or --all")
    path = ("parked", "retry") if number is None else ("parked", str(number), "retry")
    _print(f"{_sink('POST', pipeline, sink, *path)['queued']} queued")


@sinks.command()
def drop(pipeline: Pipeline, sink: Sink, number: Number) -> None:
    """Give a parked delivery up."""
    _sink("DELETE", pipeline, sink, "parked", str(number))


@sinks.command()
def rotate(
    pipeline: Pipeline,
    sink: Sink,
    overlap_hours: Annotated[float, typer.Option(help="How long the old secret signs beside the new one.")] = 24,
) -> None:
    """Sign with a new secret from now on, and print it."""
    _print(_sink("POST", pipeline, sink, "rotate", json={"overlap_hours": overlap_hours})["secret"])


@sinks.command()
def secret(pipeline: Pipeline, sink: Sink) -> None:
    """Print the secret that deliveries are signed with."""
    _print(_sink("GET", pipeline, sink, "secret")["secret"])
