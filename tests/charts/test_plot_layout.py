"""Numbers as people write them, and labels that keep out of each other's way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.charts.labels import Words, joined, number, plain, scale_for
from cxsim.charts.layout import dodge, short


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"), (1234.5, "1,230"), (0.012345, "0.0123"), (-7.0, "−7"), (99.96, "100"),
        (1e9, "1,000,000,000"), (float("nan"), "no value"), (float("inf"), "no value"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_that_matter_and_no_exponent(value, said):
    assert number(value) == said


def test_signs_are_shown_on_request_and_never_on_zero():
    assert [number(v, signed=True) for v in (2.0, -2.0, 0.0)] == ["+2", "−2", "0"]
    points = scale_for("share", [0.05], difference=True)
    assert [points.bare(v, signed=True) for v in (0.05, -0.00001)] == ["+5.0", "0.0"]


@pytest.mark.parametrize(
    ("unit", "top", "axis", "text"),
    [
        ("share", 0.345, "%", "34 %"),
        ("share per period", 0.345, "% per month", "34 %"),
        ("currency", 7.456, "EUR", "7.46 EUR"),
        ("currency", 456.78, "EUR", "456.8 EUR"),
        ("currency per period", 55_500.0, "thousand EUR per month", "55.5 thousand EUR"),
        ("currency", -3.4e6, "million EUR", "−3.4 million EUR"),
        ("currency", 2e9, "billion EUR", "2 billion EUR"),
        ("customers", 33_333.0, "customers", "33,300"),
        ("per period", 5.0, "per month", "5"),
        ("1", -2.5, "", "−2.5"),
    ],
)
def test_units_are_shown_as_readers_expect(unit, top, axis, text):
    scale = scale_for(unit, [0.0, top], words=Words("month", "EUR"))
    assert scale.axis("Label") == (f"Label ({axis})" if axis else "Label")
    assert plain(scale.text(top)) == text


def test_close_shares_are_told_apart_by_a_decimal():
    assert plain(scale_for("share", [0.301, 0.312]).text(0.312)) == "31.2 %"


def test_lists_are_written_as_one_says_them():
    assert joined(["a"]) == "a"
    assert joined(["a", "b"]) == "a and b"
    assert joined(["a", "b", "c"]) == "a, b and c"


def test_short_names_stay_and_long_ones_are_cut():
    assert short("Tailor") == "Tailor"
    assert short("") == ""
    assert short("one two three four five six seven", 10) == "one two\nthree fou…"
    assert max(map(len, short("x" * 99, 10).split("\n"))) <= 10


@given(st.lists(st.tuples(st.floats(-50.0, 150.0), st.floats(1.0, 12.0)), min_size=1, max_size=8))
def test_labels_keep_their_order_do_not_overlap_and_stay_inside(labels):
    wanted, sizes = map(np.array, zip(*labels, strict=True))
    placed = dodge(wanted, sizes, 0.0, 100.0)
    order = np.argsort(wanted, kind="stable")
    gaps = np.diff(placed[order])
    needed = (sizes[order][:-1] + sizes[order][1:]) / 2
    assert (gaps >= needed - 1e-9).all()
    assert (placed - sizes / 2 >= -1e-9).all()
    assert (placed + sizes / 2 <= 100.0 + 1e-9).all()


def test_labels_with_room_stay_where_they_want_to_be():
    assert dodge([10.0, 50.0, 90.0], [10.0] * 3, 0.0, 100.0).tolist() == [10.0, 50.0, 90.0]


def test_labels_at_one_place_spread_evenly_around_it():
    assert dodge([50.0, 50.0], [10.0, 10.0], 0.0, 100.0).tolist() == [45.0, 55.0]


def test_no_labels_need_no_place():
    assert dodge([], [], 0.0, 1.0).size == 0
