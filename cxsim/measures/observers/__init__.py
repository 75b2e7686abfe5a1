"""Measures that cost further passes, made on request; they watch and change nothing.

An observer is a function of the scenario and the mechanisms taking part that returns
a mechanism.
"""

from __future__ import annotations

from cxsim.measures.observers.cohorts import cohorts
from cxsim.measures.observers.customers import customers, panel
from cxsim.measures.observers.elasticity import elasticity
from cxsim.measures.observers.hearsay import hearsay
from cxsim.measures.observers.loss_reasons import loss_reasons

__all__ = ["OBSERVERS"]

#: What can be asked for beside the measures of every run, by name.
OBSERVERS = {
    "elasticity": elasticity,
    "loss_reasons": loss_reasons,
    "hearsay": hearsay,
    "cohorts": cohorts,
    "customers": customers,
    "panel": panel,
}
