"""A run: simulate a scenario, and what is kept of it."""

from cxsim.runs.provenance import provenance, settings_attrs
from cxsim.runs.result import Run
from cxsim.runs.running import run
from cxsim.runs.simulating import simulate

__all__ = ["Run", "provenance", "run", "settings_attrs", "simulate"]
