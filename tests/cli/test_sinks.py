"""`livedash sink` and `livedash usage` against a real server and a real receiver."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.support import Shell
from tests.server import ADMIN, INGEST, bearer, process

SINK = ("weather", "billing")


class Receiver(ThreadingHTTPServer):
    """Answers with `status`, and keeps what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.bodies: list[Any] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.daemon_threads = True
        threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield receiver
        receiver.shutdown()


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Shell, Receiver]]:
    monkeypatch.chdir(tmp_path)
    env = {"LIVEDASH_OUTBOUND_ALLOW": "127.0.0.1", "LIVEDASH_SINK_REFUSED_SECONDS": ""}
    with receiving() as receiver, process(tmp_path / "data", **env) as (_, url):
        body = {"type": "webhook", "url": f"http://127.0.0.1:{receiver.server_port}/hook"}
        path = f"{url}/api/pipelines/weather/sinks/billing"
        assert httpx.put(path, json=body, headers=bearer(ADMIN)).status_code == 201
        yield Shell(url, tmp_path), receiver


def run(shell: Shell, *arguments: str, status: int = 0) -> str:
    result = shell.run(*arguments)
    assert result.exit_code == status, result.output
    return result.stderr if status == 1 else result.stdout


def append(shell: Shell, number: int) -> None:
    url = f"{shell.url}/api/pipelines/weather/records"
    assert httpx.post(url, json={"n": number}, headers=bearer(INGEST)).is_success


def report(shell: Shell) -> Any:
    return json.loads(run(shell, "sink", "show", *SINK))["report"]


def until(shell: Shell, holds: Callable[[Any], bool]) -> None:
    end = time.monotonic() + 15
    while not holds(found := report(shell)):
        assert time.monotonic() < end, found
        time.sleep(0.02)


def settled(shell: Shell, offset: int) -> None:
    """Wait until everything up to that offset was delivered or parked."""
    until(shell, lambda found: found["cursor"].endswith(f"-{offset}") and not found["delivery"])


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_see_and_steer(both: tuple[Shell, Receiver]) -> None:
    shell, receiver = both
    append(shell, 1)
    settled(shell, 1)
    head, row = table(run(shell, "sink", "list"))
    assert head == ["PIPELINE", "SINK", "STATE", "BEHIND", "SUCCESS", "P95", "PARKED"]
    assert row[:3] == [*SINK, "running"] and row[6] == "100.0%" and row[-1] == "0"
    assert table(run(shell, "sink", "list", "weather"))[1][:2] == [*SINK]
    assert len(table(run(shell, "sink", "list", "other"))) == 1

    run(shell, "sink", "pause", *SINK)
    assert report(shell)["state"] == "paused"
    append(shell, 2)
    run(shell, "sink", "resume", *SINK, "--from", "now")
    append(shell, 3)
    settled(shell, 3)
    sent = [[each["offset"] for each in body["data"]["records"]] for body in receiver.bodies]
    assert sent == [[1], [3]]

    assert run(shell, "sink", "replay", *SINK, "--first", "1", "--last", "2") == "replay 1: offsets 1 to 2\n"
    until(shell, lambda found: not found["replays"] and not found["delivery"])
    assert [each["offset"] for each in receiver.bodies[-1]["data"]["records"]] == [1, 2]
    assert "give `first` and `last`" in run(shell, "sink", "replay", *SINK, "--first", "1", status=1)
    assert [row[1] for row in table(run(shell, "sink", "attempts", *SINK))[1:]] == ["delivered"] * 3
    assert len(table(run(shell, "sink", "attempts", *SINK, "--failed"))) == 1


def test_parked_deliveries(both: tuple[Shell, Receiver]) -> None:
    shell, receiver = both
    receiver.status = 422
    for number in (1, 2, 3):
        append(shell, number)
        settled(shell, number)
    rows = table(run(shell, "sink", "parked", *SINK))[1:]
    assert [row[2] for row in rows] == ["1", "2", "3"]
    assert "test" not in run(shell, "sink", "test", *SINK, status=2)
    run(shell, "sink", "drop", *SINK, rows[0][0])
    receiver.status = 200
    assert run(shell, "sink", "test", *SINK) == "delivered 200\n"
    assert run(shell, "sink", "retry", *SINK, rows[1][0]) == "1 queued\n"
    until(shell, lambda found: found["parked"] == 1)
    run(shell, "sink", "retry", *SINK, "--all")
    until(shell, lambda found: found["parked"] == 0)
    assert "or --all" in run(shell, "sink", "retry", *SINK, status=1)
    assert "404" in run(shell, "sink", "drop", *SINK, "99", status=1)


def test_secrets(both: tuple[Shell, Receiver]) -> None:
    shell, _ = both
    first = run(shell, "sink", "secret", *SINK)
    assert first.startswith("whsec_")
    second = run(shell, "sink", "rotate", *SINK, "--overlap-hours", "0")
    assert second.startswith("whsec_") and second != first
    assert run(shell, "sink", "secret", *SINK) == second
    assert first.strip() not in run(shell, "sink", "show", *SINK)


def test_usage(both: tuple[Shell, Receiver]) -> None:
    shell, receiver = both
    append(shell, 1)
    settled(shell, 1)
    size = str(len(json.dumps(receiver.bodies[0], separators=(",", ":"))))
    head, row, total = table(run(shell, "usage"))
    assert head == [
        "DAY",
        "PIPELINE",
        "SINK",
        "DELIVERIES",
        "ATTEMPTS",
        "RECORDS",
        "BYTES",
        "FAILED",
        "PARKED",
        "STREAMS",
        "EVENTS",
    ]
    assert row[1:] == [*SINK, "1", "1", "1", size, "0", "0", "0", "0"]
    assert total == ["in", "all", *row[3:]]
    assert run(shell, "usage", "--csv").splitlines()[1].endswith(f"weather,billing,1,1,1,{size},0,0,0,0")
    assert len(table(run(shell, "usage", "--from", "2020-01-01", "--to", "2020-01-02"))) == 2
    assert "from" in run(shell, "usage", "--from", "yesterday", status=1)


@pytest.mark.parametrize("what", [("show",), ("pause",), ("secret",), ("attempts",), ("test",)])
def test_what_is_not_there(shell: Shell, what: tuple[str]) -> None:
    result = shell.run("sink", *what, "weather", "../nope?")
    assert (result.exit_code, result.stderr[:10]) == (1, "error: 404")


def test_a_server_prints_a_link_that_signs_in(tmp_path: Path) -> None:
    with process(tmp_path / "data") as (server, url):
        assert server.popen.stdout
        lines = iter(server.popen.stdout.readline, b"")
        link = next(line.decode().split()[-1] for line in lines if b"/setup?token=" in line)
        with httpx.Client() as client:
            answer = client.get(link, follow_redirects=True)
            assert str(answer.url) == f"{url}/" and "Sign out" in answer.text
        assert httpx.get(link).status_code == 401
