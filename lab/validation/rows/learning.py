"""Rows on learning: fit gap after contacts, recognition, forgetting, drifting needs."""

from __future__ import annotations

from cxsim.analytic import knowledge_after, mean_misfit, steady_uncertainty
from lab.validation.checks import Check, pooled, printed
from lab.validation.figures.learning import misfit_by_contacts
from lab.validation.reductions.learning import drift, forgetting, learning, learning_when_recognized
from lab.validation.registry import Row, Size, labelled

__all__ = ["ROWS"]

#: Dimensions, variance, precision of a signal, customization, contacts; mean fit gap; digits.
_PAGE = [
    (3, 1.0, 1.0, 0.8, 0, 3.000, 3),
    (3, 1.0, 1.0, 0.8, 1, 1.560, 3),
    (3, 1.0, 1.0, 0.8, 4, 0.696, 3),
    (2, 2.0, 4.0, 0.5, 3, 1.2308, 4),
]

#: Settings that are simulated, the contacts of each drawn in the figure.
SIMULATED = {
    "D = 3, v = 1, r = 1, C = 0.8": {"dimensions": 3, "contacts": 6},
    "D = 2, v = 2, r = 4, C = 0.5": {
        "need_variance": 2.0, "rate": 8.0, "customization": 0.5, "contacts": 6,
    },
    "C = 0": {"customization": 0.0, "contacts": 6},
    "C = 1": {"customization": 1.0, "contacts": 6},
    "off centre, S = 0": {"gap": (1.0, -0.5), "segment_insight": 0.0},
    "off centre, S = 0.6": {"gap": (1.0, -0.5), "segment_insight": 0.6},
    "off centre, S = 1": {"gap": (1.0, -0.5), "segment_insight": 1.0},
}  # fmt: skip


def _learning(size: Size) -> list[Check]:
    checks = []
    for D, v, r, C, n, expected, digits in _PAGE:
        K = knowledge_after(n, precision=r)
        found = mean_misfit(K, customization=C, dimensions=D, need_variance=v)
        name = f"closed form, D = {D}, v = {v:g}, r = {r:g}, C = {C:g}, n = {n}"
        checks.append(printed(name, expected, found, digits=digits))
    for label, setting in SIMULATED.items():
        found = pooled(
            learning, seeds=size.seeds(label), customers=size.customers(100_000), **setting
        )
        checks += labelled(label, found)
    return checks


def _recognition(size: Size) -> list[Check]:
    found = pooled(
        learning_when_recognized, seeds=size.seeds("recognition"), customers=size.customers(200_000)
    )
    checks = labelled("recognized with chance 0.6", found)
    for knowledge in (0.8, 0.0):
        found = pooled(
            forgetting,
            seeds=size.seeds(f"forgetting {knowledge:g}"),
            customers=size.customers(100_000),
            knowledge=knowledge,
        )
        checks += labelled(f"forgetting from K = {knowledge:g}", found)
    return checks


def _drift(size: Size) -> list[Check]:
    checks = []
    for share, expected in ((0.1, 0.2403), (0.3, 0.3539), (0.8, 0.4721)):
        found = steady_uncertainty(1.0, drift=share)
        checks.append(printed(f"closed form, r = 1, d = {share:g}", expected, found, digits=4))
    for precision in (1.0, 4.0):
        for share in (0.1, 0.3, 0.8):
            found = pooled(
                drift,
                seeds=size.seeds(f"drift {share:g} {precision:g}"),
                customers=size.customers(50_000),
                share=share,
                precision=precision,
            )
            checks += labelled(f"r = {precision:g}, d = {share:g}", found)
    return checks


ROWS = (
    Row(
        number="1.5",
        claim="The mean fit gap falls with contacts by Gaussian updating, and does not fall "
        "without customization.",
        source="derived: L(n) = D v (1 - C (2 - C) K) + (1 - C + C (1 - S)(1 - K))^2 |gap|^2, "
        "K = n r / (1 + n r)",
        kind="derived",
        setting="learning alone; all customers are recognized and buy from the one firm every "
        "period; r = learning rate x interaction x data sharing. *Less luck*: without the effect "
        "of the needs that happened to be drawn, which leaves rounding to 32 bits.",
        run=_learning,
        proofs=("test_mean_misfit_is_that_of_explicit_signals",),
        precision=0.01,
        figures=(misfit_by_contacts,),
    ),
    Row(
        number="1.5.1",
        claim="Firms learn only from recognized contacts, adapt the offer only for recognized "
        "customers, and forget without contacts.",
        source="derived: contacts with learning are binomial; K falls by the forgetting rate each "
        "period",
        kind="derived",
        setting="as 1.5, with `identification` 0.6; and customers who do not buy, forgetting "
        "rate 0.1",
        run=_recognition,
        proofs=("test_knowledge_serves_only_the_recognized",),
        precision=0.01,
    ),
    Row(
        number="1.6",
        claim="Customer knowledge of drifting needs settles where drift and learning balance.",
        source="derived: (1 - d) r P^2 + (1 + r d - (1 - d)) P - d = 0",
        kind="derived",
        setting="needs renew share d of their variance each period, then one contact follows; P "
        "is measured after it",
        run=_drift,
        proofs=(
            "test_steady_uncertainty_is_where_drifting_and_learning_end_up",
            "test_steady_misfit_is_that_of_a_kalman_filter_run_on_drifting_needs",
        ),
        precision=0.01,
    ),
)
