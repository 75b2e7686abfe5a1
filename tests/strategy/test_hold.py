"""What it costs to hold a target: the smallest size or value at which a measure reaches it."""

from __future__ import annotations

import numpy as np
import pytest

import cxsim as cx
from cxsim.cli.app import run as cxsim_command
from cxsim.runs.measures.profit import weights
from cxsim.strategy.hold import moved, sized

SMALL = {"customers": 100, "periods": 12}
APP = "firms.Tailor.programmes.app"


@pytest.fixture(scope="module")
def market():
    """A market in which Tailor has a programme that costs money and changes nothing."""
    app = {"changes": {"quality": 27.0}, "one_off": 6_000.0, "running": 1_000.0}
    return cx.load("baseline", {**SMALL, APP: app})


def worth_of(market):
    """Tailor's net present value on seeds 0 and 1."""
    rows = [cx.run(market, seed=seed).summary() for seed in (0, 1)]
    mine = [one.query("measure == 'net_present_value' and firm == 'Tailor'") for one in rows]
    return np.array([one["value"].iloc[0] for one in mine])


def test_a_cost_that_grows_with_the_size_has_the_size_of_the_closed_form(market):
    free = market.override({APP: None})
    alone, cost = worth_of(free), 6_000 + 1_000 * weights(12, free.discount_rate).sum()
    target = alone.mean() - 0.4 * cost
    held = cx.hold(
        market, f"net_present_value >= {float(target)!r}", f"{APP}.size", low=0, high=1, seeds=2
    )
    assert held.value == pytest.approx(0.4, abs=1e-3)
    assert held.change.mean == pytest.approx(-held.value * cost)
    assert held.change.upper - held.change.lower == pytest.approx(0.0, abs=1e-3)
    t = 12.7062  # of Student's distribution with one degree of freedom
    half = t * alone.std(ddof=1) / np.sqrt(2) / cost
    assert held.upper - held.value == pytest.approx(half, rel=1e-3)
    assert f"up to {APP}.size 0.4" in held.sentence()
    assert "of net present value (interval" in held.sentence()
    assert "against the market without the programme" in held.sentence()


def test_a_size_scales_changes_and_costs(market):
    moved = market.override({f"{APP}.changes": {"quality": 31.0}})
    assert sized(moved, f"{APP}.size", 0.25) == {
        f"{APP}.changes": {"quality": 28.0}, f"{APP}.one_off": 1_500.0, f"{APP}.running": 250.0,
    }  # fmt: skip
    assert sized(market, "firms.Mass.price", 19.0) == {"firms.Mass.price": 19.0}


def test_targets_and_ranges_can_be_said_in_words(market):
    assert moved("firms.Mass.price 14:24") == moved("firms.Mass.price=14:24")
    assert moved(f"{APP}.size") == (f"{APP}.size", "0", "1")
    with pytest.raises(ValueError, match="by: expected PATH=LOW:HIGH, found"):
        moved("firms.Mass.price")
    given = {"path": "firms.Mass.price", "low": 18, "high": 22, "seeds": 1, "points": 2}
    words = cx.hold(market, "market_share at least 1 %", **given)
    assert (words.at_least, words.target) == (True, 0.01)


def test_the_value_found_reaches_the_target_and_a_little_more_of_it_misses(market):
    held = cx.hold(market, "market_share>=30%", "firms.Mass.price", low=14, high=24, seeds=2)
    curve = held.curve
    assert held.reached.mean >= 0.3
    assert curve.loc[curve["reaches"], "value"].max() == held.value
    nearest = curve.loc[~curve["reaches"], "value"].min()
    assert 0 < nearest - held.value < 0.05
    limit = cx.hold(market, "market_share<=0.3", "firms.Mass.price", low=14, high=24, seeds=2)
    assert limit.value == pytest.approx(held.value, abs=0.05)
    assert "is at most 30 % from firms.Mass.price" in limit.sentence()


def test_a_target_that_is_never_or_always_reached_is_said_to_be(market):
    price = {"path": "firms.Mass.price", "low": 18, "high": 22, "seeds": 1, "points": 2}
    never = cx.hold(market, "market_share>=0.99", **price)
    assert np.isnan(never.value)
    assert "is nowhere at least 99 % in firms.Mass.price 18 to 22: at most" in never.sentence()
    assert "throughout" in cx.hold(market, "market_share>=0.01", **price).sentence()


@pytest.mark.parametrize(
    ("target", "path", "said"),
    [
        ("net_present_value>=0", "firms.Mass.price", "to rise or fall throughout 8 to 60, found"),
        ("marketshare>=0.3", "firms.Mass.price", "did you mean 'market_share'"),
        ("market_share=0.3", "firms.Mass.price", "expected a measure, >= or <=, and a number"),
        ("market_share>=0.3", "firms.Mas.price", "firm: expected one of .*'Mass'"),
        ("market_share>=0.3", "firms.Mass.programmes.x.size", r"found 'x' \(Mass has none\)"),
        ("market_share>=0.3", "firms.Tailor.programmes.ap.size", "did you mean 'app'"),
        ("market_share>=0.3", "periods", "firm: expected one of"),
    ],
)
def test_what_cannot_be_held_is_refused_in_a_line(market, target, path, said):
    with pytest.raises(ValueError, match=said):
        cx.hold(market, target, path, low=8, high=60, seeds=2)


def test_the_command_finds_a_price_for_a_share_without_a_report(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["-s", "customers=100", "-s", "periods=12", "--seeds", "2"]
    words = ["decide", "baseline", *small, "--hold", "share>=30%"]
    assert cxsim_command([*words, "--by", "firms.Mass.price=14:24"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("Mass's market share is at least 30 % up to firms.Mass.price ")
    assert "net present value" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_command_writes_a_report_and_slides_where_they_are_asked_for(
    capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = ["decide", "baseline", "-s", "customers=100", "-s", "periods=12", "--seeds", "2",
             "--hold", "share>=30%", "--by", "firms.Mass.price=14:24"]  # fmt: skip
    assert cxsim_command(words) == 0
    plain = capsys.readouterr().out
    assert cxsim_command([*words, "-o", "out", "--export", "held.pptx", "--author", "Team"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(plain.rstrip())
    assert "Report: out/report.html" in said
    assert "Export: held.pptx" in said
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "What does it cost Mass to hold" in page
    assert "Team" in page
    assert (tmp_path / "held.pptx").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hold", "share>=30%"], "--by: expected PATH=LOW:HIGH, found none"),
        (["--by", "firms.Mass.price=1:2"], "--hold: expected a target"),
        (["--hold", "share>=1", "--by", "firms.Mass.price"], "--by: expected PATH=LOW:HIGH, found"),
        (["--hold", "share>=1", "--by", "firms.Mass.price=2:1"], "--by: expected a number above 2"),
        (["--hold", "1", "--by", "firms.Mass.price=1:2"], "--hold: expected a measure"),
        (["--hold", "share>=1", "--by", "firms.Mass.price=1:2", "--points", "9"], "no --points"),
    ],
)
def test_options_that_do_not_fit_are_refused(capsys, options, said):
    assert cxsim_command(["decide", "baseline", *options]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
