"""Simulation-based calibration of the posterior of targets, on this model.

Talts, Betancourt, Simpson, Vehtari & Gelman (2018): parameters are drawn from the prior, targets
are simulated at them, and the rank of each true value among draws of its posterior is uniform if
the method is right. Targets here are shares and repeat purchase rates with correlated errors; the
second row ignores the correlations and shows what that does.

    python -m lab.validation.sbc            # docs/images/sbc.png and the numbers
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom, chi2, qmc

from cxsim.calibration.moment_matching import Moments
from cxsim.calibration.posterior import Emulator, sampled
from cxsim.calibration.targets import read_targets
from cxsim.runs import simulate
from lab.validation.markets import market

#: Free parameters, with the bounds of their uniform priors.
PRIORS = {"firms.Ann.quality": [11, 14], "segments.All.switching_cost": [0, 3]}

#: Standard error of each target, and the correlation of the two of one firm.
SE, CORRELATION = 0.02, 0.8

#: Draws of each posterior, so that ranks are 0 to this number.
DRAWS = 99

#: Ways in which the likelihood treats the targets' correlations.
WAYS = ("correlations used", "correlations ignored")

FIGURE = Path("docs/images/sbc.png")


def _market() -> Any:
    firms = {"Ann": {"price": 10.0, "quality": 12.0}, "Bob": {"price": 10.0, "quality": 12.0}}
    segment = {"share": 1.0, "price_sensitivity": 0.5, "brand_taste_sd": 1.0, "need_sd": 0.0}
    return market(firms, {"All": segment}, customers=300, periods=6, warm_up=6)


def ranks(replicates: int, *, points: int = 128, seeds: int = 16, seed: int = 0) -> pd.DataFrame:
    """Return the rank of true values among draws of their posteriors.

    Parameters
    ----------
    replicates : int
        Draws from the prior.
    points : int
        Points at which the market is simulated for the emulator.
    seeds : int
        Runs that simulated targets are averaged over; as many other ones make the data.
    seed : int

    Returns
    -------
    DataFrame
        ``way, replicate, path, truth, rank``.
    """
    names = [
        ("market_share", "Ann"),
        ("repeat_purchase_rate", "Ann"),
        ("repeat_purchase_rate", "Bob"),
    ]
    goals = [{"measure": m, "firm": f, "value": 0.5, "se": SE} for m, f in names]
    pair = [["market_share of Ann", "repeat_purchase_rate of Ann", CORRELATION]]
    given = {"parameters": PRIORS, "targets": goals, "correlations": pair}
    moments = Moments(read_targets(given, base=_market()), seeds=seeds)
    size, rng = len(PRIORS), np.random.default_rng(seed)
    tried = qmc.Sobol(size, scramble=True, rng=np.random.default_rng(1)).random(points)
    runs = np.array([moments(unit) for unit in tried])  # (n, S, M)
    emulator = Emulator(tried, runs.mean(axis=1))
    apart = (runs - runs.mean(axis=1, keepdims=True)).reshape(-1, len(names))
    noise = apart.T @ apart / (points * (seeds - 1)) / seeds
    correlations = np.array(moments.targets.correlations)
    errors = SE**2 * correlations
    # Data and emulator each average over seeds of their own: the noise of simulation counts twice.
    covariances = (errors + 2 * noise, SE**2 * np.eye(len(names)) + 2 * np.diag(np.diag(noise)))
    none = (np.empty(0, dtype=int), np.empty(0), np.empty(0))
    rows = []
    for replicate in range(replicates):
        truth = rng.random(size)
        scenario = moments.scenario(truth)
        fresh = range(10_000 + seeds * replicate, 10_000 + seeds * (replicate + 1))
        seen = np.mean([moments._read(simulate(scenario, seed=k)) for k in fresh], axis=0)
        data = rng.multivariate_normal(seen, errors)
        for way, covariance in zip(WAYS, covariances, strict=True):
            drawn, _ = sampled(
                emulator, data, covariance, priors=none, near=np.full(size, 0.5),
                draws=DRAWS, seed=replicate,
            )  # fmt: skip
            rows += [
                {"way": way, "replicate": replicate, "path": path, "truth": truth[k],
                 "rank": int((drawn[:, k] < truth[k]).sum())}
                for k, path in enumerate(PRIORS)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def verdicts(found: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """Return a test of uniform ranks by way and parameter.

    ``chi2`` of the histogram with its ``p``; ``covered_80``, the share of true values within the
    central 80 % of their posteriors, and ``se``, its standard error if the method is right.
    """
    rows = []
    for (way, path), part in found.groupby(["way", "path"], sort=False):
        count = len(part)
        heights = np.histogram(part["rank"], bins=bins, range=(0, DRAWS + 1))[0]
        squared = float(((heights - count / bins) ** 2).sum() / (count / bins))
        inside = part["rank"].between(0.1 * (DRAWS + 1), 0.9 * (DRAWS + 1) - 1)
        rows.append(
            {"way": way, "path": path, "replicates": count, "chi2": squared,
             "p": float(chi2.sf(squared, bins - 1)), "covered_80": float(inside.mean()),
             "se": float(np.sqrt(0.16 / count))}
        )  # fmt: skip
    return pd.DataFrame(rows)


def figure(found: pd.DataFrame, bins: int = 10) -> Any:
    """Draw rank histograms with their binomial band, and differences from the uniform ECDF."""
    import matplotlib.pyplot as plt

    groups = list(found.groupby(["way", "path"], sort=False))
    picture, axes = plt.subplots(2, len(groups), figsize=(3.0 * len(groups), 5.2), squeeze=False)
    for k, ((way, path), part) in enumerate(groups):
        count, grid = len(part), np.arange(DRAWS + 1)
        low, high = binom.interval(0.95, count, 1 / bins)
        top, below = axes[0, k], axes[1, k]
        top.axhspan(low, high, color="0.88")
        top.hist(part["rank"], bins=bins, range=(0, DRAWS + 1), color="#0072B2", edgecolor="white")
        top.set_title(f"{way}\n{path}", fontsize=9)
        share = (grid + 1) / (DRAWS + 1)
        band = binom.interval(0.95, count, share)
        below.fill_between(grid, band[0] / count - share, band[1] / count - share, color="0.88")
        ecdf = (part["rank"].to_numpy()[:, None] <= grid).mean(axis=0)
        below.step(grid, ecdf - share, where="post", color="#0072B2")
        below.axhline(0.0, color="0.4", lw=0.8)
        below.set_xlabel("rank of the true value")
    axes[0, 0].set_ylabel("true values")
    axes[1, 0].set_ylabel("ECDF less uniform")
    picture.suptitle(
        f"Ranks of {found['replicate'].nunique()} true values among {DRAWS} draws of their "
        "posteriors; bands: 95 % if uniform",
        fontsize=11,
    )  # fmt: skip
    picture.tight_layout()
    return picture


def main() -> None:
    """Run the calibration, write the figure and print the numbers."""
    parser = argparse.ArgumentParser(prog="python -m lab.validation.sbc", description=__doc__)
    parser.add_argument("--replicates", type=int, default=60)
    parser.add_argument("--output", type=Path, default=FIGURE, help=f"figure [{FIGURE}]")
    given = parser.parse_args()
    found = ranks(given.replicates)
    figure(found).savefig(given.output, dpi=110)
    print(verdicts(found).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
