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
        _faults("lost or out of order", [*_ours(results), *joined, hold]),
        _faults("lost or twice, when 2,000 drop and resume", [storm]),
        *(_other(name, load, runs) for (name, load), runs in results.items() if name != "livedash"),
    ]


def _steady(results: Results) -> list[Figure]:
    ours, nchan, send = (results[name, "steady"] for name in ("livedash", "nchan", "send"))
    cpu = _against(f"server CPU an event, {STEADY}", "µs", _each(ours, "cpu_us"), _each(nchan, "cpu_us"), 0.9)
    kb = statistics.median(_each(nchan, "kb"))
    return [
        _noted(cpu, _writes(ours, nchan)),
        _against("the same, beside the loop", "µs", _each(ours, "cpu_us"), _each(send, "cpu_us"), 1.5, "send() in C"),
        _against("delay, p50", "ms", _delays(ours, "p50"), _delays(nchan, "p50")),
        _against("delay, p99", "ms", _delays(ours, "p99"), _delays(nchan, "p99"), 1.0),
        Figure("memory a connection", "KB", _each(ours, "kb"), 10, "less", kb, "nchan"),
    ]


def _burst(results: Results, joined: Runs) -> list[Figure]:
    ours, nchan = results["livedash", "burst"], results["nchan", "burst"]
    cpu = _against(f"server CPU an event, {BURST}", "µs", _each(ours, "cpu_us"), _each(nchan, "cpu_us"), 1.0)
    waiting = _against("the same, waiting 10 ms for more", "µs", _each(joined, "cpu_us"), _each(nchan, "cpu_us"))
    return [
        _noted(cpu, _writes(ours, nchan)),
        _noted(waiting, f"{_writes(joined, nchan)}: nchan does not join events"),
        _against("time until all have all", "s", _each(ours, "seconds"), _each(nchan, "seconds")),
    ]


def _singly(results: Results) -> Figure:
    """The cost of a write: here nobody has two events to join."""
    ours, nchan = results["livedash", "singly"], results["nchan", "singly"]
    cpu = _against(f"server CPU an event, {SINGLY}", "µs", _each(ours, "cpu_us"), _each(nchan, "cpu_us"))
    return _noted(cpu, f"{_writes(ours, nchan)}; ours with a commit to disk for each")


def _writes(ours: Runs, nchan: Runs) -> str:
    mine, theirs = (statistics.median(_each(runs, "writes")) for runs in (ours, nchan))
    return f"{mine:.2f} writes an event, nchan {theirs:.2f}"


def _held(hold: dict[str, Any]) -> list[Figure]:
    note = f"{hold['posts']:,} posts at 500/s; events: p99 {hold['ms']['p99']:.0f} ms"
    return [
        Figure(
            "POST to answer, with 8,000 readers at 1/s: p99", "ms", [hold["answer_ms"]["p99"]], 50, "less", note=note
        )
    ]


def _faults(name: str, runs: Runs) -> Figure:
    faults, events = sum(run["lost"] + run["disorder"] for run in runs), sum(run["events"] for run in runs)
    return Figure(f"events {name}", "events", [faults], 0, "less", note=f"of {events:,}")


def _other(name: str, load: str, runs: Runs) -> Figure:
    """One row for somebody else: its CPU, and the rest as a note."""
    p50, p99 = (statistics.median(_delays(runs, at)) for at in ("p50", "p99"))
    faults = sum(run["lost"] + run["disorder"] for run in runs)
    kb = statistics.median(_each(runs, "kb"))
    note = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {kb:.1f} KB a connection, {faults} lost or out of order"
    return Figure(f"{name}, {load}: server CPU an event", "µs", _each(runs, "cpu_us"), note=note)


def _against(
    name: str, unit: str, ours: list[float], theirs: list[float], factor: float | None = None, who: str = "nchan"
) -> Figure:
    """Ours beside theirs, of which it may be `factor` at most."""
    beside = statistics.median(theirs)
    return Figure(name, unit, ours, None if factor is None else factor * beside, "less", beside, who)


def _noted(figure: Figure, note: str) -> Figure:
    return Figure(**{**vars(figure), "note": note})


def _ours(results: Results) -> Runs:
    return [run for (name, _), runs in results.items() for run in runs if name == "livedash"]


def _each(runs: Runs, what: str) -> list[float]:
    return [run[what] for run in runs]


def _delays(runs: Runs, at: str) -> list[float]:
    return [run["ms"][at] for run in runs]
