"""A scenario explains itself, and how it differs from another one."""

from __future__ import annotations

import cxsim as cx
from cxsim.scenario import diff


def rows(frame):
    assert list(frame.columns) == ["path", "left", "right"]
    return list(frame.itertuples(index=False, name=None))


def test_the_short_form(market):
    assert repr(market) == f"<Scenario 'market': Tailor, Mass; 24 periods; {market.digest}>"
    many = market.override({f"firms.Firm number {n}": {"price": n} for n in range(9)})
    assert "11 firms" in repr(many)


def test_a_difference_is_a_row(market):
    other = market.override(
        {
            "title": "Another",
            "firms.Mass.price": 9,
            "segments.Families.need_mean.1": 3,
            "firms.Tailor.promotions.depth": 0.3,
            "segments.Singles.brand_taste_sd.Mass": 2,
            "initial.Mass.tenure": 5,
        }
    )
    assert rows(market.diff(other)) == [
        ("segments.Families.need_mean", [1, 0], [1, 3]),
        ("segments.Singles.brand_taste_sd", 0, {"Tailor": 0, "Mass": 2}),
        ("firms.Tailor.promotions.depth", 0.2, 0.3),
        ("firms.Mass.price", 10, 9),
        ("initial.Mass.tenure", 3, 5),
    ]


def test_equal_scenarios_differ_in_nothing(market):
    assert diff(market, market.override({"title": "x", "firms.Mass.price": 10.0})).empty


def test_a_firm_that_only_one_has_is_one_row(market):
    more = market.override({"firms.Clone": {"price": 3}})
    assert rows(diff(market, more)) == [("firms.Clone", "absent", "present")]
    assert rows(diff(more, market)) == [("firms.Clone", "present", "absent")]


def test_events_differ_by_what_they_change_and_when(market):
    later = market.override({"events.0.at": 7})
    assert rows(diff(market, later)) == [
        ("events.6.firms.Mass.price", 8, "absent"),
        ("events.7.firms.Mass.price", "absent", 8),
    ]
    slower = market.override({"events.0.over": 3})
    assert rows(diff(market, slower)) == [
        ("events.6.firms.Mass.price", 8, "8.0 over 3"),
    ]
    twice = market.override({"replace_events": [*market.to_dict()["events"] * 2]})
    assert rows(diff(market, twice)) == [("events.6.firms.Mass.price#2", "absent", 8)]


def test_in_a_notebook_cell_it_shows_claim_firms_and_segments(market):
    html = market.override({"refuted_by": "nobody stays"})._repr_html_()
    for piece in (
        "Two roads", "Learning relationships last", "nobody stays", "<th>Tailor</th>",
        "<th>Families</th>", "<th>price</th>", "<td>12</td>", "1, 0", "chance 0.1, depth 0.2",
        "period 6: firms.Mass.price = 8 (price war)", market.digest,
    ):  # fmt: skip
        assert piece in html


def test_what_users_write_is_shown_and_never_run(market):
    nasty = market.override(
        {"title": "<script>1</script>", "claim": "a & b", "firms.<b>": {"price": 3}}
    )
    html = nasty._repr_html_()
    assert "<script>" not in html
    assert "<b>3" not in html
    assert "&lt;script&gt;" in html
    assert "<th>&lt;b&gt;</th>" in html
    assert "a &amp; b" in html


def test_a_section_that_one_scenario_has_is_present_there_and_absent_in_the_other():
    plain, lived = cx.load("baseline"), cx.load("crm_and_training")
    found = plain.diff(lived).set_index("path")
    assert found.loc["journey"].tolist() == ["absent", "present"]
    assert lived.diff(plain).set_index("path").loc["journey"].tolist() == ["present", "absent"]
