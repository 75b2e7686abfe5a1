"""The fit gap over the number of contacts."""

from __future__ import annotations

from cxsim.charts.layout import EndLabel, end_labels, finish, new, top_label
from cxsim.charts.style import OKABE_ITO, Picture, readable, styled
from lab.validation.checks import Check

__all__ = ["misfit_by_contacts"]

_SHOWN = {
    "C = 0": ("two needs, no customization", "vermillion"),
    "D = 3, v = 1, r = 1, C = 0.8": ("three needs, C = 0.8", "blue"),
    "D = 2, v = 2, r = 4, C = 0.5": ("two needs of variance 2, C = 0.5", "reddish purple"),
    "C = 1": ("two needs, C = 1", "bluish green"),
}


@styled
def misfit_by_contacts(checks: dict[str, Check]) -> Picture:
    """Draw mean fit gap after each contact: the closed form, and dots of the simulation."""
    figure = new(None, (7.6, 4.4))
    axes = figure.subplots()
    labels, said = [], []
    for setting, (name, color) in _SHOWN.items():
        found = [checks[f"{setting}: fit gap after {n}"] for n in range(1, 7)]
        axes.plot(range(1, 7), [c.expected for c in found], "-", color=OKABE_ITO[color], lw=1.6)
        axes.plot(range(1, 7), [c.obtained for c in found], "o", color=OKABE_ITO[color], ms=5.5)
        labels.append(EndLabel(6, found[-1].expected, name, readable(OKABE_ITO[color])))
        said.append(f"{name}: {found[0].obtained:.2f} after one, {found[-1].obtained:.2f} after 6")
    axes.set_ylim(0, None)
    axes.set_xlim(0.8, 6.2)
    axes.set_xlabel("contacts that taught")
    top_label(axes, "mean fit gap, squared distance")
    title = "Contacts close in on a customer only as far as the firm can customize"
    finish(
        figure,
        title=title,
        note="Lines: closed form. Dots: simulation; standard errors are smaller than the dots.",
        alt=f"{title}. Simulated fit gap on the closed form: {'; '.join(said)}.",
    )
    end_labels(axes, labels)
    return figure
