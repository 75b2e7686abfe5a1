"""The page of verdicts on claims, written from what studies found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cxsim as cx
from cxsim.scenario import Scenario
from cxsim.study.analysis.points import Finding, amount
from cxsim.study.designs import Factor
from lab.pages.page import table
from lab.validation.claims.registry import Claim

__all__ = ["Tested", "page", "plain", "shipped"]

HEAD = """# Claims put to the test

<!-- Written by `python -m lab.validation.claims` (make claims). Changes by hand are lost. -->

What the literature on customer relationships claims is no rule of the model. Each claim is put to
the test by a study over ranges of uncertain inputs: the files are in
`params/studies/claims/`, and `make claims` runs them and writes this page. Ranges are wide and
stand below, each with the shipped value in its middle (or at its end, where nothing lies beyond);
a verdict is about these ranges and this model, and other ranges give other shares.

**How a verdict is found.** Each part of a claim comes down to one number a run, which has to be
above 0. At a point of the study it *holds* where the {confidence} interval of its mean over paired
seeds (Student) lies above 0, it *fails* where it lies at or below, else the point is *open*. Over
all points the word is **holds** where it holds at 95 % of points or more, **fails** where it fails
at so many, **open** where more than half are open, else **depends**. *Share* has Wilson's
interval over points. A part that follows from what the model assumes is marked
**by construction**: runs only illustrate it. *What turns it* is the one split of one factor that
parts points above 0 from others best (Gini impurity); the factor is named if it is the best one in
at least half of {resamples} resamples of the points, and if at most 5 % of as many permutations
split as well; the value has its interval over the resamples. No verdict is written by hand, and no
parameter was set to get one.

## All verdicts

{table}

{figures}
"""


@dataclass(frozen=True)
class Tested:
    """A claim with its study and a finding for each part."""

    claim: Claim
    study: cx.Study
    findings: tuple[Finding, ...]
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
) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    tested : sequence of Tested
    figures : sequence of str
        Markdown of the figures over all claims.
    maps : mapping of str to str
        Markdown of the map that answers a claim, by the name of its study.
    """
    head = HEAD.format(
        confidence="95 %", resamples=400, table=_summary(tested), figures="\n\n".join(figures)
    )
    return "\n".join([head, *(_claim(n, each, maps) for n, each in enumerate(tested, 1))])


#: How often a part holds over the points of a study, in words: at least this share of them.
_OFTEN = (
    (0.95, "nearly always"), (0.75, "mostly"), (0.55, "more often than not"),
    (0.45, "in about half of the cases"), (0.25, "in some cases"), (0.05, "rarely"),
    (0.0, "hardly ever"),
)  # fmt: skip


def plain(tested: Tested) -> str:
    """Return the answer to a claim in one sentence, each part with how often it holds."""
    said = []
    for part, found in zip(tested.claim.parts, tested.findings, strict=True):
        if part.assumed:
            said.append(f"*{part.says}*: true or false by construction")
            continue
        yes, no, unsure = (100 * found.facts[kind] for kind in ("yes", "no", "open"))
        often = next(word for least, word in _OFTEN if yes >= 100 * least)
        said.append(f"*{part.says}*: {often} (in {yes:.0f} % of markets; not in {no:.0f} %; open "
                    f"in {unsure:.0f} %)")  # fmt: skip
    return f"**In the markets tried:** {'; '.join(said)}."


def _summary(tested: Sequence[Tested]) -> str:
    rows = []
    for number, each in enumerate(tested, 1):
        parts = zip(each.claim.parts, each.findings, each.words(), strict=True)
        for k, (part, found, word) in enumerate(parts):
            says = f"**[{number}. {each.claim.says}](#claim-{number})**<br>" if k == 0 else ""
            turns = "" if part.assumed else turned(found)
            rows.append([f"{says}{part.says}", f"**{word}**", _share(found),
                         f"{100 * found.facts['no']:.0f} %", turns])  # fmt: skip
    heads = ["claim and part", "verdict", "holds at", "fails at", "what turns it"]
    return table(heads, rows, left=1)


def _share(found: Finding) -> str:
    low, high = found.facts["yes_interval"]
    return f"{100 * found.facts['yes']:.0f} % ({100 * low:.0f}-{100 * high:.0f})"


def turned(found: Finding) -> str:
    """Return what turns a claim, in words."""
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
    """Return what a scenario has where a factor moves it; None for what is absent there."""
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
            f"- **The literature warns**: {claim.warns}",
            (
                f"- **Study**: `params/studies/claims/{claim.study}.yaml`, of `{base}`: "
                f"{len(study.points)} points ({study.design.kind.replace('_', ' ')}), "
                f"{len(study.seeds)} paired seeds. Ranges: {ranges}."
            ),
            f"- **What the model assumes**: {claim.by_construction}\n",
            table(heads, rows, left=4),
            "",
        ]
    )
