"""Settings, limits, commands, metrics, rights, words and links: the docs say what the code has, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from livedash.base import limits
from livedash.base.config import PREFIX, Settings
from livedash.base.metrics import Metrics
from livedash.cli import app
from livedash.manage import rights

from .pages import ROOT, all_codes, blocks, codes, page, pages

CLIENT_VARIABLES = {"LIVEDASH_URL", "LIVEDASH_TOKEN"}


# Settings


def test_every_setting_is_documented_with_its_default() -> None:
    rows = page("configuration").table("Server", "variable").by_name()
    assert list(rows) == [PREFIX + name.upper() for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        written = (codes(rows[PREFIX + name.upper()][1]) or [""])[0]
        if written:
            assert getattr(Settings.load({PREFIX + name.upper(): written}), name) == field.default, name
        else:
            assert field.default in (None, ()), f"{name} has the default {field.default!r}"


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | CLIENT_VARIABLES
    assert set(page("configuration").table("Client", "variable").column()) == CLIENT_VARIABLES
    for each in pages().values():
        named = re.findall(r"LIVEDASH_[A-Z_]+[A-Z]", each.path.read_text(encoding="utf-8"))
        unknown = {name.removesuffix("__FILE") for name in named} - known - {"LIVEDASH_NAME"}
        assert not unknown, f"{each.name} names {unknown}"


# Limits


def _amount(text: str) -> float:
    number, _, unit = text.replace(",", "").partition(" ")
    return float(number) * {"": 1, "s": 1, "h": 3600, "KiB": limits.KIB, "MiB": limits.MIB}[unit]


def test_every_limit_is_documented_with_its_value() -> None:
    rows = page("operations").table("Limits", "limit").by_name()
    known = {name: value for name, value in vars(limits).items() if name.isupper() and name not in ("KIB", "MIB")}
    assert {name: _amount(row[1]) for name, row in rows.items()} == known
    assert all(row[2] for row in rows.values()), "each limit has its reason"


# Command line


def _commands() -> dict[str, Any]:
    root: Any = typer.main.get_command(app)
    out: dict[str, Any] = {}
    for name, command in root.commands.items():
        inner: dict[str, Any] = getattr(command, "commands", {})
        out |= {f"{name} {each}": found for each, found in inner.items()} or {name: command}
    return out


def _parameters(command: Any) -> set[str]:
    options = {opt for each in command.params if each.param_type_name == "option" for opt in each.opts}
    arguments = {str(each.name).upper() for each in command.params if each.param_type_name == "argument"}
    return (options | arguments) - {"--help", "-h"}


def test_every_command_is_documented() -> None:
    documented = {each.removeprefix("livedash ") for each in page("cli").headings if each.startswith("livedash ")}
    assert documented == set(_commands())


@pytest.mark.parametrize("name", _commands())
def test_every_option_of_a_command_is_documented(name: str) -> None:
    command = _commands()[name]
    tables = [each for each in page("cli").tables if each.heading == f"livedash {name}"]
    rows = tables[0].by_name() if tables else {}
    assert set(rows) == _parameters(command)
    assert command.help
    for each in command.params:
        row = rows[each.opts[0] if each.param_type_name == "option" else each.name.upper()]
        assert each.help, f"{each.name} has a help text"
        shown = each.show_default if isinstance(each.show_default, str) else each.default
        if not each.required and isinstance(shown, str | int) and not isinstance(shown, bool):
            assert row[1].strip("`") == (str(shown) or "none"), f"{each.name} has the default {shown!r}"


def test_no_page_shows_a_command_that_does_not_exist() -> None:
    commands = _commands()
    groups = {name.partition(" ")[0] for name in commands if " " in name}
    calls = [(str(block), call) for block in blocks("sh") for call in re.findall(r"\blivedash [a-z].*", block.text)]
    calls += [(where, code) for where, code in all_codes() if re.match(r"livedash [a-z]", code)]
    for where, call in calls:
        words = re.split(r"[|;&>#]", call)[0].split()[1:]
        name = " ".join(words[:2]) if words[0] in groups and len(words) > 1 else words[0]
        assert name in commands or name in groups, f"{where} names {call!r}"
        for option in (word for word in words if word.startswith("--")):
            assert option in _parameters(commands[name]), f"{where} names {call!r}"


def test_no_page_names_an_option_that_does_not_exist() -> None:
    root = typer.main.get_command(app)
    known = {option for command in (root, *_commands().values()) for option in _parameters(command)} | {"--help"}
    named = [(where, code) for where, code in all_codes() if re.fullmatch(r"--?[a-z][a-z-]*", code)]
    assert not [(where, code) for where, code in named if code not in known]


# Metrics


def test_every_metric_is_documented_with_its_type() -> None:
    rows = page("operations").table("Metrics", "metric").by_name()
    text = Metrics().text().decode()
    known = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert {name: row[1] for name, row in rows.items()} == known


def test_no_page_names_a_metric_that_does_not_exist() -> None:
    known = set(page("operations").table("Metrics", "metric").column())
    unknown = {
        (where, code) for where, code in all_codes() if re.fullmatch(r"livedash_\w+", code) and code not in known
    }
    assert not unknown


# Rights, words, links


def test_the_table_of_rights_is_that_of_the_code() -> None:
    table = page("security").table("Who may do what", "who")
    in_code = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in str(rights.__doc__).splitlines()
        if line.startswith("|")
    ]
    assert table.rows == in_code[2:]


def test_every_word_of_the_glossary_is_used() -> None:
    others = " ".join(each.prose.lower() for each in pages().values() if each.path.name != "glossary.md")
    words = [row[0] for row in page("glossary").tables[0].rows]
    unused = [word for word in words if not re.search(rf"\b{word}", others)]
    assert not unused
    assert len(words) == len(set(words))


@pytest.mark.parametrize("name", pages())
def test_links_lead_somewhere(name: str) -> None:
    each = pages()[name]
    for link in each.links:
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = (each.path.parent / file).resolve() if file else each.path
        assert target.exists(), f"{name} links to {link}"
        if anchor:
            assert anchor in pages()[str(target.relative_to(ROOT))].anchors, f"{name} links to {link}"


def test_every_page_is_on_the_map() -> None:
    listed = {link for link in page("index").links if "/" not in link}
    assert listed == {each.name for each in (ROOT / "docs").glob("*.md")} - {"index.md"}


def test_files_that_the_docs_name_exist() -> None:
    """Code files and folders of this repository, as CONTRIBUTING and decisions name them."""
    roots = (ROOT, ROOT / "src/livedash")
    for where, code in all_codes():
        if where in ("CHANGELOG.md",) or not re.fullmatch(r"[\w/]+/[\w/]*(\.\w+)?", code) or code.startswith("/"):
            continue
        if code.split("/")[0] in {path.name for root in roots for path in root.iterdir() if path.is_dir()}:
            assert any(Path(root, code).exists() for root in roots), f"{where} names {code}"
