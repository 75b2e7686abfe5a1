"""The page of claims: every claim has a study, and no verdict is anything but what runs say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import cxsim as cx
from lab.pages.page import Images
from lab.validation.claims.__main__ import STUDIES, conditions, judge, main, publish
from lab.validation.claims.figures import paying
from lab.validation.claims.margins import OTHERS, lead
from lab.validation.claims.page import shipped
from lab.validation.claims.registry import CLAIMS, Part
from lab.validation.claims.runs import Runs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "claims.md"
ONE = CLAIMS[0]


def small(claim, points=8, seeds=2, customers=150):
    """Return the study of a claim with few points, seeds and customers."""
    given = cx.Study.load(STUDIES / f"{claim.study}.yaml").to_dict()
    given["overrides"] = {**given.get("overrides", {}), "customers": customers}
    given["design"]["size"] = points
    return cx.Study.from_dict({**given, "seeds": seeds}, name=claim.study)


def test_every_claim_has_a_study_and_every_study_a_claim():
    assert {claim.study for claim in CLAIMS} == {path.stem for path in STUDIES.glob("*.yaml")}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.study)
def test_studies_of_claims_are_valid_at_every_point(claim):
    plan = cx.Study.load(STUDIES / f"{claim.study}.yaml")
    assert plan.title
    for strategy in plan.strategies:
        for point in plan.points.index:
            plan.scenario(point, strategy)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.study)
def test_ranges_have_the_shipped_value_in_their_middle(claim):
    """Or at their end, where nothing lies beyond: what is switched off is at 0."""
    study = cx.Study.load(STUDIES / f"{claim.study}.yaml")
    for factor in study.factors:
        values = [value or 0.0 for value in shipped(factor, study.base)]
        if set(values) == {0.0} and factor.low == 0.0:
            continue
        if factor.log:
            assert np.mean(np.log(values)) == pytest.approx(
                np.log(factor.low * factor.high) / 2, abs=0.08
            ), factor.name
        else:
            half = (factor.high - factor.low) / 2
            assert np.mean(values) == pytest.approx(factor.low + half, abs=0.08 * half), factor.name


def test_what_decides_whether_one_to_one_earns_more_is_varied():
    study = cx.Study.load(STUDIES / "one_to_one.yaml")
    varied = {move.path for factor in study.factors for move in factor.moves}
    assert varied >= {
        "periods", "market_size", "segments.*.purchase_rate", "firms.*.identification",
        "segments.*.brand_taste_sd",
    }  # fmt: skip


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.study)
def test_every_part_of_a_claim_comes_down_to_a_number_a_run(claim, tmp_path):
    plan = small(claim, points=2)
    result = cx.sweep(plan, store=tmp_path / "s", executor="inline")
    assert result.failed.empty
    runs = Runs(result.frame, [factor.name for factor in plan.factors])
    for part in claim.parts:
        margin = part.margin(runs)
        assert margin.shape == (4,)
        assert np.isfinite(margin).any(), part.says


def test_runs_of_strategies_are_paired_by_point_and_seed(tmp_path):
    plan = small(next(claim for claim in CLAIMS if claim.study == "copycat"), points=2)
    frame = cx.sweep(plan, store=tmp_path / "s", executor="inline").frame
    names = [factor.name for factor in plan.factors]
    runs, mixed = Runs(frame, names), Runs(frame.sample(frac=1, random_state=1), names)
    copied, alone = (
        runs("market_share.Tailor", name, over=(0, 24)) for name in ("copied", "alone")
    )
    np.testing.assert_array_equal(copied, alone)  # nothing has happened yet
    np.testing.assert_array_equal(mixed("market_share.Tailor", "alone", over=(0, 24)), alone)
    assert (runs("market_share.Tailor", "copied", over=(24, 60)) != alone).any()


def test_the_page_says_what_the_numbers_say(tmp_path):
    sure = tuple(
        Part(f"it is {word}", "a constant", lambda r, v=value: np.full(len(r.keys), v), "1")
        for word, value in (("so", 1.0), ("not so", -1.0))
    )
    tested = judge(
        replace(ONE, parts=sure, map=""), small(ONE), store=tmp_path / "s", executor="inline"
    )
    text = publish([tested], tmp_path).read_text(encoding="utf-8")
    assert "it is so | **holds** | 100 % (68-100) | 0 % |" in text
    assert "it is not so | **fails** | 0 % (0-32) | 100 % |" in text
    assert "fit_weight" in text
    assert (tmp_path / "images" / "claims" / "where.png").is_file()


def test_a_claim_opens_with_a_sentence_and_what_is_assumed_gets_no_verdict(tmp_path):
    parts = (
        Part("it is so", "a constant", lambda r: np.full(len(r.keys), 1.0), "1"),
        Part(
            "it has to be", "a constant", lambda r: np.full(len(r.keys), 1.0), "1", "it is put in"
        ),
    )
    tested = judge(replace(ONE, parts=parts, map=""), small(ONE), store=tmp_path / "s",
                   executor="inline")  # fmt: skip
    text = publish([tested], tmp_path).read_text(encoding="utf-8")
    claim = text.partition("## 1. ")[2]
    assert claim.splitlines()[2].startswith("**In the markets tested:** *it is so*: nearly always")
    assert "it has to be | **by construction** |" in text
    assert "*it has to be*: **by construction**. By construction: it is put in." in text


def test_a_map_answers_first(tmp_path):
    given = cx.Study.load(STUDIES / "maps" / "one_to_one.yaml").to_dict()
    for name, values in {"periods": [6], "market_size": [100000]}.items():
        given["factors"][name] = values
    given |= {"seeds": 2, "overrides": {"customers": 60}}
    result = cx.sweep(cx.Study.from_dict(given), store=tmp_path / "s", executor="inline")
    runs = Runs(result.frame, list(given["factors"]))
    at = {"periods": 60, "market_size": 1e5, "customization_cost": 1.5, "fit_weight": 1.5}
    picture = paying(runs.keys, lead("net_present_value", "Tailor", *OTHERS)(runs), at)
    assert "earns more than every rival at" in str(picture.get_label())
    tested = judge(ONE, small(ONE), store=tmp_path / "t", executor="inline")
    text = publish([tested], tmp_path, {"one_to_one": picture}).read_text(encoding="utf-8")
    claim = text.partition("## 1. ")[2]
    assert 0 < claim.index("images/claims/map_one_to_one.png") < claim.index("- *it has a higher")


def test_the_first_figure_says_what_has_to_hold_for_one_to_one_to_earn_most(tmp_path):
    text = conditions(Images(tmp_path, "claims"), seeds=1, markets=("baseline",))
    assert (tmp_path / "images" / "claims" / "conditions.png").is_file()
    assert "`baseline`: Tailor earns " in text
    tested = judge(ONE, small(ONE), store=tmp_path / "s", executor="inline")
    page = publish([tested], tmp_path, {"one_to_one": Figure()}, lambda _: text)
    places = [page.read_text(encoding="utf-8").index(f"images/claims/{name}.png")
              for name in ("conditions", "where", "map_one_to_one")]  # fmt: skip
    assert places == sorted(places)


def test_a_run_that_fails_stops_the_page(tmp_path):
    given = {**small(ONE).to_dict(), "factors": {"segments.Comfort.share": [0.4, 0.5]},
             "design": "grid"}  # fmt: skip
    with pytest.raises(RuntimeError, match="expected shares that sum to 1"):
        judge(ONE, cx.Study.from_dict(given), store=tmp_path / "s", executor="inline")


def test_an_unknown_claim_is_refused_with_the_names_that_are_known(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--only", "nothing"])
    assert ended.value.code == 2
    assert "one_to_one" in capsys.readouterr().err


def test_the_page_has_every_claim_and_every_part():
    text = PAGE.read_text(encoding="utf-8")
    for claim in CLAIMS:
        assert claim.says in text
        for part in claim.parts:
            assert f"*{part.says}*" in text
