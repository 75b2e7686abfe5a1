"""The market in vectorized NumPy: a row per firm, a column per customer, no loop over customers.

Written as a data scientist would who knows NumPy well: work on those who are in the
market only, fancy indexing for the firm at hand, ``bincount`` for totals. With
``dtype="float64"`` it is what most would write; with ``"float32"`` it moves half the
bytes and draws Gumbel shocks as minus the logarithm of exponentials, which is faster.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.benchmarks.peers import FEW, MORE, plain, tenure_band

__all__ = ["NumpyMarket"]

FIRM_PARAMETERS = (
    "price", "quality", "interaction", "customization", "identification", "segment_insight",
    "forgetting_rate", "unit_cost", "customization_cost", "interaction_cost", "cost_to_serve",
    "capability_cost",
)  # fmt: skip
SEGMENT_PARAMETERS = (
    "need_sd", "price_sensitivity", "price_sensitivity_cv", "brand_taste_sd", "purchase_rate",
    "exit_rate", "fit_weight", "ordering_effort", "onboarding_effort", "switching_cost",
    "disclosure", "no_purchase_value",
)  # fmt: skip


class NumpyMarket:
    """The market.

    Parameters
    ----------
    scenario : Scenario
        Where the parameters come from.
    measures : {"few", "all"}
    dtype : {"float32", "float64"}
    rng : int, optional
        Seed.
    """

    def __init__(
        self,
        scenario: Any,
        *,
        measures: str = "all",
        dtype: str = "float64",
        rng: int | None = None,
    ):
        plain(scenario)
        self.rng, self.dtype, self.thorough = np.random.default_rng(rng), dtype, measures == "all"
        self.firms = {k: self.column(scenario.firms, k) for k in FIRM_PARAMETERS}
        self.segments = {k: self.column(scenario.segments, k) for k in SEGMENT_PARAMETERS}
        zero = [0.0] * scenario.needs
        self.position = np.array([f.position or zero for f in scenario.firms.values()], dtype)
        self.need_mean = np.array([s.need_mean or zero for s in scenario.segments.values()], dtype)
        self.learning_rate = self.position.dtype.type(scenario.learning_rate)
        self.discount_rate = scenario.discount_rate
        self.scale = scenario.market_size / scenario.customers
        self.n, self.needs, self.n_firms = scenario.customers, scenario.needs, len(scenario.firms)

        share = [s.share for s in scenario.segments.values()]
        self.segment = self.rng.choice(len(share), size=self.n, p=share).astype(np.int8)
        self.need = np.zeros((self.needs, self.n), dtype)
        self.price_sensitivity = np.zeros(self.n, dtype)
        self.taste = np.zeros((self.n_firms, self.n), dtype)
        self.uncertainty = np.ones((self.n_firms, self.n), dtype)
        self.supplier = np.full(self.n, -1, np.int16)
        self.tenure = np.zeros(self.n, np.int32)
        self.rows: list[dict[str, np.ndarray]] = []
        self.arrive(np.arange(self.n))

    def column(self, owners: Any, name: str) -> np.ndarray:
        """Return a parameter of all firms or segments."""
        return np.array([getattr(owner, name) for owner in owners.values()], self.dtype)

    def arrive(self, who: np.ndarray) -> None:
        """Let newcomers of the same segments take these places."""
        rng, s, g = self.rng, self.segments, self.segment[who]
        z = rng.standard_normal((self.needs + 1 + self.n_firms, len(who)), self.dtype)
        self.need[:, who] = self.need_mean[g].T + s["need_sd"][g] * z[: self.needs]
        variance = np.log1p(s["price_sensitivity_cv"] ** 2)[g]
        self.price_sensitivity[who] = s["price_sensitivity"][g] * np.exp(
            np.sqrt(variance) * z[self.needs] - variance / 2
        )
        self.taste[:, who] = s["brand_taste_sd"][g] * z[self.needs + 1 :]
        self.uncertainty[:, who] = 1
        self.supplier[who] = -1
        self.tenure[who] = 0

    def shocks(self, m: int) -> np.ndarray:
        """Return standard Gumbel shocks by option and customer."""
        shape = (self.n_firms + 1, m)
        if self.dtype == "float64":
            return self.rng.gumbel(size=shape)
        with np.errstate(divide="ignore"):
            return -np.log(self.rng.standard_exponential(shape, self.dtype))

    def misfit(self, who: np.ndarray, f: Any, knowledge: np.ndarray) -> tuple:
        """Return the fit gap expected with this knowledge, and that of an unknown customer.

        ``f`` is one firm or one for each customer.
        """
        bend, insight = self.firms["customization"][f], self.firms["segment_insight"][f]
        segment = self.segment[who]
        mean = self.need_mean[segment].T
        position = self.position[f].T if np.ndim(f) else self.position[f][:, None]
        away = self.need[:, who] - position
        standard = (1 - bend) * away
        unlearned = bend * (away - insight * (mean - position))
        unseen = np.square(standard + unlearned).sum(axis=0)
        seen = np.square(standard + (1 - knowledge) * unlearned).sum(axis=0)
        noise = self.needs * (bend * self.segments["need_sd"][segment]) ** 2
        seen += noise * knowledge * (1 - knowledge)
        chance = self.firms["identification"][f]
        return chance * seen + (1 - chance) * unseen, unseen

    def hassle(self, f: Any, hassle: np.ndarray, knowledge: np.ndarray) -> np.ndarray:
        """Return the effort of ordering."""
        return hassle * (
            1 - self.firms["identification"][f] * self.firms["interaction"][f] * knowledge
        )

    def worths(self, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what options are worth in money, and the switching costs in it."""
        segment, supplier = self.segment[who], self.supplier[who]
        s = {name: values[segment] for name, values in self.segments.items()}
        worth = np.empty((self.n_firms + 1, len(who)), self.dtype)
        barrier = np.zeros_like(worth)
        worth[-1] = s["no_purchase_value"]
        known = self.uncertainty[supplier, who]
        for f in range(self.n_firms):
            firm = {name: values[f] for name, values in self.firms.items()}
            uncertainty = self.uncertainty[f, who]
            missing = np.maximum(uncertainty - known, 0)
            cost = s["switching_cost"] + s["onboarding_effort"] * firm["customization"] * missing
            barrier[f] = np.where((supplier >= 0) & (supplier != f), cost, 0)
            misfit, _ = self.misfit(who, f, 1 - uncertainty)
            worth[f] = firm["quality"] - firm["price"] + self.taste[f, who] - barrier[f]
            worth[f] -= s["fit_weight"] * misfit + self.hassle(
                f, s["ordering_effort"], 1 - uncertainty
            )
        return worth, barrier

    def per_firm(self, firm: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Return totals by firm; -1 is nobody."""
        return np.bincount(firm + 1, weights, self.n_firms + 1)[1:]

    def step(self) -> None:
        """Move the market by one period."""
        rng, firms, segments = self.rng, self.firms, self.segments
        newcomers = np.flatnonzero(
            rng.random(self.n, self.dtype) < segments["exit_rate"][self.segment]
        )
        left = self.per_firm(self.supplier[newcomers])
        self.arrive(newcomers)
        who = np.flatnonzero(
            rng.random(self.n, self.dtype) < segments["purchase_rate"][self.segment]
        )
        worth, barrier = self.worths(who)
        utility = self.price_sensitivity[who] * worth + self.shocks(len(who))
        option = utility.argmax(axis=0)
        origin = self.supplier[who]
        row = {"left": left * self.scale, "held": self.per_firm(self.supplier)}
        if self.thorough:
            row |= self.count(who, origin, option)
            at = np.arange(len(who))
            enjoyed = utility[option, at] / self.price_sensitivity[who] + barrier[option, at]
            enjoyed -= segments["no_purchase_value"][self.segment[who]]
            moved = (origin >= 0) & (origin != option) & (option < self.n_firms)
            enjoyed -= moved * segments["switching_cost"][self.segment[who]]
            row["surplus"] = enjoyed.sum(dtype=float)

        bought = option < self.n_firms
        who, choice, origin = who[bought], option[bought], origin[bought]
        recognized = rng.random(len(who), self.dtype) < firms["identification"][choice]
        teacher, taught = who[recognized], choice[recognized]
        s = {name: values[self.segment[teacher]] for name, values in segments.items()}
        before = self.uncertainty[taught, teacher]
        told = self.learning_rate * firms["interaction"][taught] * s["disclosure"]
        after = before / (1 + told * before)
        self.uncertainty += firms["forgetting_rate"][:, None] * (1 - self.uncertainty)
        self.uncertainty[taught, teacher] = after
        if self.thorough:
            effort = s["onboarding_effort"] * firms["customization"][taught] * (before - after)
            row["recognized"] = self.per_firm(taught)
            row["effort"] = self.per_firm(taught, effort)
            row["surplus"] -= effort.sum(dtype=float)
        self.tenure[who] = np.where(choice == origin, self.tenure[who] + 1, 1)
        self.supplier[who] = choice
        row["sales"] = self.per_firm(choice)
        row["lost"] = self.per_firm(origin[origin != choice])
        row["won"] = self.per_firm(choice[origin != choice])
        self.rows.append(row | self.account())

    def count(self, who: np.ndarray, origin: np.ndarray, option: np.ndarray) -> dict:
        """Count who came from where and took what, who stayed, and what ordering was like."""
        width = self.n_firms + 1
        flows = np.bincount((origin + 1) * width + option, minlength=width * width)
        buyer, firm = who[option < self.n_firms], option[option < self.n_firms]
        hassle = self.segments["ordering_effort"][self.segment[buyer]]
        order = self.hassle(firm, hassle, 1 - self.uncertainty[firm, buyer])
        taken = self.supplier.copy()
        taken[buyer] = firm
        held = np.flatnonzero(self.supplier >= 0)
        f = self.supplier[held].astype(int)
        kept = taken[held] == f
        band = np.minimum((5 * (1 - self.uncertainty[f, held])).astype(int), 4)
        age = tenure_band(self.tenure[held])

        def bands(firm: np.ndarray, band: np.ndarray, n: int) -> np.ndarray:
            return np.bincount(firm * n + band, minlength=self.n_firms * n).reshape(-1, n)

        return {
            "flows": flows.reshape(width, width),
            "hassle": self.per_firm(firm, order),
            "held_by_knowledge": bands(f, band, 5),
            "kept_by_knowledge": bands(f[kept], band[kept], 5),
            "held_by_tenure": bands(f, age, 6),
            "kept_by_tenure": bands(f[kept], age[kept], 6),
        }

    def account(self) -> dict[str, np.ndarray]:
        """Add up what firms know of their customers and what leaving would cost these."""
        who = np.flatnonzero(self.supplier >= 0)
        f, segment = self.supplier[who], self.segment[who]
        s = {name: values[segment] for name, values in self.segments.items()}
        knowledge = 1 - self.uncertainty[f, who]
        misfit, unseen = self.misfit(who, f, knowledge)
        bend = self.firms["customization"][f]
        procedural = s["switching_cost"] + s["onboarding_effort"] * bend * knowledge
        relational = s["fit_weight"] * (unseen - misfit)
        relational += s["ordering_effort"] - self.hassle(f, s["ordering_effort"], knowledge)
        totals = {
            "customers": self.per_firm(f),
            "knowledge": self.per_firm(f, knowledge),
            "procedural": self.per_firm(f, procedural),
            "relational": self.per_firm(f, relational),
        }
        if self.thorough:
            standard = np.square(self.need[:, who] - self.position[f].T).sum(axis=0)
            totals["square"] = self.per_firm(f, np.square(procedural + relational))
            totals["misfit"] = self.per_firm(f, misfit)
            totals["standard"] = self.per_firm(f, standard)
        return totals

    def history(self) -> dict[str, np.ndarray]:
        """Return each measure by period and firm, in the scenario's order of firms."""
        t = {name: np.array([row[name] for row in self.rows]) for name in self.rows[0]}
        firms, n, sales = self.firms, t["customers"], t["sales"]
        cost = firms["unit_cost"] + firms["customization_cost"] * firms["customization"]
        cost = cost + firms["interaction_cost"] * firms["interaction"] + firms["cost_to_serve"]
        squares = firms["interaction"] ** 2 + firms["customization"] ** 2
        contribution = sales * (firms["price"] - cost).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            made = {
                "market_share": sales / sales.sum(axis=1, keepdims=True),
                "stayed": 1 - t["lost"] / t["held"],
                "customer_knowledge": t["knowledge"] / n,
                "switching_procedural": t["procedural"] / n,
                "switching_relational": t["relational"] / n,
                "revenue": sales * firms["price"] * self.scale,
                "profit": contribution * self.scale - firms["capability_cost"] * squares,
            }
            if self.thorough:
                mean = made["switching_procedural"] + made["switching_relational"]
                gone = t["left"] / self.scale
                stayed = 1 - gone / (gone + t["held"])
                r = t["kept_by_knowledge"] / t["held_by_knowledge"] * stayed[:, :, None]
                value = (contribution / n)[:, :, None] * r / (1 + self.discount_rate - r)
                held = t["held_by_knowledge"]
                made |= {
                    "customers_acquired": t["won"] * self.scale,
                    "customers_left_market": t["left"],
                    "recognition_rate": t["recognized"] / sales,
                    "onboarding_effort": t["effort"] / sales,
                    "ordering_effort": t["hassle"] / sales,
                    "fit_gap": t["misfit"] / n,
                    "fit_gap_closed": 1 - t["misfit"] / t["standard"],
                    "switching_cost_sd": np.sqrt(np.maximum(t["square"] / n - mean**2, 0)),
                    "customer_lifetime_value_present": np.nansum(value * held, axis=2)
                    / held.sum(axis=2),
                }
        return {name: made[name] for name in (*FEW, *MORE) if name in made}

    def surpluses(self) -> np.ndarray:
        """Return consumer surplus by period."""
        return np.array([row["surplus"] for row in self.rows]) * self.scale
