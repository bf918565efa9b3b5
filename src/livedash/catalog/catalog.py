"""The catalog as the server uses it: changes go to the store in a thread, look-ups to the directory."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from livedash.base import clock
from livedash.base.secrets import Vault
from livedash.catalog.changes import Change
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Snapshot
from livedash.catalog.store import Store
from livedash.model import Clock


class Catalog:
    """What is configured. `directory` answers at once and is up to date when `write` returns."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self.directory = directory
        self._store = store
        self._lock = asyncio.Lock()

    @classmethod
    async def open(
        cls, path: Path, vault: Vault, admin_token: str | None = None, clock: Clock = clock.now
    ) -> "Catalog":
        """Open or make catalog.db at `path`. Raises StorageError."""
        store = await asyncio.to_thread(Store, path, vault)
        return cls(store, Directory(await asyncio.to_thread(store.load), admin_token, clock))

    @property
    def snapshot(self) -> Snapshot:
        """What changes are decided on; pass its revision as `expected`."""
        return self.directory.snapshot

    async def write(self, changes: Sequence[Change], expected: int | None = None) -> Snapshot:
        """Every change or none; raises Conflict when the revision is not `expected` or a name is taken, StorageError
        when the file fails."""
        return (await self._run(lambda _: changes, expected))[1]

    async def change(self, decide: Callable[[Snapshot], Sequence[Change]]) -> tuple[Snapshot, Snapshot]:
        """Write what `decide` says of the snapshot, which nothing else changes meanwhile; no changes are no write.
        The snapshots before and after. Raises what `decide` raises, and like `write`."""
        return await self._run(decide, None)

    async def close(self) -> None:
        """Wait for what is being written, then let the file go."""
        async with self._lock:
            await asyncio.to_thread(self._store.close)

    async def _run(
        self, decide: Callable[[Snapshot], Sequence[Change]], expected: int | None
    ) -> tuple[Snapshot, Snapshot]:
        """Once begun it ends, even when the caller is cancelled: else the directory would miss a change."""
        return await asyncio.shield(asyncio.ensure_future(self._write(decide, expected)))

    async def _write(
        self, decide: Callable[[Snapshot], Sequence[Change]], expected: int | None
    ) -> tuple[Snapshot, Snapshot]:
        async with self._lock:
            before = self.snapshot
            if changes := decide(before):
                self.directory.refresh(await asyncio.to_thread(self._store.write, changes, expected))
            return before, self.snapshot
