"""A run: simulate a scenario, and what is kept of it."""

from cxsim.model.core.people import TENURE_BANDS
from cxsim.model.ledger import held_and_kept
from cxsim.model.probes.purchase_probability import own_price_elasticity
from cxsim.runs.components import rule
from cxsim.runs.execution import provenance, run, settings_attrs, simulate
from cxsim.runs.measures.measure_registry import firm_measures
from cxsim.runs.result import Run, frames_of

__all__ = [
    "TENURE_BANDS",
    "Run",
    "firm_measures",
    "frames_of",
    "held_and_kept",
    "own_price_elasticity",
    "provenance",
    "rule",
    "run",
    "settings_attrs",
    "simulate",
]
