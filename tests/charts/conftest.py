"""One small run that all figures can be drawn from, and frames made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from markets import lively

from cxsim.runs import run


@pytest.fixture(scope="session")
def result():
    """A run of three firms; the mass firm starts to customize in period 10."""
    events = [{"at": 10, "set": {"firms.Mass.customization": 0.9}, "label": "Mass customizes"}]
    return run(lively(periods=20, customers=150, events=events), seed=1, probes=["customers"])


@pytest.fixture(scope="session")
def frame():
    """Make a frame by period and firm: ``frame({"Ann": [..], "Bob": [..]}, "market_share")``."""

    def make(values, measure="market_share", **columns):
        names, periods = list(values), len(next(iter(values.values())))
        return pd.DataFrame(
            {
                "period": np.repeat(np.arange(periods), len(names)),
                "firm": names * periods,
                measure: np.array(list(values.values()), dtype=float).T.ravel(),
                **columns,
            }
        )

    return make


@pytest.fixture(scope="session")
def written():
    """Return all that stands in a figure, on one line with ordinary spaces."""
    from matplotlib.text import Text

    from cxsim.charts.labels import plain

    def read(figure):
        texts = [text for text in figure.findobj(Text) if text.get_visible()]
        return " | ".join(plain(text.get_text()) for text in texts if text.get_text())

    return read
