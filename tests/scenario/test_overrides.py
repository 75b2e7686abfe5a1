"""Any value can be changed by its dotted path; the result is checked like a file."""

from __future__ import annotations

import numpy as np
import pytest

from cxsim.scenario import Scenario, ScenarioError, parse_override


def refusal(scenario, *args):
    with pytest.raises(ScenarioError) as caught:
        scenario.override(*args)
    return str(caught.value)


def test_a_value_by_its_path(market):
    dearer = market.override({"firms.Tailor.price": 15, "periods": 12})
    assert (dearer.firms["Tailor"].price, dearer.periods) == (15, 12)
    assert (market.firms["Tailor"].price, market.periods) == (12, 24), "the first one is as it was"


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("firms.Tailor.price=12", "firms.Tailor.price", 12),
        ("learning_rate=1e-1", "learning_rate", 0.1),
        ("no_purchase_option=true", "no_purchase_option", True),
        ("title=a = b", "title", "a = b"),
        ("title=yes", "title", "yes"),
        ("title='12'", "title", "12"),
        ("segments.All.need_mean=[1, 2]", "segments.All.need_mean", (1, 2)),
        ("firms.New={price: 3}", "firms.New", {"price": 3}),
        ("segments.All.exit_rate_beta=null", "segments.All.exit_rate_beta", None),
        (" periods = 3", "periods", 3),
    ],
)
def test_on_the_command_line_values_are_yaml(text, path, value):
    assert parse_override(text) == (path, value)


def test_a_command_line_override_that_is_none():
    for text in ("periods", "=3", ""):
        with pytest.raises(ScenarioError) as caught:
            parse_override(text)
        assert str(caught.value) == (
            f"override: expected PATH=VALUE (firms.Tailor.price=12), found '{text}'"
        )
    with pytest.raises(ScenarioError, match=r"override: periods: expected YAML, found a mistake"):
        parse_override("periods=[1")


def test_loading_takes_overrides_of_either_kind(market):
    expected = market.override({"firms.Mass.price": 9})
    assert Scenario.load("market.yaml", {"firms.Mass.price": 9}) == expected
    assert Scenario.load("market.yaml", ["firms.Mass.price=9"]) == expected
    assert market.override("firms.Mass.price=9") == expected


def test_a_star_stands_for_all(market):
    same = market.override({"firms.*.price": 9})
    assert [firm.price for firm in same.firms.values()] == [9, 9]
    assert market.override({"segments.*.need_mean.1": 3}).value("segments.*.need_mean") == {
        "segments.Families.need_mean": (1, 3),
        "segments.Singles.need_mean": (0, 3),
    }


def test_parts_of_a_parameter(market):
    changed = market.override(
        {
            "firms.Mass.promotions.depth": 0.5,
            "segments.Families.need_mean.1": 4,
            "segments.Singles.brand_taste_sd.Mass": 2,
            "initial.Mass.share": 0.25,
            "events.0.at": 3,
            "events.0.set.firms.Mass.price": 7,
        }
    )
    assert changed.firms["Mass"].promotions.depth == 0.5
    assert changed.segments["Families"].need_mean == (1, 4)
    assert changed.segments["Singles"].brand_taste_sd == {"Tailor": 0, "Mass": 2}
    assert changed.initial["Mass"].tenure == 3
    (change,) = changed.changes
    assert (change.at, change.path, change.value) == (3, "firms.Mass.price", 7)


def test_whole_firms_come_and_go(market):
    more = market.override({"firms.Clone": market.firms["Tailor"]})
    assert more.firms["Clone"] == market.firms["Tailor"]
    assert list(more.firms) == ["Tailor", "Mass", "Clone"]
    assert list(more.override({"firms.Clone": None}).firms) == ["Tailor", "Mass"]
    assert more.override({"firms.Clone": None}) == market


def test_a_name_to_take_out_must_be_there(market):
    assert refusal(market, {"firms.Mas": None}) == (
        "override: firms.Mas: expected a name to take out, found 'Mas' (did you mean 'Mass'?)"
    )


def test_later_overrides_see_earlier_ones(market):
    both = market.override({"firms.Clone": {"price": 3}, "firms.Clone.price": 4})
    assert both.firms["Clone"].price == 4
    pairs = ["segments.Families.share=1", "segments.Singles=null"]
    assert list(market.override(pairs).segments) == ["Families"]


def test_numbers_of_numpy_are_numbers(market):
    changed = market.override(
        {
            "firms.Mass.price": np.float32(0.5),
            "periods": np.int64(7),
            "segments.Families.need_mean": np.array([3, 4]),
            "no_purchase_option": np.bool_(True),
        }
    )
    assert changed.firms["Mass"].price == 0.5
    assert changed.periods == 7
    assert changed.segments["Families"].need_mean == (3, 4)
    assert changed.no_purchase_option is True


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("firms.Tailr.price", 1, ("firms.Tailr.price: expected the name of a firm, found 'Tailr' "
                                 "(did you mean 'Tailor'?)")),
        ("firms.Tailor.prise", 1, ("firms.Tailor.prise: expected a parameter of a firm, "
                                  "found 'prise' (did you mean 'price'?)")),
        ("frims.Tailor.price", 1, ("frims.Tailor.price: expected a parameter or section of a "
                                  "scenario, found 'frims' (did you mean 'firms'?)")),
        ("firms.Mass.promotions.dept", 1, ("firms.Mass.promotions.dept: expected a parameter of "
                                            "promotions, found 'dept' (did you mean 'depth'?)")),
        ("firms.Tailor.price.x", 1, ("firms.Tailor.price.x: expected nothing below "
                                    "firms.Tailor.price, found 'x'")),
        ("periods.x", 1, "periods.x: expected nothing below periods, found 'x'"),
        ("segments.Singles.brand_taste_sd.Mas", 1,
         ("segments.Singles.brand_taste_sd.Mas: expected the name of a firm, found 'Mas' "
         "(did you mean 'Mass'?)")),
        ("initial.Mas", {"share": 0.1}, ("initial.Mas: expected the name of a firm, found 'Mas' "
                                        "(did you mean 'Mass'?)")),
        ("segments.Families.need_mean.x", 1, ("segments.Families.need_mean.x: expected the number "
                                             "of an item (0, 1, ...), found 'x'")),
        ("segments.Families.need_mean.2", 1, ("segments.Families.need_mean.2: expected the number "
                                             "of an item below 2, found 2")),
        ("events.1.at", 3, "events.1.at: expected the number of an item below 1, found 1"),
        ("", 1, "expected a dotted path, found ''"),
        ("firms.Tailor.price", -1, ("firms.Tailor.price: expected a number of at least 0 (currency "
                                   "per unit), found -1")),
        ("firms.Tailor.price", {1, 2}, ("firms.Tailor.price: expected a number of at least 0 "
                                       "(currency per unit), found a Python set")),
        ("firms.Clone", {}, ("firms.Clone.price: expected a number of at least 0 (currency per "
                            "unit), found nothing")),
        ("firms.Clone", {"price": {3: 4}}, "firms.Clone.price: expected a text as key, found 3"),
    ],
)  # fmt: skip
def test_what_a_wrong_override_says(market, path, value, message):
    assert refusal(market, {path: value}) == f"override: {message}"


def test_a_star_over_nothing(write):
    bare = {"firms": {"A": {"price": 1}}, "segments": {"All": {"share": 1}}}
    scenario = Scenario.from_dict(bare)
    assert scenario.override({"initial.*.share": 0.5}).initial["A"].share == 0.5
    with pytest.raises(ScenarioError, match="expected segments for \\* to stand for, found none"):
        Scenario.from_dict({**bare, "segments": {}}, {"segments.*.need_sd": 1})


def test_data_that_contain_themselves_are_refused(market):
    endless = {}
    endless["price"] = endless
    assert "expected at most 40 levels, found more" in refusal(market, {"firms.Mass": endless})


def test_values_are_read_by_path_too(market):
    assert market.value("firms.Tailor.price") == 12
    assert market.value("firms.Mass.promotions.depth") == 0
    assert market.value("firms.*.price") == {"firms.Mass.price": 10, "firms.Tailor.price": 12}
    assert market.value("segments.Families.need_mean.0") == 1
    assert market.value("segments.Families.brand_taste_sd.Mass") == 0
    assert market.value("segments.Singles.need_mean") is None
    assert market.value("events.0.label") == "price war"
    for path, message in [
        ("firms.X.price", ("path: firms.X.price: expected the name of a firm, found 'X' "
                          "(known: Mass, Tailor)")),
        ("firms.Clone", "path: firms.Clone: expected something there, found 'Clone'"),
        ("initial.Tailor", "path: initial.Tailor: expected something there, found 'Tailor'"),
    ]:  # fmt: skip
        with pytest.raises(ScenarioError) as caught:
            market.value(path)
        assert str(caught.value) == message
