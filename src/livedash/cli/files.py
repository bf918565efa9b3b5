"""Documents on disk: their texts, and what they take from the environment."""

import os
from collections.abc import Sequence
from pathlib import Path

from livedash.manage import lines
from livedash.model.errors import Invalid


def texts_of(files: Sequence[Path]) -> dict[str, str]:
    """The files' texts by name. Raises Invalid for the first that cannot be read."""
    return {str(path): _text(path) for path in files}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Invalid(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#x}") from None


def variables_of(texts: dict[str, str]) -> dict[str, str]:
    """The variables of our environment that the texts name, and no others."""
    names = {name for text in texts.values() for name in lines.names(text)}
    return {name: os.environ[name] for name in names if name in os.environ}
