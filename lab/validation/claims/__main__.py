"""All claims in one run: ``python -m lab.validation.claims [--only NAME]`` writes the page."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

import cxsim as cx
from cxsim.study.analysis import verdict
from lab.pages.page import DOCS, ROOT, Images, write
from lab.validation.claims.margins import OTHERS, lead
from lab.validation.claims.page import Tested, page, shipped
from lab.validation.claims.registry import CLAIMS, Claim
from lab.validation.claims.runs import Runs

if TYPE_CHECKING:
    from cxsim.charts.style import Picture

STUDIES = ROOT / "params" / "studies" / "claims"


#: Markets for which the page says what has to hold for one-to-one to earn most; the first is drawn.
MARKETS = ("baseline", "digital_news")


#: What is smaller than this is rounding: no verdict rests on it.
ROUNDING = 1e-9


def _clean(margin: np.ndarray) -> np.ndarray:
    """Return a margin in which what is only rounding is zero."""
    return np.where(np.abs(margin) < ROUNDING, 0.0, margin)


def judge(claim: Claim, study: cx.Study, *, store: Path, **how: Any) -> Tested:
    """Run a claim's study, as far as it is not stored, and judge every part of the claim.

    Parameters
    ----------
    claim : Claim
    study : Study
    store : Path
    **how
        As for :func:`cxsim.sweep`.

    Raises
    ------
    RuntimeError
        If runs fail.
    """
    result = cx.sweep(study, store=store, **how)
    if len(result.failed):
        first = result.failed["message"].iloc[0]
        raise RuntimeError(f"{claim.study}: {len(result.failed)} runs failed: {first}")
    problem = study.problem()
    runs = Runs(result.frame, list(problem["names"]))
    findings = tuple(
        verdict(runs.keys.assign(margin=_clean(part.margin(runs))), problem, output="margin")
        for part in claim.parts
    )
    return Tested(claim, study, findings, result.report.done)


def drawn(claim: Claim, *, store: Path, **how: Any) -> Picture:
    """Run the study behind a claim's map, as far as it is not stored, and draw the map.

    Parameters
    ----------
    claim : Claim
    store : Path
    **how
        As for :func:`cxsim.sweep`.
    """
    from lab.validation.claims.figures import paying

    study = cx.Study.load(STUDIES / "maps" / f"{claim.map}.yaml")
    result = cx.sweep(study, store=store, **how)
    runs = Runs(result.frame, [factor.name for factor in study.factors])
    at = {factor.name: shipped(factor, study.base)[0] for factor in study.factors}
    return paying(runs.keys, lead("net_present_value", "Tailor", *OTHERS)(runs), at)


def conditions(images: Images, *, seeds: int = 8, markets: Sequence[str] = MARKETS) -> str:
    """Return as Markdown what has to hold for one-to-one to earn most, with its figure.

    Parameters
    ----------
    images : Images
        Takes the figure.
    seeds : int
        Paired seeds of each market.
    markets : sequence of str
        Scenarios; the figure shows the first.
    """
    found = {name: cx.one_to_one_conditions(name, seeds=seeds) for name in markets}
    picture = images.add(cx.plot.one_to_one_conditions(found[markets[0]]), "conditions")
    said = "\n".join(f"- `{name}`: {each.sentence()}" for name, each in found.items())
    return (
        f"\n## What has to hold for one-to-one to earn most\n\n{picture}\n\n{said}\n\n"
        f"`cx.one_to_one_conditions`, {seeds} paired seeds, prices as shipped: net present value "
        "within the horizon against the best rival, with one condition changed at a time for all "
        "firms and customers alike.\n\n## How claims are tested\n"
    )


def publish(
    tested: Sequence[Tested],
    docs: Path,
    maps: Mapping[str, Picture] = MappingProxyType({}),
    first: Callable[[Images], str] = lambda _: "",
) -> Path:
    """Write the page and its figures to a folder and return the page's path."""
    from lab.validation.claims.figures import turns, where

    images = Images(docs, "claims")
    images.clear()
    drawn = ((draw.__name__, draw(tested)) for draw in (where, turns))
    figures = [images.add(figure, name) for name, figure in drawn if figure is not None]
    shown = {name: images.add(figure, f"map_{name}") for name, figure in maps.items()}
    return write(docs / "claims.md", page(tested, figures, shown, first(images)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Test the claims, write the page if it is whole, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.validation.claims", description=__doc__)
    names = [claim.study for claim in CLAIMS]
    parser.add_argument("--only", action="append", choices=names, help="may be given again; "
                        "writes no page")  # fmt: skip
    parser.add_argument("-j", "--jobs", type=int, help="processes (default: all processors)")
    parser.add_argument("--store", type=Path, default=ROOT / "results" / "claims")
    parser.add_argument("--docs", type=Path, help="where the page goes (default: docs, if whole)")
    given = parser.parse_args(arguments)
    tested = []
    for claim in CLAIMS:
        if given.only and claim.study not in given.only:
            continue
        start = time.perf_counter()
        study = cx.Study.load(STUDIES / f"{claim.study}.yaml")
        found = judge(claim, study, store=given.store / claim.study, jobs=given.jobs)
        tested.append(found)
        took = time.perf_counter() - start
        print(f"{claim.study}: {claim.says} ({found.done:,} new runs, {took:.0f} s)", flush=True)
        for part, word, finding in zip(claim.parts, found.words(), found.findings, strict=True):
            print(f"  {word:15} {part.says}: {finding.sentence}", flush=True)
    docs = given.docs or (None if given.only else DOCS)
    if docs:
        maps = {
            each.claim.study: drawn(
                each.claim, store=given.store / f"{each.claim.map}_map", jobs=given.jobs
            )
            for each in tested
            if each.claim.map
        }
        print(f"written: {publish(tested, docs, maps, conditions).name} and its figures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
