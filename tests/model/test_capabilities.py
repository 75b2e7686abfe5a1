"""Capabilities have a price: overhead by capability, and programmes that build them."""

from __future__ import annotations

import numpy as np
import pytest

import cxsim as cx
from cxsim.runs.measures.frames import profit_statement
from cxsim.scenario.unstated import free_line

SMALL = {"customers": 300, "periods": 24}


def market(**changes):
    return cx.load("baseline", SMALL | changes)


def with_programme(firm="Mass", **changes):
    programme = {
        "changes": {"identification": 0.95, "interaction": 0.6},
        "start": 4,
        "build": 6,
        "one_off": 60_000,
        "running": 1_000,
    }
    return market(**{f"firms.{firm}.programmes.crm": programme | changes})


def of(run, firm, *columns):
    rows = run.firms[run.firms["firm"] == firm].sort_values("period")
    return [rows[column].to_numpy() for column in columns]


# ------------------------------------------------------------------ overhead of a capability


def test_overhead_follows_its_equation():
    costs = {"identification": {"fixed": 500, "per_customer": 0.2, "exponent": 3}}
    plain, priced = cx.run(market()), cx.run(market(**{"firms.Tailor.capability_costs": costs}))
    before, customers = of(plain, "Tailor", "profit", "customers")
    after, overhead = of(priced, "Tailor", "profit", "overhead_by_capability")
    level = plain.scenario.firms["Tailor"].identification
    np.testing.assert_allclose(overhead, (500 + 0.2 * customers) * level**3)
    np.testing.assert_allclose(before - after, overhead)


def test_a_capability_that_costs_nothing_changes_no_bit():
    free = {"firms.Tailor.capability_costs.identification": {"fixed": 0, "per_customer": 0}}
    assert cx.run(market(**free)).firms.equals(cx.run(market()).firms)


def test_a_cost_may_change_during_the_run():
    costs = {"firms.Niche.capability_costs.segment_insight": {"fixed": 1_000}}
    event = {"at": 10, "set": {"firms.Niche.capability_costs.segment_insight.fixed": 3_000}}
    (steady,) = of(cx.run(market(**costs)), "Niche", "overhead_by_capability")
    (dearer,) = of(cx.run(market(**costs, events=[event])), "Niche", "overhead_by_capability")
    level = market().firms["Niche"].segment_insight
    np.testing.assert_allclose((dearer - steady)[:10], 0)
    np.testing.assert_allclose((dearer - steady)[10:], 2_000 * level**2)


@pytest.mark.parametrize(
    ("name", "text"),
    [("identifcation", "expected a capability"), ("channel_integration", "needs a journey")],
)
def test_the_price_of_what_is_no_capability_is_refused(name, text):
    with pytest.raises(cx.ScenarioError, match=text):
        market(**{f"firms.Mass.capability_costs.{name}": {"fixed": 1}})


# ---------------------------------------------------------------------------- programmes


def test_a_programme_builds_costs_and_runs():
    run = cx.run(with_programme())
    one_off, running, level = of(
        run, "Mass", "programme_investment", "programme_running_cost", "interaction"
    )
    assert one_off.tolist() == [0] * 4 + [10_000] * 6 + [0] * 14
    assert running.tolist() == [0] * 10 + [1_000] * 14
    assert level[4] == 0.1
    assert level[7] == pytest.approx(0.35)
    assert (level[10:] == 0.6).all()


def test_a_programme_may_hold_only_at_the_end_of_building():
    (level,) = of(cx.run(with_programme(path="end")), "Mass", "interaction")
    assert level.tolist() == [0.1] * 10 + [0.6] * 14


def test_a_programme_that_ends_restores_the_former_levels_and_costs_no_more():
    run = cx.run(with_programme(retire=18))
    level, running = of(run, "Mass", "interaction", "programme_running_cost")
    assert level[17:19].tolist() == [0.6, 0.1]
    assert running[17:19].tolist() == [1_000, 0]
    states = run.frame("programmes")
    assert states.groupby("state", sort=False)["period"].count().to_dict() == {
        "planned": 4,
        "building": 6,
        "running": 8,
        "ended": 6,
    }


def test_a_programme_pays_its_own_price_and_no_investment_in_capabilities():
    (invested,) = of(cx.run(with_programme()), "Mass", "capability_investment")
    assert not invested.any()
    event = {"at": 4, "over": 6, "set": {"firms.Mass.interaction": 0.6}}
    (charged,) = of(cx.run(market(events=[event])), "Mass", "capability_investment")
    assert charged.sum() == pytest.approx(50_000)


def test_a_free_programme_is_the_same_market_as_the_events_that_it_stands_for():
    free = with_programme(one_off=0, running=0, changes={"identification": 0.95})
    event = {"at": 4, "over": 6, "set": {"firms.Mass.identification": 0.95}}
    ours, theirs = cx.run(free).firms, cx.run(market(events=[event])).firms
    assert ours[theirs.columns].equals(theirs)


def test_costs_of_programmes_and_capabilities_are_lines_of_the_income_statement():
    costs = {"firms.Mass.capability_costs.segment_insight": {"fixed": 500, "exponent": 1}}
    run = cx.run(with_programme().override(costs))
    lines = profit_statement(run.firms).query("firm == 'Mass'").set_index("line")["amount"]
    assert lines["programme_investment"] == -60_000
    assert lines["programme_running_cost"] == -14_000
    assert lines["overhead_by_capability"] == pytest.approx(-24 * 500 * 0.6)
    assert lines.drop("profit").sum() == pytest.approx(lines["profit"])


def test_a_programme_without_a_price_is_said_to_be_free():
    given = market(**{"firms.Mass.programmes.crm": {"changes": {"identification": 0.9}}})
    assert "building of programme crm" in free_line(given)


def test_a_programme_that_starts_after_the_run_changes_nothing():
    late, plain = cx.run(with_programme(start=30)).firms, cx.run(market()).firms
    assert late[plain.columns].equals(plain)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (
            {"events": [{"at": 8, "set": {"firms.Mass.interaction": 0.2}}]},
            r"firms\.Mass\.interaction, which programme 'crm' changes from 4",
        ),
        (
            {"firms.Mass.programmes.app": {"changes": {"interaction": 0.9}, "start": 12}},
            "which programme 'crm' changes",
        ),
        ({"firms.Mass.policy.capability": "adaptive"}, "no policy decides about"),
        (
            {"firms.Mass.programmes.app": {"changes": {"identifcation": 0.9}}},
            "did you mean 'identification'",
        ),
        (
            {"firms.Mass.programmes.app": {"changes": {"identification": 2}, "start": 0}},
            "from 0 to 1",
        ),
        (
            {"firms.Mass.programmes.app": {"changes": {"quality": 2}, "build": 5, "retire": 5}},
            "expected a period after 5",
        ),
    ],
)
def test_what_a_programme_cannot_be_is_refused_with_the_reason(more, text):
    with pytest.raises(cx.ScenarioError, match=text):
        with_programme().override(more)


def test_a_programme_may_follow_an_event_that_is_over_and_another_that_has_ended():
    given = with_programme(retire=12).override(
        {
            "events": [{"at": 2, "set": {"firms.Mass.interaction": 0.2}}],
            "firms.Mass.programmes.app": {"changes": {"interaction": 0.9}, "start": 12},
        }
    )
    (level,) = of(cx.run(given), "Mass", "interaction")
    assert level[[1, 3, 4, 10, 11, 12]].tolist() == [0.1, 0.2, 0.2, 0.6, 0.6, 0.9]


def test_raising_identification_pays_less_where_it_has_a_price():
    """The price is all that differs: the gain is lower by the overhead, discounted."""
    better = {"firms.Tailor.identification": 1.0}
    priced = {"firms.Tailor.capability_costs.identification.fixed": 2_000.0}

    def gain(base):
        table = cx.compare(base, base.override(better), seeds=3).table
        return table.set_index(["firm", "measure"])["difference"]["Tailor", "net_present_value"]

    plain = market(**{"firms.Tailor.identification": 0.5})
    free, dear = gain(plain), gain(plain.override(priced))
    discount = (1.0 + float(plain.discount_rate)) ** -np.arange(24)
    assert dear < free
    assert free - dear == pytest.approx(2_000.0 * (1.0 - 0.5**2) * discount.sum(), rel=1e-6)
