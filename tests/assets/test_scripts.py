"""The parts of the browser scripts that need no browser, run by node."""

import json
import shutil
import subprocess
from pathlib import Path

from livedash.boards.format import quantity

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[1] / "assets" / "src"


def node(*arguments: str) -> str:
    path = shutil.which("node")
    assert path, "install Node.js 20 or newer"
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_scripts() -> None:
    node("--test", *sorted(map(str, HERE.glob("*.test.mjs"))))


def test_a_value_is_written_alike_by_server_and_browser() -> None:
    values = [
        0,
        1,
        -1.5,
        21.456,
        99.95,
        123.456,
        1234.6,
        2.5,
        1e6,
        1.5e15,
        0.0004,
        0.00123,
        -0.00001,
        1023,
        1536.7,
        5e9,
    ]
    values += [-2048.4, 3661, 59.99, 60, 90061, 0.25, 86400.0, 1e12]
    units = [None, "celsius", "percent", "bytes/s", "seconds", "hPa"]
    cases = [(value, unit, decimals) for value in values for unit in units for decimals in (None, 0, 2)]
    script = f"""
        import {{ quantity }} from {json.dumps((SCRIPTS / "quantity.js").as_uri())};
        const cases = {json.dumps(cases)};
        console.log(JSON.stringify(cases.map(([value, unit, decimals]) => quantity(value, {{ unit, decimals }}))));
    """
    written = json.loads(node("--input-type=module", "--eval", script))
    assert dict(zip(cases, written, strict=True)) == {case: quantity(*case) for case in cases}
