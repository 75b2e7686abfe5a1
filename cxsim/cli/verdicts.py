"""What became of claims, in the terminal: each claim, and its verdict directly under it."""

from __future__ import annotations

import textwrap
from typing import Any

from cxsim.cli.saying import say
from cxsim.cli.tables import WIDTH

__all__ = ["print_verdicts"]


def print_verdicts(summary: dict[str, Any]) -> None:
    """Print the claims of a report and what became of them; nothing where none was tested."""
    for each in summary.get("verdicts", ()):
        title = f"Claim of {each['scenario']}, over {each['seeds']} paired seeds: "
        say("\n" + textwrap.fill(title + " ".join(each["claim"].split()), WIDTH))
        for line in each["lines"]:
            say(textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="    "))
