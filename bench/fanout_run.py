"""One measurement of `bench fanout`: a server on one core, its readers and posters on another."""

import json
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from bench import client
from bench.fanout_servers import OTHER_TOKEN, Contender

Serves = Callable[[], AbstractContextManager[Contender]]
SERVER_CORE, CLIENT_CORE = 0, 1
MOST_FILES = 20_000
SETTLE_SECONDS = 0.5
WARM_READERS = 8
ONE_BY_ONE = -1


@dataclass(frozen=True)
class Load:
    """So many readers of so many records: `rate` a second, or with 0 as fast as `posters` get their answers, or with
    `ONE_BY_ONE` each when all readers have the one before."""

    readers: int
    records: int
    rate: int
    posters: int = 8

    def words(self, contender: Contender) -> list[object]:
        numbers = [contender.port, self.readers, self.records, self.rate, self.posters]
        return [*numbers, contender.publish, contender.stream]


def measured(serves: Serves, load: Load) -> dict[str, Any]:
    """What the client counted, with `cpu_us` of the server for an event, and `kb` that it took for a reader."""
    with on_its_core(serves) as contender:
        with opened(Load(WARM_READERS, 20, 0).words(contender)) as warm:
            _result(warm)
        resident = contender.resident
        with opened(load.words(contender)) as fan:
            time.sleep(SETTLE_SECONDS)
            kb, cpu, writes = (contender.resident - resident) / 1024 / load.readers, contender.cpu, contender.writes
            result = _result(fan)
            events = max(1, result["events"])
            used = {"cpu_us": (contender.cpu - cpu) / events * 1e6, "writes": (contender.writes - writes) / events}
            return result | {"kb": kb} | used


def held(serves: Serves, load: Load, beside: Load) -> dict[str, Any]:
    """What the posters to another pipeline waited while `load` was held."""
    with on_its_core(serves) as contender, opened(load.words(contender)) as fan:
        post = client.post_to("/api/pipelines/other/records", token=OTHER_TOKEN)
        words = [contender.port, 0, beside.records, beside.rate, beside.posters, post, contender.stream]
        with opened(words) as posters:
            _go(fan)
            answers = _result(posters)
        return _said(fan) | {"posts": beside.records, "answer_ms": answers["answer_ms"]}


def stormed(serves: Serves, load: Load) -> dict[str, Any]:
    """What came when all readers dropped half way and resumed."""
    with on_its_core(serves) as contender:
        page = httpx.get(
            f"http://127.0.0.1:{contender.port}/api/pipelines/bench/records",
            headers={"Authorization": f"Bearer {client.STREAM_TOKEN}"},
        )
        epoch = page.raise_for_status().json()["cursor"].partition("-")[0]
        with opened([*load.words(contender), epoch]) as fan:
            return _result(fan)


@contextmanager
def on_its_core(serves: Serves) -> Iterator[Contender]:
    """A server that has one core, with all its threads and children."""
    with ExitStack() as stack:
        with pinned(SERVER_CORE):
            contender = stack.enter_context(serves())
        yield contender


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """What is started in here stays on one core. Raises SystemExit when the machine has no second one."""
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        raise SystemExit("fanout needs two cores: one for the server, one for who reads")
    os.sched_setaffinity(0, {sorted(before)[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_files() -> None:
    """Thousands of connections, here and in what is started from here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, MOST_FILES), hard))


@contextmanager
def opened(words: list[object]) -> Iterator["subprocess.Popen[str]"]:
    """A client with all its streams open, that waits for a word."""
    with pinned(CLIENT_CORE):
        fan = client.started("fan", *words)
    with fan:
        try:
            if fan.stdout is None or fan.stdout.readline() != "open\n":
                raise SystemExit("not every stream could be opened: the client's own message is above")
            yield fan
        finally:
            fan.kill()


def _go(fan: "subprocess.Popen[str]") -> None:
    assert fan.stdin is not None
    fan.stdin.write("\n")
    fan.stdin.flush()


def _said(fan: "subprocess.Popen[str]") -> dict[str, Any]:
    assert fan.stdout is not None
    line = fan.stdout.readline()
    if not line:
        raise SystemExit("the client ended before it had counted: its own message is above")
    return dict(json.loads(line))


def _result(fan: "subprocess.Popen[str]") -> dict[str, Any]:
    _go(fan)
    return _said(fan)
