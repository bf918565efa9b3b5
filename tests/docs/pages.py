"""The pages under docs/ as data: headings, tables, fenced blocks, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_HEADING = re.compile(r"(#{1,6}) (.+)")
_FENCE = re.compile(r"```(\S*) ?(.*)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_BAR = re.compile(r"\|(?=(?:[^`]*`[^`]*`)*[^`]*$)")  # not within a code span
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: ```` ```language argument ````. `line` is that of the fence, from 1."""

    page: str
    line: int
    language: str
    argument: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Table:
    """`heading` is the one it stands under. Cells are as written."""

    heading: str
    head: list[str]
    rows: list[list[str]]

    def column(self, number: int = 0) -> list[str]:
        """Every code span in that column; a cell may hold several."""
        return [code for row in self.rows for code in codes(row[number])]

    def by_name(self) -> dict[str, list[str]]:
        """Rows by the code in their first cell."""
        return {code: row for row in self.rows for code in codes(row[0])}


@dataclass
class Page:
    """One Markdown file. `prose` is its text without fenced blocks."""

    path: Path
    prose: str = ""
    headings: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def anchors(self) -> set[str]:
        """As GitHub makes them of headings."""
        return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in self.headings}

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    def table(self, heading: str, head: str) -> Table:
        """The table under `heading` whose first column is called `head`."""
        found = [each for each in self.tables if each.heading == heading and each.head[0] == head]
        assert len(found) == 1, f"{self.name}: one table of {head!r} is expected under {heading!r}, not {len(found)}"
        return found[0]


def codes(text: str) -> list[str]:
    """The code spans of a text."""
    return _CODE.findall(text)


@cache
def pages() -> dict[str, Page]:
    """Every page, by name: README.md, CONTRIBUTING.md, docs/start.md …"""
    paths = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
    return {page.name: page for page in map(_read, paths)}


def page(name: str) -> Page:
    return pages()[f"docs/{name}.md"]


def blocks(*languages: str) -> Iterator[Block]:
    return (block for each in pages().values() for block in each.blocks if block.language in languages)


def all_codes() -> Iterator[tuple[str, str]]:
    """(page, code span) of everything but fenced blocks."""
    return ((each.name, code) for each in pages().values() for code in codes(each.prose))


def _read(path: Path) -> Page:
    page = Page(path)
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    rows: list[list[str]] = []
    for number, line in lines:
        if fence := _FENCE.fullmatch(line):
            inside = "\n".join(_until_fence(lines)) + "\n"
            page.blocks.append(Block(page.name, number, fence[1], fence[2], inside))
            continue
        page.prose += line + "\n"
        if heading := _HEADING.fullmatch(line):
            page.headings.append(heading[2].replace("`", ""))
        if line.startswith("|"):
            rows.append([cell.strip() for cell in _BAR.split(line.rstrip()[1:-1])])
        elif rows:
            _add_table(page, rows)
            rows = []
    if rows:
        _add_table(page, rows)
    return page


def _until_fence(lines: Iterator[tuple[int, str]]) -> list[str]:
    inside: list[str] = []
    for _, line in lines:
        if line == "```":
            break
        inside.append(line)
    return inside


def _add_table(page: Page, rows: list[list[str]]) -> None:
    heading = page.headings[-1] if page.headings else ""
    head, _, *body = rows
    assert all(len(row) == len(head) for row in body), f"{page.name}: a row under {heading!r} has too few or many cells"
    page.tables.append(Table(heading, head, body))
