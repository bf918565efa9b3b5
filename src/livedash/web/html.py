"""HTML from the templates folder."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from livedash.boards.format import quantity
from livedash.model import Json
from livedash.web.static import Assets

_FOLDER = Path(__file__).parent / "templates"
_NEXT = {
    401: "Send a token: Authorization: Bearer and the token.",
    403: "Ask whoever runs this Livedash for a token that opens it.",
    404: "Check the address, or start from the list of public dashboards.",
    422: "Correct the address as described above.",
    503: "Wait a moment and try again; whoever runs this Livedash finds the reason in its log.",
}


class Templates:
    """Everything is escaped unless it is Markup; a variable that a template names and nobody gave is an error."""

    def __init__(self, assets: Assets) -> None:
        self._env = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
        self._env.globals["asset"] = assets.url
        self._env.filters |= {"quantity": quantity, "moment": _moment}

    def render(self, name: str, context: Mapping[str, Json]) -> str:
        return self._env.get_template(f"{name}.html.jinja").render(context)


def _moment(text: str) -> str:
    """`2026-11-22T19:00:00.123Z` → `2026-11-22 19:00:00 UTC`."""
    return f"{text[:10]} {text[11:19]} UTC"


def next_step(status: int) -> str:
    """What somebody who sees an error page may do."""
    return _NEXT.get(status, "Go back and try again.")
