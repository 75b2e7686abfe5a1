"""Measures, probes and columns by a former name are refused with the name of today."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from journeys import lived
from markets import lively

import cxsim as cx
import cxsim.plot as cp
from cxsim.calibration.targets import read_targets
from cxsim.messages import former_names
from cxsim.model.mechanism_registry import PROBES, registered
from cxsim.runs.measures.frames import service_statement
from cxsim.runs.measures.measure_registry import firm_measure, measures, near
from cxsim.scenario import Scenario
from cxsim.scenario.schema import schema_for
from cxsim.strategy.copying import OUTCOMES
from cxsim.strategy.decide import plan_decision
from cxsim.study.claim_test import check_test

PROBE_MECHANISMS = tuple(
    probe(lived(), registered()) for name, probe in PROBES.items() if name != "customers"
)
EVERYWHERE = (*registered(), *PROBE_MECHANISMS)
FIRM = {m.name for m in measures("firm", EVERYWHERE)}
MARKET = {m.name for m in measures("market", EVERYWHERE)}

#: Former names by the present names that each of them has among the measures.
RENAMED = {
    former: sorted(set(now) & (FIRM | MARKET))
    for former, now in former_names().items()
    if set(now) & (FIRM | MARKET)
}

#: One of an ordinary word, one of several words, and one of the market.
FORMER = [("share", "market_share"), ("cost_per_acquired", "customer_acquisition_cost")]

PACKAGE = Path(cx.__file__).parent
PARAMETERS = list(schema_for().root.parameters())
SMALL = {"customers": 60, "periods": 4}


def meant(name):
    return re.escape(f"did you mean '{name}'")


def study(**changes):
    given = {"scenario": "baseline", "overrides": SMALL, "seeds": 1}
    return cx.Study.from_dict(
        given | {"factors": {"firms.Tailor.price": [18, 22]}, "outputs": ["profit"]} | changes
    )


def test_every_name_that_the_table_gives_is_there_and_no_former_one_is():
    run = cx.run(lived(**SMALL).override({"segments.*.volume": 1}), probes=list(PROBES))
    columns = {str(column) for frame in run.frames.values() for column in frame.columns}
    columns |= {*service_statement(run.firms, run.scenario).columns, *OUTCOMES}
    named = FIRM | MARKET | columns | set(PROBES) | {path[-1] for path, _ in PARAMETERS}
    others = {
        name
        for former, now in former_names().items()
        for name in now
        if name not in named and "." not in name and not name.startswith("--")
    }
    sources = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert len(RENAMED) > 70
    assert not {name for name in others if not re.search(rf"\b{name}\b", sources)}
    assert not set(former_names()) & (FIRM | MARKET | set(PROBES))


@pytest.mark.parametrize(("former", "now"), RENAMED.items())
def test_a_former_measure_is_refused_with_the_name_of_today(former, now):
    assert near(former, sorted(FIRM | MARKET)) == f" (did you mean '{now[0]}'?)"


@pytest.mark.parametrize(("former", "now"), FORMER)
def test_outputs_of_studies_name_it(former, now):
    for given, wanted in ((former, now), (f"{former}.Tailor", f"{now}.Tailor")):
        with pytest.raises(ValueError, match=meant(wanted)):
            study(scenario="baseline_full", outputs=[given])


def test_outputs_of_the_market_and_rules_for_stopping_name_it():
    with pytest.raises(ValueError, match=meant("no_purchase_share")):
        study(outputs=["outside_share"])
    with pytest.raises(ValueError, match=meant("market.no_purchase_share")):
        study(outputs=["market.outside_share"])
    with pytest.raises(ValueError, match=meant("market_share.Tailor")):
        study(
            outputs=["market_share.Tailor"],
            stopping={"output": "share.Tailor", "half_width": 0.1},
        )


def test_targets_name_it():
    rows = [{"measure": "signals", "firm": "Mass", "value": 0.1, "se": 0.01}]
    given = {"base": "baseline", "parameters": {"firms.Mass.price": [10, 30]}, "targets": rows}
    with pytest.raises(cx.calibration.CalibrationError, match=meant("need_variance_resolved")):
        read_targets(given)


def test_targets_understand_it_and_say_so():
    rows = [{"measure": "retention", "firm": "Mass", "value": 0.1, "se": 0.01}]
    given = {"base": "baseline", "parameters": {"firms.Mass.price": [10, 30]}, "targets": rows}
    read = read_targets(given)
    assert read.targets[0].measure == "retention_rate"
    assert read.decisions == ("retention is the measure retention_rate",)


def test_claims_name_it(tmp_path):
    path = tmp_path / "wrong.yaml"
    rule = "extends: baseline\ntest: [{says: x, rule: share.Mass > share.others}]\n"
    path.write_text(rule, encoding="utf-8")
    with pytest.raises(ValueError, match=meant("market_share")):
        check_test(Scenario.load(path))


def test_questions_and_figures_name_it():
    run = cx.run(lively(**SMALL))
    with pytest.raises(ValueError, match=meant("market_share")):
        firm_measure("share", registered())
    with pytest.raises(ValueError, match=meant("market_share.Tailor")):
        plan_decision("baseline", "Tailor", measure="share")
    with pytest.raises(ValueError, match=meant("market_share")):
        cp.time_series(run.firms, measure="share")
    with pytest.raises(ValueError, match=meant("customers_lost_to_rivals")):
        cp.time_series(run.firms, measure="losses")


@pytest.mark.parametrize(
    ("former", "now"),
    [("loss_reasons", "churn_reasons"), ("hearsay", "word_of_mouth_effects"),
     ("elasticity", "price_elasticity"), ("network", "network_sample")],
)  # fmt: skip
def test_a_former_probe_is_refused_with_the_name_of_today(former, now):
    with pytest.raises(ValueError, match=meant(now)):
        cx.run(lively(**SMALL), probes=[former])


def test_agents_name_it_and_options():
    market = cx.Market(lively(**SMALL), engine="agents", rng=1)
    market.step()
    with pytest.raises(AttributeError, match=meant("market_share")):
        _ = market.firms["Tailor"].share
    with pytest.raises(AttributeError, match=meant("no_purchase_share")):
        _ = market.outside_share
    customer = next(iter(market.agents.select(agent_type=cx.Customer)))
    with pytest.raises(ValueError, match=meant("no_purchase")):
        customer.supplier = "outside"
    with pytest.raises(AttributeError, match=meant("entry_period")):
        _ = customer.born


def test_a_panel_may_call_no_purchase_as_panels_do():
    rows = {"customer": [1, 1, 1], "price_Ann": 1.0, "price_Bob": 2.0}
    panels = [
        cx.calibration.read_panel(pd.DataFrame(rows | {"choice": ["Ann", word, "Bob"]}))
        for word in ("no_purchase", "outside", "none")
    ]
    assert [each.firms for each in panels] == [("Ann", "Bob")] * 3
    assert panels[0].no_purchase == panels[1].no_purchase == panels[2].no_purchase
