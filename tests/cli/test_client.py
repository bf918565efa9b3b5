"""How the command line finds the server and its token; what it says when it does not."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.cli.support import Shell
from tests.server import ADMIN


@pytest.mark.parametrize("url", ["nonsense", "localhost:8765", "http://", "http://[::1", "ftp://a"])
def test_a_strange_url(shell: Shell, url: str) -> None:
    result = shell.run("export", LIVEDASH_URL=url)
    assert result.exit_code == 1
    assert result.stderr == f"error: LIVEDASH_URL must look like http://127.0.0.1:8765, not '{url}'\n"


def test_no_server(shell: Shell) -> None:
    result = shell.run("export", LIVEDASH_URL="http://127.0.0.1:1")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: no answer from http://127.0.0.1:1 (Connection refused); start the server, or set LIVEDASH_URL\n"
    )


def test_no_token(shell: Shell) -> None:
    result = shell.run("export", LIVEDASH_TOKEN="")
    assert result.stderr == (
        "error: no token: set LIVEDASH_TOKEN, or run this where the server's data folder is (LIVEDASH_DATA)\n"
    )


@pytest.mark.parametrize("token", ["wrong", "", "fö", "two\nlines"])
def test_a_wrong_token(shell: Shell, token: str) -> None:
    result = shell.run("export", LIVEDASH_TOKEN=token)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "LIVEDASH_TOKEN" in result.stderr


def test_the_token_of_a_data_folder(shell: Shell) -> None:
    (shell.folder / "livedash-data").mkdir()
    (shell.folder / "livedash-data" / "admin.token").write_text(ADMIN + "\n")
    assert shell.run("export", LIVEDASH_TOKEN="").exit_code == 0
    (shell.folder / "livedash-data").rename(shell.folder / "elsewhere")
    assert shell.run("export", LIVEDASH_TOKEN="").exit_code == 1
    assert shell.run("export", LIVEDASH_TOKEN="", LIVEDASH_DATA="elsewhere").exit_code == 0


def test_url_and_token_from_files(shell: Shell) -> None:
    """As secrets are handed to containers."""
    (shell.folder / "url").write_text(shell.url + "/\n")
    (shell.folder / "token").write_text(ADMIN + "\n")
    result = shell.process("export", LIVEDASH_URL__FILE="url", LIVEDASH_TOKEN__FILE="token")
    assert result.returncode == 0  # the plain variables win
    bare = Shell(shell.url, shell.folder)
    env: dict[str, str | None] = {"LIVEDASH_URL": None, "LIVEDASH_TOKEN": None}
    env |= {"LIVEDASH_URL__FILE": "url", "LIVEDASH_TOKEN__FILE": "token"}
    assert bare.run("export", **env).exit_code == 0  # type: ignore[arg-type]
    unreadable = bare.run("export", **(env | {"LIVEDASH_TOKEN__FILE": "none"}))  # type: ignore[arg-type]
    assert unreadable.stderr == "error: LIVEDASH_TOKEN__FILE: cannot read none: No such file or directory\n"


class _Stranger(BaseHTTPRequestHandler):
    """Some other server: pages for everything, and one address that moved."""

    def do_GET(self) -> None:
        moved = self.path == "/api/export"
        self.send_response(301 if moved else 200)
        self.send_header("Location", "https://dash.example/api/export") if moved else None
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


def test_what_is_no_livedash(shell: Shell) -> None:
    with HTTPServer(("127.0.0.1", 0), _Stranger) as stranger:
        Thread(target=stranger.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{stranger.server_port}"
        page = shell.run("token", "list", LIVEDASH_URL=url)
        moved = shell.run("export", LIVEDASH_URL=url)
        stranger.shutdown()
    assert page.stderr == f"error: {url} did not answer as Livedash does; is LIVEDASH_URL right?\n"
    assert moved.stderr == "error: 301 the server is at https://dash.example/api/export; set LIVEDASH_URL to that\n"
