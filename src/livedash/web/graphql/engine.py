"""Executes what is asked: parsed and validated once, within the limits, by graphql-core on Strawberry's schema."""

from collections.abc import AsyncIterable
from functools import lru_cache
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationType,
    create_source_event_stream,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import Executor

from livedash.base import limits
from livedash.model import Json
from livedash.web.graphql import cost
from livedash.web.graphql.asked import Asked
from livedash.web.graphql.askers import Asker
from livedash.web.graphql.context import Context
from livedash.web.graphql.records import Following
from livedash.web.graphql.refusals import BAD_VARIABLES, PARSE_FAILED, TOO_COMPLEX, VALIDATION_FAILED, Refused
from livedash.web.graphql.results import formatted, refused, told
from livedash.web.graphql.schema import core, make_schema
from livedash.web.graphql.selection import Outline, Selection
from livedash.web.graphql.subscription_shape import SubscriptionShape
from livedash.web.parts import Parts

_WHICH = "`operationName` says which of the operations is to be executed; there is none of that name"


class Engine:
    """One for the process. Without introspection the schema is not told, nor are names guessed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._schema = core(make_schema())
        self._introspection = parts.settings.graphql_introspection
        hiding = () if self._introspection else (NoSchemaIntrospectionCustomRule,)
        self._rules = (*specified_rules, *hiding)
        self._document = lru_cache(limits.GRAPHQL_DOCUMENTS)(self._parsed)
        self._outline = lru_cache(limits.GRAPHQL_DOCUMENTS)(self._outlined)
        self._selection = lru_cache(limits.GRAPHQL_DOCUMENTS)(self._selected)

    def kind(self, asked: Asked) -> OperationType:
        """What kind of operation it is. Raises Refused."""
        operation = get_operation_ast(self._document(asked.query), asked.operation)
        if operation is None:
            raise refused([GraphQLError(_WHICH)], VALIDATION_FAILED)
        return operation.operation

    def is_subscription(self, asked: Asked) -> bool:
        """Whether it is to be followed. Raises Refused."""
        return self.kind(asked) is OperationType.SUBSCRIPTION

    async def answer(self, asked: Asked, asker: Asker) -> dict[str, Json]:
        """The answer to a query or mutation. Raises Refused."""
        async with Context.of(self._parts, asker) as context:
            result = self._executor(asked, context).execute_operation()
            return formatted(await result if isawaitable(result) else result)

    async def follow(self, asked: Asked, asker: Asker) -> tuple[Following, SubscriptionShape]:
        """What a subscription follows, and what its client gets of it. Raises Refused."""
        async with Context.of(self._parts, asker) as context:
            executor = self._executor(asked, context)
            source = create_source_event_stream(executor)
            found: AsyncIterable[Any] | ExecutionResult = await source if isawaitable(source) else source
        if isinstance(found, ExecutionResult):
            raise Refused(told(found.errors or []))
        assert isinstance(found, Following), "the schema has no other source"
        outline = self._outline(asked.query, asked.operation)
        values = outline.values(asked.variables)
        return found, SubscriptionShape(self._selection(asked.query, asked.operation, values), found.where)

    def _executor(self, asked: Asked, context: Context | None) -> Executor[Any]:
        document = self._document(asked.query)
        executor = Executor.build(
            self._schema,
            document,
            context_value=context,
            raw_variable_values=dict(asked.variables),
            operation_name=asked.operation,
            hide_suggestions=not self._introspection,
        )
        if not isinstance(executor, Executor):
            raise refused(executor, BAD_VARIABLES)
        try:
            cost.check(executor.operation, executor.fragment_definitions, executor.variable_values.coerced)
        except GraphQLError as error:
            raise refused([error], TOO_COMPLEX) from None
        return executor

    def _parsed(self, query: str) -> DocumentNode:
        """Raises Refused."""
        try:
            document = parse(query, max_tokens=limits.GRAPHQL_TOKENS, no_location=False)
            errors = validate(self._schema, document, self._rules, hide_suggestions=not self._introspection)
        except GraphQLSyntaxError as error:
            raise refused([error], PARSE_FAILED) from None
        except RecursionError:
            raise refused([GraphQLError("this is nested too deeply to be read")], PARSE_FAILED) from None
        if errors:
            raise refused(errors, VALIDATION_FAILED)
        return document

    def _outlined(self, query: str, operation: str | None) -> Outline:
        return Outline.of(self._document(query), operation)

    def _selected(self, query: str, operation: str | None, values: bytes) -> Selection:
        return Selection.of(self._schema, self._outline(query, operation), values)
