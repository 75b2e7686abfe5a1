"""The picture of who listens to whom."""

from __future__ import annotations

import pytest
from journeys import lived

import cxsim as cx
from cxsim import plot


@pytest.fixture(scope="module")
def run():
    scenario = lived(customers=800, word_of_mouth={"network": "small_world"})
    return cx.run(scenario, probes=["network_sample"])


def test_a_sample_is_a_snowball_of_customers_and_the_ties_between_them(run):
    inside = set(run.network_customers.customer)
    assert len(inside) == 250
    assert 0 in inside
    assert set(run.network_edges.customer) | set(run.network_edges.neighbour) == inside
    assert (run.network_edges.customer < run.network_edges.neighbour).all()
    held = run.network_customers[run.network_customers.supplier != "no_supplier"]
    assert held.experience.notna().all()
    assert (held.emotion_cluster != "none").all()


@pytest.mark.parametrize("color", ["supplier", "emotion_cluster"])
def test_the_picture_says_whether_neighbours_are_alike(run, color):
    figure = plot.word_of_mouth_network(run.network_customers, run.network_edges, color=color)
    assert f"share their {color.replace('_', ' ')}" in plot.alternative_text(figure)
    drawn = sum(len(c.get_offsets()) for c in figure.axes[0].collections[1:])
    assert drawn == 250


def test_the_sample_survives_saving(run, tmp_path):
    again = cx.Run.load(run.save(tmp_path / "run"))
    assert plot.alternative_text(
        plot.word_of_mouth_network(again.network_customers, again.network_edges)
    ) == plot.alternative_text(plot.word_of_mouth_network(run.network_customers, run.network_edges))


def test_without_a_network_there_is_nothing_to_draw():
    run = cx.run(lived(customers=50), probes=["network_sample"])
    assert run.network_edges.empty
    with pytest.raises(ValueError, match="expected at least one row, found none"):
        plot.word_of_mouth_network(run.network_customers, run.network_edges)
