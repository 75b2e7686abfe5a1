"""How the documentation site is built: `make docs`, without a network."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cxsim import __version__

project = "cxsim"
author = "The cxsim authors"
project_copyright = "The cxsim authors, MIT licence"
version = release = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
]
root_doc = "index"

# Pages are Markdown that reads on a code host, too: links between them are plain links.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["toc.empty_glob"]

# One page for each public name; members of classes are listed where they are documented.
autosummary_generate = True
autodoc_typehints = "none"  # types stand in the Parameters sections
numpydoc_show_class_members = False
templates_path = ["_templates"]

# Everything the pages need is in the site: no address outside it is asked for anything.
html_theme = "furo"
html_title = f"cxsim {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
smartquotes = False  # options of commands keep their two dashes
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def _anchors(_app: Any, _page: str, source: list[str]) -> None:
    """Say in the generator's words where a page has an anchor that a code host understands."""
    source[0] = re.sub(r'<a id="([\w-]+)"></a>', r"(\1)=", source[0])


def setup(app: Any) -> None:
    """Connect what happens to a page before it is read."""
    app.connect("source-read", _anchors)
