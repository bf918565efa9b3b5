"""`livedash serve --config`: what the file says is so, from the start and whenever it changes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.support import Shell, line_of, started
from tests.server import ADMIN, DOCUMENT, Process, bearer, free_port, process


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Shell]]:
    folder = tmp_path_factory.mktemp("serve")
    with process(folder / "data") as (server, url):
        yield server, Shell(url, folder)


def until(check: Callable[[], bool], within: float = 15) -> None:
    end = time.monotonic() + within
    while not check():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def title(shell: Shell) -> str:
    return str(httpx.get(f"{shell.url}/api/dashboards/weather", headers=bearer(ADMIN)).json()["title"])


def config(shell: Shell) -> Path:
    return shell.folder / "data.yaml"


def said(server: Process, text: str) -> str:
    """The next line of the server that holds `text`."""
    while text not in (line := line_of(server.popen.stdout)):
        assert server.popen.poll() is None
    return line


def test_a_change_is_applied(served: tuple[Process, Shell]) -> None:
    _, shell = served
    config(shell).write_text(DOCUMENT.replace("title: Weather", "title: Written"))
    until(lambda: title(shell) == "Written")


def test_a_file_that_is_replaced_is_followed(served: tuple[Process, Shell]) -> None:
    _, shell = served
    for name in ("Replaced", "Replaced again"):
        new = shell.folder / "new.yaml"
        new.write_text(DOCUMENT.replace("title: Weather", f"title: {name}"))
        new.rename(config(shell))
        until(lambda name=name: title(shell) == name)


def test_a_mistake_is_said_and_changes_nothing(served: tuple[Process, Shell]) -> None:
    server, shell = served
    before = shell.run("export").output
    config(shell).write_text(DOCUMENT.replace("title: Weather", "titel: Wrong"))
    assert f"{config(shell)}:" in said(server, "not applied")
    assert shell.run("export").output == before
    config(shell).unlink()
    assert "No such file" in said(server, "not applied")
    assert shell.run("export").output == before
    config(shell).write_text(DOCUMENT.replace("title: Weather", "title: Right"))
    until(lambda: title(shell) == "Right")


def test_what_people_changed_stays(served: tuple[Process, Shell]) -> None:
    server, shell = served
    path = f"{shell.url}/api/dashboards/private"
    by_hand = {"title": "By hand", "widgets": []}
    httpx.put(path, json=by_hand, headers=bearer(ADMIN)).raise_for_status()
    config(shell).write_text(DOCUMENT.replace("title: Weather", "title: Beside it"))
    until(lambda: title(shell) == "Beside it")
    assert httpx.get(path, headers=bearer(ADMIN)).json()["title"] == "By hand"
    assert "title was changed here and stays" in said(server, "= dashboard private")


def test_a_mistake_at_the_start_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("apiVersion: 1\npipelines:\n  - {slug: UPPER}\n  - {slug: a, nonsense: 1}\n")
    done = Shell("", tmp_path).process("serve", "--port", "0", "--config", str(file))
    assert done.returncode == 1
    assert (b"%b:3: " % bytes(file) in done.stderr, b"%b:4: " % bytes(file) in done.stderr) == (True, True)
    assert b"Traceback" not in done.stderr


def test_what_is_taken_is_said_in_a_line(served: tuple[Process, Shell], tmp_path: Path) -> None:
    _, shell = served
    port = shell.url.rpartition(":")[2]
    mine = Shell("", tmp_path)
    same_port = mine.process("serve", "--port", port, "--data", "mine")
    same_folder = mine.process("serve", "--port", "0", "--data", str(shell.folder / "data"))
    assert (same_port.returncode, same_folder.returncode) == (1, 1)
    assert f"error: cannot listen on 127.0.0.1:{port}".encode() in same_port.stderr
    assert b"error: another Livedash uses " in same_folder.stderr
    assert same_port.stderr.count(b"\n") == same_folder.stderr.count(b"\n") == 1
    assert not (tmp_path / "mine").exists()


def test_half_a_file_is_never_applied(tmp_path: Path) -> None:
    """Half a document can be a valid one, and what it does not say any more would be deleted."""
    half = DOCUMENT[: DOCUMENT.index("  - slug: weather")]
    with process(tmp_path / "data") as (_, url):
        shell, end = Shell(url, tmp_path), time.monotonic() + 1
        while time.monotonic() < end:  # a slow writer, over and over
            config(shell).write_text(half + "#" * int(time.monotonic() * 1000 % 1000))
            assert title(shell) == "Weather"


def test_it_says_where_it_is_and_ends_clean(tmp_path: Path) -> None:
    port = free_port()
    with started(["serve", "--port", str(port), "--data", str(tmp_path / "d")], {}) as server:
        assert line_of(server.stdout) == f"Livedash is at http://127.0.0.1:{port}"
        assert line_of(server.stdout) == f"Admin token: {tmp_path / 'd' / 'admin.token'}"
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").is_success
        server.terminate()
        assert server.wait(5) == 0
        assert server.stderr is not None and server.stderr.read() == b""
