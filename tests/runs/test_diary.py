"""The diary of one customer is that customer's run, in detail."""

from __future__ import annotations

import numpy as np
import pytest
from everything import everything

import cxsim as cx
from cxsim import plot
from cxsim.runs.diary import terms_of

SMALL = {"customers": 12, "periods": 8}


@pytest.fixture(scope="module")
def told():
    return cx.diary("baseline", customer=3, seed=2, overrides=SMALL)


def test_choices_and_prices_are_those_of_the_run(told):
    run = cx.run("baseline", seed=2, overrides=SMALL, probes=["customers"], panel=12)
    rows = run.panel[run.panel["customer"].astype(str) == "3"]
    chosen = told[told["chosen"]]
    assert len(chosen) > 2
    assert chosen["period"].tolist() == rows["period"].tolist()
    assert chosen["option"].tolist() == rows["choice"].tolist()
    mass = told[told["option"] == "Mass"]
    assert mass["price_asked"].tolist() == rows["price_Mass"].tolist()


def test_terms_add_up_to_the_value_of_each_option(told):
    terms = told[terms_of(told)].to_numpy(dtype=np.float32)
    assert terms.shape[1] >= 6
    assert np.allclose(terms.sum(axis=1), told["worth"], rtol=0, atol=1e-5)


def test_the_supplier_alone_has_a_switching_cost_and_knows_more_after_each_purchase(told):
    named = ["switching_procedural", "switching_financial", "switching_relational"]
    has = told[named].notna().all(axis=1)
    after = told[told["chosen"] & (told["option"] != "no_purchase")]
    assert has[after.index].all()
    assert (has.groupby(told["period"]).sum() <= 1).all()
    first = after.iloc[0]
    later = told[(told["option"] == first["option"]) & (told["period"] > first["period"])]
    assert later["knowledge"].iloc[0] > first["knowledge"] >= 0


def test_who_takes_a_place_in_the_market_is_another_customer():
    leaving = cx.load("baseline", {**SMALL, "segments.*.exit_rate": 0.5})
    told = cx.diary(leaving, customer=0)
    assert told["since"].nunique() > 1
    assert (told["since"] <= told["period"]).all()
    assert told.loc[told["since"] == told["period"], "supplier"].isna().all()


def test_a_customer_who_is_not_there_and_accounts_of_several_members_are_refused():
    with pytest.raises(ValueError, match="customer: expected a number from 0 to 11, found 12"):
        cx.diary("baseline", customer=12, overrides=SMALL)
    with pytest.raises(ValueError, match="diary: expected accounts of one member each, found up"):
        cx.diary(everything(customers=5, periods=2))


def test_the_picture_says_how_often_the_customer_bought(told):
    figure = plot.customer_diary(told)
    bought = int((told["chosen"] & (told["option"] != "no_purchase")).sum())
    assert f"{bought} purchases" in figure.texts[0].get_text() + plot.alternative_text(figure)
    assert len(figure.axes) == 2
