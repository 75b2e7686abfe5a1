"""One definition of each parameter: it makes the models, the tables and the JSON schema."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from annotated_types import Ge
from pydantic import model_validator

from cxsim.model.mechanism import Mechanism
from cxsim.model.mechanism_registry import registered
from cxsim.parameters import ByFirm, Parameters, parameter
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.schema import schema_for


class People(Parameters):
    """What segments have."""

    share: float = parameter(doc="Share", unit="share", ge=0, le=1, fixed=True)
    taste: ByFirm = parameter(0.0, doc="Taste", axes=("firm",), ge=0)
    weights: tuple[float, ...] = parameter((), doc="Weights", ge=0, max_length=3)
    low: float = parameter(0.0, doc="Lower end")
    high: float = parameter(1.0, doc="Upper end")

    @model_validator(mode="after")
    def ends_are_in_order(self):
        if self.low > self.high:
            raise ValueError(f"low: expected a number of at most high, found {self.low}")
        return self


class Touchpoint(Parameters):
    """One place where firm and customer meet."""

    mean: float = parameter(5.0, doc="Performance", ge=0, le=10)
    run_by: Literal["own", "partner"] = parameter("own", doc="Who runs it")
    waits: tuple[Annotated[int, Ge(0)], ...] = parameter((), doc="Waiting times", unit="minutes")


class Firms(Parameters):
    """What firms have."""

    price: float = parameter(doc="Price", unit="currency", ge=0, source="Somebody 1999")
    touchpoints: dict[str, Touchpoint] = parameter({}, doc="Touchpoints")


class Network(Parameters):
    """How customers are connected."""

    kind: Literal["random", "ring"] = parameter("random", doc="Kind", fixed=True)
    reach: float = parameter(0.1, doc="Reach", ge=0, le=1)


class Market(Parameters):
    """What the market has."""

    network: Network | None = parameter(None, doc="Network")


PEOPLE = Mechanism("people", segment=People)
FIRMS = Mechanism("firms", firm=Firms)
NETWORK = Mechanism("network", market=Market, active=lambda s: s.network is not None)
OWN = (PEOPLE, FIRMS, NETWORK)

DATA = {
    "firms": {"A": {"price": 1, "touchpoints": {"shop": {"mean": 6}}}, "B": {"price": 2}},
    "segments": {"All": {"share": 1}},
}


def scenario(overrides=None):
    return Scenario.from_dict(DATA, overrides, mechanisms=OWN)


def refusal(overrides):
    with pytest.raises(ScenarioError) as caught:
        scenario(overrides)
    return str(caught.value).removeprefix("override: ")


def test_a_scenario_has_the_parameters_that_the_mechanisms_declare():
    assert list(schema_for(OWN).segment.model_fields) == [
        "share",
        "taste",
        "weights",
        "low",
        "high",
    ]
    assert scenario().firms["A"].touchpoints["shop"].mean == 6
    assert not hasattr(scenario().firms["A"], "interaction")


def test_the_schema_is_built_once():
    assert schema_for(OWN) is schema_for(list(OWN))
    assert schema_for() is schema_for(registered())


def test_two_mechanisms_with_one_parameter_are_refused():
    other = Mechanism("more_people", segment=People)
    with pytest.raises(
        ValueError, match="'people' and 'more_people' both declare segment parameter 'share'"
    ):
        schema_for((PEOPLE, other))


def test_a_market_parameter_cannot_take_the_place_of_a_section():
    class Events(Parameters):
        events: float = parameter(0.0, doc="Events")

    with pytest.raises(ValueError, match="'odd' declares market parameter 'events', which every"):
        schema_for((Mechanism("odd", market=Events),))


def test_a_market_parameter_cannot_hide_behind_what_scenarios_do():
    class Digestion(Parameters):
        digest: float = parameter(0.0, doc="Digestion")

    with pytest.raises(ValueError, match="a market parameter cannot be called 'digest'"):
        Scenario.from_dict(DATA, mechanisms=(*OWN, Mechanism("odd", market=Digestion)))


def test_validators_of_one_name_would_hide_each_other():
    class More(Parameters):
        more: float = parameter(0.0, doc="More")

        @model_validator(mode="after")
        def ends_are_in_order(self):
            return self

    with pytest.raises(ValueError, match="a validator called 'ends_are_in_order'"):
        schema_for((PEOPLE, Mechanism("more", segment=More)))


def test_a_type_that_scenarios_have_no_words_for_is_refused():
    class Odd(Parameters):
        odd: complex = parameter(0j, doc="Odd")

    with pytest.raises(TypeError, match="a parameter cannot be of type"):
        schema_for((Mechanism("odd", firm=Odd),))


def test_bounds_that_pydantic_could_not_apply_are_refused_when_the_schema_is_built():
    class Inner(Parameters):
        by_firm: ByFirm = parameter(0.0, doc="By firm", ge=0)

    class Outer(Parameters):
        inner: Inner = parameter(Inner(), doc="Inner")

    with pytest.raises(TypeError, match=r"Inner\.by_firm: inside a nested group, put the bounds"):
        schema_for((Mechanism("odd", firm=Outer),))


def test_a_groups_own_check_speaks_of_the_parameter_it_names():
    assert refusal({"segments.All.low": 3}) == (
        "segments.All.low: expected a number of at most high, found 3.0"
    )


def test_bounds_reach_numbers_in_lists_and_mappings():
    assert refusal({"segments.All.taste": {"A": 1, "B": -1}}) == (
        "segments.All.taste.B: expected a number of at least 0, found -1"
    )
    assert refusal({"segments.All.weights": [1, -1]}) == (
        "segments.All.weights.1: expected a number of at least 0, found -1"
    )
    assert refusal({"segments.All.weights": [1, 1, 1, 1]}) == (
        "segments.All.weights: expected a list of numbers of at least 0, found [1, 1, 1, 1]"
    )
    assert refusal({"segments.All.taste": {"A": float("nan"), "B": 1}}) == (
        "segments.All.taste.A: expected a number of at least 0, found .nan"
    )


def test_mappings_by_name_and_sections_that_are_absent():
    changed = scenario(
        {
            "firms.B.touchpoints.web": {"mean": 3},
            "firms.A.touchpoints.*.run_by": "partner",
            "network.reach": 0.2,
            "firms.A.touchpoints.shop.waits": [1, 2],
        }
    )
    assert changed.firms["B"].touchpoints["web"].mean == 3
    assert changed.firms["A"].touchpoints["shop"].run_by == "partner"
    assert changed.network.kind == "random"
    assert changed.value("network.reach") == 0.2
    assert scenario().value("network.reach") is None
    assert scenario() == changed.override(
        {"network": None, "firms.B.touchpoints.web": None,
         "firms.A.touchpoints.shop": {"mean": 6}}
    )  # fmt: skip


def test_messages_below_mappings_by_name():
    assert refusal({"firms.A.touchpoints.shp.mean": 3}) == (
        "firms.A.touchpoints.shp.mean: expected the name of an entry of touchpoints, found 'shp' "
        "(did you mean 'shop'?)"
    )
    assert refusal({"firms.A.touchpoints.shop.maen": 3}) == (
        "firms.A.touchpoints.shop.maen: expected a parameter of shop, found 'maen' "
        "(did you mean 'mean'?)"
    )
    assert refusal({"firms.A.touchpoints": 3}) == (
        "firms.A.touchpoints: expected a mapping by name, found 3"
    )
    assert refusal({"firms.A.touchpoints.shop.waits": [1, 2.5]}) == (
        "firms.A.touchpoints.shop.waits.1: expected a whole number of at least 0 (minutes), "
        "found 2.5"
    )
    assert refusal({"network": 3}) == (
        "network: expected a mapping of parameters (kind, reach) or null, found 3"
    )


def test_events_reach_into_mappings_and_sections():
    events = [
        {"at": 1, "set": {"firms.A.touchpoints.shop.mean": 7, "segments.All.taste.B": 2}},
        {"at": 2, "over": 2, "set": {"network.reach": 0.5}},
    ]
    changes = scenario({"network": {"reach": 0.2}, "events": events}).changes
    assert [(change.path, change.value) for change in changes] == [
        ("firms.A.touchpoints.shop.mean", 7.0),
        ("segments.All.taste.B", 2.0),
        ("network.reach", 0.5),
    ]
    waits = {"firms.A.touchpoints.shop.waits": [1, 2]}
    whole = [{"at": 1, "over": 2, "set": {"firms.A.touchpoints.shop.waits.0": 3}}]
    assert "expected a number to change over 2 periods, found 3" in refusal(
        {**waits, "events": whole}
    ), "whole numbers step"
    assert "expected a parameter that may change during a run" in refusal(
        {"events": [{"at": 1, "set": {"network.kind": "ring"}}]}
    )


def test_which_mechanisms_take_part():
    assert scenario().mechanisms == (PEOPLE, FIRMS)
    assert scenario({"network": {}}).mechanisms == OWN


# ------------------------------------------------------------------------ tables


def test_the_table_of_parameters():
    table = Scenario.parameters(OWN).set_index("path")
    assert list(table.columns) == [
        "kind", "unit", "default", "minimum", "maximum", "source", "description", "mechanism",
        "fixed", "newcomers", "levels",
    ]  # fmt: skip
    price = table.loc["firms.*.price"]
    assert price[["kind", "unit", "default", "minimum", "source", "mechanism"]].tolist() == [
        "a number", "currency", "required", 0, "Somebody 1999", "firms",
    ]  # fmt: skip
    assert table.loc["firms.*.touchpoints.*.mean", "maximum"] == 10
    assert table.loc["firms.*.touchpoints.*.run_by", "kind"] == "one of own, partner"
    assert table.loc["segments.*.taste", "kind"] == "a number, for all firms or for each by name"
    assert table.loc["network.reach", "mechanism"] == "network"
    assert table.loc["periods", "default"] == 60
    assert table.loc["segments.*.share", "fixed"]
    assert not table.loc["network.reach", "fixed"]


def test_every_parameter_says_what_it_is_and_where_its_default_comes_from():
    table = Scenario.parameters()
    assert table.path.is_unique
    for column in ("kind", "unit", "source", "description", "mechanism"):
        assert (table[column].str.len() > 0).all(), column


# ------------------------------------------------------------------- JSON schema


@pytest.fixture(scope="module")
def accepts():
    jsonschema = pytest.importorskip("jsonschema")
    schema = Scenario.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).is_valid


def test_the_json_schema_accepts_scenario_files(accepts):
    baseline = Scenario.load("baseline")
    assert accepts(baseline.to_dict())
    assert accepts(baseline.to_dict(defaults=True))


def test_the_json_schema_refuses_what_the_package_refuses(accepts, market):
    data = market.to_dict()
    assert accepts(data)
    assert not accepts({**data, "firm": {}})
    assert not accepts({**data, "periods": 0})
    assert not accepts({**data, "firms": {"A": {"price": -1}}})
    assert not accepts({**data, "firms": {"A": {}}})
    assert not accepts({**data, "firms": {"A": None}})
    assert not accepts({"firms": data["firms"]})


def test_in_the_json_schema_a_variant_need_not_say_all(accepts):
    assert accepts({"extends": "baseline"})
    assert accepts({"extends": "baseline", "firms": {"A": None, "B": {"interaction": 1}}})
    assert not accepts({"extends": "baseline", "firms": {"B": {"interaction": 2}}})


def test_the_json_schema_has_units_and_sources():
    schema = Scenario.json_schema(OWN)
    price = schema["$defs"]["Firm"]["properties"]["price"]
    assert (price["unit"], price["source"], price["minimum"]) == ("currency", "Somebody 1999", 0)
