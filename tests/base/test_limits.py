"""The limits agree with each other: a change of one that breaks another is seen here."""

import ast
from pathlib import Path

from livedash.base import limits


def test_every_limit_says_why() -> None:
    lines = Path(limits.__file__).read_text().splitlines()
    tree = ast.parse("\n".join(lines))
    names = {node.lineno: node.targets[0] for node in tree.body if isinstance(node, ast.Assign)}
    units = {"KIB", "MIB"}
    silent = [
        name.id
        for number, name in names.items()
        if isinstance(name, ast.Name) and name.id not in units and "#" not in lines[number - 1]
    ]
    assert set(silent) <= SPEAK_FOR_THEMSELVES, "say why, beside it"


# their names and the sections they stand in say it; a new one needs a reason
SPEAK_FOR_THEMSELVES = {"BODY_BYTES", "PAGE_RECORDS", "WIDGETS_PER_DASHBOARD", "TABLE_ROWS"}


def test_they_fit_together() -> None:
    assert limits.RECORD_BYTES < limits.BODY_BYTES < limits.UNPACKED_BYTES
    assert limits.RECORD_BYTES < limits.PAGE_BYTES  # a page holds one record at least, and should hold several
    assert limits.COMMIT_RECORDS_PER_PIPELINE < limits.COMMIT_RECORDS <= limits.PENDING_RECORDS
    assert limits.RECORDS_PER_REQUEST <= limits.PENDING_RECORDS  # else a full request could never be taken
    assert limits.TAIL_RECORDS <= limits.PAGE_RECORDS
    assert limits.POLL_SECONDS < limits.KEEPALIVE_SECONDS
    assert limits.REFUSAL_BYTES <= limits.RECORD_BYTES
