"""A server takes as many connections as the system lets it, whatever the shell that starts it would let it have."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.server import Process, free_port
from tests.wire import request

CLIENTS = 200


@contextmanager
def limited(folder: Path, limit: str) -> Iterator[tuple[Process, int]]:
    """`livedash serve`, up, started by a shell that has set `ulimit` to `limit`; and its port."""
    shell = folder / "limited.sh"
    shell.write_text(f'#!/bin/sh\nulimit {limit}\nexec {sys.executable} "$@"\n')
    shell.chmod(0o755)
    port = free_port()
    arguments = ("serve", "--port", str(port), "--data", str(folder / "data"))
    server = Process(*arguments, env={"LIVEDASH_DISK_RESERVE": "0"}, python=str(shell))
    try:
        server.wait_until_up(f"http://127.0.0.1:{port}")
        yield server, port
    finally:
        server.kill()


def test_the_soft_limit_is_raised(tmp_path: Path) -> None:
    with limited(tmp_path, "-Sn 128") as (server, port), ExitStack() as open:
        for _ in range(CLIENTS):
            client = open.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            client.sendall(request("GET", "/healthz"))
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        server.stop()
    assert b"may be open" not in server.printed


def test_a_low_limit_is_said(tmp_path: Path) -> None:
    with limited(tmp_path, "-n 256") as (server, _):
        server.stop()
    assert b"few files and connections may be open" in server.printed
    assert b"256" in server.printed
