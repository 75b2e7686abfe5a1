"""Study files and designs: what may stand in them, and which points they mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.scenario.loading import shipped_studies
from cxsim.study.study_file import study_schema

SMALL = {"customers": 60, "periods": 4}


def study(**more):
    return cx.Study.from_dict(
        {"scenario": "baseline", "overrides": SMALL,
         "factors": {"firms.Tailor.price": [18, 22]},
         "design": {"kind": "latin_hypercube", "size": 4}, "seeds": 2, **more}
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_every_study_that_ships_is_valid_and_every_point_of_it_too(name):
    plan = cx.Study.load(name)
    assert plan.title
    for strategy in plan.strategies:
        for point in plan.points.index:
            plan.scenario(point, strategy)


# ----------------------------------------------------------------------------- designs


def test_a_grid_has_every_combination_of_the_values():
    points = study(
        factors={"firms.Tailor.price": [18, 20, 22], "learning_rate": [0.1, 0.2]}, design="grid"
    ).points
    assert points.to_numpy().tolist() == [
        [18, 0.1], [18, 0.2], [20, 0.1], [20, 0.2], [22, 0.1], [22, 0.2],
    ]  # fmt: skip


def test_a_range_on_a_grid_is_covered_evenly_or_in_logarithms():
    linear = {"low": 0.1, "high": 0.4, "levels": 4}
    points = study(factors={"learning_rate": linear}, design="grid").points
    assert points["learning_rate"].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])
    log = {"low": 0.1, "high": 0.4, "levels": 3, "scale": "log"}
    points = study(factors={"learning_rate": log}, design="grid").points
    assert points["learning_rate"].tolist() == pytest.approx([0.1, 0.2, 0.4])


def test_a_latin_hypercube_has_one_point_in_every_slice_of_every_factor():
    plan = study(
        factors={"firms.Tailor.price": [18, 22], "learning_rate": [0.0, 1.0]},
        design={"kind": "latin_hypercube", "size": 20, "seed": 3},
    )
    prices = np.floor((plan.points["firms.Tailor.price"] - 18) / 4 * 20)
    assert sorted(prices) == list(range(20))
    assert sorted(np.floor(plan.points["learning_rate"] * 20)) == list(range(20))


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol", "saltelli", "morris"])
def test_a_sample_is_the_same_for_one_seed_and_another_for_another(kind):
    def points(seed):
        factors = {"firms.Tailor.price": [18, 22], "learning_rate": [0.1, 0.5]}
        return study(factors=factors, design={"kind": kind, "size": 8, "seed": seed}).points

    pd.testing.assert_frame_equal(points(1), points(1))
    assert not points(1).equals(points(2))


def test_whole_numbers_stay_whole_and_each_is_as_likely():
    number = {"low": 1, "high": 4, "integer": True}
    plan = study(factors={"periods": number}, design={"kind": "sobol", "size": 64})
    assert plan.points["periods"].value_counts().to_dict() == {1: 16, 2: 16, 3: 16, 4: 16}


def test_a_list_takes_points_as_they_are_from_the_file_or_from_a_table(tmp_path):
    points = [{"firms.Tailor.price": 18, "learning_rate": 0.2},
              {"firms.Tailor.price": 21, "learning_rate": 0.1}]  # fmt: skip
    factors = ["firms.Tailor.price", "learning_rate"]
    written = study(factors=factors, design={"kind": "list", "points": points})
    assert written.points.to_dict("records") == points

    pd.DataFrame(points).assign(weight=1).to_csv(tmp_path / "posterior.csv", index=False)
    pd.DataFrame(points).to_parquet(tmp_path / "posterior.parquet")
    for suffix in ("csv", "parquet"):
        (tmp_path / "study.yaml").write_text(
            f"scenario: baseline\nfactors: [firms.Tailor.price, learning_rate]\n"
            f"design: {{kind: list, file: posterior.{suffix}}}\n"
        )
        assert cx.Study.load(tmp_path / "study.yaml").points.to_dict("records") == points


def test_one_factor_can_move_several_parameters_together():
    paths = ["firms.Mass.interaction", "firms.Mass.customization"]
    plan = study(factors={"copy": {"paths": paths, "values": [0.2, 0.8]}}, design="grid")
    assert plan.overrides(1) == {"firms.Mass.interaction": 0.8, "firms.Mass.customization": 0.8}
    assert plan.points.columns.tolist() == ["copy"]


def test_a_share_can_grow_at_the_cost_of_another_one():
    plan = study(
        factors={"split": {
            "paths": {"segments.Comfort.share": {}, "segments.Performance.share":
                      {"plus": 1, "times": -1}},
            "low": 0.2, "high": 0.8, "levels": 3}},
        design="grid",
    )  # fmt: skip
    shares = [s.share for s in plan.scenario(0).segments.values()]
    assert sorted(shares) == pytest.approx([0.2, 0.8])


def test_strategies_are_run_at_every_point():
    plan = study(strategies={"stay": {}, "cut": {"firms.Mass.price": 15}})
    assert plan.runs == 4 * 2 * 2
    assert plan.scenario(0, "cut").firms["Mass"].price == 15


# ---------------------------------------------------------------------------- identity


def test_the_digest_names_what_determines_the_results_and_nothing_else():
    assert study().digest == study(title="Another title").digest
    others = [
        study(seeds=3),
        study(outputs=["market_share"]),
        study(factors={"firms.Tailor.price": [18, 23]}),
        study(overrides={**SMALL, "discount_rate": 0.02}),
        study(design={"kind": "latin_hypercube", "size": 4, "seed": 1}),
    ]
    assert len({study().digest, *(other.digest for other in others)}) == 6


def test_a_study_cannot_be_changed():
    with pytest.raises(AttributeError, match="make another one"):
        study().seeds = [1]


# ---------------------------------------------------------------------------- mistakes

MISTAKES = {
    "scenario: baselin\nfactors: {learning_rate: [0, 1]}":
        "m.yaml:1: scenario: expected a file or the name of a scenario, found neither 'baselin' "
        "(did you mean 'baseline'?)",
    "scenario: baseline\nfactor: {learning_rate: [0, 1]}":
        "m.yaml:2: factor: expected a key of a study, found 'factor' (did you mean 'factors'?)",
    "scenario: baseline": "m.yaml: expected factors, found none",
    "scenario: baseline\nfactors:\n  firms.Tailr.price: [1, 2]":
        "m.yaml:3: factors.firms.Tailr.price: expected the name of a firm, found 'Tailr' "
        "(did you mean 'Tailor'?)",
    "scenario: baseline\nfactors:\n  firms.Tailor.interaction: {low: 0.5, high: 1.2}":
        "m.yaml:3: factors.firms.Tailor.interaction.high: expected a number from 0 to 1 (share), "
        "found 1.2",
    "scenario: baseline\nfactors:\n  learning_rate: {low: 0.5, high: 0.2}":
        "m.yaml:3: factors.learning_rate: expected low below high, found 0.5 and 0.2",
    "scenario: baseline\nfactors:\n  learning_rate: {low: 0, high: 1, scale: log}":
        "m.yaml:3: factors.learning_rate.low: expected a number above 0 where scale is log, "
        "found 0",
    "scenario: baseline\nfactors:\n  periods: {low: 1, high: 9}":
        "m.yaml:3: factors.periods: expected integer: true, as periods is a whole number",
    "scenario: baseline\nfactors: {learning_rate: [0, 1]}\ndesign: {kind: sobl, size: 4}":
        "m.yaml:3: design.kind: expected a kind of design, found 'sobl' (did you mean 'sobol'?)",
    "scenario: baseline\nfactors: {learning_rate: [0, 1]}\ndesign: {kind: sobol, size: 100}":
        "m.yaml:3: design.size: expected a power of two (such as 64 or 128), found 100",
    "scenario: baseline\nfactors: {learning_rate: [0, 1]}\ndesign: {kind: list, file: no.csv}":
        "m.yaml:3: design.file: expected a table of points, found no file 'no.csv'",
    "scenario: baseline\nfactors: {learning_rate: [0, 1]}\noutputs: [market_share, retention_rat]":
        "m.yaml:3: outputs.1: expected the name of a measure, found 'retention_rat' "
        "(did you mean 'retention_rate'?)",
    "scenario: baseline\nfactors: {learning_rate: [0, 1]}\noutputs: [market_share.Tailr]":
        "m.yaml:3: outputs.0: expected the name of a firm, found 'Tailr' (did you mean 'Tailor'?)",
    "scenario: baseline\nfactors: {learning_rate: [0, 1]}\nseeds: 0":
        "m.yaml:3: seeds: expected a whole number from 1 to 1000000, found 0",
    "scenario: baseline\nfactors: {learning_rate: [0, 1]}\nanalysis: [sobl]":
        "m.yaml:3: analysis.0: expected the name of an analysis, found 'sobl' "
        "(did you mean 'sobol'?)",
    "scenario: baseline\noverrides:\n  customers: -1\nfactors: {learning_rate: [0, 1]}":
        "m.yaml:3: customers: expected a whole number from 1 to 1000000000 (customers), found -1",
    "scenario: baseline\nfactors: {learning_rate: [0, 1]}\n"
    "stopping: {output: market_share, half_width: 1}":
        "m.yaml:3: stopping.output: expected an output of the study for one firm or the market, "
        "found 'market_share'",
    "scenario: baseline\nfactors:\n  a: {path: learning_rate, low: 0, high: 1}\n"
    "  learning_rate: [0, 1]":
        "m.yaml:4: factors.learning_rate: expected each path once, found learning_rate in a too",
    "scenario: baseline\nfactors:\n  seed: {path: learning_rate, low: 0, high: 1}":
        "m.yaml:3: factors.seed: expected another name, as results have a column 'seed' already",
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_file_line_key_and_what_was_meant(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(cx.ScenarioError) as caught:
        cx.Study.load("m.yaml")
    assert str(caught.value).startswith(MISTAKES[text])
    assert "\n" not in str(caught.value)


def test_all_mistakes_of_form_are_told_at_once_in_the_order_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text(
        "scenario: baseline\nfactors:\n  learning_rate: {low: much, high: 1}\n"
        "design: {kind: sobol, sz: 64}\nseeds: 0\nstopping: {half_width: 1}\n"
    )
    with pytest.raises(cx.ScenarioError) as caught:
        cx.Study.load("m.yaml")
    assert str(caught.value).splitlines() == [
        "m.yaml:3: factors.learning_rate.low: expected low and high, or values; low is 'much'",
        "m.yaml:4: design.sz: expected a key of a sobol design, found 'sz' (did you mean 'size'?)",
        "m.yaml:5: seeds: expected a whole number from 1 to 1000000, found 0",
        "m.yaml:6: stopping: expected output in a stopping rule, found none",
    ]


def test_a_factor_of_a_list_design_says_nothing_of_values():
    design = {"kind": "list", "points": [{"learning_rate": 0.2}]}
    for given, said in [
        ({"high": 1, "low": 0}, r"learning_rate\.low: expected a key of a factor of a list design"),
        ([0, 1], r"learning_rate: expected a mapping, found \[0, 1\]"),
    ]:
        with pytest.raises(cx.ScenarioError, match=said):
            study(factors={"learning_rate": given}, design=design)
    assert len(study(factors={"learning_rate": None}, design=design).points) == 1


def test_what_a_function_is_stopped_by_is_the_name_of_an_output():
    plan = {"factors": {"a": [0, 1]}, "stopping": {"output": 3, "half_width": 1}}
    with pytest.raises(
        cx.ScenarioError, match=r"stopping\.output: expected an output of the study"
    ):
        cx.Study.from_dict(plan, model=lambda point, seed: point["a"] + seed)


# ------------------------------------------------------------------------- JSON schema


@pytest.fixture(scope="module")
def accepts():
    jsonschema = pytest.importorskip("jsonschema")
    schema = study_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).is_valid


def test_the_json_schema_accepts_studies_that_ship(accepts):
    folder = next(iter(shipped_studies().values())).parent
    files = sorted(folder.rglob("*.yaml"))
    assert len(files) > 10
    for file in files:
        assert accepts(cx.Study.load(file).to_dict()), file


@pytest.mark.parametrize(
    "change",
    [
        {"factor": {}},
        {"factors": {}},
        {"factors": {"learning_rate": {"low": "much"}}},
        {"factors": {"learning_rate": {"lower": 1}}},
        {"design": "lattice"},
        {"design": {"kind": "sobol"}},
        {"design": {"kind": "grid", "size": 3}},
        {"seeds": 0},
        {"seeds": 10_000_000},
        {"design": {"kind": "sobol", "size": 2**30}},
        {"factors": {"learning_rate": {"paths": {}, "low": 0, "high": 1}}},
        {"strategies": {"one": {}}},
        {"outputs": [{"by": "period"}]},
        {"stopping": {"output": "market_share.Tailor"}},
        {"analysis": ["guess"]},
    ],
    ids=str,
)
def test_the_json_schema_refuses_what_the_package_refuses(change, accepts):
    good = study().to_dict()
    assert accepts(good)
    with pytest.raises(cx.ScenarioError):
        cx.Study.from_dict({**good, **change})
    assert not accepts({**good, **change})


def test_the_json_schema_knows_the_measures_of_observers():
    named = study_schema()["properties"]["outputs"]["items"]["anyOf"][0]["examples"]
    assert {
        "market_share",
        "own_price_elasticity",
        "retention_long_tenured",
        "purchases_lost_by_word_of_mouth",
    } <= set(named)
