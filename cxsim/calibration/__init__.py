"""From data to scenarios: purchase panels by simulated likelihood, aggregates by moments."""

from __future__ import annotations

from cxsim.calibration.calibrate import Calibration, calibrate
from cxsim.calibration.columns import Columns
from cxsim.calibration.errors import CalibrationError
from cxsim.calibration.matching import Match, match
from cxsim.calibration.panel import Panel
from cxsim.calibration.prediction import Prediction, predict
from cxsim.calibration.reading import read_panel
from cxsim.calibration.real import panel_or_example, real_panel

__all__ = [
    "Calibration",
    "CalibrationError",
    "Columns",
    "Match",
    "Panel",
    "Prediction",
    "calibrate",
    "match",
    "panel_or_example",
    "predict",
    "read_panel",
    "real_panel",
]
