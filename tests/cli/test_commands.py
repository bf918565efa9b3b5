"""Help, versions, wrong command lines; and what is not imported for them."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from livedash import __version__
from livedash.cli import app

COMMANDS = ("serve", "demo", "apply", "export", "send", "tail", "doctor", "version", "token", "sink", "usage")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, prog_name="livedash", env={"COLUMNS": "200", "TERM": "dumb"})
    return result.exit_code, result.output


def test_alone_it_shows_every_command() -> None:
    _, text = run()
    assert [name for name in COMMANDS if f" {name} " not in text] == []


@pytest.mark.parametrize(
    "command", [*((name,) for name in COMMANDS), *(("token", n) for n in ("list", "make", "show"))]
)
def test_every_command_says_what_it_does(command: tuple[str, ...]) -> None:
    code, text = run(*command, "--help")
    assert code == 0
    assert f"Usage: livedash {' '.join(command)}" in text
    assert len(text.splitlines()) > 5


def test_exit_statuses_are_told() -> None:
    assert "Exit status: 0 all went well" in run("--help")[1]


def test_version() -> None:
    assert run("version") == (0, f"{__version__}\n")


@pytest.mark.parametrize("wrong", [("nonsense",), ("serve", "--port", "99999"), ("tail", "p", "-n", "-1"), ("send",)])
def test_a_wrong_command_line_is_status_2(wrong: tuple[str, ...]) -> None:
    assert run(*wrong)[0] == 2


def loaded_by(statement: str, *names: str) -> set[str]:
    code = f"import sys\n{statement}\nsys.stdout.write('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(names) & set(done.stdout.split("\n"))


def test_help_loads_none_of_the_server() -> None:
    dear = ("fastapi", "sqlalchemy", "alembic", "cryptography", "httpx", "psutil", "pydantic", "uvloop", "structlog")
    assert loaded_by("import livedash.cli", *dear, "rich.console") == set()


def test_a_server_loads_nothing_dear_that_it_does_not_need() -> None:
    dear = ("alembic", "cryptography", "httpx", "httpx_sse", "sqlalchemy.orm", "rich.progress")
    assert loaded_by("import livedash.cli.serving, livedash.cli.demo", *dear) == set()
