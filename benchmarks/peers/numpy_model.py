"""The market in vectorized NumPy: one row per firm, one column per customer, no loop over customers.

Written as a data scientist would who knows NumPy well: 32-bit arrays, work on those who
are in the market only, ``bincount`` for totals, Gumbel shocks as minus the logarithm of
exponentials, which NumPy draws faster than Gumbels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers import MEASURES, plain

__all__ = ["NumpyMarket"]

F4 = np.float32


def column(parameters: Any, name: str) -> np.ndarray:
    """Return a parameter of all firms or segments."""
    return np.array([getattr(p, name) for p in parameters.values()], dtype=F4)


class NumpyMarket:
    """The market.

    Parameters
    ----------
    scenario : Scenario
        Where the parameters come from.
    rng : int, optional
        Seed.
    """

    def __init__(self, scenario: Any, *, rng: int | None = None):
        plain(scenario)
        self.rng = np.random.default_rng(rng)
        self.firms = {name: column(scenario.firms, name) for name in FIRM_PARAMETERS}
        self.segments = {name: column(scenario.segments, name) for name in SEGMENT_PARAMETERS}
        zero = [0.0] * scenario.needs
        self.position = np.array([f.position or zero for f in scenario.firms.values()], F4)
        self.need_mean = np.array([s.need_mean or zero for s in scenario.segments.values()], F4)
        self.share = column(scenario.segments, "share").astype(float)
        self.learning_rate = scenario.learning_rate
        self.scale = scenario.market_size / scenario.customers
        self.n, self.needs, self.n_firms = scenario.customers, scenario.needs, len(scenario.firms)

        self.segment = np.zeros(self.n, np.int8)
        self.need = np.zeros((self.needs, self.n), F4)
        self.price_sensitivity = np.zeros(self.n, F4)
        self.taste = np.zeros((self.n_firms, self.n), F4)
        self.uncertainty = np.ones((self.n_firms, self.n), F4)
        self.supplier = np.full(self.n, -1, np.int16)
        self.rows: list[np.ndarray] = []
        self.arrive(np.arange(self.n))

    def arrive(self, who: np.ndarray) -> None:
        """Let newcomers take these places."""
        rng, m, s = self.rng, len(who), self.segments
        g = rng.choice(len(self.share), size=m, p=self.share)
        self.segment[who] = g
        z = rng.standard_normal((self.needs, m), F4)
        self.need[:, who] = self.need_mean[g].T + s["need_sd"][g] * z
        variance = np.log1p(s["price_sensitivity_cv"] ** 2)[g]
        self.price_sensitivity[who] = s["price_sensitivity"][g] * np.exp(
            np.sqrt(variance) * rng.standard_normal(m, F4) - 0.5 * variance
        )
        z = rng.standard_normal((self.n_firms, m), F4)
        self.taste[:, who] = s["brand_taste_sd"][g] * z
        self.uncertainty[:, who] = 1.0
        self.supplier[who] = -1

    def gap(self, who: np.ndarray, f: int | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far firms' standard and unlearned parts of the offer miss the needs, (D, m)."""
        bend, insight = self.firms["customization"][f], self.firms["segment_insight"][f]
        need, mean = self.need[:, who], self.need_mean[self.segment[who]].T
        position = self.position[f].T if np.ndim(f) else self.position[f][:, None]
        away = need - position
        return (1 - bend) * away, bend * (away - insight * (mean - position))

    def misfit(self, who: np.ndarray, f: int | np.ndarray, knowledge: np.ndarray) -> tuple:
        """Return the misfit expected at a state of knowledge and at none, (m,) each."""
        standard, unlearned = self.gap(who, f)
        bend, recognized = self.firms["customization"][f], self.firms["identification"][f]
        noise = self.needs * (bend * self.segments["need_sd"][self.segment[who]]) ** 2
        unseen = np.square(standard + unlearned).sum(axis=0)
        seen = np.square(standard + (1 - knowledge) * unlearned).sum(axis=0)
        seen += noise * knowledge * (1 - knowledge)
        return recognized * seen + (1 - recognized) * unseen, unseen

    def choose(self, who: np.ndarray) -> np.ndarray:
        """Return the option of highest utility, the number of firms for the outside option."""
        segment, supplier = self.segment[who], self.supplier[who]
        s = {name: values[segment] for name, values in self.segments.items()}
        a = self.price_sensitivity[who]
        shocks = -np.log(self.rng.standard_exponential((self.n_firms + 1, len(who)), F4))
        utility = shocks
        utility[-1] += a * s["outside_value"]
        known = np.where(supplier >= 0, self.uncertainty[supplier, who], 1)
        for f in range(self.n_firms):
            firm = {name: values[f] for name, values in self.firms.items()}
            uncertainty = self.uncertainty[f, who]
            knowledge = 1 - uncertainty
            misfit, _ = self.misfit(who, f, knowledge)
            remembered = firm["identification"] * firm["interaction"] * knowledge
            missing = np.maximum(uncertainty - known, 0)
            barrier = s["switching_cost"] + s["teaching_effort"] * firm["customization"] * missing
            worth = firm["quality"] - firm["price"] + self.taste[f, who]
            worth -= s["fit_weight"] * misfit + s["hassle"] * (1 - remembered)
            worth -= np.where((supplier >= 0) & (supplier != f), barrier, 0)
            utility[f] += a * worth
        return utility.argmax(axis=0)

    def step(self) -> None:
        """Move the market by one period."""
        rng, firms, segments = self.rng, self.firms, self.segments
        left = rng.random(self.n, F4) < segments["turnover"][self.segment]
        self.arrive(np.flatnonzero(left))
        shopping = rng.random(self.n, F4) < segments["purchase_rate"][self.segment]
        who = np.flatnonzero(shopping)
        choice = self.choose(who)
        bought = choice < self.n_firms
        who, choice = who[bought], choice[bought]
        before = self.supplier[who]
        held = np.bincount(self.supplier + 1, minlength=self.n_firms + 1)[1:]
        lost = np.bincount(before[before != choice] + 1, minlength=self.n_firms + 1)[1:]

        recognized = rng.random(len(who), F4) < firms["identification"][choice]
        taught, teacher = choice[recognized], who[recognized]
        told = firms["interaction"][taught] * segments["disclosure"][self.segment[teacher]]
        p = self.uncertainty[taught, teacher]
        p /= 1 + F4(self.learning_rate) * told * p
        self.uncertainty += firms["forgetting_rate"][:, None] * (1 - self.uncertainty)
        self.uncertainty[taught, teacher] = p
        self.supplier[who] = choice
        self.account(np.bincount(choice, minlength=self.n_firms), held, lost)

    def account(self, sales: np.ndarray, held: np.ndarray, lost: np.ndarray) -> None:
        """Measure the period."""
        firms = self.firms
        who = np.flatnonzero(self.supplier >= 0)
        f, segment = self.supplier[who], self.segment[who]
        s = {name: values[segment] for name, values in self.segments.items()}
        knowledge = 1 - self.uncertainty[f, who]
        misfit, unlearned = self.misfit(who, f, knowledge)
        bend = firms["customization"][f]
        procedural = s["switching_cost"] + s["teaching_effort"] * bend * knowledge
        remembered = firms["identification"][f] * firms["interaction"][f] * knowledge
        relational = s["fit_weight"] * (unlearned - misfit) + s["hassle"] * remembered
        customers = np.bincount(f, minlength=self.n_firms)
        means = [
            np.bincount(f, weights=values, minlength=self.n_firms) / customers
            for values in (knowledge, procedural, relational)
        ]
        revenue = sales * firms["price"] * self.scale
        cost = (
            firms["unit_cost"]
            + firms["customization_cost"] * firms["customization"]
            + firms["interaction_cost"] * firms["interaction"]
            + firms["cost_to_serve"]
        )
        capability = firms["interaction"] ** 2 + firms["customization"] ** 2
        profit = revenue - sales * cost * self.scale - firms["capability_cost"] * capability
        self.rows.append(
            np.array([sales / sales.sum(), 1 - lost / held, *means, revenue, profit], float)
        )

    def history(self) -> dict[str, np.ndarray]:
        """Return each measure by period and firm, in the scenario's order of firms."""
        rows = np.array(self.rows)
        return {name: rows[:, k] for k, name in enumerate(MEASURES)}


FIRM_PARAMETERS = (
    "price", "quality", "interaction", "customization", "identification", "segment_insight",
    "forgetting_rate", "unit_cost", "customization_cost", "interaction_cost", "cost_to_serve",
    "capability_cost",
)  # fmt: skip
SEGMENT_PARAMETERS = (
    "need_sd", "price_sensitivity", "price_sensitivity_cv", "brand_taste_sd", "purchase_rate",
    "turnover", "fit_weight", "hassle", "teaching_effort", "switching_cost", "disclosure",
    "outside_value",
)  # fmt: skip
