"""The command line as people use it: real processes, and in this process where none is needed."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from typer.testing import CliRunner, Result

from livedash.cli import app
from tests.server import ADMIN

COMMAND = [sys.executable, "-m", "livedash"]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours without what speaks of Livedash or of the terminal, and `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIVEDASH_", "COLUMNS", "TERM"))}
    return kept | dict(more)


@dataclass
class Shell:
    """Runs `livedash` against the server at `url`, in `folder`."""

    url: str
    folder: Path
    token: str = ADMIN

    @property
    def env(self) -> dict[str, str]:
        return {"LIVEDASH_URL": self.url, "LIVEDASH_TOKEN": self.token}

    def run(self, *arguments: str, **env: str) -> Result:
        """In this process: quick, for what needs no standard input."""
        return CliRunner().invoke(app, arguments, env=self.env | env, prog_name="livedash")

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def process(self, *arguments: str, stdin: bytes = b"", **env: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [*COMMAND, *arguments], input=stdin, env=environment(self.env | env), capture_output=True, timeout=60,
            cwd=self.folder, check=False,
        )  # fmt: skip


@contextmanager
def started(arguments: Sequence[str], env: Mapping[str, str], **more: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A command that goes on; killed at the end if it still runs."""
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*COMMAND, *arguments], env=environment(env), **(options | more))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(stream: IO[bytes] | None) -> str:
    """The next line; waits for it."""
    assert stream is not None
    return stream.readline().decode().rstrip("\n")


class Proxy:
    """TCP to `port`, that once loses the answer that holds `cut`: the server did the work, and nobody heard of it."""

    def __init__(self, port: int, cut: bytes) -> None:
        self._port = port
        self._cut = cut
        self.lost = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            for pair in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while part := source.recv(1 << 16):
                if answers and self._cut in part and not self.lost.is_set():
                    self.lost.set()
                    break
                target.sendall(part)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
