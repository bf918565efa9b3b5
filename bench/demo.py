"""How soon `livedash demo` answers, and what it takes of the memory."""

import http.client
import tempfile
import threading
import time
from pathlib import Path

from bench.figure import Figure
from bench.server import Server, running

STARTS = 5
VIEWED_SECONDS = 30
PAGE = "/d/this-host"


def run() -> list[Figure]:
    fresh, again, resident = [], [], []
    for number in range(STARTS):
        with tempfile.TemporaryDirectory(prefix="livedash-bench-") as name:
            data = Path(name) / "demo"
            with running("demo", data, PAGE) as server:
                fresh.append(server.seconds)
            with running("demo", data, PAGE) as server:
                again.append(server.seconds)
                if number == 0:
                    resident.append(_viewed(server) / 1e6)
    return [
        Figure("demo answers with its page, new folder", "s", fresh, 2, "less"),
        Figure("demo answers with its page, existing folder", "s", again, 2, "less"),
        Figure(f"demo resident after {VIEWED_SECONDS} s with one viewer", "MB", resident, 110, "less"),
    ]


def _viewed(server: Server) -> int:
    """Bytes resident once somebody has looked at the page for a while."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", f"{PAGE}/live")
    response = connection.getresponse()
    threading.Thread(target=_drain, args=(response,), daemon=True).start()
    time.sleep(VIEWED_SECONDS)
    return server.resident


def _drain(response: http.client.HTTPResponse) -> None:
    try:
        while response.read1():
            pass
    except (OSError, ValueError, http.client.HTTPException):
        pass  # the server was stopped
