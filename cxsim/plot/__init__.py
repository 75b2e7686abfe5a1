"""Figures: each takes tidy frames and returns a matplotlib ``Figure``, made without pyplot.

They share one style and one set of colours that colour-blind readers tell apart; a firm
looks the same in all of them. Each has a title that says what is shown and a description
in words (:func:`alt_of`). :func:`show` puts one into a notebook, :func:`save` into a file.

A frame may say what a period, its currency, customers, purchases and prices are called, in
``frame.attrs`` (``period_length``, ``currency``, ``customer``, ...).
"""

from __future__ import annotations

from cxsim.plot.brands import brand_switching
from cxsim.plot.calibration import loyalty_estimates, predicted_repeats
from cxsim.plot.comparison import differences
from cxsim.plot.copying import copying
from cxsim.plot.deciding import information_value, options_under_uncertainty
from cxsim.plot.decisions import group_decisions, tailored_consensus
from cxsim.plot.emotions import emotion_clusters
from cxsim.plot.equity import equity_causes
from cxsim.plot.events import events_of
from cxsim.plot.findings import finding
from cxsim.plot.flows import customer_flows
from cxsim.plot.journeys import journey_map
from cxsim.plot.line_charts import lines, profit, retention, shares
from cxsim.plot.matrix import capability_matrix
from cxsim.plot.panels import paths
from cxsim.plot.paying import paying
from cxsim.plot.perception import perception_gap
from cxsim.plot.picture import alt_of, save, show
from cxsim.plot.policies import capability_ways, payback_curve, policy_tournament
from cxsim.plot.style import style
from cxsim.plot.switching import switching_cost_distribution, switching_costs
from cxsim.plot.targeting import targeting_lift, value_tiers
from cxsim.plot.tenure import retention_by_tenure
from cxsim.plot.ties import ties
from cxsim.plot.waterfall import profit_waterfall
from cxsim.plot.what_if import what_if

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
