"""The machine the figures are from: without it they mean nothing."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

import psutil


def describe() -> dict[str, str]:
    """What to print over the table."""
    load = os.getloadavg()[0]
    return {
        "CPU": f"{_cpu()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "Disk": _disk(),
        "Kernel": platform.release(),
        "Python": f"{platform.python_version()}, uvloop {version('uvloop')}, uvicorn {version('uvicorn')}",
        "SQLite": sqlite3.sqlite_version,
        "Load before": f"{load:.1f} ({'something else is running' if load > 0.7 else 'idle'})",
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _disk() -> str:
    """File system of the folder for temporary files, where the servers keep their data, and the kind of its device."""
    folder = Path(os.environ.get("TMPDIR", "/tmp")).resolve()
    mounts = [part for part in psutil.disk_partitions(all=True) if folder.is_relative_to(part.mountpoint)]
    mount = max(mounts, key=lambda part: len(part.mountpoint), default=None)
    if mount is None:
        return "unknown"
    name = Path(mount.device).name
    spins = Path(f"/sys/block/{name}/queue/rotational")
    says = {"0": "not rotating", "1": "says it rotates"}
    kind = says.get(spins.read_text().strip(), "") if spins.exists() else ""
    return ", ".join(
        word for word in (f"{mount.fstype} on {name}", "virtual" if name.startswith("vd") else "", kind) if word
    )
