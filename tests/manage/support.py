"""What the tests of manage share."""

from textwrap import dedent

from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Pipeline
from livedash.manage.apply import Applied, apply
from livedash.manage.document import load
from livedash.manage.plan import Plan, plan
from livedash.manage.rights import Admin
from livedash.model import Cursor

ADMIN = Admin("tk_admin")
NOW = 1_700_000_000_000_000


def now() -> int:
    return NOW


async def head_of(pipeline: Pipeline) -> Cursor:
    return Cursor("e1", 7)


def plan_of(catalog: Catalog, text: str, source: str = "file", **variables: str) -> Plan:
    return plan(load({f"{source}.yaml": dedent(text)}, variables), catalog.snapshot, source)


async def applied(catalog: Catalog, text: str, source: str = "file", **variables: str) -> Applied:
    return await apply(catalog, ADMIN, plan_of(catalog, text, source, **variables), now, head_of)


def said(plan: Plan) -> dict[str, str]:
    """What happens to each thing."""
    return {change.key: change.action for change in plan.changes}


def fields(plan: Plan) -> dict[str, tuple[object, object]]:
    """Every field that changes, as `key.field`."""
    return {
        f"{change.key}.{each.name}": (each.before, each.after)
        for change in plan.changes
        if change.action == "update"
        for each in change.fields
    }


def conflicts(plan: Plan) -> set[tuple[str, str | None]]:
    return {(each.key, each.field) for each in plan.conflicts}
