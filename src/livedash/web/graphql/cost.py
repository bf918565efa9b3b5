"""How much a query asks for, before it is executed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from livedash.base import limits
from livedash.model import Json

_MANY = 10  # as which lists count whose length the query does not say
_LISTS = {"pipelines": _MANY, "dashboards": _MANY, "widgets": _MANY, "sinks": _MANY}
_SIZED = {"records": ("first", 100), "series": ("points", 100)}  # the argument that says how many, and its default
_DEAR = {"data": _MANY, "report": _MANY}  # what takes more than a look into memory


class Cost(NamedTuple):
    """Levels of fields, renamed fields, and about how many values the answer has."""

    depth: int = 0
    aliases: int = 0
    values: int = 0


def check(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Json]
) -> None:
    """Raises GraphQLError for a query that asks for more than one may."""
    cost = Counting(fragments, variables).of(operation.selection_set)
    for name, found, most in (
        ("levels deep", cost.depth, limits.GRAPHQL_DEPTH),
        ("aliases", cost.aliases, limits.GRAPHQL_ALIASES),
        ("values, about,", cost.values, limits.GRAPHQL_COMPLEXITY),
    ):
        if found > most:
            raise GraphQLError(f"this asks for {found:,} {name} and may ask for {most:,}; ask for less at a time")


class Counting:
    """Of one valid document: fragments do not go round in circles."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Json]) -> None:
        self._fragments = fragments
        self._variables = variables
        self._known: dict[str, Cost] = {}  # else fragments in fragments would take for ever

    def of(self, selections: SelectionSetNode | None) -> Cost:
        return _sum(self._each(selections)) if selections else Cost()

    def _each(self, selections: SelectionSetNode) -> Iterator[Cost]:
        for node in selections.selections:
            match node:
                case FieldNode():
                    if not node.name.value.startswith("__"):  # graphql-core bounds introspection by itself
                        yield self._of_field(node)
                case InlineFragmentNode():
                    yield self.of(node.selection_set)
                case FragmentSpreadNode():
                    yield self._of_fragment(node.name.value)

    def _of_fragment(self, name: str) -> Cost:
        if name not in self._known:
            self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]

    def _of_field(self, node: FieldNode) -> Cost:
        inside, name = self.of(node.selection_set), node.name.value
        own = _DEAR.get(name, 1) if node.selection_set or name == "report" else 1
        values = own + self._times(node) * inside.values
        return Cost(inside.depth + 1, inside.aliases + (node.alias is not None), values)

    def _times(self, node: FieldNode) -> int:
        if node.name.value not in _SIZED:
            return _LISTS.get(node.name.value, 1)
        argument, default = _SIZED[node.name.value]
        value = next((each.value for each in node.arguments or () if each.name.value == argument), None)
        if isinstance(value, IntValueNode):
            return int(value.value)
        given = self._variables.get(value.name.value) if isinstance(value, VariableNode) else None
        return given if isinstance(given, int) else default


def _sum(costs: Iterable[Cost]) -> Cost:
    depth = aliases = values = 0
    for cost in costs:
        depth, aliases, values = max(depth, cost.depth), aliases + cost.aliases, values + cost.values
    return Cost(depth, aliases, values)
