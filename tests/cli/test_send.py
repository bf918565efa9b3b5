"""`livedash send`: every line once, whatever breaks; what is refused is told by its line."""

import os
import pty
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.support import Proxy, Shell, started
from tests.server import ADMIN, bearer, process, wait_until_up


def records(shell: Shell, pipeline: str) -> list[dict[str, int]]:
    found: list[dict[str, int]] = []
    path, cursor = f"{shell.url}/api/pipelines/{pipeline}/records", f"{log_of(shell, pipeline)['epoch']}-0"
    while True:
        page = httpx.get(path, params={"limit": 1000, "after": cursor}, headers=bearer(ADMIN)).json()
        if not page["records"]:
            return found
        found += [record["data"] for record in page["records"]]
        cursor = page["cursor"]


def log_of(shell: Shell, pipeline: str) -> dict[str, int]:
    answer = httpx.get(f"{shell.url}/api/pipelines/{pipeline}", headers=bearer(ADMIN))
    return dict(answer.json()["log"])


def last(shell: Shell, pipeline: str) -> int:
    return log_of(shell, pipeline)["last"]


def numbers(first: int, beyond: int) -> bytes:
    return b"".join(b'{"n": %d}\n' % number for number in range(first, beyond))


def test_a_file(shell: Shell) -> None:
    before = last(shell, "other")
    (shell.folder / "many.ndjson").write_bytes(numbers(0, 2500))
    result = shell.process("send", "other", "many.ndjson")
    assert (result.returncode, result.stdout) == (0, b"")
    assert result.stderr.decode().startswith("2,500 accepted, 0 refused; cursor ")  # and no bar: it is no terminal
    assert last(shell, "other") == before + 2500


def test_bad_lines_are_told_by_number(shell: Shell) -> None:
    lines = [b'{"a": 1}', b"", b'{"a":\r', b"  ", b"[1]", b'{"a": "\r"}', b"5", b'{"last": "without an end"}']
    result = shell.process("send", "weather", stdin=b"\n".join(lines))
    assert result.returncode == 2
    *refused, sum_of_all = result.stderr.decode().splitlines()
    assert [line.split(": ")[1] for line in refused] == ["line 3", "line 5", "line 6", "line 7"]
    assert sum_of_all.startswith("2 accepted, 4 refused; cursor ")


def test_line_numbers_go_on_over_batches_and_only_some_are_listed(shell: Shell) -> None:
    result = shell.process("send", "weather", stdin=numbers(0, 1500) + b"x\n" * 1000)
    *refused, more, sum_of_all = result.stderr.decode().splitlines()
    assert [line.split(": ")[1] for line in refused] == [f"line {number}" for number in range(1501, 1601)]
    assert more == "and 900 more were refused"
    assert sum_of_all.startswith("1,500 accepted, 1,000 refused; cursor ")


def test_what_comes_slowly_is_not_held_back(shell: Shell) -> None:
    before = last(shell, "weather")
    with started(["send", "weather"], shell.env, stdin=subprocess.PIPE) as sender:
        assert sender.stdin is not None
        sender.stdin.write(b'{"n": 1}\n{"n":')
        sender.stdin.flush()
        until_more(shell, "weather", before)
        sender.stdin.write(b" 2}\n")
        sender.stdin.close()
        sender.stdin = None
        assert sender.wait(10) == 0
    assert last(shell, "weather") == before + 2


def until_more(shell: Shell, pipeline: str, than: int) -> None:
    end = time.monotonic() + 15
    while last(shell, pipeline) <= than:
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.01)


def test_a_terminal_has_a_progress_bar(shell: Shell) -> None:
    (shell.folder / "some.ndjson").write_bytes(numbers(0, 10))
    ours, theirs = pty.openpty()
    env = shell.env | {"TERM": "xterm", "COLUMNS": "60"}
    with started(["send", "weather", "some.ndjson"], env, stderr=theirs, cwd=shell.folder) as sender:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # how a terminal says that its other end is closed
            pass
        assert sender.wait(10) == 0
    os.close(ours)
    assert "━" in shown.decode()
    assert b"10 accepted, 0 refused" in shown


def test_a_server_killed_in_the_middle_gets_every_record_once(tmp_path: Path) -> None:
    with process(tmp_path / "data") as (server, url):
        shell = Shell(url, tmp_path)
        with started(["send", "weather"], shell.env, stdin=subprocess.PIPE) as sender:
            assert sender.stdin is not None
            sender.stdin.write(numbers(0, 20_000))
            sender.stdin.flush()
            until_more(shell, "weather", 1_000)
            server.kill()
            server.start()
            sender.stdin.write(numbers(20_000, 21_000))
            sender.stdin.close()
            sender.stdin = None
            wait_until_up(url)
            assert sender.wait(30) == 0
            assert sender.stderr is not None
            said = sender.stderr.read().decode()
        assert "trying again in" in said
        assert "21,000 accepted, 0 refused" in said
        assert sorted(data["n"] for data in records(shell, "weather")) == list(range(21_000))


def test_a_lost_answer_stores_nothing_twice(shell: Shell) -> None:
    before = last(shell, "weather")
    proxy = Proxy(int(shell.url.rpartition(":")[2]), cut=b'"accepted"')
    result = shell.process("send", "weather", stdin=numbers(0, 5), LIVEDASH_URL=f"http://127.0.0.1:{proxy.port}")
    proxy.close()
    assert proxy.lost.is_set()
    assert (result.returncode, b"5 accepted, 0 refused" in result.stderr) == (0, True), result.stderr
    assert last(shell, "weather") == before + 5


@pytest.mark.parametrize(
    ("pipeline", "env", "said"),
    [
        ("weather", {"LIVEDASH_TOKEN": "wrong-token"}, "error: 401 this token is not known; set LIVEDASH_TOKEN to"),
        ("nope", {}, "error: 404 "),
        ("weather", {"LIVEDASH_URL": "http://127.0.0.1:1"}, "error: no answer from http://127.0.0.1:1 (Connection ref"),
    ],
)
def test_what_will_not_pass_is_said_at_once(shell: Shell, pipeline: str, env: dict[str, str], said: str) -> None:
    result = shell.process("send", pipeline, stdin=b'{"a": 1}\n', **env)
    assert result.returncode == 1
    assert result.stderr.decode().startswith(said)
    assert result.stderr.count(b"\n") == 1


def test_what_is_no_ndjson(shell: Shell) -> None:
    result = shell.process("send", "weather", stdin=b'{"n": 1}\n' + b" " * 4_000_001)
    assert result.returncode == 1
    assert b"error: line 2 is longer than 4,000,000 bytes; send one JSON object a line" in result.stderr
    assert b"stopped after line 1; what follows may not be stored" in result.stderr
    missing = shell.process("send", "weather", "none.ndjson")
    assert missing.stderr == b"error: cannot read none.ndjson: No such file or directory\n"
