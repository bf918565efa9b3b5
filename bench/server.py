"""Servers to measure: real processes on loopback, each with a folder of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil


class Server:
    """`livedash <verb>` on the folder `data`, on a free port that it keeps when it is started again. `env` is what its
    environment says of Livedash. `seconds` is what it took from the command to the first answer."""

    def __init__(self, verb: str, data: Path, *more: str, env: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.seconds = 0.0
        self.process: psutil.Popen
        self._command = [sys.executable, "-m", "livedash", verb, "--port", str(self.port), "--data", str(data), *more]
        outside = {name: value for name, value in os.environ.items() if not name.startswith("LIVEDASH_")}
        self._env = {**outside, "LIVEDASH_LOG_LEVEL": "warning", **(env or {})}

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

    def start(self, path: str) -> None:
        """Return when there is a 200 at `path`. Raises SystemExit when the process ends before."""
        started = time.perf_counter()
        self.process = psutil.Popen(self._command, env=self._env, stdout=subprocess.DEVNULL)
        while not answers(self.port, path):
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with {self.process.poll()} before it answered")
            time.sleep(0.01)
        self.seconds = time.perf_counter() - started

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(15)


@contextmanager
def serving(document: str, **env: str) -> Iterator[Server]:
    """`livedash serve` with `document` applied, in a new folder."""
    with tempfile.TemporaryDirectory(prefix="livedash-bench-") as name:
        config = Path(name) / "bench.yaml"
        config.write_text(document)
        with running("serve", Path(name) / "data", "/healthz", "--config", str(config), env=env) as server:
            yield server


@contextmanager
def running(verb: str, data: Path, path: str, *more: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server, from its first answer at `path` on; stopped at the end."""
    server = Server(verb, data, *more, env=env)
    try:
        server.start(path)
        yield server
    finally:
        server.end()


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


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
