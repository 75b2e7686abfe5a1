"""From data to scenarios: purchase panels by simulated likelihood, aggregates by moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxsim.calibration.calibrate import Calibration, Caution, calibrate
from cxsim.calibration.latent_classes import LatentClasses
from cxsim.calibration.learning import Learning, Stated
from cxsim.calibration.log_panel import (
    LogPanel,
    as_log,
    estimation_plan,
    panel_from_log,
)
from cxsim.calibration.market_forms import MarketForm, write_workbook
from cxsim.calibration.market_questions import read_answers
from cxsim.calibration.market_scenario import fit_market, guided_market
from cxsim.calibration.moment_matching import MomentMatch, match_moments
from cxsim.calibration.own_log import OwnLog, own_log, repeat_statistics
from cxsim.calibration.panel import CalibrationError, Columns, Panel
from cxsim.calibration.panel_reading import load_panel, read_panel, real_panel
from cxsim.calibration.prediction import Prediction, predict
from cxsim.calibration.predictive_check import PredictiveCheck
from cxsim.calibration.price_endogeneity import PriceCheck
from cxsim.calibration.self_assessment import Assessment, self_assessment
from cxsim.calibration.table_reading import Reading, Table, read_table
from cxsim.messages import no_attribute

__all__ = [
    "Assessment",
    "Calibration",
    "CalibrationError",
    "Caution",
    "Columns",
    "LatentClasses",
    "Learning",
    "LogPanel",
    "MarketForm",
    "MomentMatch",
    "OwnLog",
    "Panel",
    "Prediction",
    "PredictiveCheck",
    "PriceCheck",
    "Reading",
    "Stated",
    "Table",
    "as_log",
    "calibrate",
    "estimation_plan",
    "fit_market",
    "guided_market",
    "load_panel",
    "match_moments",
    "own_log",
    "panel_from_log",
    "predict",
    "read_answers",
    "read_panel",
    "read_table",
    "real_panel",
    "repeat_statistics",
    "self_assessment",
    "write_workbook",
]

if not TYPE_CHECKING:  # else a type checker would take any name

    def __getattr__(name: str) -> Any:
        raise no_attribute(__name__, name, __all__)
