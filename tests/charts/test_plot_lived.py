"""Figures of what customers live through: journey map, perception gap, emotion clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from journeys import heard

import cxsim as cx
import cxsim.plot as cp
from cxsim.charts.labels import plain


def title(figure):
    return plain(figure.get_suptitle())


def touchpoints(performance, *, belief=None, expectation=7.0, error=np.nan, run_by="own"):
    """Return a frame of one firm over two periods: ``{"store": 6.0, "hotline": 4.0}``."""
    return pd.DataFrame(
        [
            {
                "period": period, "firm": "Ann", "touchpoint": name, "responsible_firm": run_by,
                "importance": 1.0, "contacts": 10.0, "performance": value,
                "expectation": expectation,
                "perceived_performance": value if belief is None else belief,
                "perceived_performance_se": error,
            }
            for period in (0, 1)
            for name, value in performance.items()
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def run():
    return cx.run(heard(periods=16, customers=400), seed=2)


# ------------------------------------------------------------- journey map


def test_the_map_names_the_touchpoint_that_falls_shortest():
    figure = cp.customer_journey_map(touchpoints({"store": 7.5, "hotline": 4.0}))
    assert (
        title(figure)
        == "Ann falls furthest short of expectations at its hotline: 4 out of 10 against 7 expected"
    )
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert labels == ["store", "hotline"]


def test_the_map_claims_no_shortfall_where_there_is_none():
    figure = cp.customer_journey_map(touchpoints({"store": 7.5, "hotline": 7.1}))
    assert title(figure).startswith("Every touchpoint meets expectations")


def test_contacts_of_several_periods_are_pooled_by_their_number():
    frame = touchpoints({"store": 6.0})
    frame.loc[frame["period"] == 1, ["contacts", "performance"]] = [30.0, 8.0]
    said = cp.alternative_text(cp.customer_journey_map(frame, periods=(0, 1)))
    assert "store 7.5" in plain(said)


def test_partners_are_hollow_and_said_to_be_partners():
    for run_by, hollow in (("own", False), ("partner", True)):
        figure = cp.customer_journey_map(touchpoints({"store": 6.0}, run_by=run_by))
        points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
        assert (points[0].get_markerfacecolor() == "white") == hollow
        assert ("(partner)" in cp.alternative_text(figure)) == hollow


def test_purchases_given_up_at_a_touchpoint_stand_at_its_foot():
    frame = touchpoints({"store": 6.0, "hotline": 4.0})
    assert "given up" not in cp.alternative_text(cp.customer_journey_map(frame))
    frame["abandoned_purchases"] = [300.0, 0.0, 500.0, 0.0]
    figure = cp.customer_journey_map(frame, periods=(0, 1))
    assert "store 6 (400 purchases given up a period)" in cp.alternative_text(figure)
    assert "−400" in [text.get_text() for text in figure.axes[0].texts]


# ---------------------------------------------------------- perception gap


def test_the_gap_says_who_believes_too_much_and_by_how_many_points():
    figure = cp.perception_gap(touchpoints({"store": 5.0, "site": 6.0}, belief=7.0))
    assert title(figure) == "Ann overestimates its performance by 1.5 points"


def test_survey_errors_are_drawn_where_there_are_surveys():
    def bars(error):
        figure = cp.perception_gap(touchpoints({"store": 5.0}, belief=6.0, error=error))
        return len(figure.axes[0].collections)

    assert bars(0.3) > bars(np.nan)


# -------------------------------------------------------- emotion clusters


def test_clusters_are_stacked_to_all_customers(frame):
    emotions = frame({"Ann": [0.2, 0.1]}, "destroying")
    for name, values in {
        "attention": [0.3, 0.3], "recommendation": [0.3, 0.3], "advocacy": [0.2, 0.3],
    }.items():  # fmt: skip
        emotions[name] = values
    figure = cp.emotion_clusters(emotions)
    assert title(figure) == "Ann ends with a net promoter score of +20"
    tops = [p.get_paths()[0].vertices[:, 1].max() for p in figure.axes[0].collections]
    assert max(tops) == pytest.approx(1.0)


# ----------------------------------------------------------------- all three


@pytest.mark.parametrize("draw", ["customer_journey_map", "perception_gap", "emotion_clusters"])
def test_figures_of_a_run_have_a_panel_for_each_firm_and_say_what_they_show(run, draw, tmp_path):
    given = run.firms if draw == "emotion_clusters" else run.touchpoints
    figure = getattr(cp, draw)(given)
    assert [plain(axes.get_title(loc="left") or axes.get_title()) for axes in figure.axes] == [
        "Mass", "Niche", "Tailor",
    ]  # fmt: skip
    assert all(name in cp.alternative_text(figure) for name in ("Mass", "Niche", "Tailor"))
    assert cp.save(figure, tmp_path / "figure.png").exists()


@pytest.mark.parametrize("draw", ["perception_gap", "emotion_clusters"])
def test_events_are_marked(run, draw, written):
    given = run.firms if draw == "emotion_clusters" else run.touchpoints
    assert "Strike" in written(getattr(cp, draw)(given, events=[(8, "Strike")]))


def test_a_frame_without_what_is_needed_is_refused(run):
    with pytest.raises(ValueError, match="expected a column 'performance'"):
        cp.customer_journey_map(run.touchpoints.drop(columns="performance"))
    with pytest.raises(ValueError, match="touchpoints in periods"):
        cp.customer_journey_map(run.touchpoints, periods=(90, 99))
