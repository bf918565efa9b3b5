"""What an event costs to send to many: Livedash beside nginx with nchan, beside a bare loop of `send()`, and others.

`python -m bench.fanout [CONTENDER…] [steady|burst|singly]…` runs some of it once, to look at while you make something
faster; `python -m bench.fanout hold storm` the rest of it."""

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from bench import fanout_servers as servers
from bench.fanout_run import ONE_BY_ONE, Load, Serves, allow_files, held, measured, stormed
from bench.fanout_table import Results, figures
from bench.figure import Figure

RUNS = 5
CONTENDERS: dict[str, Serves] = {
    "livedash": servers.livedash,
    "nchan": servers.nchan,
    "send": servers.send_loop,
    "better-sse": servers.better_sse,
    "sse-starlette": servers.sse_starlette,
}
STEADY = Load(readers=2_000, records=140, rate=20)
BURST = Load(readers=500, records=2_000, rate=0)
SINGLY = Load(readers=500, records=600, rate=ONE_BY_ONE)
SHORT_BURST = Load(readers=500, records=500, rate=0)  # for who needs half a minute otherwise
SHORT = ("better-sse", "sse-starlette")
HELD = Load(readers=8_000, records=15, rate=1)
INGEST = Load(readers=0, records=6_500, rate=500, posters=64)
STORM = Load(readers=2_000, records=200, rate=20)


def run() -> list[Figure]:
    """Everything, the contenders in turn."""
    allow_files()
    servers.prepare()
    results: Results = {(name, load): [] for name in CONTENDERS for load in LOADS}
    for _ in range(RUNS):
        for name, load in results:
            results[name, load].append(LOADS[load](name))
    joined = [measured(partial(servers.livedash, coalesce_ms=10), BURST) for _ in range(RUNS)]
    return figures(results, joined, hold("livedash"), storm("livedash"))


def steady(name: str) -> dict[str, Any]:
    return measured(CONTENDERS[name], STEADY)


def burst(name: str) -> dict[str, Any]:
    return measured(CONTENDERS[name], SHORT_BURST if name in SHORT else BURST)


def singly(name: str) -> dict[str, Any]:
    return measured(CONTENDERS[name], SINGLY)


def hold(name: str) -> dict[str, Any]:
    return held(CONTENDERS[name], HELD, INGEST)


def storm(name: str) -> dict[str, Any]:
    return stormed(CONTENDERS[name], STORM)


LOADS: dict[str, Callable[[str], dict[str, Any]]] = {"steady": steady, "burst": burst, "singly": singly}
ONLY_LIVEDASH: dict[str, Callable[[str], dict[str, Any]]] = {"hold": hold, "storm": storm}


def main() -> None:
    words = sys.argv[1:]
    every = LOADS | ONLY_LIVEDASH
    if unknown := set(words) - {*CONTENDERS, *every}:
        raise SystemExit(f"there is no {', '.join(unknown)}")
    allow_files()
    for load in [word for word in words if word in every] or LOADS:
        for name in [word for word in words if word in CONTENDERS] or CONTENDERS:
            if load in LOADS or name == "livedash":
                print(name, load, json.dumps(every[load](name)), flush=True)


if __name__ == "__main__":
    main()
