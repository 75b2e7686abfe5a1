"""Pages as text: templates, where the game stands, and what a decision costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from classroom.game.decision import Checked
from classroom.game.views import SPENDING_WORDS, shown

if TYPE_CHECKING:
    from classroom.game.server.running import RunningGame

__all__ = ["PAGES", "costs_of", "debrief_page", "qr_code", "rendered", "stage_text"]

#: Folder of templates, styles and the script.
PAGES = Path(__file__).parent.with_name("pages")

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)  # fmt: skip


def rendered(page: str, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    page : str
        Name of the template.
    **values
        What it shows.
    """
    return _templates.get_template(page).render(**values)


def qr_code(text: str) -> str:
    """Return a QR code as SVG; empty where the package ``segno`` is not installed.

    Parameters
    ----------
    text : str
        At most some hundred characters.
    """
    try:
        import segno
    except ImportError:
        return ""
    code: str = segno.make(text, error="m", micro=False).svg_inline(
        scale=5, border=4, omitsize=True
    )
    return code


def stage_text(public: Mapping[str, Any]) -> str:
    """Return where the game stands, in one or two sentences.

    Parameters
    ----------
    public : mapping
        The view of all.
    """
    again = " Earlier results are being computed again." if public["computing"] else ""
    return f"{_stage(public)}{again}"


def _stage(public: Mapping[str, Any]) -> str:
    where = f"Round {public['round']} of {public['rounds']}"
    if public["phase"] == "waiting":
        if public["founding"]:
            have = "team has" if public["teams"] == 1 else "teams have"
            count = f"{public['founded']} of {public['teams']} {have}"
            return f"Teams found their firms. {count} done so."
        return "The game has not begun."
    if public["closing"]:
        return f"{where} is being computed."
    if public["phase"] == "open":
        have = "team has" if public["teams"] == 1 else "teams have"
        return f"{where} is open. {public['decided']} of {public['teams']} {have} decided."
    if public["phase"] == "revealed":
        return f"The game has ended after {where.lower()}. The debrief is open to all teams."
    if public["over"]:
        return f"All {public['rounds']} rounds are played."
    return f"{where} is closed. The next one opens soon."


def debrief_page(told: Mapping[str, Any], team: str = "") -> str:
    """Return the debrief as one file that needs no other.

    Parameters
    ----------
    told : mapping
        As :func:`classroom.game.debrief.debrief_view` returns it.
    team : str, optional
        Whose page it is, with its own counterfactuals first; none: that of the class.
    """
    css = (PAGES / "game.css").read_text(encoding="utf-8")
    public = {"title": told["title"]}
    return rendered(
        "debrief.html", told=told, waiting="", css=css, public=public, mine=team, screen=False
    )


def costs_of(running: RunningGame, checked: Checked) -> dict[str, Any]:
    """Return spending and problems of a decision as pages show them.

    Parameters
    ----------
    running : RunningGame
    checked : Checked
    """
    currency = running.ledger.state.game.scenario.currency
    room = None
    if checked.available is not None:
        most = max(checked.available, 1.0)
        room = {
            "text": f"{shown(checked.total)} of {shown(checked.available)} {currency}",
            "share": max(0.0, min(1.0, checked.total / most)),
            "over": checked.total > checked.available,
        }
    return {
        "items": [
            {"label": SPENDING_WORDS[name], "text": f"{shown(value)} {currency}"}
            for name, value in checked.spending.items()
        ],
        "total": f"{shown(checked.total)} {currency}",
        "budget": room,
        "problems": dict(checked.problems),
    }
