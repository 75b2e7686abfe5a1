"""What a user writes to a Mesa agent counts, or is refused in one line; models are released."""

from __future__ import annotations

import copy
import gc
import os
import weakref
from pathlib import Path

import numpy as np
import pytest
from markets import lively
from test_mesa import finished, seeds, with_batch_run

import cxsim as cx

try:
    from mesa.batchrunner import batch_run
except ModuleNotFoundError:  # Mesa 4 has another runner
    batch_run = None

pytestmark = pytest.mark.filterwarnings("error")


def small(**changes):
    return lively(**{"customers": 40, "periods": 6, **changes})


def agents(**options):
    return cx.Market(small(), engine="agents", rng=1, **options)


def customers(market):
    return market.agents.select(agent_type=cx.Customer)


def first(market):
    return next(iter(customers(market)))


def line(caught):
    text = str(caught.value)
    assert "\n" not in text
    return text


def purchases(market):
    return market.simulation.ledger.count("purchases")


# ------------------------------------------------------------------- customers: columns


def test_what_is_written_is_what_the_model_goes_on_with():
    market = agents()
    for customer in customers(market):
        customer.purchase_rate = 0.0
        customer.exit_rate = 0.0
    market.step()
    assert purchases(market)[-1].sum() == 0
    customers(market).set("purchase_rate", 1.0)
    market.step()
    assert purchases(market)[-1].sum() == 40
    assert (market.simulation.customers("purchase_rate") == 1.0).all()


def test_a_value_is_rounded_as_its_column_is_and_read_back_so():
    ann = first(agents())
    ann.purchase_rate = 0.1
    assert ann.purchase_rate == float(np.float32(0.1)) != 0.1
    ann.need = [0.25, 1 / 3]
    assert ann.need.tolist() == [0.25, float(np.float32(1 / 3))]
    ann.tenure = 7
    assert ann.tenure == 7


def test_sets_of_agents_write_and_map_as_mesas_do():
    market = agents()
    market.step()
    people = customers(market)
    people.set("tenure", 50)
    assert people.get("tenure") == [50] * 40
    people.map(lambda c: setattr(c, "exit_rate", 0.0))
    people.do(lambda c: setattr(c, "purchase_rate", 1.0))
    market.step()
    assert max(people.get("tenure")) == 51


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("purchase_rate", 9, "purchase_rate: expected numbers from 0 to 1, found 9"),
        ("purchase_rate", float("nan"), "purchase_rate: expected numbers from 0 to 1, found nan"),
        ("exit_rate", "often", "exit_rate: expected a number, found 'often'"),
        ("price_sensitivity", -1, "price_sensitivity: expected numbers from 0 to"),
        ("price_sensitivity", float("inf"), "price_sensitivity: expected numbers from 0 to"),
        ("tenure", 1.5, "tenure: expected whole numbers from 0 to 2.14748e+09, found 1.5"),
        ("tenure", 1e12, "tenure: expected whole numbers from 0"),
        ("need", [1.0, 2.0, 3.0], "need: expected 2 numbers, found [1.0, 2.0, 3.0]"),
        ("uncertainty", 1.01, "uncertainty: expected numbers from 0 to 1, found 1.01"),
        ("supplier", "Tailr", "supplier: expected any of Mass, Niche, Tailor, no_purchase or"),
        ("supplier", "no_purchase", "supplier: expected the name of a firm, found 'no_purchase'"),
        ("knowledge", {"Tailor": 1.5}, "knowledge of Tailor: expected numbers from 0 to 1"),
        ("knowledge", {"Tail": 0.5}, "knowledge: expected any of Mass, Niche, Tailor, no_purchase"),
        ("knowledge", {"no_purchase": 0.5},
         "knowledge: expected the name of a firm, found 'no_purchase'"),
    ],
)  # fmt: skip
def test_what_a_column_cannot_hold_is_refused_and_changes_nothing(name, value, text):
    ann = first(agents())
    before = copy.deepcopy(getattr(ann, name))
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        setattr(ann, name, value)
    assert line(caught).startswith(text)
    assert str(getattr(ann, name)) == str(before)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "purchas_rate",
            "(did you mean 'purchase_rate'?); name attributes of your own in the body",
        ),
        ("mood", "a customer has no attribute 'mood'; name attributes of your own in the body of"),
        ("segment", "segment: expected the one that the customer's attributes were drawn for"),
        ("entry_period", "entry_period: expected to be set by the model alone"),
        ("number", "number: expected no other number than a customer has already"),
        ("unique_id", "unique_id: expected no other"),
        ("chance_to_shop", "chance_to_shop: expected the customer's own turn"),
        ("choice", "choice: expected to be set in decide(), after super().decide()"),
    ],
)
def test_names_that_nothing_would_read_are_refused(name, text):
    ann = first(agents())
    value = "Tailor" if name == "choice" else 0.5
    with pytest.raises(AttributeError) as caught:
        setattr(ann, name, value)
    assert text in line(caught)


def test_parts_of_what_was_read_cannot_be_written():
    """They are copies: a change would be lost."""
    market = agents()
    ann = first(market)
    with pytest.raises(ValueError, match="read-only"):
        ann.need[0] = 3.0
    with pytest.raises(TypeError, match="expected a mapping to be assigned"):
        ann.knowledge["Tailor"] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        market.firms["Tailor"].position[0] = 3.0


def test_supplier_and_knowledge_can_be_handed_out():
    market = agents()
    for customer in customers(market):
        customer.supplier = "Tailor"
        customer.knowledge = {"Tailor": 0.75, "Mass": 0.0}
        customer.exit_rate = 0.0
    ann = first(market)
    assert (ann.supplier, ann.tenure) == ("Tailor", 0)
    assert ann.knowledge["Tailor"] == 0.75
    assert ann.knowledge["Niche"] == 0.0
    market.step()
    holders = market.simulation.ledger.count("customers_before")[-1]
    assert holders.tolist() == [0, 0, 0, 40]
    ann.supplier = None
    assert ann.supplier is None


# ------------------------------------------------------------------ customers: subclasses


class Moody(cx.Customer):
    """Buys on good days only."""

    needs = None  # near a column's name, and meant

    def __init__(self, model, engine=None, number=-1):
        super().__init__(model, engine, number)
        self.mood = 0
        self.diary = []

    def arrive(self):
        super().arrive()
        if self.entry_period == self.model_period():
            self.purchase_rate = 0.25

    def model_period(self):
        return -1

    def prepare(self):
        super().prepare()
        self.mood += 1
        self.chance_to_shop = 1.0 if self.mood % 2 else 0.0
        self.diary.append(self.chance_to_shop)


def test_a_subclass_has_attributes_of_its_own_and_writes_columns_in_its_turn():
    market = agents(customer_class=Moody)
    assert market.engine == "agents"
    ann = first(market)
    assert ann.purchase_rate == 0.25, "set in arrive(), it is there at the start"
    ann.needs = 3
    ann.remark = "from outside"
    assert (ann.needs, ann.remark) == (3, "from outside")
    with pytest.raises(AttributeError, match="did you mean 'exit_rate'"):
        ann.exit_rte = 0.5
    market.step()
    market.step()
    assert ann.diary[:1] == [1.0]
    assert ann.mood == 2


def test_a_subclass_cannot_hide_a_column_or_set_one_before_there_is_anybody():
    class Hides(cx.Customer):
        tenure = 5

    class Early(cx.Customer):
        def __init__(self, model, engine=None, number=-1):
            super().__init__(model, engine, number)
            self.purchase_rate = 0.5

    class Earlier(cx.Customer):
        def __init__(self, model, engine=None, number=-1):
            self.purchase_rate = 0.5
            super().__init__(model, engine, number)

    for kind in (Hides, Earlier):
        with pytest.raises(TypeError, match=r"expected attributes that are no columns.*super\(\)"):
            agents(customer_class=kind)
    with pytest.raises(AttributeError, match=r"purchase_rate: expected .* in arrive\(\), after"):
        agents(customer_class=Early)


def test_a_class_of_customers_is_an_argument_and_asks_for_agents():
    assert cx.Market(small(), rng=1).engine == "columnar"
    model = cx.market_class(small(), ["firms.Tailor.price"], customer_class=Moody)
    assert isinstance(first(model(firms_Tailor_price=12.0, rng=1)), Moody)
    with pytest.raises(ValueError, match=r"expected 'agents', .* \(Moody\), found 'columnar'"):
        cx.Market(small(), engine="columnar", customer_class=Moody)
    with pytest.raises(TypeError, match=r"customer_class: expected a subclass of cx\.Customer"):
        cx.Market(small(), customer_class=dict)


# ----------------------------------------------------------- nobody acts twice or unseen


def test_customers_and_firms_act_when_the_market_steps_and_only_then():
    market = agents()
    market.step()
    before = {n: market.simulation.customers(n).copy() for n in ("tenure", "supplier", "need")}
    for act in ("step", "pay", "join", "update", "leave", "account"):
        with pytest.raises(RuntimeError) as caught:
            customers(market).shuffle_do(act)
        assert "market.step()" in line(caught)
    with pytest.raises(RuntimeError, match=r"firms act when the market steps"):
        market.agents_by_type[cx.Firm].do("step")
    for name, values in before.items():
        np.testing.assert_array_equal(market.simulation.customers(name), values)


def test_a_phase_is_run_once_a_turn_and_not_left_out():
    class Twice(cx.Customer):
        def pay(self):
            super().pay()
            super().pay()

    class Never(cx.Customer):
        def leave(self):
            pass

    with pytest.raises(RuntimeError, match="pay: expected one call in a customer's turn"):
        agents(customer_class=Twice).step()
    with pytest.raises(RuntimeError, match=r"Never.leave: expected a call of super\(\).leave\(\)"):
        agents(customer_class=Never).step()


def test_shuffling_and_selecting_change_nothing():
    plain, shuffled = agents(), agents()
    shuffled.agents.shuffle(inplace=True)
    shuffled.agents.select(lambda a: a.unique_id % 2)
    for market in (plain, shuffled):
        market.step()
    np.testing.assert_array_equal(purchases(plain), purchases(shuffled))


# ----------------------------------------------------------- nobody comes or goes unseen


def test_customers_and_firms_are_not_removed_or_added():
    market = agents()
    ann, tailor = first(market), market.firms["Tailor"]
    for act in (
        ann.remove,
        tailor.remove,
        market.remove_all_agents,
        lambda: cx.Customer(market),
        lambda: cx.Customer(market, market.simulation.engine, 3),
        lambda: cx.Customer.create_agents(market, 3),
        lambda: cx.Firm(market, "New"),
        lambda: cx.Firm(market, "Tailor"),
    ):
        with pytest.raises(NotImplementedError) as caught:
            act()
        assert "cannot be" in line(caught)
    assert len(market.agents) == 43
    market.step()


@pytest.mark.parametrize(
    "take",
    [
        lambda m: m.agents.remove(next(iter(customers(m)))),
        lambda m: m.agents.discard(next(iter(customers(m)))),
        lambda m: m.agents.select(lambda a: a.unique_id > 20, inplace=True),
        lambda m: m.agents_by_type[cx.Customer].clear(),
        lambda m: m.agents_by_type[cx.Firm].pop(),
        lambda m: m.deregister_agent(next(iter(customers(m)))),
        lambda m: m.agents.add(first(agents())),
    ],
    ids=["remove", "discard", "select", "clear", "pop", "deregister", "add"],
)
def test_a_market_does_not_go_on_without_those_who_were_taken_out(take):
    market = agents()
    take(market)
    with pytest.raises(NotImplementedError) as caught:
        market.step()
    assert line(caught).startswith("agents: expected ")
    assert market.simulation.period == 0


def test_purchases_end_with_what_the_message_recommends():
    market = agents()
    for customer in customers(market):
        customer.purchase_rate = 0
        customer.supplier = None
        customer.exit_rate = 0
    market.step()
    assert purchases(market)[-1].sum() == 0
    assert market.simulation.ledger.count("customers_before")[-1].tolist() == [40, 0, 0, 0]


# -------------------------------------------------------------------------------- firms


def test_what_is_written_to_a_firm_is_an_event_of_the_next_period():
    event = {"at": 2, "set": {"firms.Tailor.price": 12.0}}
    scheduled = finished(cx.Market(small(events=[event]), rng=1))
    market = cx.Market(small(), rng=1)
    market.step()
    market.step()
    market.firms["Tailor"].price = 12
    finished(market)
    np.testing.assert_array_equal(
        scheduled.simulation.ledger.count("revenue"), market.simulation.ledger.count("revenue")
    )


@pytest.mark.parametrize(
    ("name", "value", "error", "text"),
    [
        ("price", -1, ValueError, "firms.Tailor.price: expected a number of at least 0 ("),
        ("price", 1e12, ValueError, "firm 'Tailor', period 0: expected a price of at most 1"),
        ("price", float("nan"), ValueError, "firms.Tailor.price: expected a"),
        ("price", "cheap", ValueError, "firms.Tailor.price: expected a number"),
        ("interaction", 1.5, ValueError, "firms.Tailor.interaction: expected a number from 0 to 1"),
        ("prise", 9, AttributeError, "a firm has no parameter 'prise' (did you mean 'price'?)"),
        (
            "market_share",
            0.9,
            AttributeError,
            "market_share: expected a parameter, found a measure",
        ),
        ("name", "Ann", AttributeError, "name: expected no other name than the firm has already"),
    ],
)
def test_what_no_event_could_set_is_refused(name, value, error, text):
    market = cx.Market(small(), rng=1)
    tailor = market.firms["Tailor"]
    before = str(getattr(tailor, name, None))
    with pytest.raises(error) as caught:
        setattr(tailor, name, value)
    assert line(caught).startswith(text)
    assert str(getattr(tailor, name, None)) == before
    market.step()


def test_parts_of_groups_and_the_markets_own_parameters_are_written_too():
    market = cx.Market(small(), rng=1)
    market.firms["Tailor"].promotions_depth = 0.5
    assert market.firms["Tailor"].promotions_depth == 0.5
    market.learning_rate = 0.75
    assert market.learning_rate == 0.75
    assert market.simulation.workspace.tables.arrays["market_learning_rate"][0] == 0.75
    market.firms["Mass"].active = False
    market.step()
    assert purchases(market)[-1][:, 0].sum() == 0
    with pytest.raises(AttributeError, match="concentration: expected a parameter, found a meas"):
        market.concentration = 0.5
    with pytest.raises(ValueError, match="discount_rate: expected a parameter that may change"):
        market.discount_rate = 0.5
    market.remark = "mine"
    assert market.remark == "mine"


# ---------------------------------------------------------------------------- batch_run


@with_batch_run
def test_rows_of_a_batch_carry_their_seed_and_are_those_of_a_run():
    parameters, keywords = seeds([3, 4])
    rows = batch_run(
        cx.Market, {"config": [small()], **parameters}, display_progress=False, **keywords
    )
    assert {row["seed"] for row in rows} == {3, 4}
    for seed in (3, 4):
        last = cx.run(small(), seed=seed).firms.query("period == 5")["market_share"]
        np.testing.assert_array_equal([r["market_share"] for r in rows if r["seed"] == seed], last)


# ------------------------------------------------------------------- models are released


@pytest.mark.parametrize("engine", ["columnar", "agents"])
def test_a_market_that_nobody_holds_is_collected(engine):
    markets = [finished(cx.Market(small(), engine=engine, rng=k)) for k in range(5)]
    held = [weakref.ref(each) for each in markets]
    twin = copy.deepcopy(markets[0])
    assert [a.unique_id for a in twin.agents] == [a.unique_id for a in markets[0].agents]
    for market in markets:
        ids = sorted(agent.unique_id for agent in market.agents)
        assert ids == list(range(1, len(ids) + 1))
    del markets, market, twin
    gc.collect()
    assert [each() for each in held] == [None] * 5


def test_a_run_of_the_agents_engine_is_collected():
    def living():
        gc.collect()
        # by type(): isinstance() would ask a dead weakref.proxy of a library for its class
        return sum(issubclass(type(each), cx.Customer) for each in gc.get_objects())

    before = living()
    cx.run(small(), engine="agents")
    assert living() == before


def resident():
    """Return the resident memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


on_linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")


def many(number):
    """Make, step and drop markets; return resident MiB after each tenth."""
    sizes = []
    for k in range(number):
        market = cx.Market(lively(customers=2000, periods=2), rng=k)
        market.step()
        if k % (number // 10) == number // 10 - 1:
            gc.collect()  # models are in cycles: else chance says how many are still there
            sizes.append(resident())
    return sizes


@on_linux
def test_forty_markets_take_the_memory_of_a_few():
    sizes = many(40)
    assert sizes[-1] - sizes[1] < 20


@on_linux
@pytest.mark.slow
def test_a_thousand_markets_take_the_memory_of_a_few():
    sizes = many(1000)
    assert sizes[-1] - sizes[2] < 20


@on_linux
@pytest.mark.slow
@with_batch_run
def test_a_batch_of_a_thousand_markets_leaves_nothing_behind():
    model = cx.market_class(lively(customers=500, periods=2), ["firms.Tailor.price"])

    def batch():
        parameters, keywords = seeds([1])
        prices = np.linspace(8, 12, 250).tolist()
        batch_run(
            model,
            {"firms_Tailor_price": prices, **parameters},
            display_progress=False,
            max_steps=2,
            **keywords,
        )
        gc.collect()
        return resident()

    sizes = [batch() for _ in range(4)]
    assert sizes[-1] - sizes[0] < 20
    # By type(), since isinstance() follows weak references of others to what is no longer there.
    assert sum(issubclass(type(each), cx.Market) for each in gc.get_objects()) == 0
