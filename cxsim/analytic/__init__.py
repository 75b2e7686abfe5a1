"""Closed forms and solvers that the simulation can be checked against; they know nothing of it.

Each is a textbook result or a few lines of algebra, in the symbols of the model
page. Arguments broadcast like NumPy's, but for those of one game or one cohort.
"""

from __future__ import annotations

from cxsim.analytic.diffusion import bass_diffusion, bass_peak
from cxsim.analytic.dirichlet import RepeatBuying, dirichlet_buying, dirichlet_switching
from cxsim.analytic.duopoly import LoyaltyPrices, loyalty_prices
from cxsim.analytic.learning import knowledge_after, mean_misfit, steady_uncertainty
from cxsim.analytic.lifetime import lifetime_multiple
from cxsim.analytic.logit import logit_shares, logit_worth
from cxsim.analytic.posted import PostedPrices, posted_prices
from cxsim.analytic.pricing import PriceEquilibrium, logit_bertrand
from cxsim.analytic.retention import SurvivalFit, fit_survival, survival
from cxsim.analytic.service import ServiceWorth, relationship_knowledge, service_worth
from cxsim.analytic.switching import stationary_shares, switching_chances, switching_matrix

__all__ = [
    "LoyaltyPrices",
    "PostedPrices",
    "PriceEquilibrium",
    "RepeatBuying",
    "ServiceWorth",
    "SurvivalFit",
    "bass_diffusion",
    "bass_peak",
    "dirichlet_buying",
    "dirichlet_switching",
    "fit_survival",
    "knowledge_after",
    "lifetime_multiple",
    "logit_bertrand",
    "logit_shares",
    "logit_worth",
    "loyalty_prices",
    "mean_misfit",
    "posted_prices",
    "relationship_knowledge",
    "service_worth",
    "stationary_shares",
    "steady_uncertainty",
    "survival",
    "switching_chances",
    "switching_matrix",
]
