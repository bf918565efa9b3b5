"""The events a live page follows, as Server-Sent Events on `/d/{slug}/live?version=`.

    state         {"version", "title", "html"}: the whole grid; for a version the board does not know any more, and
                  when the dashboard itself was changed
    update-chart  {"widget", "labels", "data", "append", "window", "version"}: new points of one chart.
                  `labels` are epoch milliseconds, `data` one list per series (null where a series has no value);
                  with `append` they follow what is there, else they replace it; then each series keeps its newest
                  `window` points
    patch         {"version", "bodies": {widget id: html}}: new insides of `.widget-body`
    ping          {"now": epoch ms}: after catching up, then every 15 s: "what you see is live"
    gone          {"detail"}: the dashboard was deleted; do not come back

A version is `epoch-n`, like a cursor. What changed between two versions is a bundle of update-chart events and at
most one patch; the last event of a bundle carries `id: version`, so a page that lost its connection within a bundle
gets the bundle again, and skips update-chart events whose `version` its chart has seen.
"""

from collections.abc import Mapping

from markupsafe import Markup

from livedash.boards.widget import Delta
from livedash.model import Cursor
from livedash.stream.frames import event


def state(version: Cursor, title: str, html: Markup) -> bytes:
    return event("state", {"version": str(version), "title": title, "html": str(html)}, version)


def bundle(version: Cursor, deltas: Mapping[str, Delta]) -> bytes:
    """Every delta of one version, by widget id. At least one of them changes something."""
    charts = [
        {"widget": widget, **delta.chart, "version": version.offset}
        for widget, delta in deltas.items()
        if delta.chart is not None
    ]
    bodies = {widget: str(delta.body) for widget, delta in deltas.items() if delta.body is not None}
    frames = [event("update-chart", chart, None if bodies or chart is not charts[-1] else version) for chart in charts]
    if bodies:
        frames.append(event("patch", {"version": str(version), "bodies": bodies}, version))
    return b"".join(frames)
