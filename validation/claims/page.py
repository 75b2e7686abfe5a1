"""The page of verdicts on claims, written from what studies found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cxsim as cx
from cxsim.study.analysis.finding import Finding, amount
from validation.claims.registry import Claim
from validation.page import table

__all__ = ["Tested", "page"]

HEAD = """# Claims put to the test

<!-- Written by `python -m validation.claims` (make claims). Changes by hand are lost. -->

What the literature on customer relationships claims is no rule of the model. Each claim is put to
the test by a study over ranges of what nobody knows: the files are in
`params/studies/claims/`, and `make claims` runs them and writes this page. Ranges are wide and
stand below; a verdict is about these ranges and this model, and other ranges give other shares.

**How a verdict is found.** Each part of a claim comes down to one number a run, which has to be
above 0. At a point of the study it *holds* where the {confidence} interval of its mean over paired
seeds (Student) lies above 0, it *fails* where it lies at or below, else the point is *open*. Over
all points the word is **holds** where it holds at 95 % of points or more, **fails** where it fails
at so many, **open** where more than half are open, else **depends**. *Share* has Wilson's
interval over points. *What turns it* is the one split of one factor that parts points above 0
from others best (Gini impurity); the factor is named if it is the best one in at least half of
{resamples} resamples of the points, and if at most 5 % of as many permutations split as well; the
value has its interval over the resamples. No verdict is written by hand, and no parameter was set
to get one.

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


def page(tested: Sequence[Tested], figures: Mapping[str, str]) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    tested : sequence of Tested
    figures : mapping of str to str
        What each figure shows, by its path from the page.
    """
    shown = "\n\n".join(f"![{alt}]({path})" for path, alt in figures.items())
    head = HEAD.format(confidence="95 %", resamples=400, table=_summary(tested), figures=shown)
    return "\n".join([head, *(_claim(n, each) for n, each in enumerate(tested, 1))])


def _summary(tested: Sequence[Tested]) -> str:
    rows = []
    for number, each in enumerate(tested, 1):
        for k, (part, found) in enumerate(zip(each.claim.parts, each.findings, strict=True)):
            says = f"**[{number}. {each.claim.says}](#claim-{number})**<br>" if k == 0 else ""
            rows.append([f"{says}{part.says}", f"**{found.facts['word']}**", _share(found),
                         f"{100 * found.facts['no']:.0f} %", turned(found)])  # fmt: skip
    heads = ["claim and part", "verdict", "holds at", "fails at", "what turns it"]
    return table(heads, rows)


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


def _claim(number: int, tested: Tested) -> str:
    claim, study = tested.claim, tested.study
    rows = []
    for part, found in zip(claim.parts, tested.findings, strict=True):
        facts = found.facts
        middle = f"{amount(facts['median'])} ({amount(facts['lowest'])} to "
        rows.append([part.says, part.rule, part.unit, f"{middle}{amount(facts['highest'])})"])
    sentences = [
        f"- *{part.says}*: **{found.facts['word']}**. {found.sentence}"
        for part, found in zip(claim.parts, tested.findings, strict=True)
    ]
    ranges = "; ".join(f"{factor.name} {factor.said()}" for factor in study.factors)
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
            *sentences,
            "",
            f"- **The literature warns**: {claim.warns}",
            (
                f"- **Study**: `params/studies/claims/{claim.study}.yaml`, of `{base}`: "
                f"{len(study.points)} points ({study.design.kind.replace('_', ' ')}), "
                f"{len(study.seeds)} paired seeds. Ranges: {ranges}."
            ),
            f"- **By construction**: {claim.by_construction}\n",
            table(heads, rows, left=4),
            "",
        ]
    )
