"""Targets from churn tables, share reports and NPS sheets, and what is checked before a search."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from markets import market

from cxsim.calibration import CalibrationError
from cxsim.calibration.moment_matching import Found, MomentMatch
from cxsim.calibration.table_reading import read_table
from cxsim.calibration.target_tables import completed, share_error, target_rows, understood
from cxsim.calibration.targets import read_targets

FIRMS = ("Ann", "Bob")


def base():
    firms = {name: {"price": 10.0, "quality": 12.0} for name in FIRMS}
    return market(
        firms, {"All": {"share": 1.0, "price_sensitivity": 0.5}}, customers=100, periods=6
    )


def read(*targets, table=None, tmp_path=None, **options):
    goals = list(targets)
    if table is not None:
        path = tmp_path / "t.csv"
        path.write_text(table, encoding="utf-8")
        goals = {"table": str(path), **options} if options else str(path)
    return read_targets(
        {"parameters": {"firms.Ann.quality": [10, 16]}, "targets": goals}, base=base()
    )


def rows(text, **options):
    names, *cells = (line.split(";") for line in text.strip().splitlines())
    table = read_table(pd.DataFrame(cells, columns=names))
    return target_rows(table, firms=FIRMS, **options), table


def refused(*targets, **more):
    with pytest.raises(CalibrationError) as caught:
        read(*targets, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------------------- one number


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("share", "market_share"),
        ("Market share", "market_share"),
        ("churn", "churn"),
        ("Churn rate", "churn"),
        ("attrition", "churn"),
        ("retention", "retention_rate"),
        ("NPS", "net_promoter_score"),
        ("net promoter", "net_promoter_score"),
        ("share of customers", "customer_share"),
        ("clv", None),
        ("mood", None),
    ],
)
def test_names_that_people_use_are_understood_unless_two_measures_have_them(name, measure):
    assert understood(name, "firm") == measure


def test_a_standard_error_comes_from_the_count_that_a_share_is_of():
    row, said = completed({"measure": "churn", "firm": "Ann", "value": 0.04, "n": 2400})
    assert row["se"] == pytest.approx(math.sqrt(0.04 * 0.96 / 2400))
    assert said == ["churn of Ann: standard error 0.004, from n = 2400"]
    assert share_error(0.0, 98) == pytest.approx(math.sqrt(0.01 * 0.99 / 98)), "never zero"


def test_a_standard_error_of_a_mean_comes_from_its_spread():
    row, _ = completed({"measure": "price_paid", "firm": "Ann", "value": 12.5, "n": 100, "sd": 3})
    assert row["se"] == pytest.approx(0.3)
    with pytest.raises(ValueError, match="sd: expected a standard deviation of price_paid"):
        completed({"measure": "price_paid", "firm": "Ann", "value": 12.5, "n": 100})


def test_a_mean_tenure_is_a_churn_rate_and_that_is_said():
    row, said = completed({"measure": "tenure", "firm": "Ann", "value": 25.0, "se": 0.5})
    assert row == {"measure": "churn", "firm": "Ann", "value": 0.04, "se": 0.5 / 625}
    assert "taken as churn of 0.04 a period, 1 / tenure" in said[0]


def test_per_cent_and_commas_are_numbers_in_files_of_targets_too():
    goal = {"measure": "share", "firm": "Ann", "value": "42,0 %", "se": "1,5 %"}
    (target,) = read(goal).targets
    assert (target.measure, target.value, target.se) == ("market_share", 0.42, 0.015)


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ({"measure": "share", "firm": "Ann", "value": 42, "se": 1},
         "targets.0.value: expected 0 to 1 (market_share is a share), found 42.0 (42 %? write "),
        ({"measure": "nps", "firm": "Ann", "value": 31, "se": 0.1}, "value: expected -1 to 1"),
        ({"measure": "churn", "firm": "Ann", "value": -0.1, "se": 0.1}, "expected 0 to 1"),
        ({"measure": "share", "firm": "Ann", "value": 0.42, "se": 1},
         "targets.0.se: expected the standard error of a share, found 1.0 (1 %? write 0.01"),
        ({"measure": "tenure", "firm": "Ann", "value": 0.5, "se": 0.1},
         "value: expected a tenure of 1 period or more, found 0.5"),
        ({"measure": "share", "firm": "Ann", "value": 0.4, "n": 0}, "n: expected a number above 0"),
        ({"measure": "share", "firm": "Ann", "value": "1.500", "se": 0.1},
         "value: expected a number with one reading"),
        ({"measure": "share", "firm": "Ann", "value": 0.4},
         "se: expected a standard error above 0, or n that market_share is of, found nothing"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_is_refused_before_any_search(goal, said):
    assert said in refused(goal)


def goals(measure, *values, se=0.01):
    return [
        {"measure": measure, "firm": firm, "value": value, "se": se}
        for firm, value in zip(FIRMS, values, strict=False)
    ]


def test_shares_of_all_firms_add_up_to_one_within_their_errors():
    said = refused(*goals("share", 0.31, 0.45))
    assert "values of market_share of all firms that add up to 1, found 0.76" in said
    assert len(read(*goals("share", 0.55, 0.44)).targets) == 2
    assert len(read(*goals("share", 0.55)).targets) == 1, "some firms are not all"


def test_churn_and_retention_add_up_to_one():
    said = refused(*goals("churn", 0.04), *goals("retention", 0.90))
    assert "churn and retention_rate of Ann that add up to 1, found 0.94" in said


# --------------------------------------------------------------------------------- tables


def test_a_row_per_target_may_mix_per_cent_and_other_units(tmp_path):
    table = "measure;firm;value;se;n\nshare;Ann;42,0 %;;1200\nprice_paid;Ann;12,50;0,2;\n"
    one, two = read(table=table, tmp_path=tmp_path).targets
    assert (one.value, two.value, two.se) == (0.42, 12.5, 0.2)
    assert one.se == pytest.approx(math.sqrt(0.42 * 0.58 / 1200))
    mixed = "measure;firm;value;se\nshare;Ann;42 %;0,01\n"
    assert "expected % in value and se, or in neither" in refused(table=mixed, tmp_path=tmp_path)


def test_a_churn_table_of_counts_gives_rates_with_binomial_errors(tmp_path):
    table = "provider,customers at start,lost\nann,2400,96\nbob,1000,10\nTotal,3400,106\n"
    got = read(table=table, tmp_path=tmp_path)
    one, two = got.targets
    assert (one.measure, one.firm, one.value, two.value) == ("churn", "Ann", 0.04, 0.01)
    assert one.se == pytest.approx(math.sqrt(0.04 * 0.96 / 2400))
    assert any("churn is lost / customers at start" in each for each in got.decisions)
    assert any("'Total' left out" in each for each in got.decisions)


def test_a_report_with_a_column_per_measure_gives_a_target_per_cell():
    made, table = rows("firm;Market share (%);Churn %;n\nAnn;42,5;4,0;400\nBob;57,5;;600")
    assert [(r["measure"], r["firm"], r["value"], r["n"]) for r in made] == [
        ("market_share", "Ann", 0.425, 400.0),
        ("market_share", "Bob", 0.575, 600.0),
        ("churn", "Ann", 0.04, 400.0),
    ]
    assert "Market share (%), Churn %: per cent, read as shares" in table.decisions


def test_months_of_shares_become_means_with_the_error_of_their_spread():
    made, _ = rows(
        "month;Ann;Bob\n2025-01;0.40;0.60\n2025-02;0.42;0.58\n2025-03;0.44;0.56", measure="share"
    )
    assert made[0]["value"] == pytest.approx(0.42)
    assert made[0]["se"] == pytest.approx(0.02 / math.sqrt(3))
    long, _ = rows("month;firm;share\n2025-01;Ann;0.40\n2025-02;Ann;0.42\n2025-03;Ann;0.44")
    assert long[0]["se"] == pytest.approx(made[0]["se"])
    with pytest.raises(CalibrationError, match="expected the measure of 'Ann', 'Bob'"):
        rows("month;Ann;Bob\n2025-01;0.40;0.60")


def test_an_nps_sheet_is_read_from_counts_and_from_answers():
    counts, _ = rows("firm;promoters;passives;detractors\nAnn;50;30;20")
    assert counts[0]["value"] == pytest.approx(0.3)
    assert counts[0]["se"] == pytest.approx(math.sqrt((0.5 + 0.2 - 0.3**2) / 100))
    answers = "\n".join(f"Ann;{score}" for score in [10] * 50 + [7] * 30 + [3] * 20)
    raw, _ = rows(f"firm;score\n{answers}")
    assert raw == counts
    with pytest.raises(CalibrationError, match="expected an answer from 0 to 10, found 11"):
        rows("firm;score\nAnn;11\nAnn;3")


def test_a_table_of_something_else_is_refused_with_what_is_there(tmp_path):
    table = "firm,colour\nAnn,red\nBob,blue\n"
    said = refused(table=table, tmp_path=tmp_path)
    assert "expected columns of measures, such as churn, market_share, nps" in said
    assert "found 'firm', 'colour'" in said
    said = refused(table="a,b\n1,2\n", tmp_path=tmp_path, decimals="comma")
    assert "found 'decimals' (did you mean 'decimal'?)" in said
    table = "measure;firm;value;se\nprice_paid;Ann;1.500;0,1\n"
    assert read(table=table, tmp_path=tmp_path, decimal="comma").targets[0].value == 1500.0


# ----------------------------------------------------------------------- targets not met


def test_targets_that_are_not_met_say_why():
    import numpy as np

    goal = read(*goals("share", 0.9))
    weight, none = np.array([[50.0]]), np.zeros((0, 1))  # 1 over the error of 0.02
    found = Found(
        unit=np.array([1.0]), model=np.array([0.6]), model_se=np.array([0.01]),
        sigma=np.array([0.02]), distance=np.array([-15.0]), jacobian=np.array([[5.0]]),
        weight=weight, tried=none, simulated=none,
    )  # fmt: skip
    result = MomentMatch(goal, found, 4, draws=5, seed=0)
    assert not result.met
    assert result.reasons() == (
        "Not met: market_share of Ann is 0.6 in the model, 0.9 was wanted.",
        "firms.Ann.quality is at its bound 16: targets may be out of reach within the bounds.",
    )
    near = replace(found, model=np.array([0.89]), distance=np.array([-0.5]))
    result = MomentMatch(goal, near, 4, draws=5, seed=0)
    assert result.met
    assert result.reasons() == ()
