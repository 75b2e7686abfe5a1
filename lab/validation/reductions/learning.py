"""Reductions of learning: contacts, recognition, forgetting and drift."""

from __future__ import annotations

from math import comb, sqrt

import numpy as np

from cxsim.analytic import knowledge_after, mean_misfit, steady_uncertainty
from cxsim.runs import simulate
from lab.validation.checks import STORED, Check, exactly, measured
from lab.validation.markets import market

__all__ = ["drift", "forgetting", "learning", "learning_when_recognized", "telling_apart"]


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
    seed=14,
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
                "ordering_effort": hassle,
                "onboarding_effort": effort,
                "fit_weight": 1.0,
            }
        },
        needs=D,
        learning_rate=rate,
        customers=customers,
        periods=contacts,
    )
    rows = []
    names = ("fit_gap", "customer_knowledge", "ordering_effort", "onboarding_effort")
    simulation = simulate(
        scenario,
        seed=seed,
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
        # One customer's fit gap is |a (x - mean) + b|^2 and a constant.
        a, b = 1.0 - C * K, (1.0 - C + C * (1.0 - segment_insight) * (1.0 - K)) * gap
        error = sqrt((2.0 * D * a**4 * v**2 + 4.0 * a**2 * v * (b @ b)) / customers)
        luck = a * a * excess + 2.0 * a * (b @ shift)
        checks += [
            Check(f"fit gap after {n}", float(expected), row["fit_gap"], error=error),
            exactly(f"fit gap after {n}, less luck", float(expected), row["fit_gap"] - luck),
            exactly(f"knowledge after {n}", K, row["customer_knowledge"]),
            exactly(
                f"ordering effort of order {n}",
                hassle * (1.0 - interaction * before),
                row["ordering_effort"],
            ),
            exactly(f"onboarding effort, {n}", effort * C * (K - before), row["onboarding_effort"]),
        ]
    return checks


def learning_when_recognized(
    *, recognition=0.6, contacts=4, customers=100_000, seed=15, rules=None
):
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
        seed=seed,
        rules=rules,
    )
    n = np.arange(contacts + 1)
    chance = np.array([comb(contacts, k) for k in n]) * (
        recognition**n * (1.0 - recognition) ** (contacts - n)
    )
    K = knowledge_after(n, precision=precision)
    expected = chance @ mean_misfit(K, customization=C, dimensions=D, recognition=recognition)
    # One customer's fit gap is A |x - mean|^2 + B, where the square has mean D and mean square
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
            measured(simulation, "fit_gap"),
            error=sqrt((square - expected**2) / customers),
        ),
        Check(
            "knowledge",
            known,
            measured(simulation, "customer_knowledge"),
            error=sqrt(spread / customers),
        ),
    ]


def telling_apart(
    *, recognition=0.7, knowledge=0.6, insight=0.3, customers=20_000, seed=18, rules=None
):
    """Share of the variance of needs that a firm's beliefs explain, at equal knowledge."""
    D, v, mean = 2, 1.5, np.array([1.0, -0.5])
    simulation = simulate(
        market(
            {"A": {"price": 1.0, "identification": recognition, "segment_insight": insight}},
            {"All": {"share": 1.0, "need_sd": sqrt(v), "need_mean": mean.tolist()}},
            needs=D,
            initial={"A": {"share": 1.0, "knowledge": knowledge}},
            learning_rate=0.0,
            customers=customers,
            periods=1,
        ),
        seed=seed,
        rules=rules,
    )
    r, K = recognition, knowledge
    need = simulation.customers("need").astype(float)
    varied = need.var(axis=1).sum()  # of needs as drawn, so that chance plays no part
    gap = need.mean(axis=1) - insight * mean
    # The squared errors of the picture, about their mean: of those who are recognized, of those
    # who are not, and of the two pictures' difference where the segment's mean is missed.
    missed = varied * (r * (1.0 - K) ** 2 + 1.0 - r) + r * K * (1.0 - K) * D * v
    missed += r * (1.0 - r) * K * K * (gap @ gap)
    return [
        exactly(
            "differentiated", 1.0 - missed / varied, measured(simulation, "need_variance_explained")
        )
    ]


def forgetting(*, rate=0.1, knowledge=0.8, customers=100_000, seed=16, rules=None):
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
        seed=seed,
        rules=rules,
        each=lambda s: rows.append((measured(s, "customer_knowledge"), measured(s, "fit_gap"))),
    )
    checks = []
    for t, (known, misfit) in enumerate(rows, start=1):
        K = knowledge * (1.0 - rate) ** t
        expected = float(mean_misfit(K, customization=C))
        error = sqrt(4.0 * (1.0 - C * K) ** 4 / customers)
        checks += [
            exactly(f"knowledge after {t}", K, known),
            Check(f"fit gap after {t}", expected, misfit, error=error),
        ]
    return checks


def drift(*, share=0.1, precision=1.0, customers=20_000, seed=17, rules=None):
    """Row 6: needs drift, then a contact teaches; what is known settles at a fixed point."""
    D, v, C, periods = 2, 1.5, 0.8, 40
    needs, known = [], []

    def look(simulation):
        needs.append(simulation.customers("need").copy())
        known.append(measured(simulation, "customer_knowledge"))

    simulation = simulate(
        market(
            {"A": {"price": 1.0, "interaction": 1.0, "customization": C}},
            {"All": {"share": 1.0, "need_sd": sqrt(v), "need_drift": share}},
            needs=D,
            learning_rate=precision,
            customers=customers,
            periods=periods,
        ),
        seed=seed,
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
    checks.append(Check("steady fit gap", expected, measured(simulation, "fit_gap"), error=error))
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
