"""Figures of the course say what they show, whatever came out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from classroom.whole_class import class_predictions
from cxsim.charts.intervals import estimates, response_curve
from cxsim.charts.style import alternative_text


def rows(*given, columns):
    return pd.DataFrame(list(given), columns=columns.split())


def test_estimates_stand_below_each_other_with_their_numbers(written):
    frame = rows(
        ("without fit", -6.4, -6.6, -6.2), ("one seed", 1.0, np.nan, np.nan),
        columns="name value lower upper",
    )  # fmt: skip
    figure = estimates(frame, label="Change (points)", title="What holds")
    assert "without fit" in written(figure)
    assert "−6.4" in written(figure)
    assert alternative_text(figure) == "Change (points): without fit −6.4 and one seed +1."
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    hollow = [line.get_markerfacecolor() == "white" for line in dots]
    assert hollow == [False, True], "only statistically significant results are filled"


def test_a_response_names_its_lines_and_the_market_at_hand(written):
    frame = rows(
        ("share", 0.0, 2.0, 1.0, 3.0), ("share", 4.0, 19.0, 18.0, 20.0),
        ("profit", 0.0, -38.0, -39.0, -37.0), ("profit", 4.0, 14.0, 11.0, 17.0),
        columns="name x value lower upper",
    )  # fmt: skip
    figure = response_curve(frame, by="Worth", label="Lead", title="T", mark=(1.5, "this market"))
    for said in ("share", "profit", "this market", "Worth", "Lead"):
        assert said in written(figure)
    assert "profit: −38 at 0, +14 at 4" in alternative_text(figure)


def test_a_class_is_told_how_many_had_the_direction_right(written):
    columns = "lesson question unit student predicted result lower upper"
    frame = rows(
        ("02_x", "q", "points", 1, 5.0, 12.0, 11.0, 13.0),
        ("02_x", "q", "points", 2, -5.0, 12.0, 11.0, 13.0),
        ("02_x", "q", "points", 3, 5.0, 1.0, -1.0, 3.0),
        ("02_x", "r", "%", 1, 5.0, np.nan, np.nan, np.nan),
        columns=columns,
    )  # fmt: skip
    figure = class_predictions(frame, titles={("02_x", "q"): "The lead"})
    assert "The lead" in written(figure)
    assert "1 of 2 had the direction right" in written(figure)
    assert "1 predicted, no result yet" in written(figure)
    assert "3 students, 2 questions" in alternative_text(figure)


@pytest.mark.parametrize("draw", [estimates, response_curve])
def test_a_missing_column_is_named(draw):
    names = {"label": "l", "title": "t", **({"by": "b"} if draw is response_curve else {})}
    with pytest.raises(ValueError, match="expected a column 'value'"):
        draw(rows(("a", 1.0, 0, 0), columns="name x lower upper"), **names)
