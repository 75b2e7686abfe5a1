"""EMA Workbench drives the model, to find when it does not pay to become a one-to-one firm.

    pip install ema_workbench
    python examples/drive_with_ema_workbench.py

EMA Workbench (Kwakkel 2017) samples what nobody knows and calls a function for each sample and
policy; all that cxsim has to give is that function. Its names must be Python names, so the
dotted paths of the scenario are given here. Each number is a mean over paired seeds: the same
chance for every policy and sample. What comes back is the frame that cxsim's own analyses
take, so that both can be used side by side: here PRIM of the workbench, and the tree and the
ranking of cxsim.
"""

from __future__ import annotations

import sys

import pandas as pd

import cxsim as cx
from cxsim.study.analysis import contrast, discovery, ranking

#: What nobody knows: a name, the range, and the parameters of the scenario that it sets.
UNCERTAINTIES = {
    "fit_weight": (0.0, 3.0, ["segments.Comfort.fit_weight", "segments.Performance.fit_weight"]),
    "ordering_effort": (
        0.0,
        4.0,
        ["segments.Comfort.ordering_effort", "segments.Performance.ordering_effort"],
    ),
    "capability_cost": (0.0, 40_000.0, ["firms.Tailor.capability_cost"]),
}

#: What the firm can do: be one-to-one, or have the capabilities of the mass firm.
POLICIES = {"one-to-one": (0.8, 0.8), "mass": (0.1, 0.1)}

SEEDS = (1, 2, 3)


def market(interaction: float = 0.8, customization: float = 0.8, **uncertain: float) -> dict:
    """Return what a policy is worth to the firm at one sample of the uncertainties."""
    overrides = {
        "customers": 500,
        "firms.Tailor.interaction": interaction,
        "firms.Tailor.customization": customization,
    }
    for name, value in uncertain.items():
        overrides |= dict.fromkeys(UNCERTAINTIES[name][2], value)
    worth = []
    for seed in SEEDS:
        summary = cx.run("baseline", seed=seed, overrides=overrides).summary()
        wanted = "measure == 'net_present_value' and firm == 'Tailor'"
        worth.append(summary.query(wanted)["value"].item())
    return {f"seed_{seed}": float(value) for seed, value in zip(SEEDS, worth, strict=True)}


def experiments(samples: int) -> pd.DataFrame:
    """Let the workbench run every policy at every sample; return one row per run."""
    from ema_workbench import (
        Model,
        Policy,
        RealParameter,
        ScalarOutcome,
        SequentialEvaluator,
    )

    model = Model("cxsim", function=market)
    model.uncertainties = [
        RealParameter(name, low, high) for name, (low, high, _) in UNCERTAINTIES.items()
    ]
    model.levers = [RealParameter(name, 0, 1) for name in ("interaction", "customization")]
    model.outcomes = [ScalarOutcome(f"seed_{seed}") for seed in SEEDS]
    policies = [Policy(name, interaction=a, customization=c) for name, (a, c) in POLICIES.items()]
    with SequentialEvaluator(model) as evaluator:
        done, outcomes = evaluator.perform_experiments(scenarios=samples, policies=policies)
    wide = (
        done[[*UNCERTAINTIES]]
        .astype(float)
        .assign(
            point=pd.factorize(done["scenario"])[0], strategy=done["policy"].astype(str), **outcomes
        )
    )
    runs = wide.melt(
        ["point", "strategy", *UNCERTAINTIES], var_name="seed", value_name="net_present_value"
    )
    return runs.assign(seed=runs["seed"].str.removeprefix("seed_").astype(int))


def main(samples: int = 200) -> None:
    """Run, and print what PRIM and cxsim's analyses find."""
    from ema_workbench.analysis import prim

    runs = experiments(samples)
    output, problem = "net_present_value", {"names": [*UNCERTAINTIES]}
    print(ranking(runs, output=output).sentence)

    gain = contrast(runs, output, strategy="one-to-one", against="mass")
    print(discovery(gain, problem, output=output, at_most=0.0).sentence)

    points = gain.groupby("point").mean(numeric_only=True)
    loses = (points[output] <= 0.0).to_numpy()
    box = prim.Prim(points[[*UNCERTAINTIES]], loses, threshold=0.7).find_box()
    print(f"PRIM: density {box.density:.2f}, coverage {box.coverage:.2f}")
    print(box.box_lims[-1])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
