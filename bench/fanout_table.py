"""What is said of the runs of `bench fanout`."""

import statistics
from typing import Any

from bench.figure import Figure

Runs = list[dict[str, Any]]
Results = dict[tuple[str, str], Runs]  # by contender and load
STEADY = "2,000 readers × 20/s"
BURST = "500 readers × 2,000 at once"
SINGLY = "500 readers, one by one"


def figures(results: Results, joined: Runs, hold: dict[str, Any], storm: dict[str, Any]) -> list[Figure]:
    """Livedash's, each beside somebody's, then what the others came to."""
    return [
        *_steady(results),
        *_burst(results, joined),
        _singly(results),
        *_held(hold),
        faults("lost or out of order", [*_ours(results), *joined, hold]),
        faults("lost or twice, when 2,000 drop and resume", [storm]),
        *(other(name, load, runs) for (name, load), runs in results.items() if name != "livedash"),
    ]


def _steady(results: Results) -> list[Figure]:
    ours, nchan, send = (results[name, "steady"] for name in ("livedash", "nchan", "send"))
    cpu = against(f"server CPU an event, {STEADY}", "µs", each(ours, "cpu_us"), each(nchan, "cpu_us"), 0.9)
    kb = statistics.median(each(nchan, "kb"))
    return [
        noted(cpu, _writes(ours, nchan)),
        against("the same, beside the loop", "µs", each(ours, "cpu_us"), each(send, "cpu_us"), 1.5, "send() in C"),
        against("delay, p50", "ms", delays(ours, "p50"), delays(nchan, "p50")),
        against("delay, p99", "ms", delays(ours, "p99"), delays(nchan, "p99"), 1.0),
        Figure("memory a connection", "KB", each(ours, "kb"), 10, "less", kb, "nchan"),
    ]


def _burst(results: Results, joined: Runs) -> list[Figure]:
    ours, nchan = results["livedash", "burst"], results["nchan", "burst"]
    cpu = against(f"server CPU an event, {BURST}", "µs", each(ours, "cpu_us"), each(nchan, "cpu_us"), 1.0)
    waiting = against("the same, waiting 10 ms for more", "µs", each(joined, "cpu_us"), each(nchan, "cpu_us"))
    return [
        noted(cpu, _writes(ours, nchan)),
        noted(waiting, f"{_writes(joined, nchan)}: nchan does not join events"),
        against("time until all have all", "s", each(ours, "seconds"), each(nchan, "seconds")),
    ]


def _singly(results: Results) -> Figure:
    """The cost of a write: here nobody has two events to join."""
    ours, nchan = results["livedash", "singly"], results["nchan", "singly"]
    cpu = against(f"server CPU an event, {SINGLY}", "µs", each(ours, "cpu_us"), each(nchan, "cpu_us"))
    return noted(cpu, f"{_writes(ours, nchan)}; ours with a commit to disk for each")


def _writes(ours: Runs, nchan: Runs) -> str:
    mine, theirs = (statistics.median(each(runs, "writes")) for runs in (ours, nchan))
    return f"{mine:.2f} writes an event, nchan {theirs:.2f}"


def _held(hold: dict[str, Any]) -> list[Figure]:
    note = f"{hold['posts']:,} posts at 500/s; events: p99 {hold['ms']['p99']:.0f} ms"
    return [
        Figure(
            "POST to answer, with 8,000 readers at 1/s: p99", "ms", [hold["answer_ms"]["p99"]], 50, "less", note=note
        )
    ]


def faults(name: str, runs: Runs) -> Figure:
    events = sum(run["events"] for run in runs)
    return Figure(f"events {name}", "events", [_wrong(runs)], 0, "less", note=f"of {events:,}")


def _wrong(runs: Runs) -> int:
    return sum(run["lost"] + run["disorder"] + run["foreign"] for run in runs)


def other(name: str, load: str, runs: Runs) -> Figure:
    """One row for somebody else: its CPU, and the rest as a note."""
    p50, p99 = (statistics.median(delays(runs, at)) for at in ("p50", "p99"))
    kb = statistics.median(each(runs, "kb"))
    note = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {kb:.1f} KB a connection, {_wrong(runs)} lost or out of order"
    return Figure(f"{name}, {load}: server CPU an event", "µs", each(runs, "cpu_us"), note=note)


def against(
    name: str, unit: str, ours: list[float], theirs: list[float], factor: float | None = None, who: str = "nchan"
) -> Figure:
    """Ours beside theirs, of which it may be `factor` at most."""
    beside = statistics.median(theirs)
    return Figure(name, unit, ours, None if factor is None else factor * beside, "less", beside, who)


def noted(figure: Figure, note: str) -> Figure:
    return Figure(**{**vars(figure), "note": note})


def _ours(results: Results) -> Runs:
    return [run for (name, _), runs in results.items() for run in runs if name == "livedash"]


def each(runs: Runs, what: str) -> list[float]:
    return [run[what] for run in runs]


def delays(runs: Runs, at: str) -> list[float]:
    return [run["ms"][at] for run in runs]
