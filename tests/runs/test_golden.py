"""Golden trajectories: one seed, one set of numbers, whatever the versions and threads.

``tests/runs/golden/`` holds what some markets gave when they were last looked at. A test that fails
here says that numbers of users have changed. Where that is meant, ``make golden`` writes the
files anew, and their difference shows what changed.

Purchases are whole numbers and have to be the same; measures are compared to six digits, because
sums and means over frames are NumPy's. What scikit-learn fits is left out: its numbers are its own.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from everything import everything

from cxsim.model.mechanism_registry import registered
from cxsim.runs import simulate
from cxsim.runs.measures.measure_registry import measures
from cxsim.scenario import Scenario

FOLDER = Path(__file__).with_name("golden")
RENEW = bool(os.environ.get("CXSIM_RENEW_GOLDEN"))
SEED = 2024

#: Enough for three tiles, so that three threads have something to do.
CUSTOMERS = 2500

SHIPPED = (
    "b2b_suppliers", "bad_service", "baseline_full", "blind_spot", "copycat", "points",
    "privacy_shock", "streaming", "sweet_spot", "two_roads_rivals",
)  # fmt: skip


def all_mechanisms():
    """The market in which every mechanism takes part, without what scikit-learn fits."""
    return everything(
        **{
            "periods": 12,
            "firms.Tailor.value_tiers.goes_to": "analytics",
            "firms.Tailor.acquisition.targeting": "analytics",
            "firms.Tailor.service_levels": {"key": {"share": 0.2}},
            "firms.Tailor.account_managers": {"managers": 20.0},
            "firms.*.credit_limit": 1e5,
        }
    )


#: What a model would fit, firms find in their books here.
UNFITTED = {"baseline_full": {"firms.Targeted.acquisition.targeting": "analytics"}}


def shipped(name):
    return Scenario.load(name, UNFITTED.get(name, {}))


MARKETS = {name: lambda name=name: shipped(name) for name in SHIPPED}
MARKETS["all_mechanisms"] = all_mechanisms


def rounded(value):
    """A number to six digits; none where it is no number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def trajectory(name, **options):
    """Purchases by period and option, and every measure of the last period."""
    scenario = MARKETS[name]().override({"customers": CUSTOMERS})
    simulation = simulate(scenario, seed=SEED, **options)
    ledger = simulation.ledger
    last = {
        level: {
            m.name: [rounded(value) for value in m.function(ledger)[-1].ravel().tolist()]
            for m in measures(level, simulation.mechanisms)
        }
        for level in ("firm", "market")
    }
    bought = ledger.count("purchases").sum(axis=1)
    assert (bought == bought.round()).all()
    return {
        "seed": SEED,
        "customers": CUSTOMERS,
        "options": [*ledger.firms, "no_purchase"],
        "purchases": bought.astype(int).tolist(),
        **last,
    }


def written(facts):
    """The text of a golden file: a period a line, a measure a line."""
    lines = []
    for key, value in facts.items():
        if key == "purchases":
            rows = ",\n".join(f"  {json.dumps(row)}" for row in value)
            lines.append(f'"purchases": [\n{rows}\n]')
        elif isinstance(value, dict):
            rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            lines.append(f'"{key}": {{\n{rows}\n}}')
        else:
            lines.append(f'"{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def is_same(value, other):
    """Whether two rounded numbers are the same but for one in the last of six digits."""
    if value is None or other is None:
        return value is other
    return math.isclose(value, other, rel_tol=1.1e-5, abs_tol=1e-9)


@pytest.mark.parametrize("name", MARKETS)
def test_the_numbers_are_those_of_every_machine_and_version(name):
    facts = trajectory(name)
    path = FOLDER / f"{name}.json"
    if RENEW:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(written(facts), encoding="utf-8", newline="\n")
    golden = json.loads(path.read_text(encoding="utf-8"))
    say = "numbers of users have changed; if that is meant: make golden"
    assert facts["options"] == golden["options"], say
    for period, (row, before) in enumerate(
        zip(facts["purchases"], golden["purchases"], strict=True)
    ):
        assert row == before, f"period {period}: {say}"
    changed = {
        f"{level}.{measure}": (facts[level].get(measure), before)
        for level in ("firm", "market")
        for measure, before in golden[level].items()
        if not (measure in facts[level] and all(map(is_same, facts[level][measure], before)))
    }
    assert not changed, say


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("name", ["all_mechanisms", "bad_service"])
def test_threads_do_not_show_in_them(name, threads):
    golden = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert trajectory(name, threads=threads)["purchases"] == golden["purchases"]


def test_together_they_cover_all_mechanisms():
    on = {m.name for make in MARKETS.values() for m in make().mechanisms}
    assert {m.name for m in registered()} <= on
