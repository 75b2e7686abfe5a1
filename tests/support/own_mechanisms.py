"""The modules and files that the page on mechanisms of one's own shows, written to a folder."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path

from places import ROOT

from cxsim.model.mechanism_registry import PACKAGE, registered, unregister
from cxsim.scenario import imports

PAGE = ROOT / "docs" / "howto" / "own_mechanism.md"


@contextmanager
def forgotten():
    """Forget, in the end, what was registered and imported meanwhile."""
    before = set(sys.modules)
    try:
        yield
    finally:
        package = {each.name for each in PACKAGE}
        for each in registered():
            if each.name not in package:
                unregister(each.name)
        for name in set(sys.modules) - before:
            if name in imports._brought or name in ("season", "birthday", "odd", "fine_day"):
                del sys.modules[name]
        imports._brought.clear()
        imports._received.clear()
        imports._received_modules.clear()
        imports._followed[0] = ""


@contextmanager
def own_mechanisms(folder: Path):
    """Write the page's files, and give their names."""
    blocks = re.findall(
        r"^```(?:py|yaml)\n# (\S+)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    for name, text in blocks:
        (folder / name).write_text(f"# {name}\n{text}", encoding="utf-8")
    with forgotten():
        yield {name for name, _ in blocks}
