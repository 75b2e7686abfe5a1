"""A run: simulate a scenario, and what is kept of it."""

from cxsim.runs.execution import provenance, run, settings_attrs, simulate
from cxsim.runs.result import Run

__all__ = ["Run", "provenance", "run", "settings_attrs", "simulate"]
