"""The engine, made when it is first needed."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livedash.web.graphql.engine import Engine


class Engines:
    """One engine. To import and make it takes most of a second and 20 MB, which nobody pays who asks no GraphQL."""

    def __init__(self, make: Callable[[], "Engine"]) -> None:
        """`make()` is called once, in a thread."""
        self._make = make
        self._making = asyncio.Lock()
        self._engine: Engine | None = None

    async def engine(self) -> "Engine":
        if self._engine is None:
            async with self._making:
                if self._engine is None:
                    self._engine = await asyncio.to_thread(self._make)
        return self._engine
