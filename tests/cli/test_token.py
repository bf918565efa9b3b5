"""`livedash token`."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.cli.support import Shell
from tests.server import ADMIN, STREAM, bearer


def status(shell: Shell, token: str) -> int:
    answer = httpx.post(f"{shell.url}/api/pipelines/weather/records", json={"a": 1}, headers=bearer(token))
    return answer.status_code


def reads(shell: Shell, pipeline: str, token: str) -> bool:
    return httpx.get(f"{shell.url}/api/pipelines/{pipeline}/records", headers=bearer(token)).status_code == 200


def rows(shell: Shell) -> list[list[str]]:
    return [line.split(maxsplit=5) for line in shell.run("token", "list", COLUMNS="30").output.splitlines()]


def test_make_list_revoke(shell: Shell) -> None:
    token = shell.run("token", "make", "weather", "--name", "für 漢字 🎉").output.strip()
    assert token.startswith("ld_in_")
    assert status(shell, token) == 200
    head, *listed = rows(shell)
    assert head == ["ID", "KIND", "PIPELINE", "MADE", "UNTIL", "NAME"]
    name = "für 漢字 🎉"  # whole on any terminal: ids are there to be copied
    (row,) = [row for row in listed if row[4:] == ["-", name]]
    assert row[1:3] == ["ingest", "weather"]
    assert token not in str(listed)
    assert shell.run("token", "revoke", row[0]).exit_code == 0
    assert status(shell, token) == 401
    assert row not in rows(shell)


def test_without_a_pipeline_an_api_token(shell: Shell) -> None:
    token = shell.run("token", "make").output.strip()
    assert token.startswith("ld_api_")
    assert shell.run("export", LIVEDASH_TOKEN=token).exit_code == 0


@pytest.mark.parametrize("kind", ["ingest", "stream"])
def test_a_token_for_nothing_is_not_made_for_everything(shell: Shell, kind: str) -> None:
    before = rows(shell)
    result = shell.run("token", "make", "--kind", kind)
    assert result.exit_code == 1
    assert "an ingest or stream token is for one" in result.stderr
    assert rows(shell) == before


def test_rotate(shell: Shell) -> None:
    old = shell.run("token", "make", "other", "--kind", "stream").output.strip()
    before = shell.run("token", "show", "other").output
    new = shell.run("token", "rotate", "other", "--overlap-hours", "0.5").output
    assert new.startswith("ld_st_")
    assert shell.run("token", "show", "other").output == new
    (ending,) = [row for row in rows(shell)[1:] if row[4] != "-"]
    assert ending[1:3] == ["stream", "other"]
    ends = datetime.fromisoformat(ending[4]) - datetime.now(UTC)
    assert timedelta(minutes=29) < ends < timedelta(minutes=31)
    for token, opens in ((before.strip(), True), (new.strip(), True), (old, True)):
        assert reads(shell, "other", token) is opens
    last = shell.run("token", "rotate", "other", "--overlap-hours", "0").output.strip()
    found = [reads(shell, "other", token) for token in (before.strip(), new.strip(), old, last)]
    assert found == [False, False, True, True], "a further token stays"


def test_rotate_with_an_overlap_that_is_too_long(shell: Shell) -> None:
    result = shell.run("token", "rotate", "other", "--overlap-hours", "721")
    assert (result.exit_code, "720" in result.stderr) == (1, True)


def test_show_says_how_to_make_one(shell: Shell) -> None:
    httpx.delete(f"{shell.url}/api/pipelines/volatile/stream-token", headers=bearer(ADMIN)).raise_for_status()
    result = shell.run("token", "show", "volatile")
    assert result.exit_code == 1
    command = result.stderr.rpartition("livedash ")[2].split()
    made = shell.run(*command).output
    assert shell.run("token", "show", "volatile").output == made


def test_show(shell: Shell) -> None:
    assert shell.run("token", "show", "weather").output == f"{STREAM}\n"
    made = shell.run("token", "make", "weather", "--kind", "stream").output.strip()
    assert made.startswith("ld_st_")


@pytest.mark.parametrize(
    "wrong", [("show", "nope"), ("make", "nope"), ("rotate", "nope"), ("revoke", "tk_nope"), ("revoke", "../x?")]
)
def test_what_is_not_there(shell: Shell, wrong: tuple[str, str]) -> None:
    result = shell.run("token", *wrong)
    assert (result.exit_code, result.stderr[:10]) == (1, "error: 404")
