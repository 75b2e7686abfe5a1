"""Analyses of a study: pure functions of a tidy frame, one idea per file.

The frame has one row per run: ``point`` (whole number, in the order of the design), ``seed``,
a column per factor, ``strategy`` where strategies are compared, and a column per output. The
same seeds run at every point, so that points are paired. A problem is SALib's: a mapping with
``num_vars``, ``names`` (the factors, in the order of the design) and ``bounds``.

Each analysis returns an :class:`AnalysisResult`: a tidy frame and a sentence.
:func:`cxsim.study.results.analyse` makes several; figures of findings are in :mod:`cxsim.plot`.
"""

from __future__ import annotations

from cxsim.study.analysis.given_data import delta, features, pawn
from cxsim.study.analysis.points import AnalysisResult, contrast
from cxsim.study.analysis.ranking import ranking
from cxsim.study.analysis.scenario_discovery import discovery, regional, verdict
from cxsim.study.analysis.sensitivity import main_effects, morris, sobol

__all__ = [
    "AnalysisResult",
    "contrast",
    "delta",
    "discovery",
    "features",
    "main_effects",
    "morris",
    "pawn",
    "ranking",
    "regional",
    "sobol",
    "verdict",
]
