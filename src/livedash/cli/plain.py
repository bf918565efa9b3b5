"""How commands end: errors that people can do something about are said in plain words, without a traceback."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from livedash.model.errors import LivedashError


class Commands(TyperGroup):
    """All commands, with one way to end."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except LivedashError as error:
            say_error(str(error))
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of our output, such as head, has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is buffered has nowhere to go
            raise typer.Exit(0) from None


def say_error(text: str) -> None:
    """On standard error; several mistakes begin on a line of their own, so that each can be clicked in an editor."""
    from rich.console import Console
    from rich.text import Text

    between = "\n" if "\n" in text else " "
    message = Text.assemble(("error:", "bold red"), between, text)
    Console(stderr=True, highlight=False).print(message, soft_wrap=True)
