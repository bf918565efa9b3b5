"""Runs the examples of the docs as a reader would: one shell for each page, beside the demo that Start begins with."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.server import Process, free_port, wait_until_up

from .pages import Block, Page

_PORT = "8765"
_RECEIVER = "8766"  # where the pages have a receiver of webhooks listen
_FILES = ("yaml", "json", "python")  # such a block with an argument is a file of that name
_MARK = "\x1e"  # between the outputs of two blocks
_EXPORT = re.compile(r"^export (\w+)=(\S+)$", re.MULTILINE)
# what differs from one run to the next, as `re.escape` leaves it of an example, and what is taken instead
_VARYING = (
    (r"20\d\d\\-\d\d\\-\d\dT\d\d:\d\d:\d\d\\\.\d{3}Z", r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    (r"k3v9q2m4\\-", "[a-z0-9]+-"),
    ("…", ".*"),
)


@dataclass(frozen=True)
class Example:
    """Commands, and what they should print."""

    block: Block
    expected: Block | None


def examples(page: Page) -> list[Example]:
    """The `sh test` blocks, each with the block after it."""
    pairs = zip_longest(page.blocks, page.blocks[1:])
    return [Example(block, after) for block, after in pairs if (block.language, block.argument) == ("sh", "test")]


class Walk:
    """A folder with the files that the pages show, and a shell in which `livedash` is this one."""

    def __init__(self, folder: Path, start: Page, port: int) -> None:
        self._folder = folder
        self._port = str(port)
        self._receiver = str(free_port())
        self._env = _environment(folder) | {"LIVEDASH_URL": f"http://127.0.0.1:{port}", "LIVEDASH_PORT": str(port)}
        for example in examples(start):
            self._env |= dict(_EXPORT.findall(example.block.text))

    def outputs(self, page: Page) -> list[str]:
        """What each example of the page prints, in order."""
        found = examples(page)
        for block in page.blocks:
            if block.language in _FILES and block.argument:
                (self._folder / block.argument).write_text(self._here(block.text), encoding="utf-8")
        script = self._here(f"\nprintf '{_MARK}'\n".join(each.block.text for each in found))
        done = subprocess.run(
            ["bash", "-c", script], cwd=self._folder, env=self._env, capture_output=True, text=True, timeout=60
        )
        outputs = done.stdout.split(_MARK)
        assert len(outputs) == len(found), done.stderr
        return outputs

    def _here(self, text: str) -> str:
        """With the ports that are ours in place of the ones that everybody has."""
        return text.replace(f":{_PORT}", f":{self._port}").replace(_RECEIVER, self._receiver)


def _environment(folder: Path) -> dict[str, str]:
    shims = folder / "bin"
    shims.mkdir()
    for name, arguments in {"livedash": "-m livedash", "python": ""}.items():
        (shims / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (shims / name).chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVEDASH_")}
    plain = {"COLUMNS": "200", "NO_COLOR": "1", "NO_PROXY": "*", "no_proxy": "*"}
    return inherited | plain | {"PATH": f"{shims}:{os.environ['PATH']}"}


@contextmanager
def walking(folder: Path, start: Page) -> Iterator[Walk]:
    """With the server running that Start tells to start."""
    [command] = [block for block in start.blocks if (block.language, block.argument) == ("sh", "serve")]
    program, *arguments = command.text.split()
    assert program == "livedash"
    port = free_port()
    outbound = {"LIVEDASH_OUTBOUND_ALLOW": "127.0.0.1"}  # as the page on webhooks tells to start it
    server = Process(*arguments, "--port", str(port), "--data", str(folder / "livedash-demo"), env=outbound)
    try:
        wait_until_up(f"http://127.0.0.1:{port}")
        yield Walk(folder, start, port)
    finally:
        server.kill()


def differences(expected: Block, output: str) -> str | None:
    """Why the output is not what the docs show; None when it is. JSON must have the same shape and the same
    constants; of text every line must be there, in that order."""
    if expected.language == "json":
        return _unlike(json.loads(expected.text), json.loads(output), "")
    rest = output.splitlines()
    for line in filter(None, expected.text.splitlines()):
        while rest and not re.fullmatch(pattern(line), rest[0].rstrip()):
            rest.pop(0)
        if not rest:
            return f"no further line is like {line!r} in:\n{output}"
        rest.pop(0)
    return None


def pattern(line: str) -> str:
    """A line of the docs as a regular expression."""
    text = re.escape(line)
    for varying, form in _VARYING:
        text = re.sub(varying, lambda _, form=form: form, text)
    return text


def _unlike(expected: Any, found: Any, where: str) -> str | None:
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        if expected.keys() != found.keys():
            return f"{where or 'the answer'} has {sorted(found)}, not {sorted(expected)}"
        pairs = ((expected[key], found[key], f"{where}.{key}") for key in expected)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = ((left, right, f"{where}[{n}]") for n, (left, right) in enumerate(zip(expected, found, strict=True)))
    elif isinstance(expected, str) and isinstance(found, str):
        return None if re.fullmatch(pattern(expected), found) else f"{where} is {found!r}, not {expected!r}"
    else:
        return None if expected == found else f"{where} is {found!r}, not {expected!r}"
    return next((reason for pair in pairs if (reason := _unlike(*pair))), None)
