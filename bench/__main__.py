"""`python -m bench [NAME…]`: measure, print one table, keep the numbers in bench/results/."""

import argparse
import json
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import browser, demo, doors, fanout, follow, ingest, log, machine, subscriptions, webhooks
from bench.figure import Figure

RESULTS = Path(__file__).parent / "results"


def _log() -> list[Figure]:
    return [
        Figure(row["name"], row["unit"], [row["value"]], beside=row["bare"], beside_name="executemany")
        for row in log.run()
    ]


MEASURED = {
    "ingest": ingest.run,
    "follow": follow.run,
    "fanout": fanout.run,
    "graphql": subscriptions.run,
    "doors": doors.run,
    "webhooks": webhooks.run,
    "demo": demo.run,
    "browser": browser.run,
    "log": _log,
}
LONG = {"soak": browser.soak}  # twelve minutes, so only when asked for


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*MEASURED, *LONG]))
    names = parser.parse_args().names or list(MEASURED)
    if unknown := set(names) - {*MEASURED, *LONG}:
        parser.error(f"there is no {', '.join(unknown)}")
    host, figures = machine.describe(), []
    for name in names:
        figures += (MEASURED | LONG)[name]()
    Console(width=150).print(*(f"{key:12} {value}" for key, value in host.items()), _table(figures), sep="\n")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    path.write_text(json.dumps({"machine": host, "figures": [figure.json() for figure in figures]}, indent=2))


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "bar", "beside", "ratio", "note")
    table.add_column("median", justify="right")
    table.columns.insert(1, table.columns.pop())
    for figure in figures:
        mark = {True: "[green]", False: "[red]", None: ""}[figure.met]
        sign = "≥" if figure.better == "more" else "≤"
        table.add_row(
            figure.name,
            f"{mark}{_number(figure.value)} {figure.unit}",
            "" if figure.bar is None else f"{sign} {_number(figure.bar)}",
            "" if figure.beside is None else f"{_number(figure.beside)} {figure.beside_name}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "; ".join(filter(None, [figure.note, _spread(figure)])),
        )
    return table


def _spread(figure: Figure) -> str:
    if len(figure.runs) < 2:
        return ""
    return f"{len(figure.runs)} runs, {_number(min(figure.runs))} to {_number(max(figure.runs))}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.2f}"


if __name__ == "__main__":
    main()
