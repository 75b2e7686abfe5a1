"""What commands print: through one function, so that no text of a file acts on a terminal."""

from __future__ import annotations

import click

from cxsim.plain_text import visible

__all__ = ["TITLE", "say"]

#: Longest title that is shown, in characters.
TITLE = 200


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text and a line end.

    Parameters
    ----------
    text : str
        Control characters, escape sequences and marks of direction in it are written out.
    err : bool
        To the error stream.
    """
    click.echo(visible(text), err=err)
