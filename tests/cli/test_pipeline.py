"""`livedash pipeline`."""

import httpx
import pytest

from tests.cli.support import Shell
from tests.server import bearer


def append(shell: Shell) -> int:
    url = f"{shell.url}/api/pipelines/other/records"
    return httpx.post(url, json={"a": 1}, headers=bearer("other-ingest-token")).status_code


def test_pause_and_resume(shell: Shell) -> None:
    assert append(shell) == 200
    assert shell.run("pipeline", "pause", "other").exit_code == 0
    try:
        assert append(shell) == 409
        lines = shell.file("lines.ndjson", '{"a": 1}\n')
        sent = shell.run("send", "other", lines)
        assert (sent.exit_code, "other is paused; resume it to append" in sent.stderr) == (1, True)
    finally:
        assert shell.run("pipeline", "resume", "other").exit_code == 0
    assert append(shell) == 200


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_what_is_not_there(shell: Shell, verb: str) -> None:
    result = shell.run("pipeline", verb, "nope")
    assert (result.exit_code, result.stderr[:10]) == (1, "error: 404")
