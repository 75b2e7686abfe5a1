"""cxsim: a laboratory for customer strategy.

Firms sit in a capability matrix: how well they interact with individual customers,
and how far they customize for them. Customers who explain their needs to a firm build
a learning relationship. The cost of starting over elsewhere is a switching cost, which
emerges, grows and is measured in money.

>>> import cxsim as cx
>>> market = cx.load("baseline", {"customers": 300, "periods": 36})
>>> copied = cx.load("copycat", {"customers": 300, "periods": 36})
>>> print(cx.compare(market, copied, seeds=3).headline())
In copycat, Mass gains 4.0 points of market share against baseline (...), but loses ...
"""

from __future__ import annotations

import importlib
from typing import Any

from cxsim._version import __version__

#: Public names and the modules they live in; modules are imported when a name is used.
_HOME = {
    "Calibration": "cxsim.calibration",
    "CalibrationError": "cxsim.calibration",
    "CapabilityPolicy": "cxsim.firms.policy",
    "Comparison": "cxsim.study.comparison",
    "Customer": "cxsim.engine.agents",
    "Decision": "cxsim.strategy.decision",
    "EventsLeftOutWarning": "cxsim.scenario",
    "Firm": "cxsim.runs.market",
    "FirmInformation": "cxsim.firms.policy",
    "IdentityError": "cxsim.identity",
    "LogPanel": "cxsim.calibration",
    "Market": "cxsim.runs.market",
    "MomentMatch": "cxsim.calibration",
    "Mechanism": "cxsim.model.mechanism",
    "OwnLog": "cxsim.calibration",
    "Policy": "cxsim.firms.policy",
    "PolicyError": "cxsim.firms.policy",
    "PricingPolicy": "cxsim.firms.policy",
    "Run": "cxsim.runs",
    "Scenario": "cxsim.scenario",
    "ScenarioError": "cxsim.scenario",
    "Simulation": "cxsim.runs.simulation",
    "Store": "cxsim.study.store",
    "Study": "cxsim.study.study",
    "StudyResult": "cxsim.study.results",
    "break_even": "cxsim.strategy.break_even",
    "brief": "cxsim.report.brief_answers",
    "calibrate": "cxsim.calibration",
    "compare": "cxsim.study.paired_seeds",
    "decide": "cxsim.strategy.decide",
    "diary": "cxsim.runs.diary",
    "driver_contributions": "cxsim.strategy.driver_contributions",
    "experience_statistics": "cxsim.strategy.experience_statistics",
    "explore": "cxsim.report.explorer",
    "gather": "cxsim.report.notebook_sweep",
    "hold": "cxsim.strategy.hold",
    "inputs": "cxsim.identity",
    "load": "cxsim.scenario",
    "market_class": "cxsim.runs.market",
    "match_moments": "cxsim.calibration",
    "one_to_one_conditions": "cxsim.strategy.one_to_one",
    "own_log": "cxsim.calibration",
    "panel_from_log": "cxsim.calibration",
    "parameter": "cxsim.parameters",
    "payback": "cxsim.strategy.break_even",
    "price_war": "cxsim.strategy.price_war",
    "register": "cxsim.runs.components",
    "register_policy": "cxsim.firms.policy_registry",
    "replay": "cxsim.study.stored_runs",
    "run": "cxsim.runs",
    "smallest_market": "cxsim.strategy.break_even",
    "sweep": "cxsim.study.sweep",
    "tournament": "cxsim.strategy.tournament",
    "vary": "cxsim.report.notebook_sweep",
}
_MODULES = ("analytic", "calibration", "plot")

__all__ = ["__version__", *sorted(_HOME), *_MODULES]  # noqa: PLE0604 - all are strings


def __getattr__(name: str) -> Any:
    if name in _HOME:
        module = importlib.import_module(_HOME[name])
        return module.Scenario.load if name == "load" else getattr(module, name)
    if name in _MODULES:
        return importlib.import_module(f"cxsim.{name}")
    raise importlib.import_module("cxsim.messages").no_attribute("cxsim", name, __all__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
