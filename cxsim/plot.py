"""Figures: each takes tidy frames and returns a matplotlib ``Figure``, made without pyplot.

They share one style and one set of colours that colour-blind readers tell apart; a firm
looks the same in all of them. Each has a title that says what is shown and a description
in words (:func:`alternative_text`). :func:`show` puts one into a notebook, :func:`save` into a
file.

A frame may say what a period, its currency, customers, purchases and prices are called, in
``frame.attrs`` (``period_length``, ``currency``, ``customer``, ...).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxsim.charts.business_case import cumulative_cash, price_response, threshold, tornado
from cxsim.charts.capability_matrix import capability_matrix
from cxsim.charts.customer_diary import customer_diary
from cxsim.charts.customer_experience import customer_journey_map, emotion_clusters, perception_gap
from cxsim.charts.customer_flows import brand_switching, customer_flows, retention_by_tenure
from cxsim.charts.intervals import (
    latent_classes,
    log_prices,
    log_purchases,
    loyalty_estimates,
    predicted_repeat_purchases,
    predictive_intervals,
)
from cxsim.charts.layout import scenario_events
from cxsim.charts.profit_and_equity import customer_equity_drivers, profit_waterfall
from cxsim.charts.scenario_comparison import scenario_differences, scenario_time_series, what_if
from cxsim.charts.social_influence import (
    buying_center_consensus,
    buying_center_decisions,
    word_of_mouth_network,
)
from cxsim.charts.study_analyses import analysis
from cxsim.charts.style import alternative_text, save, show, style
from cxsim.charts.switching_costs import switching_cost_distribution, switching_costs
from cxsim.charts.time_series import market_shares, profit, retention_rate, time_series
from cxsim.messages import no_attribute
from cxsim.strategy.break_even import market_size_curve, payback_curve
from cxsim.strategy.copying import copying_figure as copying_effects
from cxsim.strategy.decision import options_under_uncertainty
from cxsim.strategy.decision import value_of_information_figure as value_of_information
from cxsim.strategy.experience_statistics import (
    experience_statistics_figure as experience_statistics,
)
from cxsim.strategy.one_to_one import conditions_figure as one_to_one_conditions
from cxsim.strategy.one_to_one import one_to_one_profit_map
from cxsim.strategy.targeting_lift import targeting_lift, value_tiers
from cxsim.strategy.tournament import capability_paths, policy_tournament

__all__ = [
    "alternative_text",
    "analysis",
    "brand_switching",
    "buying_center_consensus",
    "buying_center_decisions",
    "capability_matrix",
    "capability_paths",
    "copying_effects",
    "cumulative_cash",
    "customer_diary",
    "customer_equity_drivers",
    "customer_flows",
    "customer_journey_map",
    "emotion_clusters",
    "experience_statistics",
    "latent_classes",
    "log_prices",
    "log_purchases",
    "loyalty_estimates",
    "market_shares",
    "market_size_curve",
    "one_to_one_conditions",
    "one_to_one_profit_map",
    "options_under_uncertainty",
    "payback_curve",
    "perception_gap",
    "policy_tournament",
    "predicted_repeat_purchases",
    "predictive_intervals",
    "price_response",
    "profit",
    "profit_waterfall",
    "retention_by_tenure",
    "retention_rate",
    "save",
    "scenario_differences",
    "scenario_events",
    "scenario_time_series",
    "show",
    "style",
    "switching_cost_distribution",
    "switching_costs",
    "targeting_lift",
    "threshold",
    "time_series",
    "tornado",
    "value_of_information",
    "value_tiers",
    "what_if",
    "word_of_mouth_network",
]

if not TYPE_CHECKING:  # else a type checker would take any figure

    def __getattr__(name: str) -> Any:
        raise no_attribute(__name__, name, __all__)
