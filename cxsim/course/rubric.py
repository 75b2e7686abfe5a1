"""The rubric of the capstone: rows that are computed, and rows that one judges oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from cxsim.course.estimate import Estimate
from cxsim.course.industry import INPUTS
from cxsim.course.prediction import read_given, read_number
from cxsim.plot.numbers import number

__all__ = ["ASSESSED", "Row", "assessed", "rubric_html"]

#: Rows that only the author can judge: by name, what earns both points.
ASSESSED = {
    "limits": "I have written down what the model leaves out that could turn the result.",
    "decision": "I have written down who decides what on Monday, and what would change my mind.",
    "evidence": "I have named the input that matters most, and the cheapest way to measure it.",
    "plain": "Somebody outside the course has understood my result from three sentences.",
}

MOST = 2


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes
    ----------
    words : str
        What is asked for.
    points : int
        From 0 to 2.
    why : str
        What was found.
    """

    words: str
    points: int
    why: str


def sources(given: Mapping[str, str]) -> Row:
    """Judge whether it is said where numbers come from."""
    real = [name for name, said in given.items() if said.lower() != "assumption"]
    missing = [name for name in INPUTS if name not in given]
    points = 0 if missing else 2 if len(real) >= 3 else 1
    why = f"{len(real)} inputs with a source, {len(given) - len(real)} marked as assumptions"
    if missing:
        why += f"; nothing is said of {', '.join(missing)}"
    words = "Every input has a source or the word assumption, three or more a source"
    return Row(words, points, f"{why}.")


def near(words: str, given: float, found: Estimate, unit: str, *, full: float, half: float) -> Row:
    """Judge whether the market repeats a number that is known of the industry."""
    if given == 0:
        return Row(words, 0, f"No number was given; the market has {number(found.value)} {unit}.")
    off = abs(found.value - given)
    points = 2 if off <= full else 1 if off <= half else 0
    said = f"You gave {number(given)} {unit}, the market has {number(found.value)} {unit}"
    return Row(words, points, f"{said}: {number(off, 2)} off.")


def claim(said: str, refuted_by: str) -> Row:
    """Judge whether there is a claim that a result could refute."""
    points = sum(bool(text.strip()) for text in (said, refuted_by))
    why = {0: "Neither is there.", 1: "One of the two is missing.", 2: "Both are there."}[points]
    return Row("A claim, and what would refute it, are stated before the run", points, why)


def committed(count: int) -> Row:
    """Judge whether predictions were committed; being right earns nothing."""
    return Row(
        "Both predictions were committed before the results", min(count, 2), f"{count} of 2."
    )


def told_from_chance(results: Sequence[tuple[Estimate, float]]) -> Row:
    """Judge whether the experiment can tell: a sure sign, or nothing larger than a step."""
    clear = sum(each.sure or (each.known and each.half < step) for each, step in results)
    return Row(
        "Seeds are many enough to tell both results from chance", clear, f"{clear} of 2 are clear."
    )


def robust(right: bool | None) -> Row:
    """Judge whether it is known how far the result rests on assumptions."""
    why = {True: "Counted rightly.", False: "Counted wrongly.", None: "Not answered."}[right]
    return Row("You know in how many other markets the result stands (exercise B)",
               2 if right else 0, why)  # fmt: skip


def counter_example(here: Estimate, there: Estimate | None, words: str) -> Row:
    """Judge whether a market was found in which the result turns."""
    asked = "A counter-example: other values at which the result turns"
    if there is None:
        return Row(asked, 0, "None was given.")
    said = f"With {words}: {there.text('%', signed=True)}, here {here.text('%', signed=True)}"
    if there.sure and here.sure and (there.value > 0) != (here.value > 0):
        return Row(asked, 2, f"{said}. It turns.")
    weaker = abs(there.value) < abs(here.value)
    if weaker:
        return Row(asked, 1, f"{said}. Weaker, but the sign does not surely turn.")
    return Row(asked, 0, f"{said}. It does not turn.")


def assessed(text: str) -> dict[str, int]:
    """Return points that one gave oneself, from text such as ``limits=2, plain=1``.

    Raises
    ------
    ValueError
        If a row is unknown, or points are not 0, 1 or 2.
    """
    made = {}
    for name, value in read_given(text, list(ASSESSED), what="assessed").items():
        points = read_number(value, what=f"assessed: {name}")
        if points not in (0, 1, 2):
            raise ValueError(f"assessed: {name}: expected 0, 1 or 2, found {value!r}")
        made[name] = int(points)
    return made


def rubric_html(rows: Sequence[Row], own: Mapping[str, int]) -> str:
    """Return the rubric as an HTML table with its sum."""
    cell = "padding:0.3em 0.7em;text-align:left;vertical-align:top;white-space:normal;border:0"
    edge = "border-top:1px solid #BBBBBB;"

    def line(words: str, points: int | None, why: str) -> str:
        said = "open" if points is None else f"{points} of {MOST}"
        return (
            f'<tr style="{edge}"><td style="{cell};max-width:24em">{escape(words)}</td>'
            f'<td style="{cell};font-weight:600;white-space:nowrap">{said}</td>'
            f'<td style="{cell};max-width:26em">{escape(why)}</td></tr>'
        )

    judged = "".join(line(row.words, row.points, row.why) for row in rows)
    mine = "".join(
        line(words, own.get(name), "You judge this yourself.") for name, words in ASSESSED.items()
    )
    most = MOST * (len(rows) + len(ASSESSED))
    total = sum(row.points for row in rows) + sum(own.values())
    return (
        '<table class="cx-rubric" style="font-size:15px;border-collapse:collapse;line-height:1.4">'
        '<caption style="text-align:left;caption-side:top;font-size:16px">'
        f"<strong>{total} of {most} points</strong>, {sum(r.points for r in rows)} of "
        f"{MOST * len(rows)} computed</caption>"
        f"<tbody>{judged}{mine}</tbody></table>"
    )
