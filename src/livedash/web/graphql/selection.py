"""What a subscription wants of each record, apart from whose records and from where on. Subscriptions that want the
same are executed once for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

import orjson
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    StringValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    print_ast,
    separate_operations,
    visit,
)
from graphql.execution import ExecutionResult, Executor

from livedash.model import Json
from livedash.web.graphql.records import Row

_SOURCE = "pipelineEvents"
_NO_PIPELINE = (ArgumentNode(name=NameNode(value="pipelineId"), value=StringValueNode(value="")),)


class Outline(NamedTuple):
    """An operation without the arguments of its source and without its name, in one spelling, and which `variables` are
    left in it."""

    document: DocumentNode
    text: str
    variables: tuple[str, ...]

    @classmethod
    def of(cls, document: DocumentNode, operation: str | None) -> "Outline":
        """From a valid document with that operation."""
        operations = separate_operations(document)
        own = operations[operation] if operation else next(iter(operations.values()))
        outlined = visit(own, _Outlining())
        found = _Variables()
        visit(outlined, found)
        outlined = visit(outlined, _Defining(found.names))
        return cls(outlined, print_ast(outlined), tuple(sorted(found.names)))

    def values(self, variables: Mapping[str, Json]) -> bytes:
        """Those that are left, as JSON in one spelling."""
        left = {name: variables[name] for name in self.variables if name in variables}
        return orjson.dumps(left, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True)
class Selection:
    """Equal ones have equal answers for a record: the same `text`, and the same `values` (as JSON) of what varies in
    it."""

    text: str
    values: bytes
    _executor: Executor[Any] = field(compare=False, repr=False)

    @classmethod
    def of(cls, schema: GraphQLSchema, outline: Outline, values: bytes) -> "Selection":
        """`values` fit to the operation."""
        executor = Executor.build(schema, outline.document, raw_variable_values=orjson.loads(values))
        assert isinstance(executor, Executor), "it was built before, with more in it"
        return cls(outline.text, values, executor)

    def answer(self, row: Row) -> ExecutionResult:
        """For one record. Nothing of a record is looked up, so nothing is waited for."""
        return cast(ExecutionResult, self._executor.build_per_event_executor(row).execute_operation(False))


class _Outlining(Visitor):
    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> OperationDefinitionNode:
        return replace(node, name=None)

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        return replace(node, arguments=_NO_PIPELINE) if node.name.value == _SOURCE else None


class _Variables(Visitor):
    """Those that are used, not those that are only declared."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable_definition(self, *_: Any) -> Any:
        return self.SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)


class _Defining(Visitor):
    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self._names = names

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
        return None if node.variable.name.value in self._names else self.REMOVE
