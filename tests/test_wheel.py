"""What `pip install . && livedash demo` gives: a wheel that carries its pages, started from an empty folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.server import Process, free_port, wait_until_up

ROOT = Path(__file__).parent.parent


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_wheel_runs_the_demo_where_nothing_else_is(tmp_path: Path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("web/static/manifest.json") for name in names)
    assert any(name.endswith("dashboard.html.jinja") for name in names)
    assert any(name.endswith("cli/demo.yaml") for name in names)

    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = str(tmp_path / "venv/bin/python")
    constraints = str(ROOT / "constraints.txt")
    subprocess.run([python, *pip[1:], "install", "-c", constraints, str(wheel)], check=True)
    url = f"http://127.0.0.1:{(port := free_port())}"
    demo = Process("demo", "--port", str(port), "--data", str(tmp_path / "demo"), python=python, cwd=tmp_path)
    try:
        wait_until_up(url)
        page = httpx.get(url + "/d/this-host")
        script = page.text.split('src="')[2].split('"')[0]
        assert httpx.get(url + script).status_code == 200
        assert 'class="stat-card"' in page.text
    finally:
        demo.kill()
