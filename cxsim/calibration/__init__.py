"""From data to scenarios: purchase panels by simulated likelihood, aggregates by moments."""

from __future__ import annotations

from cxsim.calibration.calibrate import Calibration, calibrate
from cxsim.calibration.moment_matching import Match, match
from cxsim.calibration.panel import CalibrationError, Columns, Panel
from cxsim.calibration.panel_reading import panel_or_example, read_panel, real_panel
from cxsim.calibration.prediction import Prediction, predict

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
