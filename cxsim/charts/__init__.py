"""Figures of runs, comparisons and analyses, drawn from tidy frames.

Figures themselves are in :mod:`cxsim.plot`; here is what they are drawn with, for figures of
one's own. :mod:`cxsim.charts.layout` says how to write one.
"""

from __future__ import annotations

from cxsim._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Chart": "layout",
        "FIXED_SPACE": "labels",
        "GREY": "style",
        "OKABE_ITO": "style",
        "Picture": "style",
        "Shared": "layout",
        "Words": "labels",
        "charted": "layout",
        "estimates": "intervals",
        "experience_views": "customer_experience",
        "finish": "layout",
        "joined": "labels",
        "need": "labels",
        "new": "layout",
        "number": "labels",
        "readable": "style",
        "response_curve": "intervals",
        "short": "layout",
        "styled": "style",
    },
)
