"""Surveys of a population that is known: their errors are those of sampling theory."""

from __future__ import annotations

from math import sqrt

import numpy as np
from journeys import duel
from support_reductions import Check

from cxsim.simulation import Simulation

#: Experience of advocates, of those between, and of destroyers, with cut points between them.
LEVELS = (0.6, 0.2, -0.4)
CUTS = [0.0, 0.1, 0.4]


def surveys(
    *, advocates=0.4, destroyers=0.2, sizes=(100, 400, 1000), periods=400, customers=100_000,
    seed=0, rules=None,
):  # fmt: skip
    """Return the errors of tracking surveys of several sizes beside those of sampling theory.

    Nobody moves, buys or meets anything, so that what there is to know stays as it is.
    """
    mean = advocates * LEVELS[0] + (1 - advocates - destroyers) * LEVELS[1] + destroyers * LEVELS[2]
    square = sum(
        share * level**2
        for share, level in zip(
            (advocates, 1 - advocates - destroyers, destroyers), LEVELS, strict=True
        )
    )
    net = advocates - destroyers
    checks = []
    for size in sizes:
        scenario = duel(
            periods=periods,
            customers=customers,
            initial={"A": {"share": 1.0}},
            emotion_cut_points=CUTS,
            journey={"place": {"visit_rate": 0.0}},
            **{
                "segments.*.purchase_rate": 0.0,
                "firms.A.listening": {
                    "tracking": {"sample": size / customers, "response_rate": 1.0}
                },
            },
        )
        simulation = Simulation(scenario, seed=seed, rules=rules)
        _set_experience(simulation, advocates, destroyers)
        while not simulation.finished:
            simulation.step()
        frame = {
            name: simulation._measures["firm"][name].function(simulation.books)[:, 0]
            for name in (
                "experience_surveyed", "experience_surveyed_error", "net_promoter_surveyed",
                "net_promoter_surveyed_error",
            )
        }  # fmt: skip
        for what, true, error in (
            ("experience", mean, sqrt((square - mean**2) / size)),
            ("net_promoter", net, sqrt((advocates + destroyers - net**2) / size)),
        ):
            found, told = frame[f"{what}_surveyed"], frame[f"{what}_surveyed_error"]
            spread = error / sqrt(2 * (periods - 1))
            checks += [
                Check(f"{what}, n = {size}", true, found.mean(), error=error / sqrt(periods)),
                # the number of answers varies too, by 1/n of the error's square on average
                Check(
                    f"error of {what}, n = {size}", error, found.std(ddof=1), error=spread,
                    rounding=error / size,
                ),
                Check(
                    f"error of {what} as reported, n = {size}", error, told.mean(),
                    error=told.std(ddof=1) / sqrt(periods), rounding=error / size,
                ),
            ]  # fmt: skip
    return checks


def _set_experience(simulation, advocates, destroyers):
    """Give every hundredth part of customers in turn its share of each level."""
    population = simulation.workspace.population
    for block in range(population.blocks):
        first, end = population.bounds(block)
        place = (np.arange(first, end) % 100) / 100
        levels = np.select(
            [place < advocates, place < 1 - destroyers], [LEVELS[0], LEVELS[1]], LEVELS[2]
        )
        population.part("experience", block)[0, : end - first] = levels
