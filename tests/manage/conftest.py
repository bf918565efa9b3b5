from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from livedash.base.secrets import Vault
from livedash.catalog.catalog import Catalog


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    catalog = await Catalog.open(tmp_path / "catalog.db", Vault(b"k" * 32))
    yield catalog
    await catalog.close()


@pytest.fixture
async def other_catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    catalog = await Catalog.open(tmp_path / "other.db", Vault(b"o" * 32))
    yield catalog
    await catalog.close()
