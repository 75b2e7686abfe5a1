"""From data to scenarios: purchase panels by simulated likelihood, aggregates by moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxsim.calibration.calibrate import Calibration, calibrate
from cxsim.calibration.moment_matching import MomentMatch, match_moments
from cxsim.calibration.panel import CalibrationError, Columns, Panel
from cxsim.calibration.panel_reading import load_panel, read_panel, real_panel
from cxsim.calibration.prediction import Prediction, predict
from cxsim.calibration.predictive_check import PredictiveCheck
from cxsim.messages import no_attribute

__all__ = [
    "Calibration",
    "CalibrationError",
    "Columns",
    "MomentMatch",
    "Panel",
    "Prediction",
    "PredictiveCheck",
    "calibrate",
    "load_panel",
    "match_moments",
    "predict",
    "read_panel",
    "real_panel",
]

if not TYPE_CHECKING:  # else a type checker would take any name

    def __getattr__(name: str) -> Any:
        raise no_attribute(__name__, name, __all__)
