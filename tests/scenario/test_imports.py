"""Modules of a user's own under `imports`: where they are found, and when they are refused."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import cloudpickle
import pytest
from own_mechanisms import own_mechanisms

import cxsim as cx
from cxsim.cli.app import run as command
from cxsim.files import trust
from cxsim.model.mechanism_registry import registered, unregister
from cxsim.scenario import imports

SMALL = {"customers": 20, "periods": 2}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Give a trusted folder with the page's modules, scenario and study."""
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("CXSIM_TRUST", str(tmp_path))
    monkeypatch.setenv("CXSIM_IMPORT", "")
    monkeypatch.setattr(trust, "_adopted", set())
    with own_mechanisms(tmp_path):
        yield tmp_path


def test_a_scenario_imports_the_module_beside_it(mine):
    market = cx.load("seasons.yaml", SMALL)
    assert market.mechanisms[-1].name == "season"
    assert market.imports == ("season",)
    assert cx.Scenario.from_dict(market.to_dict()) == market


def test_a_folder_that_is_not_trusted_imports_nothing(mine, monkeypatch, capsys):
    monkeypatch.delenv("CXSIM_TRUST")
    assert command(["check", "seasons.yaml"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("cxsim: seasons.yaml:3: imports.0: expected code of a trusted folder")
    assert f"cxsim trust {mine}" in said
    assert "season" not in sys.modules


def test_extended_files_import_first_and_every_import_counts_once(mine):
    (mine / "both.yaml").write_text("extends: seasons.yaml\nimports: [birthday, season]\n")
    market = cx.load("both.yaml")
    assert market.imports == ("season", "birthday")
    assert [each.name for each in registered()[-2:]] == ["season", "birthday"]


def test_imports_alone_change_no_digest(mine):
    (mine / "idle.yaml").write_text("extends: baseline\nimports: [season]\n")
    assert cx.load("idle.yaml").digest == cx.load("baseline").digest


@pytest.mark.parametrize(
    ("module", "text", "said"),
    [
        ("seeson", None, "did you mean 'season'"),
        ("os", None, "expected a module in"),
        ("odd", "import cxsim as cx\n", "expected a module that registers something, found 'odd'"),
        (
            "odd",
            "from cxsim.model.mechanism import Mechanism\nIDEA = Mechanism('idea')\n",
            r"add cx.register\(IDEA\)",
        ),
        ("odd", "1 / 0\n", "ZeroDivisionError: division by zero"),
        ("odd", "raise SystemExit(3)\n", "SystemExit: 3"),
        ("../odd", None, "expected a module in"),
    ],
)
def test_a_module_that_cannot_be_meant_is_refused_at_its_line(mine, module, text, said):
    if text:
        (mine / "odd.py").write_text(text)
    (mine / "m.yaml").write_text(f"extends: baseline\nimports:\n  - '{module}'\n")
    for _ in range(2):  # what failed once is not taken for imported
        with pytest.raises(cx.ScenarioError, match=rf"m.yaml:3: imports.0: .*{said}") as caught:
            cx.load("m.yaml")
        assert "\n" not in str(caught.value)


def test_an_installed_package_offers_a_module(mine, monkeypatch):
    class Offered:
        name = "seasons_of_ours"

        def load(self):
            return trust.imported("season", mine)

    monkeypatch.setattr(imports, "installed", lambda: {"seasons_of_ours": Offered()})
    market = cx.Scenario.from_dict(
        {"extends": "baseline", "imports": ["seasons_of_ours"], "season_amplitude": 0.5}
    )
    assert market.mechanisms[-1].name == "season"


def test_the_command_line_imports_for_scenarios_that_do_not_say_so(mine, capsys):
    (mine / "plain.yaml").write_text("extends: baseline\nseason_amplitude: 0.5\n")
    assert command(["check", "plain.yaml"]) == 2
    assert command(["check", "plain.yaml", "--import", "season"]) == 0
    assert command(["check", "baseline", "--import"]) == 2
    assert "--import: expected a module, found nothing" in capsys.readouterr().err


def test_another_process_gets_mechanisms_without_their_files(mine, tmp_path_factory):
    market = cx.load("seasons.yaml", SMALL)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    script = (
        "import sys, cloudpickle, json, cxsim as cx\n"
        "market = cloudpickle.load(sys.stdin.buffer)\n"
        "run = cx.run(market, seed=1)\n"
        "print(json.dumps([run.provenance['digest'], run.firms['purchases'].tolist()]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=cloudpickle.dumps(market), capture_output=True,
        cwd=elsewhere, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    here = cx.run(market, seed=1)
    said = json.loads(done.stdout)
    assert said == [here.provenance["digest"], here.firms["purchases"].tolist()]


def test_what_another_process_registered_itself_stays(mine):
    data = pickle.dumps(cx.load("seasons.yaml", SMALL))
    there = registered()
    pickle.loads(data)
    assert registered() == there


def test_a_newer_version_from_the_same_sender_replaces_the_one_before(mine):
    sent = pickle.dumps(cx.load("seasons.yaml", SMALL))
    unregister("season")  # as in a process that has not imported it
    del sys.modules["season"]
    pickle.loads(sent)
    first = registered()[-1]
    assert first.name == "season"
    assert "season" not in sys.modules
    sent = imports.Sent(("season",), imports._received["season"], ("season",), {})
    imports.unpack(sent)
    assert registered()[-1] is first
    again = cloudpickle.dumps(cloudpickle.loads(sent.data)) + b"newer"
    imports.unpack(sent._replace(data=again))
    assert registered()[-1] is not first


def test_a_store_keeps_the_text_of_what_was_imported(mine):
    plan = {
        "scenario": "seasons.yaml", "overrides": SMALL, "factors": {"season_amplitude": [0.5]},
        "seeds": 1, "outputs": ["price"], "imports": ["birthday"],
    }  # fmt: skip
    result = cx.sweep(plan, store="s", executor="inline")
    assert len(result.failed) == 0
    assert result.study.base.imports == ("season", "birthday")
    assert set(result.store.sources()) == {"season", "birthday"}
    assert "def seasonal(chance" in result.store.sources()["season"]
    assert len(result.store.codes()) == 1


def test_new_lays_out_a_mechanism_that_runs(mine, capsys):
    assert command(["new", "idea", "--mechanism", "fine_day"]) == 0
    assert command(["new", "idea", "--mechanism", "fine_day"]) == 2
    assert command(["new", "idea", "--mechanism", "choice"]) == 2
    assert command(["new", "idea", "--mechanism", "../x"]) == 2
    assert command(["new", "idea", "x.yaml", "--mechanism", "other"]) == 2
    trust.adopt((str(mine / "idea"),))
    assert sorted(each.name for each in (mine / "idea").iterdir()) == [
        "fine_day.md", "fine_day.py", "fine_day.yaml", "test_fine_day.py",
    ]  # fmt: skip
    market = cx.load(mine / "idea" / "fine_day.yaml", SMALL)
    assert market.mechanisms[-1].name == "fine_day"
    assert "built in" in capsys.readouterr().err
