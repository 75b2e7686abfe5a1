"""Every analysis of a study has a figure that says what it found, in words too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from cxsim import plot
from cxsim.study.analysis.points import AnalysisResult
from cxsim.study.results import analyse

NAMES = ["firms.Tailor.interaction", "segments.All.ordering_effort", "price"]
PROBLEM = {"num_vars": 3, "names": NAMES, "bounds": [[0.0, 1.0]] * 3}


def runs(design, *, seeds=3, noise=0.1):
    rng = np.random.default_rng(1)
    rows = [
        {"point": p, "seed": s, **dict(zip(NAMES, x, strict=True)),
         "share": 2.0 * x[0] + x[1] * x[2] + noise * rng.normal()}
        for p, x in enumerate(design) for s in range(seeds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def made(analysis, *, noise=0.1, **options):
    """Return a finding of one analysis, on a design that suits it."""
    if analysis in ("sobol", "morris"):
        import importlib

        sample = importlib.import_module(f"SALib.sample.{analysis}").sample
        frame = runs(sample(PROBLEM, 16, seed=1), noise=noise)
    else:
        frame = runs(qmc.LatinHypercube(3, rng=1).random(150))
    if analysis == "ranking":
        other = frame.assign(strategy="safe", share=1.2)
        frame = pd.concat([frame.assign(strategy="bold"), other])
    return analyse(frame, PROBLEM, [analysis], outputs=["share"], options={analysis: options})[0]


ANALYSES = ["main_effects", "sobol", "morris", "pawn", "regional", "discovery", "ranking"]


@pytest.mark.parametrize("analysis", ANALYSES)
def test_a_finding_is_drawn_with_title_axes_and_description(analysis, tmp_path):
    found = made(analysis)
    figure = plot.analysis(found)
    assert "share" in figure.get_suptitle()
    assert plot.alternative_text(figure) == found.sentence
    assert any(axes.get_xlabel() for axes in figure.axes)
    assert plot.save(figure, tmp_path / "figure.png").stat().st_size > 10_000


def texts(figure):
    return " ".join(t.get_text() for axes in figure.axes for t in axes.texts)


def test_the_noise_floor_is_shown_where_it_is_known():
    for analysis in ("sobol", "morris"):
        assert "noise" in texts(plot.analysis(made(analysis, noise=0.6)))


def test_boxes_are_drawn_with_density_and_coverage():
    found = made("discovery", at_least=1.8)
    figure = plot.analysis(found)
    assert len(figure.axes[0].patches) == min(4, len(found.frame)) > 0
    assert "% of its points" in texts(figure)


def test_where_no_region_stands_out_the_figure_says_so():
    frame = runs(qmc.LatinHypercube(3, rng=1).random(300), seeds=1)
    frame["share"] = np.random.default_rng(3).normal(size=len(frame))
    (found,) = analyse(frame, PROBLEM, ["discovery"], outputs=["share"])
    assert plot.analysis(found).get_suptitle().startswith("No region stands out")


def test_many_factors_and_strategies_are_cut_to_what_can_be_read():
    names = [f"firms.Firm {k}.interaction" for k in range(30)]
    design = qmc.LatinHypercube(30, rng=2).random(120)
    frame = pd.DataFrame(design, columns=names).assign(
        point=range(120), seed=0, share=design @ np.arange(30.0)
    )
    (found,) = analyse(frame, {"names": names}, ["main_effects"], outputs=["share"])
    assert len(plot.analysis(found).axes[0].get_yticklabels()) == 16
    (found,) = analyse(frame, {"names": names}, ["regional"], outputs=["share"])
    assert len(plot.analysis(found).axes) == 6


def test_an_analysis_without_a_figure_is_refused():
    with pytest.raises(ValueError, match="found 'sobl'"):
        plot.analysis(AnalysisResult("sobl", "share", pd.DataFrame(), "nothing"))
