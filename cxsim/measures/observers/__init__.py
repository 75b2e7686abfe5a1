"""Measures that cost further passes, made on request; they watch and change nothing.

An observer is a function of the scenario and the mechanisms taking part that returns
a mechanism.
"""

from __future__ import annotations

from typing import Any

from cxsim.measures.observers.cohorts import cohorts
from cxsim.measures.observers.customers import customers, panel
from cxsim.measures.observers.elasticity import elasticity
from cxsim.measures.observers.hearsay import hearsay
from cxsim.measures.observers.loss_reasons import loss_reasons
from cxsim.measures.observers.tenure import tenure
from cxsim.mechanisms.base import Mechanism

__all__ = ["OBSERVERS"]


def network(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Ask for a sample of the network: it is there already, and nothing has to watch."""
    return Mechanism("network", doc="A sample of who listens to whom")


#: What can be asked for beside the measures of every run, by name.
OBSERVERS = {
    "elasticity": elasticity,
    "loss_reasons": loss_reasons,
    "hearsay": hearsay,
    "cohorts": cohorts,
    "customers": customers,
    "network": network,
    "panel": panel,
    "tenure": tenure,
}
