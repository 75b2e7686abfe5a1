"""The page: every row with what was expected and obtained, written from what a run found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10

from lab.pages.page import joined, table
from lab.validation.checks import Check
from lab.validation.registry import SECTIONS, Outcome
from lab.validation.rigor import CHECKLIST, Item, files_of_tests, missing_tests
from lab.validation.texts import HEAD, RIGOR, SUMMARY

__all__ = ["number", "page"]

#: Tables longer than this are folded.
LONG = 14


def page(
    outcomes: Sequence[Outcome], figures: Mapping[str, Sequence[str]], *, spread: str = ""
) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    outcomes : sequence of Outcome
    figures : mapping of str to sequence of str
        Markdown of each figure, by number of the row.
    spread : str
        Markdown of the figure over all rows.
    """
    checks = [check for outcome in outcomes for check in outcome.checks]
    drawn = [abs(c.errors_off) for c in checks if c.errors_off is not None]
    quick = any(outcome.size.name != "full" for outcome in outcomes)
    parts = [
        HEAD.format(
            holding=sum(outcome.holds and not outcome.vague for outcome in outcomes),
            rows=len(outcomes),
            quick=" (**this is a quick run**, of few customers)" if quick else "",
        ),
        SUMMARY.format(
            rows=len(outcomes),
            holding=sum(outcome.holds and not outcome.vague for outcome in outcomes),
            numbers=len(checks),
            drawn=len(drawn),
            beyond_two=sum(z > 2 for z in drawn),
            two_expected=0.0455 * len(drawn),
            largest=max(drawn, default=0.0),
            table=_summary(outcomes),
            figure=spread,
        ),
    ]
    section = 0
    for outcome in outcomes:
        if outcome.row.section != section:
            section = outcome.row.section
            parts.append(f"## {section}. {SECTIONS[section]}")
        parts.append(_row(outcome, figures.get(outcome.row.number, ())))
    parts.append(RIGOR.format(checklist=_checklist()))
    return joined(parts)


# --- words ------------------------------------------------------------------------


def number(value: float, error: float = 0.0) -> str:
    """Return a number to the place where its standard error has two digits, or to six."""
    if error > 0.0:
        places = max(0, 1 - floor(log10(error)))
        return f"{value:.{places}f}"
    if value and abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.6g}"


def _off(check: Check) -> str:
    if check.errors_off is not None:
        return f"{check.errors_off:+.2f}"
    if abs(check.off) <= 1e-12 * max(1.0, abs(check.expected)):
        return "0"
    return f"{check.off:+.1e} *"


def _line(check: Check) -> list[str]:
    sense = {"=": "", "<=": "at most ", ">=": "at least "}[check.sense]
    return [
        check.what,
        sense + number(check.expected, check.error),
        number(check.obtained, check.error),
        number(check.error, check.error) if check.error else "",
        _off(check),
        "holds" if check.holds else "**differs**",
    ]


# --- parts ------------------------------------------------------------------------


def _summary(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for outcome in outcomes:
        far = outcome.farthest
        rows.append(
            [
                f"[{outcome.row.number}](#row-{outcome.row.number.replace('.', '-')})",
                outcome.row.claim,
                outcome.row.kind,
                str(len(outcome.checks)),
                "" if far is None else f"{far:.1f}",
                _verdict(outcome),
            ]
        )
    heads = ["row", "claim", "source", "numbers", "farthest, s.e.", "verdict"]
    return table(heads, rows, left=3)


def _verdict(outcome: Outcome) -> str:
    return outcome.verdict if outcome.verdict == "holds" else f"**{outcome.verdict}**"


def _row(outcome: Outcome, figures: Sequence[str]) -> str:
    row = outcome.row
    lines = [
        f'<a id="row-{row.number.replace(".", "-")}"></a>\n',
        f"### {row.number} {row.claim}\n",
        f"- **Verdict**: {_verdict(outcome)}{_why(outcome)}",
        f"- **Source** ({row.kind}): {row.source}",
        f"- **Setting**: {row.setting}",
    ]
    if row.proofs:
        proofs = ", ".join(f"`{name}`" for name in row.proofs)
        lines.append(f"- **Confirmed by brute force** in {proofs}")
    if row.note:
        lines.append(f"- **Note**: {row.note}")
    lines.append("")
    lines += [f"{figure}\n" for figure in figures]
    heads = ["number", "expected", "obtained", "s.e.", "difference, s.e.", "verdict"]
    body = table(heads, [_line(check) for check in outcome.checks], left=1)
    if len(outcome.checks) > LONG:
        body = f"<details><summary>{len(outcome.checks)} numbers</summary>\n\n{body}\n\n</details>"
    return "\n".join([*lines, body])


def _why(outcome: Outcome) -> str:
    if outcome.vague:
        worst = max(outcome.vague, key=lambda check: check.error)
        return f": the standard error of *{worst.what}* is {number(worst.error, worst.error)}"
    if outcome.holds:
        return ""
    count = f": {len(outcome.wrong)} of {len(outcome.checks)} numbers"
    return f"{count}. {outcome.row.differs}" if outcome.row.differs else f"{count}, not explained"


def _checklist() -> str:
    parts = []
    for group, items in CHECKLIST.items():
        rows = [[item.what, _where(item), _there(item)] for item in items]
        parts.append(f"### {group}\n\n" + table(["item", "where", "verdict"], rows, left=3))
    return "\n\n".join(parts)


def _where(item: Item) -> str:
    tests = [f"`{files_of_tests().get(name, '?')}::{name}`" for name in item.tests]
    return "<br>".join([*([item.pages] if item.pages else []), *tests])


def _there(item: Item) -> str:
    missing = missing_tests(item.tests)
    if missing:
        return "**no such test**: " + ", ".join(missing)
    return "met" if item.met is None or item.met() else "**not met**"
