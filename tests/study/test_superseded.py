"""Stored runs count for the code that made them; where it changed, the message says what."""

from __future__ import annotations

import importlib
import sys
from concurrent.futures import Executor, Future

import pytest

import cxsim as cx
from cxsim import _version
from cxsim.study.runner import OtherCodeError
from cxsim.study.store_folder import StoreError
from cxsim.study.stored_runs import forecast

SMALL = {
    "scenario": "baseline",
    "overrides": {"customers": 40, "periods": 4},
    "factors": {"firms.Tailor.price": [18, 22]},
    "design": "grid",
    "seeds": 2,
    "outputs": ["market_share.Tailor"],
}
POINTS = {"factors": {"price": [20, 30]}, "design": {"kind": "grid"}, "seeds": 1}


@pytest.fixture
def margins(tmp_path, monkeypatch):
    """A module of a user's, and a function that writes and imports it anew."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def written(text):
        (tmp_path / "margins_of_users.py").write_text(text)
        importlib.invalidate_caches()
        known = sys.modules.get("margins_of_users")
        return importlib.reload(known) if known else importlib.import_module("margins_of_users")

    yield written
    sys.modules.pop("margins_of_users", None)


MODEL = """
def margin(price):
    return price - {cost}
def model(point, seed):
    return {{"margin": margin(point["price"])}}
"""


def test_a_changed_module_is_run_again_and_the_message_names_what_changed(tmp_path, margins):
    def swept(cost):
        study = cx.Study.from_dict(POINTS, model=margins(MODEL.format(cost=cost)).model)
        return cx.sweep(study, store=tmp_path / "s", executor="inline")

    assert swept(10).frame["margin"].tolist() == [10.0, 20.0]
    second = swept(15)
    assert second.frame["margin"].tolist() == [5.0, 15.0]
    said = "2 runs were made with another margins_of_users.margin; they are kept and not used"
    assert said in second.report.sentence()
    third = swept(10)  # what was made with the first cost is there still
    assert third.report.done == 0
    assert third.report.superseded == ""


def test_a_dry_run_says_what_changed(tmp_path, monkeypatch):
    from cxsim.runs.measures import purchases

    cx.sweep(SMALL, store=tmp_path / "s", executor="inline")
    study, store = cx.Study.from_dict(SMALL), cx.Store(tmp_path / "s")
    assert "4 stored, 0 to do" in forecast(study, store).sentence()
    right = purchases.ratio
    monkeypatch.setattr(purchases, "ratio", lambda top, bottom: 0.5 * right(top, bottom))
    text = forecast(study, store).sentence()
    assert "0 stored, 4 to do (4 runs were made with another " in text
    assert "they are kept and not used" in text


def test_another_version_with_the_same_code_keeps_what_is_stored(tmp_path, monkeypatch):
    cx.sweep(SMALL, store=tmp_path / "s", executor="inline")
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("cxsim") and hasattr(module, "__version__"):
            monkeypatch.setattr(module, "__version__", "9.9.9")
    assert _version.__version__ == "9.9.9"
    again = cx.sweep(SMALL, store=tmp_path / "s", executor="inline")
    assert (again.report.done, again.report.stored) == (0, 4)


def test_the_store_keeps_the_parts_of_the_code_once(tmp_path):
    cx.sweep(SMALL, store=tmp_path / "s", executor="inline")
    store = cx.Store(tmp_path / "s")
    (code,) = store.codes()
    parts = store.code(code)
    wanted = {
        "learning.learned",
        "measures.market_share",
        "summaries.market_share",
        "runs.simulation",
    }
    assert wanted <= set(parts)
    assert "measures.profit" not in parts  # no output of the study
    assert set(store.frame()["code"]) == {code}


class Elsewhere(Executor):
    """Runs work where another module is installed."""

    def __init__(self, change):
        self._change = change

    def submit(self, fn, /, *args, **kwargs):
        from cxsim.study import workers

        self._change()
        workers._models.clear()
        made = Future()
        made.set_result(fn(*args, **kwargs))
        return made


def test_a_worker_with_other_code_is_refused_and_nothing_of_it_is_stored(tmp_path, margins):
    model = margins(MODEL.format(cost=10)).model
    study = cx.Study.from_dict(POINTS, model=model)
    elsewhere = Elsewhere(lambda: margins(MODEL.format(cost=15)))
    with pytest.raises(OtherCodeError, match=r"\(margins_of_users\.margin\)") as caught:
        cx.sweep(study, store=tmp_path / "s", executor=elsewhere, jobs=1)
    text = str(caught.value)
    assert "\n" not in text
    assert "cxsim 0" in text
    assert "Python 3" in text
    assert len(cx.Store(tmp_path / "s")) == 0


def test_shards_that_meet_in_one_store_run_the_same_code(tmp_path, margins):
    def swept(cost, shard):
        study = cx.Study.from_dict(POINTS, model=margins(MODEL.format(cost=cost)).model, name="p")
        return cx.sweep(study, store=tmp_path / "s", executor="inline", shard=shard)

    swept(10, (1, 2))
    with pytest.raises(StoreError, match=r"found another \(margins_of_users\.margin\)"):
        swept(15, (2, 2))
    assert len(cx.Store(tmp_path / "s")) == 1
    assert swept(10, (2, 2)).report.done == 1


def test_measures_and_summaries_are_in_the_provenance_of_a_run(monkeypatch):
    from cxsim.runs.measures import purchases

    scenario = cx.load("baseline", {"customers": 20, "periods": 2})
    before = cx.run(scenario).provenance["digest"]
    assert cx.run(scenario).provenance["digest"] == before
    right = purchases.purchases
    monkeypatch.setattr(purchases, "purchases", lambda b: 0.5 * right(b))
    assert cx.run(scenario).provenance["digest"] != before


RULE = """
def learned(uncertainty, precision):
    return {text}
"""


@pytest.fixture
def changed_rule(tmp_path):
    """A sweep with a rule, and the same study with the rule said in another way."""
    made = {}

    def swept(text, store, *, adopting=False, sample=2):
        from cxsim.study.stored_runs import adopt

        path = tmp_path / f"rule_{len(made)}.py"
        path.write_text(RULE.format(text=text))
        spec = importlib.util.spec_from_file_location("rules_of_users", path)
        module = made[text] = importlib.util.module_from_spec(spec)
        sys.modules["rules_of_users"] = module
        spec.loader.exec_module(module)
        rules = {"learning.learned": module.learned}
        study = cx.Study.from_dict(SMALL)
        if adopting:
            return adopt(study, cx.Store(store), sample=sample, rules=rules)
        return cx.sweep(study, store=store, executor="inline", rules=rules)

    yield swept
    sys.modules.pop("rules_of_users", None)


def test_runs_are_adopted_where_a_sample_is_equal_to_the_bit(tmp_path, changed_rule):
    store, right = tmp_path / "s", "uncertainty / (1.0 + precision * uncertainty)"
    first = changed_rule(right, store)
    result = changed_rule(
        right.replace("1.0 + precision * uncertainty", "precision * uncertainty + 1.0"),
        store,
        adopting=True,
    )
    assert (result.adopted, result.sampled, result.differs) == (4, 2, "")
    assert "4 runs adopted that were made with another rules_of_users.learned" in result.sentence()
    again = changed_rule("uncertainty / (precision * uncertainty + 1.0)", store)
    assert (again.report.done, again.report.stored) == (0, 4)
    assert again.frame.equals(first.frame)


def test_runs_are_not_adopted_where_one_of_the_sample_differs(tmp_path, changed_rule):
    store, right = tmp_path / "s", "uncertainty / (1.0 + precision * uncertainty)"
    changed_rule(right, store)
    result = changed_rule(right.replace("1.0", "2.0"), store, adopting=True, sample=4)
    assert result.adopted == 0
    assert "differs: market_share.Tailor is " in result.sentence()
    assert len(cx.Store(store)) == 4


def test_the_command_adopts_a_store_or_ends_with_1(tmp_path, monkeypatch, capsys):
    from cxsim.cli.app import run
    from cxsim.runs.measures import purchases

    cx.sweep(SMALL, store=tmp_path / "s", executor="inline")
    right = purchases.ratio
    words = ["store", "adopt", str(tmp_path / "s"), "--sample", "1"]
    monkeypatch.setattr(purchases, "ratio", lambda top, bottom: right(top, bottom) * 0.5)
    assert run(words) == 1
    assert "not adopted" in capsys.readouterr().out
    monkeypatch.setattr(purchases, "ratio", lambda top, bottom: right(top, bottom) * 1.0)
    assert run(words) == 0
    assert "4 runs adopted" in capsys.readouterr().out
    assert cx.sweep(SMALL, store=tmp_path / "s", executor="inline").report.done == 0
