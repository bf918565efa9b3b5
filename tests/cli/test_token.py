"""`livedash token`."""

import httpx
import pytest

from tests.cli.support import Shell
from tests.server import STREAM, bearer


def status(shell: Shell, token: str) -> int:
    answer = httpx.post(f"{shell.url}/api/pipelines/weather/records", json={"a": 1}, headers=bearer(token))
    return answer.status_code


def rows(shell: Shell) -> list[list[str]]:
    return [line.split(maxsplit=4) for line in shell.run("token", "list", COLUMNS="30").output.splitlines()]


def test_make_list_revoke(shell: Shell) -> None:
    token = shell.run("token", "make", "weather", "--name", "für 漢字 🎉").output.strip()
    assert token.startswith("ld_in_")
    assert status(shell, token) == 200
    head, *listed = rows(shell)
    assert head == ["ID", "KIND", "PIPELINE", "MADE", "NAME"]
    (row,) = [row for row in listed if row[4:] == ["für 漢字 🎉"]]  # whole on any terminal: ids are there to be copied
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


def test_show(shell: Shell) -> None:
    assert shell.run("token", "show", "weather").output == f"{STREAM}\n"
    made = shell.run("token", "make", "weather", "--kind", "stream").output.strip()
    assert made.startswith("ld_st_")


@pytest.mark.parametrize("wrong", [("show", "nope"), ("make", "nope"), ("revoke", "tk_nope"), ("revoke", "../x?")])
def test_what_is_not_there(shell: Shell, wrong: tuple[str, str]) -> None:
    result = shell.run("token", *wrong)
    assert (result.exit_code, result.stderr[:10]) == (1, "error: 404")
