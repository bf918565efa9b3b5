"""Builds the static assets before a wheel is packed, so that what is installed needs no npm."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "src/livedash/web/static/manifest.json"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `npm ci` and the build when the static folder is missing or older than its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if not _is_current(root / BUILT, root / "assets"):
            _build(root / "assets")


def _sources(assets: Path) -> Iterator[Path]:
    yield from (assets / name for name in ("package.json", "package-lock.json", "build.mjs"))
    yield from (assets / "src").iterdir()


def _is_current(built: Path, assets: Path) -> bool:
    if not built.exists():
        return False
    return all(source.stat().st_mtime <= built.stat().st_mtime for source in _sources(assets))


def _build(assets: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("Building the static assets needs npm: install Node.js 20 or newer, then try again.")
    for command in (["ci", "--ignore-scripts"], ["run", "build"]):
        if subprocess.run([npm, *command], cwd=assets, check=False).returncode:
            raise SystemExit(f"`npm {' '.join(command)}` failed in {assets}: its own message is above.")
