"""An executed notebook as one HTML file: no code, nothing from elsewhere, readable offline.

Outputs of the usual kinds go into a template as they are. nbconvert, which takes seconds to
import, is asked where a notebook shows anything else.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cxsim.report.notebooks import title_of
from cxsim.scenario.display import templates

#: Tag of cells that speak of the notebook and have no place in its report.
ONLY_IN_NOTEBOOK = "only-in-notebook"

_IMAGE = re.compile(r'<img (?![^>]*width=)(?=[^>]*src="data:image/png;base64,([\w+/=]{44}))')

#: Pixels of a figure for one of the page: figures are drawn with 150 pixels an inch.
_FINENESS = 1.5


def _sized(found: re.Match[str]) -> str:
    """Show each figure as wide as it was drawn: letters have one size in all of them."""
    width = int.from_bytes(base64.b64decode(found[1])[16:20], "big")
    return f'<img width="{round(width / _FINENESS)}" '


def to_html(notebook: Path, *, title: str | None = None) -> str:
    """Return an executed notebook as a self-contained HTML page.

    Parameters
    ----------
    notebook : Path
    title : str, optional
        Default: the notebook's first heading.
    """
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = list(_shown(content))
    pieces: Any = templates(Path(__file__).parent).get_template("pieces.html").module
    try:
        body = str(pieces.cells([_in_html(cell) for cell in cells]))
    except _UnusualError:
        body = _converted({**content, "cells": cells})
    body = _IMAGE.sub(_sized, body)
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return str(pieces.page(title or title_of(content), style, body))


def _shown(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the cells that belong into a report: texts, and code that shows something."""
    for cell in content["cells"]:
        outputs = [each for each in cell.get("outputs", ()) if each.get("name") != "stderr"]
        if ONLY_IN_NOTEBOOK in cell["metadata"].get("tags", ()):
            continue
        if cell["cell_type"] != "code" or cell.get("outputs"):
            yield {**cell, "outputs": outputs} if cell["cell_type"] == "code" else cell


# -- What notebooks usually show, by a template -------------------------------------------------


class _UnusualError(Exception):
    """Something that only nbconvert knows how to show."""


#: Kinds of content, the best first; of others nbconvert decides.
_KINDS = ("text/html", "text/markdown", "image/svg+xml", "image/png", "text/plain")

#: Kinds that nbconvert would show in place of some of these, or in ways of its own.
_OTHERS = ("application/vnd.jupyter.widget-view+json", "application/javascript", "text/latex")

#: What in a text has a meaning beyond plain Markdown: formulas, code of a language.
_MORE = re.compile(r"\$|\\[\[(]|\\begin|```|~~~")


def _in_html(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of a cell.

    Raises
    ------
    _UnusualError
        If a template is not enough.
    """
    if cell.get("attachments") or cell["cell_type"] == "raw":
        raise _UnusualError
    if cell["cell_type"] == "markdown":
        return {"id": cell.get("id", ""), "text": _markdown("".join(cell["source"]))}
    return {"id": cell.get("id", ""), "outputs": [_output(each) for each in cell["outputs"]]}


def _output(output: Mapping[str, Any]) -> dict[str, str]:
    """Return an output's kind and content."""
    if output["output_type"] == "stream":
        return {"kind": "stdout", "content": _plain("".join(output["text"]))}
    data = output.get("data", {})
    kind = next((each for each in _KINDS if each in data), None)
    if kind is None or any(each in data for each in _OTHERS) or _isolated(output, kind):
        raise _UnusualError
    content = "".join(data[kind])
    if kind == "text/markdown":
        content = _markdown(content)
    elif kind == "text/plain":
        content = _plain(content)
    elif kind == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode("ascii")
    return {"kind": kind, "content": content.replace("\n", "") if kind == "image/png" else content}


def _isolated(output: Mapping[str, Any], kind: str) -> bool:
    return bool(output.get("metadata", {}).get(kind))


def _plain(text: str) -> str:
    if "\x1b" in text:  # colours of a terminal
        raise _UnusualError
    return text


def _markdown(text: str) -> str:
    if _MORE.search(text):
        raise _UnusualError
    import mistune

    convert = mistune.create_markdown(
        escape=False, plugins=["strikethrough", "table", "url", "task_lists", "def_list"]
    )
    return str(convert(text))


# -- Anything, by nbconvert ---------------------------------------------------------------------


def _converted(content: dict[str, Any]) -> str:
    import nbformat
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        config=Config({"HTMLExporter": {"mathjax_url": "", "require_js_url": ""}}),
    )
    node = nbformat.reads(json.dumps(content), as_version=4)
    body, _ = exporter.from_notebook_node(node)
    return str(body)
