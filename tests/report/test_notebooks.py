"""The notebooks that ship do what they promise, by themselves and through the package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.cli.run_and_compare import run_shown
from cxsim.messages import minus
from cxsim.report.notebook_parameters import as_command, as_papermill, as_python, declared
from cxsim.report.notebook_run import run_notebook, to_html
from cxsim.report.notebooks import shipped_notebooks
from cxsim.report.report import Report, list_scenarios
from cxsim.report.sections import competitors, one_to_one, policy_options, price_war_table
from cxsim.report.tables import decimals
from cxsim.runs import Run
from cxsim.strategy.decision import Decision
from cxsim.study.comparison import Comparison
from cxsim.study.paired_seeds import replicate

#: Small enough for a test; the copycat still has half of the time for itself.
SMALL = "customers=200, periods=40"
SETTINGS = {"customers": 200, "periods": 40}
COMMAND = ["-s", "customers=200", "-s", "periods=40"]

PAPERS = {name: path for name, path in shipped_notebooks().items() if declared(path)}


# ---------------------------------------------------------- all of the notebooks


@pytest.mark.parametrize("path", PAPERS.values(), ids=PAPERS)
def test_every_parameter_is_explained_and_its_default_allowed(path):
    for parameter in declared(path).values():
        assert parameter.help, parameter.name
        assert parameter.value(parameter.default) == parameter.default
        if parameter.kind in (int, float):
            assert np.isfinite([parameter.low, parameter.high]).all(), f"{parameter.name}: no range"
    assert declared(path)["output"].default == "", "by itself a notebook writes no files"


@pytest.mark.parametrize("path", shipped_notebooks().values(), ids=shipped_notebooks())
def test_the_code_a_reader_meets_is_short(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert len(cells) <= 30
    for cell in cells:
        if cell["cell_type"] == "code":
            assert len(cell["source"]) <= 15, "".join(cell["source"])


@pytest.mark.parametrize("path", PAPERS.values(), ids=PAPERS)
def test_papermill_sees_the_same_parameters(path):
    import papermill

    seen = papermill.inspect_notebook(str(path))
    assert list(seen) == list(declared(path))


# ------------------------------------------------------------ compare.ipynb


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two folders: where plain papermill ran, and where the notebook wrote its data."""
    start, data = tmp_path_factory.mktemp("anywhere"), tmp_path_factory.mktemp("data") / "new"
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(PAPERS["compare"]), "out.ipynb", "-k", "python3",
         "-p", "scenarios", "baseline,copycat", "-p", "seeds", "3", "-p", "overrides", SMALL,
         "-p", "output", str(data)],
        cwd=start, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return start, data


@pytest.fixture(scope="module")
def page(compared):
    return to_html(compared[0] / "out.ipynb")


@pytest.fixture(scope="module")
def expected():
    return cx.compare("baseline", "copycat", seeds=3, overrides=SETTINGS)


def test_compare_runs_by_plain_papermill_from_any_folder(compared):
    start, data = compared
    assert [each.name for each in start.iterdir()] == ["out.ipynb"]
    assert sorted(each.name for each in data.iterdir()) == [
        "brief.json", "comparison", "summary.json"
    ]  # fmt: skip


def test_compare_keeps_exactly_what_the_library_computes(compared, expected):
    kept = Comparison.load(compared[1] / "comparison")
    pd.testing.assert_frame_equal(kept.table, expected.table)
    assert kept.seeds == [0, 1, 2]


def test_the_summary_of_compare_says_how_it_was_made(compared, expected):
    summary = json.loads((compared[1] / "summary.json").read_text(encoding="utf-8"))
    assert summary["status"] == "ok"
    assert summary["headline"] == expected.headline()
    assert summary["parameters"]["overrides"] == SMALL
    assert summary["versions"]["cxsim"] == cx.__version__
    assert summary["digests"] == {
        name: cx.load(name, SETTINGS).digest for name in ("baseline", "copycat")
    }
    assert len(summary["table"]) == len(expected.table)


def test_the_report_answers_first_and_says_how_sure_it_is(page, expected):
    page = re.sub(r"</?abbr[^>]*>", "", page)  # explanations of terms
    text = re.sub(r"<style.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).replace("\u00a0", " ")
    assert text.index("In “A rival copies the one-to-one firm”, Mass loses") < text.index(
        "Verdict on the claim"
    )
    assert (
        "<title>What does “A rival copies the one-to-one firm” do to Mass's profit? –"
        in unescape(page)
    )
    folded = page.split('<details class="cx-fold">')[1]
    assert "digest" in folded
    assert "cxsim compare" in folded
    assert "3 paired seeds, 40 months, 200 simulated customers" in text
    assert "95 % interval" in text
    assert "precision gain" in text
    for scenario in ("baseline", "copycat"):
        settings = cx.load(scenario, SETTINGS)
        assert f"digest {settings.digest}" in text
        assert " ".join(settings.claim.split())[:40] in text
    assert "events.24.firms.Mass.interaction" in text
    assert "cxsim compare baseline copycat --seeds 3" in text


def test_the_commands_of_the_report_make_the_same_scenarios(page, expected):
    (line,) = re.findall(r"result = (cx\.compare\(.*?\))</pre>", unescape(page))
    again = eval(line, {"cx": cx})
    pd.testing.assert_frame_equal(again.table, expected.table)


def test_the_report_reads_offline_without_code_and_without_seeing(page):
    outside = re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#)([^"']*)""", page)
    assert outside == []
    assert "<script" not in page
    assert "url(" not in page
    assert "import cxsim" not in page.split("In Python")[0]
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) >= 6
    for image in images:
        alt = re.search(r'alt="([^"]*)"', image).group(1)
        assert len(alt) > 40, alt
    assert "Run All Cells" not in page
    assert 'name="viewport"' in page
    assert page.count("<caption") >= 3


# ------------------------------------------------------ the pieces of a report


@pytest.fixture
def report(tmp_path):
    """A report on a small market with a folder to write to, and the market."""
    given = {"scenario": "copycat", "seed": 0, "seeds": 3, "overrides": SMALL}
    report = Report("scenario", given, output=str(tmp_path / "out"), svg=True)
    report.load("copycat", SMALL)
    return report


@pytest.fixture(scope="module")
def runs():
    return replicate(cx.load("copycat", SETTINGS), seed=5, seeds=3, panel=10)


def text_of(shown) -> str:
    """Return what a reader reads of something shown in a notebook."""
    html = shown._repr_html_()
    text = re.sub(r"<style.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(text).split())


def test_replications_hold_means_errors_and_the_whole_first_run(runs):
    singles = [cx.run("copycat", seed=seed, overrides=SETTINGS) for seed in (5, 6, 7)]
    assert runs.seeds == [5, 6, 7]
    kept = cx.run("copycat", seed=5, overrides=SETTINGS, panel=10).panel
    pd.testing.assert_frame_equal(runs.first.panel, kept)
    pd.testing.assert_frame_equal(runs.first.firms, singles[0].firms)

    values = np.array([single.summary()["value"] for single in singles])
    np.testing.assert_allclose(runs.means["mean"], values.mean(axis=0))
    np.testing.assert_allclose(runs.means["se"], values.std(axis=0, ddof=1) / 3**0.5)

    one = runs.series.query("measure == 'market_share' and firm == 'Niche' and period == 11").iloc[
        0
    ]
    shares = [
        single.firms.query("firm == 'Niche' and period == 11")["market_share"] for single in singles
    ]
    assert one["mean"] == pytest.approx(np.mean(shares))
    assert one["upper"] - one["lower"] == pytest.approx(2 * 4.302653 * one["se"])


def test_key_figures_come_with_units_and_errors(report, runs):
    text = text_of(report.key_figures(runs))
    assert "means over 3 seeds, Monte-Carlo standard errors in brackets" in text
    assert "Switching cost (EUR, month 39, the last)" in text
    assert "Market share (%, mean over months 0-39)" in text
    assert "from all firms that were made from this firm" in text  # its definition
    share = runs.means.query("measure == 'market_share' and firm == 'Mass'").iloc[0]
    assert f"{100 * share['mean']:.1f}"[:4] in text
    assert "Identify: recognition rate (%, mean over months 0-39)" in text_of(
        report.scorecard(runs)
    )


def test_one_seed_says_that_it_is_one_seed(report):
    alone = replicate(cx.load("copycat", SETTINGS), seeds=1)
    text = text_of(report.key_figures(alone))
    assert "One seed, so no standard errors." in text
    assert "(–)" in text


def test_the_answer_names_who_leads(report, runs):
    answer = report.market_leader(runs)
    means = runs.means.query("firm != '(market)'").set_index(["measure", "firm"])["mean"]
    assert answer.startswith(f"{means['market_share'].idxmax()} has the highest market share")
    assert "earns most" in answer
    shown = text_of(report.answer(answer, seeds=runs.seeds))
    assert "3 seeds, 40 months, 200 simulated customers representing 100,000" in shown
    assert f"changed: {SMALL}" in shown


def test_firms_are_told_apart_and_what_they_share_is_said_once(report):
    text = text_of(report.firms())
    assert "interaction 0.1 0.1 0.8 0.8" in text
    assert "IV one-to-one" in text
    assert "The same for all:" in text
    assert "price 20 EUR per unit" in text.split("The same for all:")[1]


def test_what_differs_from_the_baseline_is_listed(report):
    assert "events.24.firms.Mass.interaction absent 0.8" in text_of(report.changed_settings())
    report.load("baseline")
    assert text_of(report.changed_settings()) == "All parameters are those of the baseline."


def test_what_a_report_keeps_is_plain_json(report, runs, tmp_path):
    report.figure(cx.plot.market_shares(runs.series), "shares")
    report.finish(title="T", result=runs.first, odd=[np.float64("nan"), np.int64(3), (1, None)])
    kept = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert kept["odd"] == [None, 3, [1, None]]
    assert kept["status"] == "ok"
    assert (tmp_path / "out" / "shares.svg").is_file()
    assert Run.load(tmp_path / "out" / "run").seed == 5


def test_a_report_without_a_folder_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = Report("scenario", {}, svg=True)
    report.load("baseline")
    report.finish(title="T")
    assert list(tmp_path.iterdir()) == []


def test_a_report_says_why_each_firm_stopped_lowering_its_price(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = Report("scenario", {})
    (market,) = report.load("price_war", "customers: 50, periods: 40")
    text = text_of(price_war_table(report, cx.price_war(cx.run(market))))
    assert "Niche match" in " ".join(text.split())
    assert "reached its variable cost" in text


def test_scenarios_are_listed_with_their_claims():
    text = text_of(list_scenarios())
    for name in ("baseline", "copycat", "two_roads", "broken_loop", "price_attack"):
        assert name in text
        assert " ".join(cx.load(name).claim.split()) in text


@pytest.mark.parametrize(
    ("errors", "values", "places"),
    [
        ([0.15], [20.0], 2),  # 20.48 (0.15)
        ([0.3], [20.0], 1),  # 20.5 (0.3)
        ([4.0, 3.0, 5.0], [1234.0], 0),
        ([1e-17], [64.0], 1),  # no error to speak of
        ([float("nan")], [250.0], 0),
        ([float("nan")], [0.5], 2),
        ([], [], 2),
    ],
)
def test_numbers_have_as_many_digits_as_their_errors_allow(errors, values, places):
    assert decimals(errors, values) == places


def test_commands_say_how_to_make_a_report_again():
    given = {"scenario": "my own.yaml", "seed": 3, "seeds": 2, "overrides": "a.b=1, c=[1, 2]"}
    assert as_command("scenario", given) == (
        "cxsim run 'my own.yaml' --seed 3 --seeds 2 -s a.b=1 -s 'c=[1, 2]'"
    )
    assert as_papermill("scenario", {"scenario": "x", "overrides": ""}) == (
        "papermill notebooks/scenario.ipynb out.ipynb -p scenario x"
    )
    assert as_python("scenario", given).endswith(
        "result = cx.run('my own.yaml', seed=3, overrides=['a.b=1', 'c=[1, 2]'])"
    )
    assert as_command("00_start_here", {}) == "cxsim run 00_start_here"


# ----------------------------------------------------------- scenario.ipynb


def test_scenario_tells_one_market_prints_its_figures_and_keeps_its_run(
    cxsim, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = ["--seed", "7", "--seeds", "3", "-p", "panel=20", "-p", "svg=true", "-o", "out"]
    code, out, err = cxsim("run", "copycat", *COMMAND, *words)
    assert code == 0, err
    stages = [line.rsplit(": ", 1)[1] for line in err.splitlines()]
    assert stages == ["starting Python", "simulating", "writing the report"], "no warnings"
    assert max(map(len, out.splitlines())) <= 100
    for firm in ("Mass", "Niche", "Targeted", "Tailor"):
        assert re.search(rf"^{firm} +\d+\.\d+ \(\d", out, re.MULTILINE)
    assert out.endswith(f"Report: {Path('out/report.html')}\n")

    folder = tmp_path / "out"
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["status"] == "ok"
    kept = Run.load(folder / "run")
    expected = cx.run("copycat", seed=7, overrides=SETTINGS, panel=20)
    pd.testing.assert_frame_equal(kept.firms, expected.firms)
    pd.testing.assert_frame_equal(kept.panel, expected.panel)

    means = pd.DataFrame(summary["means"]).set_index(["measure", "firm"])
    runs = [cx.run("copycat", seed=seed, overrides=SETTINGS).summary() for seed in (7, 8, 9)]
    retention = [
        run.set_index(["measure", "firm"])["value"]["retention_rate", "Mass"] for run in runs
    ]
    assert means["mean"]["retention_rate", "Mass"] == pytest.approx(np.mean(retention))
    assert means["se"]["retention_rate", "Mass"] == pytest.approx(
        np.std(retention, ddof=1) / 3**0.5
    )

    page = (folder / "report.html").read_text(encoding="utf-8")
    assert kept.scenario.title in page
    assert "Refuted if" in page
    assert "events.24.firms.Mass.interaction" in page, "what differs from the baseline"
    assert "cxsim run copycat --seed 7 --seeds 3" in page
    for figure in ("one-to-one", "matrix", "shares", "retention", "switching-costs", "profit"):
        assert (folder / f"{figure}.svg").is_file(), figure
    assert (folder / "brand-switching.svg").is_file()


def test_what_has_to_hold_for_one_to_one_is_shown_where_a_firm_is_one(capsys):
    report = Report("scenario", {})
    one_to_one(report, cx.load("two_roads", SETTINGS), seeds=[0])  # no firm is, at the start
    assert capsys.readouterr().out == ""
    (slow,) = report.load("baseline", f"{SMALL}, firms.*.policy.pricing=best_response")
    capsys.readouterr()
    one_to_one(report, slow, seeds=[0])
    assert capsys.readouterr().out != ""


def test_the_first_notebook_runs_and_lists_what_is_there(tmp_path):
    page = run_notebook("00_start_here", output_folder=tmp_path / "out").report.read_text("utf-8")
    for name in ("baseline", "copycat", "two_roads", "broken_loop", "price_attack"):
        assert name in page
    for path in re.findall(r'href="([^"]+\.ipynb)"', page):
        assert (Path(shipped_notebooks()["00_start_here"]).parent / path).is_file()


# ------------------------------------------------------------ explore.ipynb


def test_explore_in_batch_shows_and_prints_the_market_as_it_is_in_a_page_of_its_own(
    cxsim, tmp_path
):
    folder = tmp_path / "explored"
    words = ["-p", "scenario=baseline", "-p", "firm=Tailor", "-p", "seeds=2", "-o", str(folder)]
    code, out, err = cxsim("run", "explore", *COMMAND, *words)
    assert code == 0, err
    assert len(re.findall(r"^Mass +[\d.]+ \([\d.]+\) ", out, re.MULTILINE)) == 2
    assert re.findall(r"^(?:baseline|what-if)$", out, re.MULTILINE) == ["baseline", "what-if"]
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["answer"].startswith("Current situation of Tailor")
    means = pd.DataFrame(summary["means"]).query("scenario == 'baseline'")
    here = replicate(cx.load("baseline", SETTINGS), seed=0, seeds=2).means
    both = means.merge(here, on=["measure", "firm"])
    np.testing.assert_allclose(both["mean_x"].astype(float), both["mean_y"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<figure" in page
    assert "widget" not in page.split("</style>")[-1]


# ------------------------------------------------------------- decide.ipynb


def test_decide_advises_what_its_runs_say_prints_and_reports_it(cxsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(  # the command has no option for figures in files
        "cxsim.cli.calibrate_and_decide.run_shown",
        lambda book, given, *rest: run_shown(book, {**given, "svg": True}, *rest),
    )
    words = ["--firm", "Niche", "--points", "16", "--seeds", "2"]
    code, out, err = cxsim("decide", "baseline", *words, *COMMAND)
    assert code == 0, err
    assert "Niche" in out.splitlines()[0]
    for option in ("stay", "interact more", "interact more, later", "cut the price"):
        assert f"\n{option} " in out
    folder = Path("results/decide-baseline")
    assert str(folder / "report.html") in out
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    kept = Decision.load(folder / "decision")
    expected = cx.decide("baseline", "Niche", points=16, seeds=2, overrides=SETTINGS)
    pd.testing.assert_frame_equal(kept.frame, expected.frame)
    means = kept.frame.groupby("strategy")["net_present_value.Niche"].mean()
    assert summary["recommended"] == means.idxmax()
    two = means.sort_values().iloc[-2:]
    assert summary["advantage"][0] == pytest.approx(two.iloc[1] - two.iloc[0])
    assert summary["value_of_information"][0]["factor"] == "everything"
    page = unescape((folder / "report.html").read_text(encoding="utf-8"))
    assert summary["answer"].split(". ")[0] in page.replace("\u00a0", " ")
    assert "cxsim decide baseline --firm Niche --points 16 --seeds 2" in page
    assert "cx.decide('baseline', 'Niche', points=16, seeds=2" in page
    for image in re.findall(r"<img [^>]*>", page):
        assert len(re.search(r'alt="([^"]*)"', image).group(1)) > 40
    for figure in ("options", "depends-on", "information"):
        assert (folder / f"{figure}.svg").is_file(), figure


@pytest.mark.slow
def test_decide_goes_from_a_panel_of_purchases_to_advice(tmp_path):
    cx.run("yogurt", overrides={"customers": 60}, panel=60).panel.to_csv(tmp_path / "mine.csv")
    given = {
        "panel": str(tmp_path / "mine.csv"), "points": 16, "seeds": 1,
        "overrides": "customers=100, periods=12",
        "options": "{stay: {}, interact: {firms.dannon.interaction: 0.8}}", "firm": "dannon",
    }  # fmt: skip
    result = run_notebook("decide", given, output_folder=tmp_path / "out")
    assert result.summary["recommended"] in ("stay", "interact")
    factors = {row["factor"] for row in result.summary["value_of_information"]}
    assert "segments.All.switching_cost" in factors, "the estimates' draws are the futures"
    page = unescape(result.report.read_text(encoding="utf-8"))
    assert "Not observed in the panel" in page
    assert "has no no-purchase option" in page
    assert "from_panel(" in page


# ----------------------------------------------------- sweep.ipynb, template.ipynb


def test_sweep_tells_what_a_study_says(tmp_path):
    study = {
        "title": "Two prices",
        "scenario": "baseline",
        "overrides": SETTINGS,
        "factors": {"firms.Tailor.price": [18, 26]},
        "seeds": 2,
        "outputs": ["market_share.Tailor"],
        "analysis": ["main_effects"],
    }
    (tmp_path / "two.yaml").write_text(json.dumps(study), encoding="utf-8")
    given = {"study": str(tmp_path / "two.yaml"), "store": str(tmp_path / "store"), "jobs": 1}
    result = run_notebook("sweep", given, output_folder=tmp_path / "out")
    assert (result.summary["runs"], result.summary["failed"]) == (4, 0)
    runs = pd.read_parquet(result.folder / "study_result" / "runs.parquet")
    share = runs.groupby("firms.Tailor.price")["market_share.Tailor"].mean()
    low, high = (
        np.mean([
            cx.run("baseline", seed=seed, overrides={**SETTINGS, "firms.Tailor.price": price})
            .summary().set_index(["measure", "firm"])["value"]["market_share", "Tailor"]
            for seed in (0, 1)
        ])
        for price in (18, 26)
    )  # fmt: skip
    np.testing.assert_allclose(share, [low, high])
    assert low > high
    page = result.report.read_text(encoding="utf-8")
    answer = page.index("is highest at price of Tailor 18")
    assert answer < page.index("Which inputs drive each result?")  # the answer comes first
    assert "4 runs at 2 points" in result.report.read_text(encoding="utf-8")


COMPETING = "customers=200, periods=20"


def test_compete_tells_who_survives(tmp_path):
    broke = "firms.Niche.customization_cost=14, firms.Niche.initial_cash=0, firms.*.credit_limit=0"
    given = {"player": "Niche", "seeds": 2, "overrides": f"{COMPETING}, {broke}"}
    result = run_notebook("compete", given, output_folder=tmp_path / "out")
    page = unescape(result.report.read_text(encoding="utf-8"))
    assert "Niche exits most often: in 2 of 2 runs" in page
    assert result.summary["answer"].startswith("Niche earns most")
    for figure in (
        "Tournament",
        "Capability matrices",
        "Net flows",
        "Waterfall",
        "Customer equity",
    ):
        assert f'alt="{figure}' in page
    assert ">Targeting<" not in page, "no firm of the baseline chooses customers"


@pytest.mark.slow
def test_compete_shows_tiers_and_lifts_where_firms_choose_customers(tmp_path):
    given = {"scenario": "sweet_spot", "player": "Focus", "seeds": 2, "overrides": COMPETING}
    page = run_notebook("compete", given, output_folder=tmp_path / "out").report.read_text("utf-8")
    assert "Targeting lift: mean true value" in page
    assert 'alt="Share of contribution by value tier' in page
    assert 'alt="Lift of targeting rules' in page
    assert "none in this market has a credit limit" in page


@pytest.mark.parametrize(
    ("players", "message"),
    [
        (("Nich", ""), "player and rival: expected a firm of baseline, .*did you mean 'Niche'"),
        (("Mass", "Mass"), "rival: expected another firm than 'Mass'"),
    ],
)
def test_two_firms_of_the_market_play(players, message):
    with pytest.raises(cx.ScenarioError, match=message):
        competitors(cx.load("baseline"), *players)


def test_moves_that_a_market_does_not_allow_are_left_out():
    assert "best response" in policy_options(cx.load("baseline"), ("Mass", "Niche"))
    full = policy_options(cx.load("baseline_full"), ("Mass", "Niche"))
    assert "best response" not in full
    assert "copies the leader" in full


def test_the_template_answers_its_question_with_an_interval(tmp_path):
    given = {"seeds": 3, "overrides": SMALL}
    result = run_notebook("template", given, output_folder=tmp_path / "out")
    table = pd.DataFrame(result.summary["table"])
    row = table.query("measure == 'net_present_value' and firm == 'Tailor'").iloc[0]
    expected = cx.compare(
        cx.load("baseline", SETTINGS),
        cx.load("baseline", {**SETTINGS, "firms.Tailor.price": 21, "name": "changed"}),
        seeds=3,
    ).table.query("measure == 'net_present_value' and firm == 'Tailor'").iloc[0]  # fmt: skip
    assert row["difference"] == pytest.approx(expected["difference"])
    assert minus(f"{expected['difference']:+,.0f} EUR") in result.summary["answer"]
    significant = expected["lower"] > 0 or expected["upper"] < 0
    assert ("not statistically significant" in result.summary["answer"]) != significant
