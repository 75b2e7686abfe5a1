"""The capability matrix: where bubbles stand, what they cover, what the title claims."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import cxsim.plot as cp
from cxsim.charts.capability_matrix import apart, name_places
from cxsim.charts.labels import plain


def market(*firms, periods=1):
    """A frame of firms (name, interaction, customization, share) that stand still."""
    return pd.DataFrame(
        [(t, *firm) for t in range(periods) for firm in firms],
        columns=["period", "firm", "interaction", "customization", "market_share"],
    )


def bubbles(figure):
    """Centres and radii in pixels, in the order of the firms."""
    axes = figure.axes[0]
    drawn = axes.collections
    centers = axes.transData.transform([b.get_offsets()[0] for b in drawn])
    radii = [np.sqrt(b.get_sizes()[0]) / 2 * figure.dpi / 72 for b in drawn]
    return centers, np.array(radii)


def test_a_bubbles_area_is_the_share_and_its_centre_the_place():
    figure = cp.capability_matrix(market(("Big", 0.2, 0.3, 0.8), ("Small", 0.9, 0.8, 0.2)))
    big, small = figure.axes[0].collections
    assert big.get_sizes()[0] / small.get_sizes()[0] == pytest.approx(4.0)
    assert big.get_offsets()[0].tolist() == pytest.approx([0.2, 0.3])


def test_firms_at_one_place_stand_side_by_side_with_their_true_place_marked(written):
    figure = cp.capability_matrix(market(*((f"F{k}", 0.8, 0.8, 1 / 8) for k in range(8))))
    centers, radii = bubbles(figure)
    for a, b in itertools.combinations(range(8), 2):
        assert np.hypot(*(centers[a] - centers[b])) >= radii[a] + radii[b] - 0.5
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "+"]
    assert [c.get_xydata()[0].tolist() for c in crosses[:1]] == [pytest.approx([0.8, 0.8])]
    assert "a cross marks the true position" in written(figure)


def test_bubbles_that_cover_nobody_stay_where_they_are(written):
    figure = cp.capability_matrix(market(("A", 0.1, 0.1, 0.5), ("B", 0.9, 0.9, 0.5)))
    assert "cross" not in written(figure)


def test_quadrants_are_drawn_and_named_at_the_threshold(written):
    firms = market(("A", 0.4, 0.4, 0.6), ("B", 0.1, 0.1, 0.4))
    assert "A (mass)" in plain(cp.capability_matrix(firms).get_suptitle())
    figure = cp.capability_matrix(firms, threshold=0.3)
    assert plain(figure.get_suptitle()) == (
        "A (one-to-one) leads with 60 % of purchases in period 0"
    )
    for name in ("I mass", "II niche", "III targeted", "IV one-to-one"):
        assert name in written(figure)
    assert figure.axes[0].get_xlabel().startswith("Interaction")
    assert figure.axes[0].get_ylabel().startswith("Customization")


def test_a_firm_that_moved_leaves_a_trail_and_is_told_of(result, written):
    figure = cp.capability_matrix(result.firms)
    assert "Mass moved to niche" in plain(figure.get_suptitle())
    assert "Arrows: path from the start (ring)." in written(figure)
    assert "II niche, from I mass" in cp.alternative_text(figure)
    still = cp.capability_matrix(result.firms, trail=False)
    assert "Arrows" not in written(still)
    assert len(still.axes[0].lines) < len(figure.axes[0].lines)


def test_an_earlier_period_can_be_shown(result):
    figure = cp.capability_matrix(result.firms, period=5)
    assert "in month 5" in cp.alternative_text(figure)
    assert "moved" not in figure.get_suptitle()
    with pytest.raises(ValueError, match="period: expected 0 to 19, found 20"):
        cp.capability_matrix(result.firms, period=20)


def test_firms_without_buyers_or_without_a_place_do_not_stop_it(written):
    firms = market(("A", 0.1, 0.1, 1.0), ("Idle", 0.9, 0.9, 0.0), ("Gone", np.nan, np.nan, np.nan))
    figure = cp.capability_matrix(firms)
    assert "Idle 0 %" in written(figure)
    assert "Gone has no position" in cp.alternative_text(figure)
    assert figure.axes[0].collections[1].get_facecolor().size == 0, "a hollow ring"


def test_a_market_in_which_nobody_buys_is_said_to_be_one():
    nobody = market(("A", 0.1, 0.1, np.nan), ("B", 0.9, 0.9, np.nan))
    assert cp.capability_matrix(nobody).get_suptitle() == "No firm sells anything in period 0"


def test_leaders_with_the_same_share_are_both_named():
    level = market(("A", 0.1, 0.1, 0.5), ("B", 0.9, 0.9, 0.5))
    title = plain(cp.capability_matrix(level).get_suptitle())
    assert title == "A and B have 50 % of purchases each in period 0"


def test_circles_part_without_leaving_the_frame():
    radii = np.full(5, 10.0)
    placed = apart(np.full((5, 2), 95.0), radii, frame=(0.0, 0.0, 100.0, 100.0))
    assert (placed <= 90.0 + 1e-9).all()
    gaps = [np.hypot(*(a - b)) for a, b in itertools.combinations(placed, 2)]
    assert min(gaps) >= 19.0


def test_a_name_goes_inside_if_it_fits_and_beside_where_it_is_free():
    centers, radii = np.array([[50.0, 50.0], [80.0, 50.0]]), np.array([20.0, 5.0])
    frame = (0.0, 0.0, 100.0, 100.0)
    inside, beside = name_places(centers, radii, [(20, 10), (18, 10)], frame)
    assert inside == (50.0, 50.0)
    assert beside != (80.0, 50.0)
    assert abs(beside[1] - 50.0) > 5.0, "no room to the right, the large circle to the left"
