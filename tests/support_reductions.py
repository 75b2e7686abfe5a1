"""Reductions: markets so simple that a closed form says what must come out.

A reduction runs the columnar engine on such a market and returns what the closed form
expects beside what was obtained, each with its Monte-Carlo standard error. It takes rules to
exchange, so that tests can show that it fails when a rule is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, log, pi, sqrt

import numpy as np
from markets import market

from cxsim.analytic import (
    knowledge_after,
    lifetime_multiple,
    logit_shares,
    logit_worth,
    mean_misfit,
    stationary_shares,
    steady_uncertainty,
    switching_chances,
    switching_matrix,
)
from cxsim.runs import simulate

#: Standard errors that a single number may be off by chance.
TOLERANCE = 4.0
#: Relative error of one number stored in 32 bits.
STORED = 2.0**-24


@dataclass(frozen=True)
class Check:
    """One number of a reduction.

    ``error`` is the Monte-Carlo standard error if the closed form holds, 0 for what chance
    does not touch; ``rounding`` is what storing in 32 bits may add.
    """

    what: str
    expected: float
    obtained: float
    error: float = 0.0
    rounding: float = 0.0

    @property
    def holds(self) -> bool:
        return abs(self.obtained - self.expected) <= TOLERANCE * self.error + self.rounding

    def __str__(self) -> str:
        off = self.obtained - self.expected
        errors = f", {off / self.error:+.1f} standard errors" if self.error else ""
        return f"{self.what}: expected {self.expected:.6g}, obtained {self.obtained:.6g}{errors}"


def assert_agrees(checks: list[Check]) -> None:
    """Fail with one line for each number that chance and rounding do not account for."""
    wrong = [str(check) for check in checks if not check.holds]
    assert not wrong, "\n" + "\n".join(wrong)


def exactly(what, expected, obtained):
    """A number that chance does not touch: equal but for a few roundings to 32 bits."""
    return Check(what, expected, obtained, rounding=16 * STORED * max(abs(expected), 1e-3))


def proportions(what, expected, counts):
    """Check counts of independent customers against the chances of each outcome."""
    n = counts.sum()
    return [
        Check(f"{what} {k}", p, counts[k] / n, error=sqrt(p * (1.0 - p) / n))
        for k, p in enumerate(expected)
    ]


def measured(simulation, name, firm=0):
    """Return a firm measure of the last period."""
    return float(simulation.latest("firm", name)[firm])


# --- logit --------------------------------------------------------------------------

#: Quality less price is worth 1.0, 0.5 and 0.8.
THREE_FIRMS = {
    "A": {"quality": 9.0, "price": 8.0},
    "B": {"quality": 8.5, "price": 8.0},
    "C": {"quality": 9.4, "price": 8.6},
}
WORTH = np.array([1.0, 0.5, 0.8])


def logit(*, outside=None, price_sensitivity=1.0, customers=200_000, rules=None):
    """Row 1: quality, price and chance alone make a multinomial logit."""
    scenario = market(
        THREE_FIRMS,
        {
            "All": {
                "share": 1.0,
                "price_sensitivity": price_sensitivity,
                "outside_value": outside or 0.0,
            }
        },
        outside_option=outside is not None,
        customers=customers,
        periods=2,
    )
    simulation = simulate(scenario, seed=11, rules=rules)
    purchases = simulation.books.count("purchases")
    if outside is None:
        purchases = purchases[..., :-1]
    expected = logit_shares(WORTH, price_sensitivity=price_sensitivity, outside=outside)
    checks = proportions("share", expected, purchases[0].sum(axis=0))
    for holder in range(1, len(THREE_FIRMS) + 1):
        # Nothing ties two periods together, so the last purchase says nothing about this one.
        checks += proportions(f"share with holder {holder}", expected, purchases[1, holder])
    if price_sensitivity > 0.0:
        surplus = simulation.latest("market", "consumer_surplus") / scenario.market_size
        worth = logit_worth(WORTH, price_sensitivity=price_sensitivity, outside=outside)
        error = pi / sqrt(6.0) / price_sensitivity / sqrt(customers)
        checks.append(Check("surplus", float(worth) - (outside or 0.0), surplus, error=error))
    return checks


# --- brand switching ----------------------------------------------------------------


def switching(
    *,
    worth=(1.0, 0.7),
    switching_cost=1.2,
    outside=None,
    form="cost",
    price_sensitivity=1.0,
    customers=100_000,
    rules=None,
):
    """Row 2: a constant switching cost makes a Markov chain of suppliers."""
    setting = {
        "switching_cost": switching_cost,
        "price_sensitivity": price_sensitivity,
        "outside": outside,
        "form": form,
    }
    chain = switching_matrix(worth, **setting)
    chances = switching_chances(worth, **setting)
    suppliers = stationary_shares(chain)
    memory = np.sort(abs(np.linalg.eigvals(chain)))[-2]
    simulation = simulate(
        market(
            {f"Firm {k}": {"quality": v + 5.0, "price": 5.0} for k, v in enumerate(worth)},
            {
                "All": {
                    "share": 1.0,
                    "switching_cost": switching_cost,
                    "price_sensitivity": price_sensitivity,
                    "outside_value": outside or 0.0,
                }
            },
            switching_cost_form=form,
            outside_option=outside is not None,
            customers=customers,
            warm_up=int(log(1e-6) / log(memory)),  # the start is forgotten to a millionth
            periods=1,
        ),
        seed=12,
        rules=rules,
    )
    holders = simulation.books.count("holders")[0]
    purchases = simulation.books.count("purchases")[0]
    if outside is None:
        purchases = purchases[..., :-1]
    checks = proportions("customers of", suppliers, holders[1:])
    checks += proportions("purchases of", suppliers @ chances, purchases.sum(axis=0))
    for k in range(len(worth)):
        checks += proportions(f"from {k} to", chances[k], purchases[k + 1])
    return checks


# --- all terms of one choice ----------------------------------------------------------


def known_customers(*, form="cost", customers=200_000, rules=None):
    """Customers alike in everything, all known to firm 0: each term of the choice by hand."""
    volume, weight, hassle, teaching, moving, sensitivity = 2.0, 0.7, 0.9, 1.1, 0.4, 0.5
    outside, mean = 0.5, np.array([1.0, -0.5])
    quality, price = np.array([6.0, 6.2, 5.0]), np.array([5.0, 5.4, 4.2])
    premium, recognition = np.array([0.10, 0.20, 0.0]), np.array([0.85, 0.9, 0.5])
    interaction, customization = np.array([0.9, 0.3, 0.1]), np.array([0.7, 0.9, 0.2])
    insight, position = np.array([0.4, 0.8, 0.1]), np.array([[0.2, 0.0], [0.0, 0.5], [1.5, 0.0]])
    knowledge = np.array([0.8, 0.0, 0.0])
    scenario = market(
        {
            f"Firm {k}": {
                "quality": quality[k],
                "price": price[k],
                "personal_premium": premium[k],
                "identification": recognition[k],
                "interaction": interaction[k],
                "customization": customization[k],
                "segment_insight": insight[k],
                "position": position[k].tolist(),
            }
            for k in range(3)
        },
        {
            "All": {
                "share": 1.0,
                "need_mean": mean.tolist(),
                "need_sd": 0.0,
                "price_sensitivity": sensitivity,
                "volume": volume,
                "fit_weight": weight,
                "hassle": hassle,
                "teaching_effort": teaching,
                "switching_cost": moving,
                "outside_value": outside,
            }
        },
        initial={"Firm 0": {"share": 1.0, "tenure": 5, "knowledge": 0.8}},
        learning_rate=0.0,
        switching_cost_form=form,
        outside_option=True,
        customers=customers,
        periods=1,
    )
    simulation = simulate(scenario, seed=13, rules=rules)

    def misfit(knowledge):
        return mean_misfit(
            knowledge,
            customization=customization,
            need_variance=0.0,
            gap=np.linalg.norm(mean - position, axis=1),
            segment_insight=insight,
            recognition=recognition,
        )

    asked = price * (1.0 + premium * customization * recognition * knowledge)
    worth = volume * (quality - weight * misfit(knowledge) - asked)
    worth -= hassle * (1.0 - recognition * interaction * knowledge)
    if form == "cost":
        worth[1:] -= moving + teaching * customization[1:] * knowledge[0]
    else:
        worth[0] += moving + teaching * customization[0] * knowledge[0]
    expected = logit_shares(worth, price_sensitivity=sensitivity, outside=outside)
    checks = proportions("option", expected, simulation.books.count("purchases")[0, 1])

    # What those who stayed would lose by moving to a twin of firm 0 that knows nothing yet.
    lost = {
        "switching_procedural": moving + teaching * customization[0] * knowledge[0],
        "switching_financial": -volume * (asked - price)[0],
        "switching_relational": volume * weight * (misfit(0.0 * knowledge) - misfit(knowledge))[0]
        + hassle * (recognition * interaction * knowledge)[0],
        "price_paid": volume * asked[0],
        "misfit": misfit(knowledge)[0],
        "differentiated": 1.0 - (1.0 - insight[0]) ** 2,
    }
    checks += [exactly(what, value, measured(simulation, what)) for what, value in lost.items()]
    return checks


# --- learning -------------------------------------------------------------------------


def learning(
    *,
    dimensions=2,
    need_variance=1.0,
    rate=2.0,
    interaction=0.8,
    disclosure=0.625,
    customization=0.8,
    gap=(0.0,),
    segment_insight=0.0,
    contacts=5,
    customers=100_000,
    rules=None,
):
    """Row 5: everybody is recognized and buys from the one firm every period."""
    D, v, C = dimensions, need_variance, customization
    gap = np.resize(np.array(gap), D)
    position = np.full(D, 0.3)
    hassle, effort = 1.5, 0.7
    scenario = market(
        {
            "A": {
                "price": 1.0,
                "interaction": interaction,
                "customization": C,
                "segment_insight": segment_insight,
                "position": position.tolist(),
            }
        },
        {
            "All": {
                "share": 1.0,
                "need_mean": (position + gap).tolist(),
                "need_sd": sqrt(v),
                "disclosure": disclosure,
                "hassle": hassle,
                "teaching_effort": effort,
                "fit_weight": 1.0,
            }
        },
        needs=D,
        learning_rate=rate,
        customers=customers,
        periods=contacts,
    )
    rows = []
    names = ("misfit", "knowledge", "hassle", "effort")
    simulation = simulate(
        scenario,
        seed=14,
        rules=rules,
        each=lambda s: rows.append({name: measured(s, name) for name in names}),
    )
    # How customers' needs, as drawn, differ from the distribution they are drawn from.
    off = simulation.customers("need").astype(float) - (position + gap)[:, None]
    excess, shift = (off**2).sum(axis=0).mean() - D * v, off.mean(axis=1)
    checks = []
    for n, row in enumerate(rows, start=1):
        before, K = knowledge_after([n - 1, n], precision=rate * interaction * disclosure)
        expected = mean_misfit(
            K,
            customization=C,
            dimensions=D,
            need_variance=v,
            gap=np.linalg.norm(gap),
            segment_insight=segment_insight,
        )
        # One customer's misfit is |a (x - mean) + b|^2 and a constant.
        a, b = 1.0 - C * K, (1.0 - C + C * (1.0 - segment_insight) * (1.0 - K)) * gap
        error = sqrt((2.0 * D * a**4 * v**2 + 4.0 * a**2 * v * (b @ b)) / customers)
        luck = a * a * excess + 2.0 * a * (b @ shift)
        checks += [
            Check(f"misfit after {n}", float(expected), row["misfit"], error=error),
            exactly(f"misfit after {n}, less luck", float(expected), row["misfit"] - luck),
            exactly(f"knowledge after {n}", K, row["knowledge"]),
            exactly(f"hassle of order {n}", hassle * (1.0 - interaction * before), row["hassle"]),
            exactly(f"effort of teaching, {n}", effort * C * (K - before), row["effort"]),
        ]
    return checks


def learning_when_recognized(*, recognition=0.6, contacts=4, customers=100_000, rules=None):
    """Customers are recognized now and then: contacts that taught something are binomial."""
    D, C, precision = 2, 0.9, 1.0
    simulation = simulate(
        market(
            {
                "A": {
                    "price": 1.0,
                    "interaction": 1.0,
                    "customization": C,
                    "identification": recognition,
                }
            },
            {"All": {"share": 1.0, "need_sd": 1.0}},
            needs=D,
            learning_rate=precision,
            customers=customers,
            periods=contacts,
        ),
        seed=15,
        rules=rules,
    )
    n = np.arange(contacts + 1)
    chance = np.array([comb(contacts, k) for k in n]) * (
        recognition**n * (1.0 - recognition) ** (contacts - n)
    )
    K = knowledge_after(n, precision=precision)
    expected = chance @ mean_misfit(K, customization=C, dimensions=D, recognition=recognition)
    # One customer's misfit is A |x - mean|^2 + B, where the square has mean D and mean square
    # D^2 + 2 D.
    A = recognition * (1.0 - C * K) ** 2 + 1.0 - recognition
    B = recognition * C**2 * K * (1.0 - K) * D
    square = chance @ (A**2 * (D * D + 2 * D) + 2.0 * A * B * D + B**2)
    known = chance @ K
    spread = chance @ K**2 - known**2
    return [
        Check(
            "misfit",
            expected,
            measured(simulation, "misfit"),
            error=sqrt((square - expected**2) / customers),
        ),
        Check(
            "knowledge",
            known,
            measured(simulation, "knowledge"),
            error=sqrt(spread / customers),
        ),
    ]


def forgetting(*, rate=0.1, knowledge=0.8, customers=100_000, rules=None):
    """Nobody buys: what is known fades, down to nothing known (n = 0 of row 5)."""
    C = 0.8
    rows = []
    simulate(
        market(
            {"A": {"price": 1.0, "interaction": 1.0, "customization": C, "forgetting_rate": rate}},
            {"All": {"share": 1.0, "purchase_rate": 0.0}},
            initial={"A": {"share": 1.0, "knowledge": knowledge}},
            customers=customers,
            periods=4,
        ),
        seed=16,
        rules=rules,
        each=lambda s: rows.append((measured(s, "knowledge"), measured(s, "misfit"))),
    )
    checks = []
    for t, (known, misfit) in enumerate(rows, start=1):
        K = knowledge * (1.0 - rate) ** t
        expected = float(mean_misfit(K, customization=C))
        error = sqrt(4.0 * (1.0 - C * K) ** 4 / customers)
        checks += [
            exactly(f"knowledge after {t}", K, known),
            Check(f"misfit after {t}", expected, misfit, error=error),
        ]
    return checks


# --- drift ------------------------------------------------------------------------------


def drift(*, share=0.1, precision=1.0, customers=20_000, rules=None):
    """Row 6: needs drift, then a contact teaches; what is known settles at a fixed point."""
    D, v, C, periods = 2, 1.5, 0.8, 40
    needs, known = [], []

    def look(simulation):
        needs.append(simulation.customers("need").copy())
        known.append(measured(simulation, "knowledge"))

    simulation = simulate(
        market(
            {"A": {"price": 1.0, "interaction": 1.0, "customization": C}},
            {"All": {"share": 1.0, "need_sd": sqrt(v), "need_drift": share}},
            needs=D,
            learning_rate=precision,
            customers=customers,
            periods=periods,
        ),
        seed=17,
        rules=rules,
        each=look,
    )
    P = float(steady_uncertainty(precision, drift=share))
    aged = P + share * (1.0 - P)
    # Storing rounds twice a period, and the way to the fixed point shrinks what was off.
    contraction = (1.0 - share) / (1.0 + precision * aged) ** 2
    rounding = 2.0 * STORED * aged / (1.0 - contraction)
    uncertainty = simulation.customers("uncertainty")
    checks = [
        Check("lowest steady uncertainty", P, float(uncertainty.min()), rounding=rounding),
        Check("highest steady uncertainty", P, float(uncertainty.max()), rounding=rounding),
    ]
    path = 1.0
    for t in range(5):
        path = path + share * (1.0 - path)
        path = path / (1.0 + precision * path)
        checks.append(exactly(f"knowledge in period {t}", 1.0 - path, known[t]))
    K = 1.0 - P
    expected = float(mean_misfit(K, customization=C, dimensions=D, need_variance=v))
    error = sqrt(2.0 * D * (1.0 - C * K) ** 4 * v * v / customers)
    checks.append(Check("steady misfit", expected, measured(simulation, "misfit"), error=error))
    # Needs keep their variance, and share of it that is not new ties them to the past.
    last, now = (each.astype(float).ravel() for each in needs[-2:])
    tie = sqrt(1.0 - share)
    checks += [
        Check("variance of needs", v, now.var(), error=v * sqrt(2.0 / now.size)),
        Check(
            "correlation of needs",
            tie,
            float(np.corrcoef(last, now)[0, 1]),
            error=(1.0 - tie * tie) / sqrt(now.size),
        ),
    ]
    return checks


# --- lifetime value -----------------------------------------------------------------------

MARGIN = 2.0 * (10.0 - 4.0 - 1.5 * 0.6) - 0.8 * 0.5 - 1.2
#: Two units a purchase; unit and customization cost, a contact and the handling of an order.
EARNING = {
    "price": 10.0,
    "unit_cost": 4.0,
    "customization_cost": 1.5,
    "customization": 0.6,
    "interaction_cost": 0.8,
    "interaction": 0.5,
    "cost_to_serve": 1.2,
}


def lifetime_value(*, stay=0.95, turnover=0.05, discount_rate=0.1, customers=100_000, rules=None):
    """Row 8: two equal firms, a constant chance to stay and to leave the market."""
    simulation = simulate(
        market(
            {"A": EARNING, "B": EARNING},
            {
                "All": {
                    "share": 1.0,
                    "volume": 2.0,
                    "switching_cost": log(stay / (1.0 - stay)),
                    "turnover": turnover,
                }
            },
            learning_rate=0.0,
            discount_rate=discount_rate,
            customers=customers,
            periods=3,
        ),
        seed=18,
        rules=rules,
    )
    r = stay * (1.0 - turnover)
    expected = MARGIN * float(lifetime_multiple(r, discount_rate=discount_rate))
    held, left = (simulation.books.count(name)[-1, 1:] for name in ("holders", "left"))
    checks = []
    for f in range(2):
        spread = (1.0 - turnover) ** 2 * stay * (1.0 - stay) / held[f]
        spread += stay**2 * turnover * (1.0 - turnover) / (held[f] + left[f])
        slope = MARGIN * (1.0 + discount_rate) / (1.0 + discount_rate - r) ** 2
        value, customers_held = (
            measured(simulation, n, f) for n in ("lifetime_value", "customers")
        )
        checks += [
            Check(f"lifetime value at {f}", expected, value, error=slope * sqrt(spread)),
            exactly(
                f"customer equity of {f}",
                value * customers_held,
                measured(simulation, "customer_equity", f),
            ),
        ]
    return checks


def perpetual_value(*, discount_rate=0.1, customers=2_000, rules=None):
    """Nobody leaves the only firm, which earns and saves by what it knows: margin / rate."""
    K, premium, saving, recognition = 0.7, 0.2, 0.3, 0.9
    simulation = simulate(
        market(
            {
                "A": {
                    **EARNING,
                    "identification": recognition,
                    "personal_premium": premium,
                    "service_saving": saving,
                }
            },
            {"All": {"share": 1.0, "volume": 2.0}},
            initial={"A": {"share": 1.0, "knowledge": K}},
            learning_rate=0.0,
            discount_rate=discount_rate,
            customers=customers,
            periods=2,
        ),
        seed=19,
        rules=rules,
    )
    margin = MARGIN + 2.0 * 10.0 * premium * 0.6 * recognition * K + 1.2 * saving * recognition * K
    expected = margin * float(lifetime_multiple(1.0, discount_rate=discount_rate))
    return [exactly("lifetime value", expected, measured(simulation, "lifetime_value"))]


def realized_value(*, turnover=0.1, discount_rate=0.1, customers=20_000, rules=None):
    """What a first cohort really brings after its first purchase, customer by customer."""
    worth = np.zeros(customers)

    def earn(simulation):
        t = simulation.period - 1
        if t > 0:
            still = simulation.customers("born") <= 0
            margin = measured(simulation, "contribution") / measured(simulation, "customers")
            worth[still] += margin / (1.0 + discount_rate) ** t

    simulate(
        market(
            {"A": EARNING},
            {"All": {"share": 1.0, "volume": 2.0, "turnover": turnover}},
            learning_rate=0.0,
            customers=customers,
            periods=100,  # (.9 / 1.1)^100 is 2e-9 of it
        ),
        seed=20,
        rules=rules,
        each=earn,
    )
    expected = MARGIN * float(lifetime_multiple(1.0 - turnover, discount_rate=discount_rate))
    error = worth.std(ddof=1) / sqrt(customers)
    return [Check("realized value", expected, worth.mean(), error=error)]
