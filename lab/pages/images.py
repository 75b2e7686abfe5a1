"""Draw the pictures of README and pages from real runs. Run with ``make figures``."""

from __future__ import annotations

import os
import re
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from SALib.sample import sobol as saltelli
from scipy.stats import qmc
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import cxsim as cx
from cxsim import plot
from cxsim.runs import simulate
from cxsim.runs.measures.measure_registry import summarize
from cxsim.study.results import analyse
from lab.pages.page import DOCS

FOLDER = DOCS / "images"


#: Uncertain inputs of the baseline: the range, and the parameters that a factor sets.
UNKNOWN = {
    "fit_weight": (0.0, 3.0, "segments.{}.fit_weight"),
    "ordering_effort": (0.0, 4.0, "segments.{}.ordering_effort"),
    "price_sensitivity": (0.1, 0.3, "segments.{}.price_sensitivity"),
    "capability_cost": (0.0, 40_000.0, "firms.Tailor.capability_cost"),
}

#: Capabilities that the firm can have: interaction and customization.
STRATEGIES = {"one-to-one": (0.8, 0.8), "mass": (0.1, 0.1)}

PROBLEM = {
    "num_vars": len(UNKNOWN),
    "names": [*UNKNOWN],
    "bounds": [[low, high] for low, high, _ in UNKNOWN.values()],
}


def runs(design: np.ndarray, seeds: int = 3) -> pd.DataFrame:
    """Run both strategies at every point of a design; one row per run, value in million EUR."""
    base, rows = cx.load("baseline").override({"customers": 500}), []
    for point, values in enumerate(design):
        at = dict(zip(UNKNOWN, values.tolist(), strict=True))
        changes = {
            path.format(segment): at[name]
            for name, (_, _, path) in UNKNOWN.items()
            for segment in base.segments
        }
        for strategy, (interaction, customization) in STRATEGIES.items():
            own = {
                "firms.Tailor.interaction": interaction,
                "firms.Tailor.customization": customization,
            }
            scenario = base.override(changes | own)
            for seed in range(seeds):
                worth = summarize(simulate(scenario, seed=seed))["Tailor"]["net_present_value"]
                row = {"point": point, "seed": seed, **at, "strategy": strategy}
                rows.append({**row, "value": worth / 1e6})
    return pd.DataFrame(rows)


def study() -> None:
    """Ask when it pays to be a one-to-one firm, and draw the answers."""
    low, high = np.array(PROBLEM["bounds"]).T
    spread = low + (high - low) * qmc.LatinHypercube(len(UNKNOWN), rng=1).random(400)
    named = ["main_effects", "regional", "discovery", "ranking"]
    both = {"outputs": ["value"], "strategy": "one-to-one", "against": "mass"}
    found = analyse(runs(spread), PROBLEM, named, **both)
    blocks = saltelli.sample(PROBLEM, 128, calc_second_order=False, seed=1)
    found += analyse(runs(blocks), PROBLEM, ["sobol"], **both)
    folder = FOLDER / "sensitivity"
    folder.mkdir(exist_ok=True)
    for each in found:
        print(each.sentence)
        plot.save(plot.analysis(each), folder / f"{each.analysis}.png")


def main() -> None:
    """Compare the baseline with the copycat and draw the result."""
    copycat = cx.load("copycat")
    result = cx.compare("baseline", copycat, seeds=20, jobs=2)
    events = plot.scenario_events(copycat)
    plot.save(
        plot.scenario_time_series(result.series, measure="market_share", events=events),
        FOLDER / "copycat_shares.png",
    )
    run = cx.run(copycat, seed=0)
    plot.save(plot.capability_matrix(run.firms), FOLDER / "copycat_matrix.png")
    plot.save(plot.switching_costs(run.firms), FOLDER / "copycat_switching_costs.png")
    study()
    calibrated()
    tutorial()


def calibrated() -> None:
    """Estimate two published panels (extra ``data``) and predict what was left out."""
    loyalty, predictions = [], []
    for name in ("Yogurt", "Catsup"):
        panel = cx.calibration.real_panel(name)
        loyalty.append(cx.calibrate(panel).loyalty.assign(source=panel.source))
        table = cx.calibration.predict(panel).table
        predictions.append(table.assign(source=panel.source))
    plot.save(plot.loyalty_estimates(pd.concat(loyalty)), FOLDER / "calibration_loyalty.png")
    plot.save(
        plot.predicted_repeat_purchases(pd.concat(predictions)), FOLDER / "calibration_repeats.png"
    )


def tutorial() -> None:
    """Run the tutorial's Python, keep its figures, and write there what they show."""
    page = FOLDER.parent / "tutorial.md"
    document = Sybil(
        parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)]
    ).parse(page)
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for example in document.examples():
                example.evaluate()
        finally:
            os.chdir(before)
    text = page.read_text(encoding="utf-8")
    for name, drawn in document.namespace.items():
        if isinstance(drawn, Figure):
            plot.save(drawn, FOLDER / "tutorial" / f"{name}.svg")
            at = re.compile(rf"!\[.*?\](?=\(images/tutorial/{name}\.svg\))")
            text = at.sub(f"![{plot.alternative_text(drawn)}]", text)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
