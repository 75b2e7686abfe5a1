"""A market is a Mesa model that Mesa's own tools take as it is."""

from __future__ import annotations

import copy
import importlib.util
import inspect
import pickle
import warnings

import mesa
import numpy as np
import pytest
from markets import firm, lively, market

import cxsim as cx

try:
    from mesa.batchrunner import batch_run
except ModuleNotFoundError:  # Mesa 4 has another runner
    batch_run = None

with_batch_run = pytest.mark.skipif(batch_run is None, reason="this Mesa has no batch_run")

NEW = tuple(int(part) for part in mesa.__version__.split(".")[:2]) >= (3, 4)

pytestmark = pytest.mark.filterwarnings("error")


def seeds(numbers):
    """Give seeds to the batch runner in the way of the Mesa that is installed."""
    return ({}, {"rng": numbers}) if NEW else ({"rng": numbers}, {})


def finished(model):
    while model.running:
        model.step()
    return model


def test_a_market_moves_one_period_per_step_and_stops_with_the_scenario():
    model = finished(cx.Market(lively(customers=100), rng=1))
    assert model.simulation.period == 6
    assert len(model.datacollector.get_model_vars_dataframe()) == 7  # the start and six periods


def test_it_does_what_a_run_does():
    scenario = lively(customers=300)
    model, result = finished(cx.Market(scenario, rng=5)), cx.run(scenario, seed=5)
    collected = model.datacollector.get_model_vars_dataframe()["concentration"].iloc[1:]
    np.testing.assert_array_equal(collected, result.market["concentration"])


def test_agents_and_columns_collect_the_same_numbers():
    scenario = lively(customers=60, periods=3)
    a = finished(cx.Market(scenario, rng=5))
    b = finished(cx.Market(scenario, engine="agents", rng=5))
    frames = [m.datacollector.get_model_vars_dataframe() for m in (a, b)]
    assert frames[0].equals(frames[1])
    firms = [
        m.datacollector.get_agent_vars_dataframe().dropna(subset=["price"])["market_share"]
        for m in (a, b)
    ]
    np.testing.assert_array_equal(firms[0], firms[1])


def test_what_each_customer_took_can_be_read_after_the_period():
    model = cx.Market(lively(customers=60), engine="agents", rng=5)
    customers = model.agents.select(agent_type=cx.Customer)
    for _ in range(3):
        model.step()
        sold = [c.choice for c in customers if c.choice in model.simulation.scenario.firms]
        shares = {name: sold.count(name) / len(sold) for name in model.simulation.scenario.firms}
        firms = model.agents.select(agent_type=cx.Firm)
        assert shares == pytest.approx({firm.name: firm.measure("market_share") for firm in firms})
        assert all(c.supplier == c.choice for c in customers if c.choice in shares)


def test_firms_are_an_agent_set():
    model = finished(cx.Market(lively(customers=200), rng=1))
    assert model.agents_by_type[cx.Firm].get("name") == ["Mass", "Niche", "Tailor"]
    assert model.agents.agg("market_share", sum) == pytest.approx(1.0)
    assert [f.name for f in model.agents.select(lambda f: f.interaction > 0.5)] == ["Tailor"]


def test_customers_are_agents_with_attributes_and_methods():
    model = cx.Market(lively(customers=50), engine="agents", rng=1)
    for _ in range(3):
        model.step()
    customers = model.agents_by_type[cx.Customer]
    assert len(customers) == 50
    someone = next(c for c in customers if c.supplier is not None)
    assert someone.segment in ("Near", "Far")
    assert someone.tenure >= 1
    assert set(someone.knowledge) == {"Mass", "Niche", "Tailor"}
    assert len(someone.need) == 2
    with pytest.raises(AttributeError, match="a customer has no attribute 'mood'"):
        someone.mood  # noqa: B018 - reading is the test


def test_a_subclass_of_customer_behaves_otherwise():
    class Faithful(cx.Customer):
        def decide(self):
            super().decide()
            if self.supplier is not None and self.choice is not None:
                self.choice = self.supplier

    class FaithfulMarket(cx.Market):
        customer_class = Faithful

    model = finished(FaithfulMarket(lively(customers=80), engine="agents", rng=1))
    assert model.simulation.ledger.count("purchases")[1:, 1:, :-1].sum() > 0
    bought = model.simulation.ledger.count("purchases")[:, 1:, :-1]
    assert not bought[:, ~np.eye(3, dtype=bool)].any(), "nobody bought from a rival"


def test_a_firms_parameters_can_be_read_and_set():
    model = cx.Market(lively(customers=3000), rng=1)
    model.step()
    tailor = model.firms["Tailor"]
    before = tailor.market_share
    tailor.price *= 3
    model.step()
    assert tailor.price == 30.0
    assert tailor.market_share < before
    with pytest.raises(AttributeError, match="no parameter or measure 'charm'"):
        tailor.charm  # noqa: B018 - reading is the test


def test_overrides_change_parameters():
    model = cx.Market("baseline", overrides={"customers": 50, "firms.Tailor.price": 12}, rng=1)
    assert model.firms["Tailor"].price == 12.0


def test_without_a_seed_the_one_drawn_is_kept():
    model = cx.Market(market(customers=50))
    again = cx.Market(market(customers=50), rng=model.seed)
    a = finished(model).datacollector.get_agent_vars_dataframe()
    b = finished(again).datacollector.get_agent_vars_dataframe()
    np.testing.assert_array_equal(a["market_share"], b["market_share"])


def test_an_engine_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="engine: expected one of columnar, agents, found 'gpu'"):
        cx.Market(market(), engine="gpu")


@with_batch_run
def test_batch_run_takes_the_market():
    parameters, keywords = seeds([1, 2])
    rows = batch_run(
        cx.Market,
        {"config": [lively(customers=80)], "engine": "columnar", **parameters},
        display_progress=False,
        **keywords,
    )
    last = {row["Step"] for row in rows}
    assert len(rows) == 2 * 3  # seeds and firms
    assert len(last) == 1
    shares = [row["market_share"] for row in rows]
    assert sum(shares) == pytest.approx(2.0)
    assert not np.isnan(shares).any()


@with_batch_run
def test_batch_run_takes_dotted_paths_through_a_market_class():
    model = cx.market_class(lively(customers=2000), ["firms.Tailor.price"])
    parameters, keywords = seeds([3])
    rows = batch_run(
        model, {"firms.Tailor.price": [8.0, 14.0], **parameters}, display_progress=False, **keywords
    )
    tailor = {
        row["firms.Tailor.price"]: row["market_share"] for row in rows if row["price"] != 10.0
    }
    assert tailor[8.0] > tailor[14.0]
    by_name = batch_run(
        model, {"firms_Tailor_price": [8.0], **parameters}, display_progress=False, **keywords
    )
    assert [r["market_share"] for r in by_name] == [r["market_share"] for r in rows[:3]]


@pytest.mark.slow
@with_batch_run
def test_batch_run_uses_processes():
    model = cx.market_class(lively(customers=200), ["firms.Tailor.price"])
    parameters, keywords = seeds([3])
    wanted = {"firms_Tailor_price": [8.0, 14.0], **parameters}
    one = batch_run(model, wanted, display_progress=False, **keywords)
    two = batch_run(model, wanted, number_processes=2, display_progress=False, **keywords)
    key = lambda row: (row["firms_Tailor_price"], row["AgentID"])  # noqa: E731 - used twice, here
    assert sorted(one, key=key) == sorted(two, key=key)


def test_a_market_class_has_real_keyword_parameters_and_pickles():
    model = cx.market_class("baseline", ["firms.Tailor.price", "learning_rate"])
    parameters = inspect.signature(model.__init__).parameters
    assert parameters["firms_Tailor_price"].default == 20.0
    assert "rng" in parameters
    assert not any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    again = pickle.loads(pickle.dumps(model))
    made = again(firms_Tailor_price=12.0, rng=1)
    assert made.firms["Tailor"].price == 12.0
    assert isinstance(made, cx.Market)


def test_a_market_class_refuses_paths_that_name_nothing():
    with pytest.raises(cx.ScenarioError, match="did you mean 'price'"):
        cx.market_class("baseline", ["firms.Tailor.prise"])


@pytest.mark.parametrize("engine", ["columnar", "agents"])
def test_a_copy_goes_on_as_the_original_does(engine):
    events = [{"at": 1, "over": 3, "set": {"firms.Mass.price": 12.0}}]
    model = cx.Market(lively(customers=60, events=events), engine=engine, rng=1)
    model.step()
    model.step()
    twin = copy.deepcopy(model)
    a, b = finished(model), finished(twin)
    assert a.datacollector.get_model_vars_dataframe().equals(
        b.datacollector.get_model_vars_dataframe()
    )


@pytest.mark.skipif(
    not (NEW and importlib.util.find_spec("solara")), reason="SolaraViz is tried on Mesa 3.5"
)
def test_solara_draws_it():
    import solara
    from mesa.visualization import Slider, SolaraViz, make_plot_component

    with warnings.catch_warnings():
        warnings.simplefilter("default")  # solara's own
        model_class = cx.market_class(
            market(firms={"Ann": firm(), "Bob": firm()}, customers=100), ["firms.Ann.price"]
        )
        page = SolaraViz(
            model_class(rng=1),
            components=[make_plot_component("concentration")],
            model_params={
                "firms_Ann_price": Slider("Price of Ann", 10.0, 5.0, 15.0, 0.5, dtype=float),
                "rng": 1,
            },
        )
        _, context = solara.render(page, handle_error=False)
        context.close()
