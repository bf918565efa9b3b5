"""How much a query asks for, counted before it is executed."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, GraphQLError, OperationDefinitionNode, parse

from livedash.base import limits
from livedash.web.graphql.cost import Cost, Counting, check


def parts(query: str) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    definitions = parse(query).definitions
    [operation] = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    return operation, {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}


def cost(query: str, **variables: Any) -> Cost:
    operation, fragments = parts(query)
    return Counting(fragments, variables).of(operation.selection_set)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ a }", Cost(1, 0, 1)),
        ("{ a b { c } }", Cost(2, 0, 3)),
        ("{ x: a y: a { z: c } }", Cost(2, 3, 3)),
        ("{ pipelines { slug name } }", Cost(2, 0, 21)),
        ("{ records(first: 7) { edges { cursor node { offset data } } } }", Cost(4, 0, 1 + 7 * 5)),
        ("{ records { edges { cursor } } }", Cost(3, 0, 1 + 100 * 2)),
        ("{ series(points: 50) { times } }", Cost(2, 0, 51)),
        ("{ ...A } fragment A on Query { a { ...B } } fragment B on T { b c }", Cost(2, 0, 3)),
        ("{ ... on Query { a } ... { b } }", Cost(1, 0, 2)),
        ("{ __schema { types { name fields { name type { ofType { ofType { name } } } } } } a }", Cost(1, 0, 1)),
    ],
)
def test_what_a_query_asks_for(query: str, expected: Cost) -> None:
    assert cost(query) == expected


def test_the_number_of_records_may_be_a_variable() -> None:
    query = "query($n: Int) { records(first: $n) { edges { cursor } } }"
    assert cost(query, n=3) == Cost(3, 0, 7)
    assert cost(query).values == 201, "the default, when it is left out"


def test_each_limit_is_told_with_what_was_asked_for() -> None:
    deep = "{ a " * (limits.GRAPHQL_DEPTH + 1) + "}" * (limits.GRAPHQL_DEPTH + 1)
    renamed = "{ " + " ".join(f"a{n}: b" for n in range(limits.GRAPHQL_ALIASES + 1)) + " }"
    much = "{ records(first: 9999) { edges { cursor } } }"
    for query, words in ((deep, "11 levels deep"), (renamed, "31 aliases"), (much, "19,999 values")):
        with pytest.raises(GraphQLError, match=words):
            check(*parts(query), {})
    check(*parts("{ a " * limits.GRAPHQL_DEPTH + "}" * limits.GRAPHQL_DEPTH), {})
