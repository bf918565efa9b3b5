"""`livedash tail`: records as they come, across whatever breaks."""

import re
import subprocess
import time
from pathlib import Path

import httpx
import orjson

from tests.cli.support import COMMAND, Shell, environment, line_of, started
from tests.server import ADMIN, bearer, process, wait_until_up


def post(shell: Shell, *numbers: int, pipeline: str = "weather") -> str:
    path, body = f"{shell.url}/api/pipelines/{pipeline}/records", [{"n": n} for n in numbers]
    answer = httpx.post(path, json=body, headers=bearer(ADMIN))
    return str(answer.raise_for_status().json()["cursor"])


def until_connected(shell: Shell) -> None:
    end = time.monotonic() + 15
    while not re.search(
        r"^livedash_streams 1\.0$", httpx.get(f"{shell.url}/metrics", headers=bearer(ADMIN)).text, re.M
    ):
        assert time.monotonic() < end, "it did not connect"
        time.sleep(0.02)


def n_of(line: str) -> int:
    return int(orjson.loads(line)["data"]["n"])


def test_since_a_cursor_and_a_number_of_records(shell: Shell) -> None:
    cursor = post(shell, 0)
    post(shell, 1, 2, 3)
    result = shell.run("tail", "weather", "--since", cursor, "-n", "2")
    assert (result.exit_code, [n_of(line) for line in result.stdout.splitlines()]) == (0, [1, 2])


def test_a_gap_is_said_beside_the_records(shell: Shell) -> None:
    post(shell, 1)
    result = shell.run("tail", "weather", "--since", "another-7", "-n", "1")
    assert result.stderr == 'gap: {"from":8,"to":null,"reason":"epoch"}\n'
    assert orjson.loads(result.stdout)["offset"] == 1


def test_it_goes_on_where_it_was_when_the_server_comes_back(tmp_path: Path) -> None:
    """Also when it broke before the first record came; and what a server says at its end is no record."""
    with process(tmp_path / "data") as (server, url):
        shell = Shell(url, tmp_path)
        post(shell, 0)
        with started(["tail", "weather"], shell.env) as tail:
            until_connected(shell)
            for number, end in ((1, server.kill), (2, server.stop), (3, server.kill)):
                end()
                server.start()
                wait_until_up(url)
                post(shell, number)
                assert n_of(line_of(tail.stdout)) == number
                until_connected(shell)


def test_head_has_enough(shell: Shell) -> None:
    cursor = post(shell, 0)
    post(shell, *range(3_000))
    command = " ".join([*COMMAND, "tail", "weather", "--since", cursor, "| head -1; echo ${PIPESTATUS[0]}"])
    done = subprocess.run(
        ["bash", "-c", command], env=environment(shell.env), capture_output=True, timeout=30, check=True
    )
    first, status = done.stdout.decode().splitlines()
    assert (n_of(first), status, done.stderr) == (0, "0", b"")


def test_what_will_not_pass_is_said_in_a_line(shell: Shell) -> None:
    said = [
        shell.run("tail", "weather", LIVEDASH_TOKEN="wrong-token"),
        shell.run("tail", "nope"),
        shell.run("tail", "weather/../x?y"),
        shell.run("tail", "weather", "--since", "garbage"),
        shell.run("tail", "weather", LIVEDASH_URL="http://127.0.0.1:1"),
    ]
    assert [result.exit_code for result in said] == [1] * 5
    assert [result.stderr[:11] for result in said] == [
        "error: 401 ", "error: 404 ", "error: 404 ", "error: 400 ", "error: no a"
    ]  # fmt: skip
    assert [result.stderr.count("\n") for result in said] == [1] * 5
