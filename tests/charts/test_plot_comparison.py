"""Scenarios compared: differences with intervals, courses side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from markets import lively
from matplotlib.colors import to_hex

import cxsim.plot as cp
from cxsim.charts.labels import plain
from cxsim.study.paired_seeds import compare


@pytest.fixture(scope="module")
def comparison():
    slow, quick = (
        lively(periods=12, customers=150),
        lively(periods=12, customers=150, learning_rate=4.0, name="quick"),
    )
    return compare(slow, quick, seeds=4)


def table(*rows, scenario="copycat", unit="share", label="Market share"):
    """Rows of (measure, firm, difference, half width of its interval)."""
    frame = pd.DataFrame(rows, columns=["measure", "firm", "difference", "half"])
    frame["scenario"], frame["unit"], frame["label"] = scenario, unit, label
    frame["lower"] = frame["difference"] - frame["half"]
    frame["upper"] = frame["difference"] + frame["half"]
    return frame


def panels(figure):
    """Axes by title, on however many lines it stands."""
    return {" ".join(axes.get_title(loc="left").split()): axes for axes in figure.axes}


def dots(axes):
    """Face colours of the dots, from top to bottom."""
    marked = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    marked.sort(key=lambda line: line.get_ydata()[0])
    return [to_hex(line.get_markerfacecolor()) for line in marked]


# ------------------------------------------------------------- differences


def test_filled_dots_are_clear_differences_and_the_title_counts_them():
    rows = table(("market_share", "Ann", 0.05, 0.01), ("market_share", "Bob", -0.02, 0.03))
    figure = cp.scenario_differences(rows)
    assert plain(figure.get_suptitle()) == (
        "copycat against the baseline: 1 of 2 differences are statistically significant"
    )
    (axes,) = figure.axes
    clear, unclear = dots(axes)
    assert clear != "#ffffff"
    assert unclear == "#ffffff"
    assert axes.get_xlabel() == "percentage points"
    assert "Market share: Ann +5.0 points." in cp.alternative_text(figure)


def test_zero_is_always_in_sight():
    axes = cp.scenario_differences(table(("market_share", "Ann", 0.5, 0.01))).axes[0]
    low, high = axes.get_xlim()
    assert low < 0 < high


def test_each_measure_has_a_panel_with_its_own_unit(comparison):
    figure = cp.scenario_differences(comparison.table)
    units = {title: axes.get_xlabel() for title, axes in panels(figure).items()}
    assert len(units) == 6
    assert units["Market share"] == "percentage points"
    assert units["Retention rate"] == "percentage points per month"
    assert units["CLV of a new customer"] == "EUR per customer"
    assert units["Net present value"].endswith("EUR")
    assert "quick against the baseline" in figure.get_suptitle()


def test_measures_can_be_chosen_and_the_markets_have_one_row(comparison):
    figure = cp.scenario_differences(comparison.table, measures=["profit", "no_purchase_share"])
    assert list(panels(figure)) == ["Profit", "Share of no purchase (market)"]
    market = panels(figure)["Share of no purchase (market)"]
    assert len(dots(market)) == 1
    firms = [tick.get_text() for tick in panels(figure)["Profit"].get_yticklabels()]
    assert firms == ["Mass", "Niche", "Tailor"]
    near = r"measures: .*'market_shar' \(did you mean 'market_share'\?\)"
    with pytest.raises(ValueError, match=near):
        cp.scenario_differences(comparison.table, measures=["market_shar"])
    with pytest.raises(ValueError, match="measures: expected at least one"):
        cp.scenario_differences(comparison.table, measures=[])


def test_several_scenarios_get_a_row_each():
    rows = pd.concat(
        [
            table(("market_share", "Ann", 0.05, 0.01), scenario="copycat"),
            table(("market_share", "Ann", -0.05, 0.01), scenario="price_attack"),
        ]
    )
    figure = cp.scenario_differences(rows)
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert names == ["Ann · copycat", "Ann · price_attack"]
    assert "copycat and price_attack against the baseline: 2 of 2" in plain(figure.get_suptitle())
    assert "Ann −5.0 points in price_attack" in cp.alternative_text(figure)


def test_one_seed_has_no_intervals_and_claims_nothing():
    figure = cp.scenario_differences(table(("market_share", "Ann", 0.05, np.nan)))
    assert "without intervals (one seed)" in plain(figure.get_suptitle())
    assert dots(figure.axes[0]) == ["#ffffff"]
    assert "no significant difference" in cp.alternative_text(figure)


def test_a_difference_that_does_not_exist_is_said_to_be_none(written):
    rows = table(("market_share", "Ann", 0.05, 0.01), ("market_share", "Ghost", np.nan, np.nan))
    assert "no value" in written(cp.scenario_differences(rows))


# ------------------------------------------------------------- paths


def test_paths_have_a_panel_a_firm_with_all_scenarios_in_it(comparison, written):
    figure = cp.scenario_time_series(comparison.series, measure="market_share")
    assert list(panels(figure)) == ["Mass", "Niche", "Tailor"]
    for axes in figure.axes:
        names = [t.get_text().split(" ")[0] for t in axes.texts]
        assert names == comparison.scenarios
        assert len(axes.collections) == 2, "a band each"
    assert figure.get_supylabel() == "Market share (%)"
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert "bands: their confidence intervals" in written(figure)


def test_paths_tell_of_the_firm_that_ends_farthest_from_the_baseline():
    rows = [
        (scenario, firm, t, "market_share", value)
        for scenario, values in {"baseline": (0.5, 0.5), "copycat": (0.3, 0.7)}.items()
        for firm, value in zip(("Ann", "Bob"), values, strict=True)
        for t in range(3)
    ]
    series = pd.DataFrame(rows, columns=["scenario", "firm", "period", "measure", "mean"])
    figure = cp.scenario_time_series(series, events=[(1, "Copied")])
    said = "Market share: Ann ends at 30 % in copycat, 50 % in baseline"
    assert plain(figure.get_suptitle()) == said
    assert [t.get_text() for t in figure.axes[0].texts][-1] != "Copied"
    assert sum("Copied" in t.get_text() for axes in figure.axes for t in axes.texts) == 1


def test_a_firm_that_one_scenario_lacks_is_drawn_where_it_is():
    rows = [("baseline", "Ann", t, "market_share", 1.0) for t in range(3)]
    rows += [("entry", f, t, "market_share", 0.5) for f in ("Ann", "New") for t in range(3)]
    series = pd.DataFrame(rows, columns=["scenario", "firm", "period", "measure", "mean"])
    figure = cp.scenario_time_series(series)
    assert [t.get_text().split(" ")[0] for t in panels(figure)["New"].texts] == ["entry"]
    assert "New ends at no value in baseline and 50 % in entry" in cp.alternative_text(figure)


def test_a_measure_without_courses_is_named(comparison):
    with pytest.raises(
        ValueError, match="measure: expected one that is there, found 'ordering_effort'"
    ):
        cp.scenario_time_series(comparison.series, measure="ordering_effort")
