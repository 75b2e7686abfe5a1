"""Figures: each takes tidy frames and returns a matplotlib ``Figure``, made without pyplot.

They share one style and one set of colours that colour-blind readers tell apart; a firm
looks the same in all of them. Each has a title that says what is shown and a description
in words (:func:`alt_of`). :func:`show` puts one into a notebook, :func:`save` into a file.

A frame may say what a period, its currency, customers, purchases and prices are called, in
``frame.attrs`` (``period_length``, ``currency``, ``customer``, ...).
"""

from __future__ import annotations

from cxsim.charts.capability_matrix import capability_matrix
from cxsim.charts.customer_experience import emotion_clusters, journey_map, perception_gap
from cxsim.charts.customer_flows import brand_switching, customer_flows, retention_by_tenure
from cxsim.charts.intervals import loyalty_estimates, predicted_repeats
from cxsim.charts.layout import events_of
from cxsim.charts.profit_and_equity import equity_causes, profit_waterfall
from cxsim.charts.scenario_comparison import differences, paths, what_if
from cxsim.charts.social_influence import group_decisions, tailored_consensus, ties
from cxsim.charts.study_analyses import finding
from cxsim.charts.style import alt_of, save, show, style
from cxsim.charts.switching_costs import switching_cost_distribution, switching_costs
from cxsim.charts.time_series import lines, profit, retention, shares
from cxsim.strategy.break_even import payback_curve
from cxsim.strategy.copying import copying_figure as copying
from cxsim.strategy.decision import information_value, options_under_uncertainty
from cxsim.strategy.one_to_one import paying
from cxsim.strategy.targeting_lift import targeting_lift, value_tiers
from cxsim.strategy.tournament import capability_ways, policy_tournament

__all__ = [
    "alt_of",
    "brand_switching",
    "capability_matrix",
    "capability_ways",
    "copying",
    "customer_flows",
    "differences",
    "emotion_clusters",
    "equity_causes",
    "events_of",
    "finding",
    "group_decisions",
    "information_value",
    "journey_map",
    "lines",
    "loyalty_estimates",
    "options_under_uncertainty",
    "paths",
    "payback_curve",
    "paying",
    "perception_gap",
    "policy_tournament",
    "predicted_repeats",
    "profit",
    "profit_waterfall",
    "retention",
    "retention_by_tenure",
    "save",
    "shares",
    "show",
    "style",
    "switching_cost_distribution",
    "switching_costs",
    "tailored_consensus",
    "targeting_lift",
    "ties",
    "value_tiers",
    "what_if",
]
