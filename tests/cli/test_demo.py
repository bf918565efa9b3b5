"""`livedash demo`: two links that work, a folder of its own, a clean end."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.support import Shell, line_of, started
from tests.server import free_port


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str]]:
    """Its URL, the folder it was started in and what it printed; ended as by Ctrl-C."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    browser = folder / "browser"
    browser.write_text(
        f'#!/bin/sh\necho "$1" > {folder / "opened.part"}\nmv {folder / "opened.part"} {folder}/opened\n'
    )
    browser.chmod(0o755)
    with started(["demo", "--port", str(port), "--open"], {"BROWSER": f"{browser} %s"}, cwd=folder) as process:
        text = ""
        while "Stop with Ctrl-C" not in text:
            assert process.poll() is None
            text += line_of(process.stdout) + "\n"
        yield f"http://127.0.0.1:{port}", folder, text
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=5)
        assert process.returncode == 0
        assert b"Traceback" not in out + err


def test_the_links_it_prints_work(demo: tuple[str, Path, str]) -> None:
    url, _, text = demo
    links = set(re.findall(rf"{url}/d/\S+", text))
    assert links == {f"{url}/d/this-host", f"{url}/d/try-it"}
    for link in links:
        assert httpx.get(link).is_success


def test_the_command_it_prints_works(demo: tuple[str, Path, str]) -> None:
    url, _, text = demo
    found = re.search(r"curl (\S+) .*?'(Authorization): (Bearer \S+)'.*?-d '(.*?)'", text, re.DOTALL)
    assert found
    answer = httpx.post(found[1], headers={found[2]: found[3]}, content=found[4])
    assert answer.json()["accepted"] == 1
    assert found[1].startswith(url)


def test_the_commands_beside_it_find_its_token(demo: tuple[str, Path, str]) -> None:
    url, folder, _ = demo
    (folder / "livedash-data").mkdir()
    (folder / "livedash-data" / "admin.token").write_text("of-a-server-that-is-stopped\n")
    listed = Shell(url, folder, "").process("token", "list")
    assert listed.returncode == 0, listed.stderr
    assert b"try-it" in listed.stdout


def test_its_export_can_be_applied(demo: tuple[str, Path, str]) -> None:
    url, folder, _ = demo
    shell = Shell(url, folder, "")
    exported = shell.process("export")
    (folder / "exported.yaml").write_bytes(exported.stdout)
    applied = shell.process("apply", "exported.yaml")
    assert applied.returncode == 0, applied.stderr
    assert b"Nothing to do" in applied.stdout


def test_its_data_is_in_a_folder_of_its_own(demo: tuple[str, Path, str]) -> None:
    _, folder, text = demo
    data = folder / "livedash-demo"
    assert {"catalog.db", "log.db", "try-it.token"} <= {path.name for path in data.iterdir()}
    assert data.stat().st_mode & 0o077 == 0
    assert "Everything is kept in livedash-demo." in text


def test_a_second_one_is_refused_in_a_line(demo: tuple[str, Path, str], tmp_path: Path) -> None:
    url, folder, _ = demo
    port = url.rpartition(":")[2]
    same_port = Shell(url, tmp_path).process("demo", "--port", port)
    same_folder = Shell(url, folder).process("demo", "--port", "0")
    assert (same_port.returncode, same_folder.returncode) == (1, 1)
    said = (same_port.stderr + same_folder.stderr).decode().splitlines()
    assert [line.split(";")[1] for line in said] == [" try --port", " stop it first or choose another --data"]
    assert list(tmp_path.iterdir()) == []


def test_open_opens_a_browser(demo: tuple[str, Path, str]) -> None:
    url, folder, _ = demo
    assert (folder / "opened").read_text() == f"{url}/d/this-host\n"
