"""An executed notebook as one HTML file: no code, nothing from elsewhere, readable offline."""

from __future__ import annotations

import base64
import re
from html import escape
from pathlib import Path

from cxsim.notebook.catalogue import title_of

__all__ = ["ONLY_IN_NOTEBOOK", "load_converter", "to_html"]

#: Tag of cells that speak of the notebook and have no place in its report.
ONLY_IN_NOTEBOOK = "only-in-notebook"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="cxsim">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


_IMAGE = re.compile(r'<img (?![^>]*width=)(?=[^>]*src="data:image/png;base64,([\w+/=]{44}))')

#: Pixels of a figure for one of the page: figures are drawn with 150 pixels an inch.
_FINENESS = 1.5


def _sized(found: re.Match[str]) -> str:
    """Show each figure as wide as it was drawn: letters have one size in all of them."""
    width = int.from_bytes(base64.b64decode(found[1])[16:20], "big")
    return f'<img width="{round(width / _FINENESS)}" '


def load_converter() -> object:
    """Import nbconvert, which takes a second that can be spent while a kernel starts."""
    from nbconvert import HTMLExporter

    return HTMLExporter


def to_html(notebook: Path, *, title: str | None = None) -> str:
    """Return an executed notebook as a self-contained HTML page.

    Parameters
    ----------
    notebook : Path
    title : str, optional
        Default: the notebook's first heading.
    """
    import nbformat
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    node = nbformat.read(notebook, as_version=4)
    # Code is left out; a cell that shows nothing then leaves an empty box.
    node.cells = [
        cell
        for cell in node.cells
        if (cell.cell_type == "markdown" or cell.get("outputs"))
        and ONLY_IN_NOTEBOOK not in cell.metadata.get("tags", ())
    ]
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        config=Config({"HTMLExporter": {"mathjax_url": "", "require_js_url": ""}}),
    )
    body, _ = exporter.from_notebook_node(node)
    body = _IMAGE.sub(_sized, body)
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return _PAGE.format(title=escape(title or title_of(node)), style=style, body=body)
