"""One run, one output or one estimate that fails does not take the others with it."""

from __future__ import annotations

import pandas as pd
import pytest

import cxsim as cx
from cxsim.messages import part_of_variance
from cxsim.study.analysis.sensitivity import _variance_sentence
from cxsim.study.stored_runs import forecast

STUDY = {
    "scenario": "baseline",
    "overrides": {"customers": 60, "periods": 4},
    "factors": {"learning_rate": [0.2, 0.4]},
    "design": "grid",
    "seeds": 2,
    "outputs": ["market_share.Mass"],
}


@cx.register_policy
class RaisesWhenAsked(cx.PricingPolicy):
    """Raise in a period."""

    when: int = 0

    def decide(self, known):
        if known.period == self.when:
            raise ZeroDivisionError("no such price")


def failing(when):
    return {"firms.Mass.policy.pricing": {"name": "RaisesWhenAsked", "when": when}}


@pytest.mark.parametrize("when", [0, 2])
def test_a_policy_that_raises_in_whatever_period_is_a_failed_row(tmp_path, when):
    study = STUDY | {"strategies": {"fixed": {}, "own": failing(when)}}
    result = cx.sweep(study, store=tmp_path, executor="inline")
    assert len(result.frame) == 4, "the healthy strategy ran"
    assert set(result.frame["strategy"]) == {"fixed"}
    assert set(result.failed["strategy"]) == {"own"}
    assert len(result.failed) == 4
    assert result.failed["message"].str.contains("ZeroDivisionError: no such price").all()


def test_a_study_in_which_every_run_fails_still_says_so_run_by_run(tmp_path):
    study = STUDY | {"overrides": STUDY["overrides"] | failing(0)}
    result = cx.sweep(study, store=tmp_path, executor="inline")
    assert (len(result.frame), len(result.failed)) == (0, 4)
    assert forecast(cx.Study.from_dict(study), None).runs == 4


def test_processes_keep_the_failed_rows_too(tmp_path):
    study = STUDY | {"strategies": {"fixed": {}, "own": failing(0)}}
    result = cx.sweep(study, store=tmp_path, jobs=1, executor="threads")
    assert (len(result.frame), len(result.failed)) == (4, 4)


CONSTANT = {
    "title": "One output of two never varies",
    "scenario": "baseline",
    "overrides": {"customers": 60, "periods": 4},
    "factors": {"firms.Tailor.price": [16, 24], "learning_rate": [0.05, 0.4]},
    "design": {"kind": "saltelli", "size": 4},
    "seeds": 2,
    "outputs": ["market_share.Tailor", "capability_overhead.Tailor"],
    "analysis": ["sobol"],
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    pytest.importorskip("SALib")
    return cx.sweep(CONSTANT, store=tmp_path_factory.mktemp("store"), executor="inline")


def test_an_output_that_never_varies_leaves_the_analysis_of_the_others(swept):
    found = swept.findings()
    assert found["market_share.Tailor", "sobol"].output == "market_share.Tailor"
    assert found["capability_overhead.Tailor", "sobol"].startswith("expected an output that varies")
    with pytest.raises(ValueError, match=r"analysis: expected one of .*did you mean 'sobol'"):
        swept.findings(["sobl"])
    with pytest.raises(
        ValueError, match=r"output: expected one of .*did you mean 'market_share.Tailor'"
    ):
        swept.findings(outputs=["market_share.Tailr"])


def test_the_command_says_it_in_one_line_and_goes_on(swept, tmp_path, monkeypatch, capsys):
    from cxsim.cli.app import run
    from cxsim.scenario.yaml_text import to_yaml

    path = tmp_path / "constant.yaml"
    path.write_text(to_yaml(CONSTANT), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command = ["sensitivity", str(path), "-j", "1", "--store", str(swept.store.folder)]
    assert run(command) == 0
    said = capsys.readouterr()
    assert "of the variance of market_share.Tailor" in " ".join(said.out.split())
    line = (
        "cxsim: left out: capability_overhead.Tailor: sobol: expected an output that varies, found "
    )
    assert sum(each.startswith(line) for each in said.err.splitlines()) == 1
    assert run([*command, "--output", "capability_overhead.Tailor"]) == 2


def sobol_frame(total, first):
    rows = [("total", total), ("first", first)]
    return pd.DataFrame(
        [(kind, "price", "", index, 0.74, 1.32) for kind, index in rows],
        columns=["kind", "factor", "other", "index", "lower", "upper"],
    )


def test_an_index_above_one_is_explained():
    facts = {"noise": 0.01, "points": "24 points, 2 paired seeds"}
    above = _variance_sentence("share", sobol_frame(1.03, 1.01), facts)
    assert above.startswith("price accounts for practically all (estimate 1.03) of the variance")
    assert "may fall outside of 0 to 1 where points are few" in above
    within = _variance_sentence("share", sobol_frame(0.93, 0.9), facts)
    assert within.startswith("price accounts for 93 % of the variance")
    assert "estimates" not in within
    assert part_of_variance(-0.02) == "practically none (estimate −0.02)"
    assert part_of_variance(1.0) == "100 %"
