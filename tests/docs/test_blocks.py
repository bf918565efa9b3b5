"""Everything between fences can be read as what it says it is."""

import ast
import json
import shutil
import subprocess

import pytest
import yaml
from graphql import build_schema, parse, validate
from pydantic import TypeAdapter

from livedash.manage import document
from livedash.manage.lines import names
from livedash.manage.spec import WidgetSpec
from livedash.mapping import Steps

from .pages import ROOT, Block, blocks

VALUES = {"SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "URL": "https://docs.example/hooks"}
LANGUAGES = {"graphql", "sh", "json", "yaml", "text", "python", "js", "nginx", "ini", "sql", "css", "html"}


def some(*languages: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("block", list(blocks(*languages)), ids=str)


def test_every_block_says_what_it_is() -> None:
    assert not [str(block) for block in blocks("")]
    assert {block.language for block in blocks(*LANGUAGES)} <= LANGUAGES


@some("yaml")
def test_yaml_is_a_document_or_a_part_of_one(block: Block) -> None:
    if block.text.startswith("apiVersion"):
        variables = {name: VALUES.get(name.rpartition("_")[2], f"{name}-of-the-docs") for name in names(block.text)}
        document.load({str(block): block.text}, variables)
    elif block.text.startswith("mapping:"):
        TypeAdapter(Steps).validate_python(yaml.safe_load(block.text)["mapping"])
    else:
        for widget in yaml.safe_load(block.text):
            WidgetSpec.model_validate(widget)


@some("json")
def test_json_is_json(block: Block) -> None:
    lines = block.text.splitlines() if block.argument.endswith(".ndjson") else [block.text]
    for line in lines:
        json.loads(line)


@some("python")
def test_python_parses(block: Block) -> None:
    ast.parse(block.text)


@some("graphql")
def test_graphql_fits_to_the_schema(block: Block) -> None:
    assert not validate(build_schema((ROOT / "docs" / "schema.graphql").read_text(encoding="utf-8")), parse(block.text))


@some("js")
def test_javascript_parses(block: Block) -> None:
    node = shutil.which("node")
    assert node, "install Node.js 20 or newer"
    done = subprocess.run(
        [node, "--check", "--input-type=module", "-"], input=block.text, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr


@some("sh")
def test_shell_parses(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
