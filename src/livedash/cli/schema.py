"""`livedash schema`."""

import sys


def print_schema() -> None:
    """The GraphQL schema in its own language."""
    from livedash.web.graphql.schema import make_schema

    sys.stdout.write(make_schema().as_str() + "\n")
