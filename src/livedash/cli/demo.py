"""`livedash demo`: this host's metrics on a dashboard, and an empty pipeline to try."""

import sys
import threading
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from livedash.app import App
from livedash.base import clock
from livedash.base.config import Settings
from livedash.base.folder import DEMO_FOLDER, Folder
from livedash.base.secrets import kept
from livedash.base.tokens import make_token
from livedash.cli.running import run, setup_link
from livedash.manage.apply import apply
from livedash.manage.document import load
from livedash.manage.plan import plan
from livedash.manage.rights import Admin

_DOCUMENT = Path(__file__).parent / "demo.yaml"
_SOURCE = "demo"
_TRY_IT = "try-it"
_MOST_CORES = 16  # lines on one chart that can still be told apart
_WELCOME = """
  Livedash is running. This host, live:

    {url}/d/this-host

  Your turn: open {url}/d/try-it and run

    curl {url}/api/pipelines/try-it/records \\
      -H 'Authorization: Bearer {token}' \\
      -d '{{"temperature": 21.5, "city": "Bern"}}'

  To steer it, sign in (once, within 15 minutes): {setup}

  Everything is kept in {data}. Stop with Ctrl-C.
"""


def run_demo(*, open_browser: bool, **overrides: Any) -> None:
    """Run it; raises what keeps it from starting."""
    settings = Settings.load(**overrides)
    if "data" not in settings.model_fields_set:
        settings = settings.model_copy(update={"data": DEMO_FOLDER})
    tokens: dict[str, str] = {}

    def shown_tokens() -> Mapping[str, str]:
        # the demo prints its ingest token on a page, so it is kept where the server of a real installation keeps none
        path = Folder(settings.data).path / f"{_TRY_IT}.token"
        tokens[_TRY_IT] = kept(path, lambda: make_token("in"))
        return tokens

    async def prepare(app: App, url: str) -> None:
        document = load({_DOCUMENT.name: _document(tokens[_TRY_IT])}, {})
        planned = plan(document, app.catalog.snapshot, _SOURCE)
        await apply(app.catalog, Admin(_SOURCE), planned, clock.now, app.logs.head)
        setup = setup_link(app, url)
        sys.stdout.write(_WELCOME.format(url=url, token=tokens[_TRY_IT], setup=setup, data=settings.data))
        sys.stdout.flush()
        if open_browser:  # beside us: one in the terminal does not return before it is left
            threading.Thread(target=webbrowser.open, args=[f"{url}/d/this-host"], daemon=True).start()

    run(settings, prepare, shown_tokens)


def _document(token: str) -> str:
    """The demo's document, with one line on the chart for each core of this host. The token is written out, so that
    an export leaves it out: a reference to a variable would ask for one that nobody set."""
    numbers = range(min(psutil.cpu_count() or 1, _MOST_CORES))
    fields = ", ".join(f"cpu.core{number}" for number in numbers)
    labels = ", ".join(f"cpu.core{number}: core {number}" for number in numbers)
    text = _DOCUMENT.read_text(encoding="utf-8")
    return text.replace("cpu.cores: core", labels).replace("cpu.cores", fields).replace("${TRY_IT_TOKEN}", token)
