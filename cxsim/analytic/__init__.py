"""Closed forms and solvers that the simulation can be checked against; they know nothing of it.

Each is a textbook result or a few lines of algebra, in the symbols of the model
page. Arguments broadcast like NumPy's, but for those of one game or one cohort.
"""

from __future__ import annotations

from cxsim.analytic.buying import (
    PURCHASE_MODELS,
    PurchaseFit,
    SurvivalFit,
    bg_nbd_log_likelihood,
    chance_alive,
    contract_log_likelihood,
    expected_purchases,
    fit_purchases,
    fit_survival,
    lifetime_multiple,
    pareto_nbd_log_likelihood,
    repeat_log_likelihood,
    still_there,
    survival,
)
from cxsim.analytic.choice import (
    RepeatBuying,
    bass_diffusion,
    bass_peak,
    dirichlet_buying,
    dirichlet_switching,
    expected_abandonment,
    logit_shares,
    logit_worth,
    stationary_shares,
    switching_chances,
    switching_matrix,
)
from cxsim.analytic.knowledge import (
    ServiceWorth,
    knowledge_after,
    mean_fit_gap,
    relationship_knowledge,
    service_worth,
    steady_trust,
    steady_uncertainty,
    trust_after,
)
from cxsim.analytic.prices import (
    LoyaltyPrices,
    PostedPrices,
    PriceEquilibrium,
    logit_bertrand,
    loyalty_prices,
    posted_prices,
)

__all__ = [
    "PURCHASE_MODELS",
    "LoyaltyPrices",
    "PostedPrices",
    "PriceEquilibrium",
    "PurchaseFit",
    "RepeatBuying",
    "ServiceWorth",
    "SurvivalFit",
    "bass_diffusion",
    "bass_peak",
    "bg_nbd_log_likelihood",
    "chance_alive",
    "contract_log_likelihood",
    "dirichlet_buying",
    "dirichlet_switching",
    "expected_abandonment",
    "expected_purchases",
    "fit_purchases",
    "fit_survival",
    "knowledge_after",
    "lifetime_multiple",
    "logit_bertrand",
    "logit_shares",
    "logit_worth",
    "loyalty_prices",
    "mean_fit_gap",
    "pareto_nbd_log_likelihood",
    "posted_prices",
    "relationship_knowledge",
    "repeat_log_likelihood",
    "service_worth",
    "stationary_shares",
    "steady_trust",
    "steady_uncertainty",
    "still_there",
    "survival",
    "switching_chances",
    "switching_matrix",
    "trust_after",
]
