"""The page of verdicts on claims, written from results of studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cxsim as cx
from cxsim.scenario import Scenario
from cxsim.study.analysis.points import AnalysisResult, amount
from cxsim.study.designs import Factor
from lab.pages.page import table
from lab.validation.claims.registry import Claim

__all__ = ["Tested", "page", "plain", "shipped"]

HEAD = """# Claims put to the test

<!-- Written by `python -m lab.validation.claims` (make claims). Changes by hand are lost. -->

{answer}
{first}
Claims of the literature on customer relationships are not rules of the model. A study tests each
claim over ranges of uncertain inputs. The files are in `params/studies/claims/`; `make claims`
runs them and writes this page. The ranges are wide and listed below, each with the shipped value
in its middle (or at its end, if no values lie beyond). A verdict is about these ranges and this
model; other ranges give other shares.

**How a verdict is found.** Each part of a claim is expressed by one number per run that has to be
above 0. At a design point the part *holds* if the {confidence} confidence interval of its mean over
paired seeds (Student) lies above 0, and *fails* if the interval lies at or below 0; otherwise the
point is *open*. Over all points the verdict is **holds** if the part holds at 95 % of points or
more, **fails** if it fails at 95 % or more, **open** if more than half of the points are open, and
otherwise **depends**. Shares of points have Wilson's interval. A part that follows from the
model's assumptions is marked **by construction**: runs only illustrate it. The *deciding factor* is
the factor whose single split best separates points above 0 from others (Gini impurity). It is
named if it is the best factor in at least half of {resamples} resamples of the points, and if at
most 5 % of as many permutations split as well; the interval of its value is over the resamples. No
verdict is written by hand, and no parameter was set to get one.

## All verdicts

{table}

{figures}
"""


@dataclass(frozen=True)
class Tested:
    """A claim with its study and a finding for each part."""

    claim: Claim
    study: cx.Study
    findings: tuple[AnalysisResult, ...]
    done: int

    def words(self) -> tuple[str, ...]:
        """Return the verdict on each part."""
        return tuple(
            "by construction" if part.assumed else str(found.facts["word"])
            for part, found in zip(self.claim.parts, self.findings, strict=True)
        )


def page(
    tested: Sequence[Tested],
    figures: Sequence[str],
    maps: Mapping[str, str] = MappingProxyType({}),
    first: str = "",
) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    tested : sequence of Tested
    figures : sequence of str
        Markdown of the figures over all claims.
    maps : mapping of str to str
        Markdown of the map that answers a claim, by the name of its study.
    first : str
        Markdown of what has to hold for one-to-one service to earn most, with its figure.
    """
    head = HEAD.format(
        answer=_answer(tested), first=first, confidence="95 %", resamples=400,
        table=_summary(tested), figures="\n\n".join(figures),
    )  # fmt: skip
    return "\n".join([head, *(_claim(n, each, maps) for n, each in enumerate(tested, 1))])


def _answer(tested: Sequence[Tested]) -> str:
    """Return the verdicts on all parts, counted."""
    words = [word for each in tested for word in each.words()]
    kinds = {word: words.count(word) for word in ("holds", "depends", "fails", "open")}
    lead = "Most claims depend on circumstances. " if 2 * kinds["depends"] >= len(words) else ""
    return (
        f"{lead}Of the {len(words)} parts of {len(tested)} claims, {kinds['holds']} hold "
        f"throughout the ranges tested, {kinds['depends']} depend on circumstances, "
        f"{kinds['fails']} fail throughout, {kinds['open']} remain open, and "
        f"{words.count('by construction')} follow from assumptions."
    )


#: How often a part holds over the points of a study, in words: at least this share of them.
_OFTEN = (
    (0.95, "nearly always"), (0.75, "mostly"), (0.55, "more often than not"),
    (0.45, "in about half of the cases"), (0.25, "in some cases"), (0.05, "rarely"),
    (0.0, "hardly ever"),
)  # fmt: skip


def plain(tested: Tested) -> str:
    """Return the answer to a claim in one sentence: how often each part holds."""
    said = []
    for part, found in zip(tested.claim.parts, tested.findings, strict=True):
        if part.assumed:
            said.append(f"*{part.says}*: follows from assumptions")
            continue
        yes, no, unsure = (100 * found.facts[kind] for kind in ("yes", "no", "open"))
        often = next(word for least, word in _OFTEN if yes >= 100 * least)
        said.append(f"*{part.says}*: {often} (in {yes:.0f} % of markets; not in {no:.0f} %; open "
                    f"in {unsure:.0f} %)")  # fmt: skip
    return f"**In the markets tested:** {'; '.join(said)}."


def _summary(tested: Sequence[Tested]) -> str:
    rows = []
    for number, each in enumerate(tested, 1):
        parts = zip(each.claim.parts, each.findings, each.words(), strict=True)
        for k, (part, found, word) in enumerate(parts):
            says = f"**[{number}. {each.claim.says}](#claim-{number})**<br>" if k == 0 else ""
            turns = "" if part.assumed else turned(found)
            rows.append([f"{says}{part.says}", f"**{word}**", _share(found),
                         f"{100 * found.facts['no']:.0f} %", turns])  # fmt: skip
    heads = ["claim and part", "verdict", "holds at", "fails at", "deciding factor"]
    return table(heads, rows, left=1)


def _share(found: AnalysisResult) -> str:
    low, high = found.facts["yes_interval"]
    return f"{100 * found.facts['yes']:.0f} % ({100 * low:.0f}-{100 * high:.0f})"


def turned(found: AnalysisResult) -> str:
    """Return the factor that decides a claim, and its value, in words."""
    facts = found.facts
    if facts["value"] is None:
        return ""
    if facts["factor"] is None:
        return "no single factor"
    side = "above" if facts["above"] > facts["below"] else "up to"
    low, high = facts["value_interval"]
    return (
        f"{facts['factor']}: rather {side} {amount(facts['value'])} "
        f"({amount(low)} to {amount(high)})"
    )


def _range(factor: Factor, base: Scenario | None) -> str:
    """Return a factor's range in words, with the value that is shipped."""
    if base is None:
        return f"{factor.name} {factor.said()}"
    values = sorted({value for value in shipped(factor, base) if value is not None})
    words = " and ".join(amount(value) for value in values) or "none"
    return f"{factor.name} {factor.said()} (shipped {words})"


def shipped(factor: Factor, base: Scenario) -> list[float | None]:
    """Return a scenario's values of the parameters of a factor; None where they are absent."""
    found: list[float | None] = []
    for move in factor.moves:
        value = base.value(move.path)
        held = value.values() if isinstance(value, dict) else [value]
        found += [None if each is None else (each - move.plus) / move.times for each in held]
    return found


def _claim(number: int, tested: Tested, maps: Mapping[str, str]) -> str:
    claim, study = tested.claim, tested.study
    rows = []
    for part, found in zip(claim.parts, tested.findings, strict=True):
        facts = found.facts
        middle = f"{amount(facts['median'])} ({amount(facts['lowest'])} to "
        rows.append([part.says, part.rule, part.unit, f"{middle}{amount(facts['highest'])})"])
    sentences = [
        f"- *{part.says}*: **{word}**. "
        + (f"By construction: {part.assumed}. " if part.assumed else "")
        + found.sentence
        for part, found, word in zip(claim.parts, tested.findings, tested.words(), strict=True)
    ]  # fmt: skip
    ranges = "; ".join(_range(factor, study.base) for factor in study.factors)
    shown = [f"{maps[claim.study]}\n"] if claim.map else []
    base = study.base.name if study.base is not None else ""
    heads = [
        "part",
        "number that has to be above 0",
        "unit",
        "median of points (lowest to highest)",
    ]
    return "\n".join(
        [
            f'<a id="claim-{number}"></a>\n',
            f"## {number}. {claim.says}\n",
            f"{plain(tested)}\n",
            *shown,
            *sentences,
            "",
            f"- **Doubts in the literature**: {claim.warns}",
            (
                f"- **Study**: `params/studies/claims/{claim.study}.yaml`, of `{base}`: "
                f"{len(study.points)} points ({study.design.kind.replace('_', ' ')}), "
                f"{len(study.seeds)} paired seeds. Ranges: {ranges}."
            ),
            f"- **Assumptions of the model**: {claim.by_construction}\n",
            table(heads, rows, left=4),
            "",
        ]
    )
