"""The walks of the page on architecture: steps, and the files that they name."""

from __future__ import annotations

import re
from pathlib import Path

import cxsim as cx

__all__ = ["PACKAGE", "PAGE", "walk"]

PACKAGE = Path(cx.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")


def walk(heading):
    """Return the steps of a walk and the files that they name."""
    (part,) = re.findall(rf"^### {re.escape(heading)}$(.*?)^#", PAGE, re.MULTILINE | re.DOTALL)
    steps = re.findall(r"^\d+\. ", part, re.MULTILINE)
    return len(steps), re.findall(r"`([\w/]+\.py)`", part)
