"""What a page of twelve charts costs the browser, and whether page or server grow."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson
from playwright.sync_api import CDPSession, Page, sync_playwright

from bench import client
from bench.figure import Figure
from bench.server import Server, running, serving

CHARTS = 12
POINTS = 100
SECONDS = 25
POST_SECONDS = 0.05  # well over the four patches a second that a page gets
SETTLE_SECONDS = 120
SOAK_SECONDS = 600


def _widget(number: int) -> str:
    place = f"{{x: {number % 3 * 4}, y: {number // 3 * 3}, w: 4, h: 3}}"
    query = f"{{pipeline: bench, fields: [v{number}], limit: {POINTS}}}"
    return f"      - {{id: c{number}, type: line_chart, position: {place}, query: {query}}}\n"


DOCUMENT = f"""
apiVersion: 1
pipelines:
  - {{slug: bench, ingest_token: {client.TOKEN}, stream_token: {client.STREAM_TOKEN}}}
dashboards:
  - slug: charts
    title: Charts
    is_public: true
    widgets:
{"".join(_widget(number) for number in range(CHARTS))}"""


def run() -> list[Figure]:
    with serving(DOCUMENT) as server, _posting(server), _page(f"{server.url}/d/charts") as (page, tools):
        page.wait_for_timeout(3_000)
        before, patches = _metric(tools, "TaskDuration"), _updates(page)
        started = time.perf_counter()
        page.wait_for_timeout(SECONDS * 1_000)
        busy = (_metric(tools, "TaskDuration") - before) / (time.perf_counter() - started)
        rate = (_updates(page) - patches) / SECONDS / CHARTS
    name = f"browser's main thread busy, {CHARTS} charts of {POINTS} points"
    return [Figure(name, "%", [busy * 100], 15, "less", note=f"each chart updated {rate:.1f} times a second")]


def soak() -> list[Figure]:
    """Twelve minutes: what the page and the server hold after the first two, and how much more at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="livedash-bench-") as name,
        running("demo", Path(name) / "demo", "/d/this-host") as server,
        _page(f"{server.url}/d/this-host") as (page, tools),
    ):
        page.wait_for_timeout(SETTLE_SECONDS * 1_000)
        heap, resident = _heap(tools), server.resident
        page.wait_for_timeout(SOAK_SECONDS * 1_000)
        heap_after, resident_after = _heap(tools), server.resident
    return [
        _growth("page's heap", heap, heap_after),
        _growth("server's resident memory", resident, resident_after),
    ]


def _growth(name: str, before: float, after: float) -> Figure:
    note = f"from {before / 1e6:.1f} to {after / 1e6:.1f} MB"
    return Figure(
        f"growth of the {name} in {SOAK_SECONDS // 60} minutes", "%", [(after / before - 1) * 100], 5, "less", note=note
    )


@contextmanager
def _page(url: str) -> Iterator[tuple[Page, CDPSession]]:
    """The page, once it is live, in a window of desktop size."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(_COUNT)
        page.goto(url)
        page.wait_for_selector('[data-connection="live"]')
        tools = page.context.new_cdp_session(page)
        tools.send("Performance.enable")
        yield page, tools
        browser.close()


# counts what the stream brings, to say how often charts were updated
_COUNT = """
window.updates = 0;
const listen = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (name, heard, ...more) {
  if (name === "update-chart") listen.call(this, name, () => { window.updates += 1; });
  return listen.call(this, name, heard, ...more);
};
"""


def _updates(page: Page) -> int:
    return int(page.evaluate("window.updates"))


def _metric(tools: CDPSession, name: str) -> float:
    metrics: list[dict[str, Any]] = tools.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == name))


def _heap(tools: CDPSession) -> float:
    """Bytes of the page's heap that are in use."""
    tools.send("HeapProfiler.collectGarbage")
    return _metric(tools, "JSHeapUsedSize")


@contextmanager
def _posting(server: Server) -> Iterator[None]:
    """Records with a value for every chart, again and again."""
    stop = threading.Event()
    thread = threading.Thread(target=_post, args=(server.port, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _post(port: int, stop: threading.Event) -> None:
    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {client.TOKEN}", "Content-Type": "application/json"}
    number = 0
    while not stop.wait(POST_SECONDS):
        number += 1
        record = {f"v{n}": (number * (n + 3)) % 97 for n in range(CHARTS)}
        connection.request("POST", "/api/pipelines/bench/records", orjson.dumps(record), headers)
        connection.getresponse().read()
