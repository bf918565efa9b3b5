"""This host's own numbers, read with psutil. Linux, macOS and Windows; what a system does not tell is left out."""

import os
import time
from collections.abc import Callable
from typing import Any

import psutil

from livedash.model import Json


class HostMeter:
    """Samples the host; rates are per second since the sample before."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._before = _counters()
        self._at = monotonic()
        psutil.cpu_percent(percpu=True)  # begins its first interval

    def sample(self) -> dict[str, Json]:
        """`cpu` in percent, in all and by core; `memory` and `disk` in bytes and percent; rates in bytes a second;
        `load` as the system counts it."""
        cores = psutil.cpu_percent(percpu=True)
        memory, disk = psutil.virtual_memory(), psutil.disk_usage(os.sep)
        data: dict[str, Json] = {
            "cpu": {"total": round(sum(cores) / len(cores), 1), **{f"core{n}": used for n, used in enumerate(cores)}},
            "memory": {"used": memory.total - memory.available, "total": memory.total, "percent": memory.percent},
            "disk": {"used": disk.used, "total": disk.total, "percent": disk.percent},
            "load": dict(zip(("1m", "5m", "15m"), (round(load, 2) for load in psutil.getloadavg()), strict=True)),
            "processes": len(psutil.pids()),
        }
        for name, rate in self._rates(_counters()).items():
            group, _, leaf = name.partition(".")
            data.setdefault(group, {})[leaf] = rate
        return data

    def _rates(self, counters: dict[str, float]) -> dict[str, float]:
        now = self._monotonic()
        passed, self._at = now - self._at, now
        before, self._before = self._before, counters
        # a counter that went back was reset (an interface came anew): no rate this time
        return {
            name: round((value - before[name]) / passed, 1)
            for name, value in counters.items()
            if passed > 0 and before.get(name, value + 1) <= value
        }


def _counters() -> dict[str, float]:
    disk: Any = psutil.disk_io_counters()
    network = psutil.net_io_counters()
    counters: dict[str, float] = {
        "network.sent_per_s": network.bytes_sent,
        "network.received_per_s": network.bytes_recv,
    }
    if disk is not None:  # a container may have none
        counters |= {"disk.read_per_s": disk.read_bytes, "disk.written_per_s": disk.write_bytes}
    return counters
