"""A figure that knows what it shows in words: made without pyplot, shown and saved whole."""

from __future__ import annotations

import base64
import io
import sys
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from cxsim.files import whole_file
from cxsim.plain_text import visible
from cxsim.plot.numbers import plain
from cxsim.plot.style import style

__all__ = ["Picture", "alt_of", "save", "show"]

_FORMATS = {".png": "png", ".svg": "svg"}


class Picture(Figure):
    """A matplotlib figure that shows itself, with its description, as the last line of a cell."""

    def _repr_html_(self) -> str:
        return _html(self, alt_of(self))


def alt_of(figure: Figure) -> str:
    """Return what a figure shows, as a sentence with its numbers; empty if it does not say.

    Parameters
    ----------
    figure : Figure
    """
    return str(figure.get_label())


def show(figure: Figure, *, alt: str | None = None) -> None:
    """Show a figure in a notebook, with its description for those who cannot see it.

    Where there is no notebook, the description is printed.

    Parameters
    ----------
    figure : Figure
    alt : str, optional
        Description; that of the figure if left out.

    Raises
    ------
    ValueError
        If there is no description.
    """
    said = plain(alt if alt is not None else alt_of(figure))
    if not said:
        raise ValueError("alt: expected a sentence that says what the figure shows, found none")
    try:
        from IPython import get_ipython
        from IPython.display import HTML, display
    except ImportError:
        shell = None
    else:
        shell = get_ipython()
    if shell is None:
        sys.stdout.write(visible(said) + "\n")
    else:
        display(HTML(_html(figure, said)))


def _html(figure: Figure, alt: str) -> str:
    buffer = io.BytesIO()
    _write(figure, buffer, "png")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<figure style="margin:0"><img alt="{escape(plain(alt), quote=True)}" '
        f'width="{round(100 * figure.get_figwidth())}" style="max-width:100%" '
        f'src="data:image/png;base64,{data}"></figure>'
    )


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG or SVG, by the suffix of the path, and return the path.

    The file appears whole or not at all and holds the figure's description. Text in an
    SVG stays text; the same figure gives the same file, without a date.

    Parameters
    ----------
    figure : Figure
    path : str or Path

    Raises
    ------
    ValueError
        If the suffix is another one.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: expected a name that ends in .png or .svg, found {path.name!r}")
    with whole_file(path) as draft:
        _write(figure, draft, kind)
    return path


def _write(figure: Figure, target: Any, kind: str) -> None:
    title = plain(figure.get_suptitle()) or "Figure"
    about: dict[str, Any] = {"Title": title, "Description": plain(alt_of(figure)) or title}
    if kind == "svg":
        about["Date"] = None
    with style():
        figure.savefig(target, format=kind, metadata=about)
