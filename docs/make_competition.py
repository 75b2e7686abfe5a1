"""Write docs/competition.md and its pictures from real runs. Run with ``make competition``."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import cxsim as cx
from cxsim import plot
from cxsim.measures.equity import equity_changes
from cxsim.measures.statement import profit_statement, service_statement
from cxsim.study.copying import OUTCOMES, copying
from cxsim.study.paying import paying_map

HERE = Path(__file__).parent
FOLDER = HERE / "images" / "competition"

#: From one-to-one's leader on: what a firm can do about it.
ROADMAP = {
    "name": "roadmap",
    "targets": [{"at": 12, "over": 12, "interaction": 0.8, "customization": 0.8}],
}
POLICIES = {
    "fixed": {},
    "copies the leader": {"capability": "imitate"},
    "tries capabilities": {"capability": "adaptive"},
    "builds one-to-one": {"capability": ROADMAP},
    "tries prices": {"pricing": "adaptive"},
    "best response": {"pricing": "best_response"},
}

#: Scenarios of this page, the firm of their claim, and the measures on which it stands.
CLAIMS = {
    "baseline_full": ("Tailor", ("retention", "lifetime_value", "net_present_value")),
    "detergent": ("Mass", ("net_present_value",)),
    "running_shoes": ("Niche", ("net_present_value",)),
    "airline": ("Targeted", ("net_present_value", "retention")),
    "two_roads_rivals": ("ViaTargeted", ("net_present_value",)),
}


def table(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table."""
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def picture(figure: plot.Picture, name: str) -> str:
    """Save a figure and return what shows it in Markdown."""
    plot.save(figure, FOLDER / f"{name}.png")
    return f"![{plot.alt_of(figure)}](images/competition/{name}.png)"


def claims(seeds: int) -> str:
    """Return which claims hold: the lead over the best other firm, paired by seed."""
    rows = []
    for name, (firm, measures) in CLAIMS.items():
        runs = [cx.run(name, seed=seed).summary() for seed in range(seeds)]
        for measure in measures:
            values = pd.DataFrame(
                [run[run["measure"] == measure].set_index("firm")["value"] for run in runs]
            )
            others = values.drop(columns=firm)
            rival = others.mean().idxmax()
            lead = values[firm] - others[rival]
            low, high = cx.study_interval(lead)
            verdict = "holds" if low > 0 else "refuted" if high < 0 else "open"
            shown = [number(v, measure) for v in (lead.mean(), low, high)]
            rows.append(
                {
                    "scenario": f"`{name}`",
                    "measure": measure.replace("_", " "),
                    "firm": firm,
                    "best other firm": rival,
                    "lead": f"{shown[0]} ({shown[1]} to {shown[2]})",
                    "claim": verdict,
                }
            )
    return table(pd.DataFrame(rows))
