#!/usr/bin/env bash
# Installs the newest of everything into a new environment, without constraints, and runs the quick tests there.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${1:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check -e ".[dev]"
"$folder/venv/bin/python" -m pytest -m "not long and not browser"
