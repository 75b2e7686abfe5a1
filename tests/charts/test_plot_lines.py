"""Courses by period: what titles claim, how jitter, events, bands and gaps are shown."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import cxsim.plot as cp
from cxsim.charts.labels import plain
from cxsim.charts.time_series import smoothed, window_for


def title(figure):
    return plain(figure.get_suptitle())


def axis(figure):
    return figure.axes[0].get_ylabel()


def jitter(level, periods=60):
    return level + 0.02 * np.random.default_rng(3).standard_normal(periods)


# ------------------------------------------------------------- titles


def test_the_title_tells_who_ends_highest_and_who_comes_next(frame):
    shares = frame({"Ann": [0.5, 0.3], "Bob": [0.3, 0.5], "Cid": [0.2, 0.2]})
    assert title(cp.market_shares(shares)) == "Bob ends with 50 % of purchases, Ann with 30 %"


def test_firms_that_end_level_share_the_title(frame):
    shares = frame({"Ann": [0.3, 0.4], "Bob": [0.3, 0.4], "Cid": [0.4, 0.2]})
    assert title(cp.market_shares(shares)) == "Ann and Bob end with 40 % of purchases each"


def test_other_measures_are_called_by_their_own_words(frame):
    ended = frame({"Ann": [3.0, 4.0], "Bob": [3.0, 2.0]}, "customer_lifetime_value_new")
    figure = cp.time_series(ended, measure="customer_lifetime_value_new")
    assert title(figure) == "CLV of a new customer: Ann ends highest, at 4.00"
    assert axis(figure) == "CLV of a new customer (currency units per customer)"


def test_the_title_does_not_hide_the_interval(frame):
    shares = frame({"Ann": [0.6, 0.61], "Bob": [0.4, 0.39]})
    shares["low"], shares["high"] = shares["market_share"] - 0.03, shares["market_share"] + 0.03
    figure = cp.market_shares(shares, band=("low", "high"))
    assert title(figure) == "Ann ends with 61 % (58 to 64) of purchases, Bob with 39 %"
    assert len(figure.axes[0].collections) == 2


def test_a_title_claims_nothing_for_a_firm_without_a_value_at_the_end(frame):
    kept = frame({"Gone": [0.9, np.nan], "Bob": [0.5, 0.6]}, "retention_rate")
    assert title(cp.retention_rate(kept)) == "Bob ends with a retention of 60 % per period"
    gone = kept[kept["firm"] == "Gone"]
    assert title(cp.retention_rate(gone)) == "Retention rate: no firm has a value in period 1"


# ------------------------------------------------------------- axes and labels


def test_axes_tell_measure_and_unit_in_the_frames_own_words(frame):
    earned = frame({"Ann": [55_000.0, 60_000.0]}, "profit")
    assert axis(cp.profit(earned)) == "Profit (thousand currency units per period)"
    earned.attrs.update(currency="EUR", period_length="month")
    figure = cp.profit(earned)
    assert axis(figure) == "Profit (thousand EUR per month)"
    assert figure.axes[0].get_xlabel() == "Month"
    assert title(figure) == "Ann ends with a profit of 60 thousand EUR per month"


def test_large_sums_are_shown_in_millions(frame):
    earned = frame({"Ann": [1e6, 3.4e6]}, "cumulative_profit")
    figure = cp.profit(earned, cumulative=True)
    assert axis(figure) == "Cumulative profit (million currency units)"
    assert title(figure) == "Ann earned 3.4 million in total"


def test_lines_are_named_at_their_ends_and_no_name_covers_another(frame):
    close = {f"Firm {k}": [0.125, 0.124 + 0.0003 * k] for k in range(8)}
    figure = cp.market_shares(frame(close))
    names = [t for t in figure.axes[0].texts if t.get_text().startswith("Firm")]
    assert [plain(name.get_text()) for name in names][:2] == ["Firm 0 12.4 %", "Firm 1 12.4 %"]
    spans = sorted((box.y0, box.y1) for box in map(_text_box, names))
    assert len(spans) == 8
    assert all(low[1] <= high[0] + 0.5 for low, high in itertools.pairwise(spans))
    assert figure.axes[0].get_legend() is None


def _text_box(note):
    """The extent of an annotation's text, without its leader."""
    from matplotlib.text import Text

    return Text.get_window_extent(note)


def test_a_long_name_is_cut_in_the_figure_and_kept_in_the_description(frame):
    name = "Norddeutsche Individualversorgungsgesellschaft mit sehr langem Namen"
    figure = cp.market_shares(frame({name: [1.0, 1.0]}))
    (label,) = [t for t in figure.axes[0].texts if "Nord" in t.get_text()]
    assert "…" in label.get_text()
    assert label.get_text().count("\n") == 1
    assert name in cp.alternative_text(figure)


def test_one_firm_and_one_period_make_a_figure(frame, written):
    figure = cp.market_shares(frame({"Ann": [1.0]}))
    assert title(figure) == "Ann ends with 100 % of purchases"
    assert "Ann 100 %" in written(figure)


def test_a_firm_without_any_value_is_told_in_the_note(frame, written):
    figure = cp.retention_rate(frame({"Ann": [0.8, 0.9], "Ghost": [np.nan] * 2}, "retention_rate"))
    assert "No value in any period: Ghost." in written(figure)
    assert "Ghost without a value" in cp.alternative_text(figure)


def test_firms_can_be_chosen_and_keep_their_colours(result):
    order = list(result.scenario.firms)
    part = result.firms[result.firms["firm"] == order[2]]
    lines = cp.time_series(part, measure="market_share", firms=order).axes[0].lines
    whole = cp.time_series(result.firms, measure="market_share").axes[0].lines
    color = {line.get_label(): line.get_color() for line in whole}[order[2]]
    assert color in {line.get_color() for line in lines}
    with pytest.raises(ValueError, match="firms: expected a list of firms that are there"):
        cp.time_series(part, measure="market_share", firms=["Nobody"])


# ------------------------------------------------------------- jitter


def test_courses_that_jitter_get_a_mean_and_the_axis_says_so(frame):
    figure = cp.market_shares(frame({"Ann": jitter(0.6), "Bob": jitter(0.4)}))
    assert "bold: moving mean of 5 periods, thin: single periods" in axis(figure)


def test_smooth_and_short_courses_are_drawn_as_they_are(frame):
    ramp = frame({"Ann": np.linspace(0.3, 0.6, 60)})
    assert axis(cp.market_shares(ramp)) == "Market share (%)"
    assert window_for(jitter(0.5, periods=11)[:, None]) == 1


def test_the_window_can_be_chosen_and_must_be_odd(frame):
    noisy = frame({"Ann": jitter(0.6)})
    assert "mean of 9 periods" in axis(cp.market_shares(noisy, window=9))
    assert "mean" not in axis(cp.market_shares(noisy, window=1))
    with pytest.raises(ValueError, match="window: expected an odd number of periods, found 4"):
        cp.market_shares(noisy, window=4)


def test_a_mean_does_not_reach_across_an_event():
    step = np.repeat([[0.0], [1.0]], 5, axis=0)
    periods = np.arange(10)
    assert smoothed(step, 5, periods=periods, breaks=[5]).ravel().tolist() == step.ravel().tolist()
    across = smoothed(step, 5, periods=periods).ravel()
    assert across[4] == pytest.approx(2 / 5)


def test_a_mean_leaves_gaps_open():
    gap = np.array([[0.2], [np.nan], [0.4]])
    mean = smoothed(gap, 3, periods=np.arange(3)).ravel()
    assert np.isnan(mean[1])
    assert mean[[0, 2]].tolist() == [0.2, 0.4]


# ------------------------------------------------------------- events


def test_events_of_the_scenario_are_marked_and_labelled(result, written):
    events = cp.scenario_events(result.scenario)
    assert events == [(10.0, "Mass customizes")]
    figure = cp.market_shares(result.firms, events=events)
    assert "Mass customizes" in written(figure)
    assert "Marked: Mass customizes (month 10)." in cp.alternative_text(figure)


def test_an_event_without_a_label_is_told_by_what_it_sets(result):
    silent = result.scenario.override({"events.0.label": ""})
    assert cp.scenario_events(silent) == [(10.0, "Mass.customization = 0.9")]


def test_events_outside_the_periods_shown_are_left_out(result, written):
    assert "Too late" not in written(cp.market_shares(result.firms, events=[(99, "Too late")]))


def test_labels_of_events_at_one_time_stand_in_rows(result):
    events = [(5, "One thing happens"), (6, "Another thing happens"), (7, "And a third")]
    figure = cp.market_shares(result.firms, events=events)
    labels = [t for t in figure.axes[0].texts if "thing" in t.get_text() or "third" in t.get_text()]
    boxes = [_text_box(label) for label in labels]
    assert len(boxes) == 3
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)


# ------------------------------------------------------------- series over seeds


@pytest.fixture
def series():
    rows = [
        (scenario, firm, period, "market_share", 0.5 + sign * 0.01 * period, 0.45, 0.58)
        for scenario in ("baseline", "copycat")
        for period in range(4)
        for firm, sign in (("Ann", 1), ("Bob", -1))
    ]
    columns = ["scenario", "firm", "period", "measure", "mean", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def test_a_series_over_seeds_is_drawn_with_its_intervals(series):
    figure = cp.market_shares(series[series["scenario"] == "copycat"])
    assert len(figure.axes[0].collections) == 2
    assert title(figure) == "Ann ends with 53 % (45 to 58) of purchases, Bob with 47 %"
    assert "with intervals" in cp.alternative_text(figure)


def test_two_scenarios_in_one_series_are_refused(series):
    with pytest.raises(ValueError, match=r"one scenario, found baseline, copycat.*paths\(\)"):
        cp.market_shares(series)


def test_a_measure_the_series_does_not_have_is_named(series):
    with pytest.raises(ValueError, match="measure: expected one that is there, found 'shares'"):
        cp.time_series(series[series["scenario"] == "copycat"], measure="shares")


def test_several_rows_for_a_period_and_firm_are_refused(frame):
    twice = frame({"Ann": [0.5, 0.5]})
    with pytest.raises(ValueError, match="one row per period and firm"):
        cp.market_shares(pd.concat([twice, twice]))
