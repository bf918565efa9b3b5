"""The text of a CEL expression: its tokens, and what may not stand in it. See expression.py for the reasons."""

import re
from itertools import pairwise
from typing import NamedTuple

MACROS = frozenset({"all", "exists", "exists_one", "existsOne", "filter", "map"})  # loops: cost without bound
FUNCTIONS = frozenset(
    {"bool", "bytes", "contains", "double", "duration", "endsWith", "has", "int", "matches", "size", "startsWith"}
    | {"string", "timestamp", "uint", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear"}
    | {"getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds"}
)
WORDS = frozenset({"in"})  # operators that may stand before a parenthesis
SIGNS = frozenset("()[]{}.,:?!<>=&|+-*/%")  # all that the language has: no other may part a macro from its parenthesis
RECORD_USES = 20  # times a record is named: comparing a 64 KiB one with itself takes a millisecond each time
PATTERN_CHARS = 100  # of all patterns of an expression: the engine compiles them again for every record,
PATTERN_PARTS = 32  # and each \w in them, counted as often as it is repeated, takes 0.2 ms

_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*)
  | (?P<raw>[bB]?[rR](?:\"\"\".*?\"\"\"|'''.*?'''|"[^"\n\r]*"|'[^'\n\r]*'))
  | (?P<string>[bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n\r])*"|'(?:\\.|[^'\\\n\r])*'))
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|[0-9]+[uU])
  | (?P<integer>[0-9]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<space>\s+)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_PART = re.compile(r"\{(\d*),?(\d*)\}|\\[^\W\d_]")
_POSITION = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")


class Token(NamedTuple):
    """`kind` is a group of the pattern above."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Every token of `text`, spaces and comments too: joined they are `text` again."""
    return [Token(match.lastgroup or "sign", match[0], match.start()) for match in _TOKEN.finditer(text)]


def check(found: list[Token]) -> None:
    """Raises ValueError for what could take long."""
    words = solid(found)
    if strange := [token.text for token in words if token.kind == "sign" and token.text not in SIGNS]:
        raise ValueError(f"{strange[0]!r} has no meaning here")
    for index, (token, following) in enumerate(pairwise(words)):
        if token.kind == "name" and following.text == "(":
            _check_call(token)
            if token.text == "matches":
                _check_pattern_is_literal(words[index + 2 : index + 4])
    if sum(token.kind == "name" and token.text in ("data", "metrics") for token in words) > RECORD_USES:
        raise ValueError(f"data and metrics may be named at most {RECORD_USES} times")
    if any(token.text == "matches" for token in words):
        _check_patterns([token.text for token in words if token.kind in ("raw", "string")])


def _check_call(token: Token) -> None:
    if token.text in MACROS:
        raise ValueError(f"column {token.position + 1}: {token.text}() loops over a list, which is not allowed here")
    if token.text not in FUNCTIONS | WORDS:
        raise ValueError(f"column {token.position + 1}: there is no function {token.text}()")


def _check_pattern_is_literal(arguments: list[Token]) -> None:
    if [token.kind for token in arguments] not in (["raw", "sign"], ["string", "sign"]) or arguments[1].text != ")":
        raise ValueError("the pattern of matches() must be one quoted text: value.matches('^a')")


def _check_patterns(texts: list[str]) -> None:
    if sum(map(len, texts)) > PATTERN_CHARS:
        raise ValueError(f"beside matches(), quoted texts have at most {PATTERN_CHARS} characters together")
    if any("){" in text for text in texts):
        raise ValueError("a pattern may not count repetitions of a group: write (a|b)+ or repeat it")
    parts = sum(max(1, int(part[1] or 0), int(part[2] or 0)) for text in texts for part in _PART.finditer(text))
    if parts > PATTERN_PARTS:
        raise ValueError(rf"patterns may hold at most {PATTERN_PARTS} classes such as \d, counted as often as repeated")


def has_integers(found: list[Token]) -> bool:
    return any(token.kind == "integer" for token in found)


def with_decimals(found: list[Token]) -> str:
    """The same expression with `2.0` for `2`."""
    exact = 2**53
    return "".join(
        f"{token.text}.0" if token.kind == "integer" and int(token.text) < exact else token.text for token in found
    )


def message(text: str) -> str:
    """The first line of a parser's complaint, position first."""
    match = _POSITION.search(text)
    return f"line {match[1]}, column {match[2]}: {match[3].split(' expecting ')[0]}" if match else text.split("\n")[0]


def solid(found: list[Token]) -> list[Token]:
    """Without spaces and comments."""
    return [token for token in found if token.kind not in ("space", "comment")]
