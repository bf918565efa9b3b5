"""Servers to measure: real processes on loopback, each with a folder of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass
class Server:
    """A server process that answers. `seconds` is what it took from the command to the first answer."""

    process: psutil.Process
    port: int
    seconds: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cpu(self) -> float:
        """Processor seconds used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def resident(self) -> int:
        """Bytes."""
        return int(self.process.memory_info().rss)


@contextmanager
def serving(document: str) -> Iterator[Server]:
    """`livedash serve` with `document` applied, in a new folder."""
    with tempfile.TemporaryDirectory(prefix="livedash-bench-") as name:
        config = Path(name) / "bench.yaml"
        config.write_text(document)
        with running("serve", Path(name) / "data", "/healthz", "--config", str(config)) as server:
            yield server


@contextmanager
def running(verb: str, data: Path, path: str, *more: str) -> Iterator[Server]:
    """`livedash <verb>` on the folder `data`, from its first answer at `path` on; stopped at the end."""
    port = _free_port()
    command = [sys.executable, "-m", "livedash", verb, "--port", str(port), "--data", str(data), *more]
    env = {name: value for name, value in os.environ.items() if not name.startswith("LIVEDASH_")}
    started = time.perf_counter()
    popen = subprocess.Popen(command, env={**env, "LIVEDASH_LOG_LEVEL": "warning"}, stdout=subprocess.DEVNULL)
    try:
        _wait(port, path, popen)
        yield Server(psutil.Process(popen.pid), port, time.perf_counter() - started)
    finally:
        popen.send_signal(signal.SIGTERM)
        popen.wait(15)


def answers(port: int, path: str) -> bool:
    """Whether there is a 200 at `path`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _wait(port: int, path: str, popen: subprocess.Popen[bytes]) -> None:
    while not answers(port, path):
        if popen.poll() is not None:
            raise SystemExit(f"the server ended with {popen.returncode} before it answered")
        time.sleep(0.01)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
