"""Draw the pictures of the README from a real comparison. Run with ``make figures``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import cxsim as cx
from cxsim import plot

FOLDER = Path(__file__).parent / "images"


def main() -> None:
    """Compare the baseline with the copycat and draw what comes out."""
    copycat = cx.load("copycat")
    result = cx.compare("baseline", copycat, seeds=20, jobs=2)
    events = plot.events_of(copycat)
    plot.save(
        plot.paths(result.series, measure="share", events=events), FOLDER / "copycat_shares.png"
    )
    run = cx.run(copycat, seed=0)
    plot.save(plot.capability_matrix(run.firms), FOLDER / "copycat_matrix.png")
    plot.save(plot.switching_costs(run.firms), FOLDER / "copycat_switching_costs.png")
    calibrated()


def calibrated() -> None:
    """Estimate two published panels (extra ``data``) and predict what was left out."""
    loyalty, predictions = [], []
    for name in ("Yogurt", "Catsup"):
        panel = cx.calibration.real_panel(name)
        loyalty.append(cx.calibrate(panel).loyalty.assign(source=panel.source))
        table = cx.calibration.predict(panel).table
        predictions.append(table.assign(source=panel.source))
    plot.save(plot.loyalty_estimates(pd.concat(loyalty)), FOLDER / "calibration_loyalty.png")
    plot.save(plot.predicted_repeats(pd.concat(predictions)), FOLDER / "calibration_repeats.png")


if __name__ == "__main__":
    main()
