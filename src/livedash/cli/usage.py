"""`livedash usage`: what sinks delivered and streams carried."""

import sys

from livedash.cli.client import call, connect
from livedash.cli.columns import print_columns


def print_usage(start: str | None, to: str | None, *, csv: bool) -> None:
    """Columns with a sum at the end, or the server's CSV."""
    given = {name: day for name, day in (("from", start), ("to", to)) if day is not None}
    with connect() as client:
        response = call(client, "GET", "/api/usage.csv" if csv else "/api/usage", params=given)
    if csv:
        sys.stdout.write(response.text)
        return
    found = response.json()
    meters = tuple(found["total"])
    rows = [("DAY", "PIPELINE", "SINK", *(meter.upper() for meter in meters))]
    for row in found["rows"]:
        names = (row["day"], row["pipeline_slug"] or row["pipeline"], row["sink_name"] or row["sink"] or "(streams)")
        rows.append((*names, *(str(row[meter]) for meter in meters)))
    rows.append(("in all", "", "", *(str(found["total"][meter]) for meter in meters)))
    print_columns(rows)
