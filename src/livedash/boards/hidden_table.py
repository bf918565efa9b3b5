"""A picture's data for those who do not see the picture."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

_TABLE = Markup(
    '<table class="visually-hidden"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>'
)


def hidden_table(caption: str, heads: Sequence[str], names: Sequence[str], rows: Sequence[Iterable[str]]) -> Markup:
    """A table with a row per name, read by screen readers only."""
    lines = (_row(name, cells) for name, cells in zip(names, rows, strict=True))
    return _TABLE.format(caption, _each('<th scope="col">{}</th>', heads), Markup("").join(lines))


def _row(name: str, cells: Iterable[str]) -> Markup:
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(name, _each("<td>{}</td>", cells))


def _each(cell: str, texts: Iterable[str]) -> Markup:
    return Markup("").join(Markup(cell).format(text) for text in texts)
