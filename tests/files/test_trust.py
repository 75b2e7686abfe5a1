"""Code beside a scenario: never imported by reading, and by a run only if its folder is trusted."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import cloudpickle
import pytest

import cxsim as cx
from cxsim.cli.app import run as command
from cxsim.engine import code_folders
from cxsim.files import trust
from cxsim.firms import policy_registry
from cxsim.study.study import Study

PACKAGE = str(Path(cx.__file__).parents[1])

#: A module that leaves a mark wherever it is imported.
CODE = """\
from pathlib import Path
import cxsim as cx
import beside
Path(__file__).with_name("imported").touch()
class Free(cx.PricingPolicy):
    by: float = cx.parameter(0.5, doc="More", unit="currency", ge=0)
    def decide(self, known):
        return 1.0 + self.by
class Fussy(cx.PricingPolicy):
    def refuses(self, scenario):
        return "expected another market, found this one"
    def decide(self, known):
        return None
class Idle(cx.PricingPolicy):
    pass
"""

MARKET = """\
customers: 20
periods: 2
segments: {All: {share: 1}}
firms:
  A: {price: 1, policy: {pricing: POLICY}}
  B: {price: 1}
"""

STUDY = "scenario: m.yaml\nfactors: {firms.B.price: [1, 2]}\nseeds: 1\noutputs: [price]\n"


@pytest.fixture(autouse=True)
def _at_home(tmp_path, monkeypatch):
    """Remember in a folder of the test's own, and forget what it imported."""
    compiled = os.pathsep.join(map(str, code_folders.cache_folders()))
    monkeypatch.setenv("CXSIM_CACHE_DIR", compiled)  # the usual one: it would lie in the home
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("CXSIM_TRUST", raising=False)
    monkeypatch.setattr(trust, "_adopted", set())
    before = set(sys.modules)
    yield
    for name in ("shop_policies", "beside", "shelf", "shelf.low"):
        if name not in before:
            sys.modules.pop(name, None)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Give a folder with a scenario, its policies and a module that these import."""
    folder = tmp_path / "a shop"
    folder.mkdir()
    (folder / "shop_policies.py").write_text(CODE, encoding="utf-8")
    (folder / "beside.py").write_text("", encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    scenario(folder, "shop_policies:Free")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def scenario(folder, policy, name="m.yaml"):
    path = folder / name
    path.write_text(MARKET.replace("POLICY", policy), encoding="utf-8")
    return path


def was_imported(folder):
    return (folder / "imported").exists()


def price(scenario):
    return cx.run(scenario).firms.query("firm == 'A'")["price"].tolist()


# --- reading ------------------------------------------------------------------------------


def test_checking_showing_and_comparing_import_nothing(shop, capsys):
    path = str(shop / "m.yaml")
    scenario(shop, "{name: 'shop_policies:Free', by: 2}", "other.yaml")
    scenario(shop, "fixed", "child.yaml")
    (shop / "child.yaml").write_text("extends: m.yaml\n", encoding="utf-8")
    for words in (
        ["check", path, str(shop / "other.yaml"), str(shop / "child.yaml")],
        ["check", str(shop / "study.yaml")],
        ["diff", path, str(shop / "other.yaml")],
    ):
        assert command(words) == 0
    market = cx.load(path)
    shown = (repr(market), market._repr_html_(), market.to_yaml(), market.digest, market.value(
        "firms.A.policy.pricing"))  # fmt: skip
    assert all(shown)
    assert pickle.loads(pickle.dumps(market)) == market
    said = capsys.readouterr().out
    assert said.count("note    policy shop_policies:Free is code of") == 4
    assert f"was not loaded; cxsim trust '{shop}' to check it too" in said
    assert not was_imported(shop)
    assert "shop_policies" not in sys.modules


@pytest.mark.parametrize(
    "policy",
    ["antigravity:X", "this:X", "test.autotest:X", "os:system", "../a shop/shop_policies:Free"],
)
def test_what_python_could_import_from_elsewhere_is_refused_without_importing_it(
    shop, policy, monkeypatch, capsys
):
    monkeypatch.setenv("CXSIM_TRUST", str(shop))
    before = set(sys.modules)
    assert command(["check", str(scenario(shop, f"'{policy}'"))]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert ": firms.A.policy.pricing: expected " in said[0]
    imported = set(sys.modules) - before
    assert not imported & {"antigravity", "this", "test.autotest", "test", "shop_policies"}


# --- running ------------------------------------------------------------------------------


def test_a_run_says_what_it_would_import_and_how_to_allow_it(shop):
    with pytest.raises(cx.ScenarioError) as caught:
        cx.run(shop / "m.yaml")
    assert str(caught.value) == (
        f"{shop}/m.yaml:5: firms.A.policy.pricing: expected code of a trusted folder, found "
        f"pricing policy shop_policies:Free, which would import {shop}/shop_policies.py "
        f"(to allow it: cxsim trust '{shop}')"
    )
    assert not was_imported(shop)


def test_a_command_refuses_code_before_a_kernel_starts(shop, capsys):
    assert command(["run", str(shop / "m.yaml")]) == 2
    assert "expected code of a trusted folder" in capsys.readouterr().err
    assert command(["sweep", str(shop / "study.yaml")]) == 2
    said = capsys.readouterr().err
    assert "m.yaml:5: firms.A.policy.pricing: expected code of a trusted folder" in said
    assert len(said.splitlines()) == 1


def test_a_trusted_folder_is_remembered_until_it_is_taken_out(shop, capsys):
    assert command(["trust", str(shop)]) == 0
    assert price(shop / "m.yaml") == [1.5, 1.5]
    capsys.readouterr()
    assert command(["trust"]) == 0
    assert capsys.readouterr().out == f"{shop}  (cxsim trust)\n"
    assert command(["trust", "--remove", str(shop)]) == 0
    assert not trust.is_trusted(shop)
    assert command(["trust", "--remove", str(shop)]) == 2
    assert command(["trust", str(shop / "none")]) == 2


def test_an_environment_variable_trusts_folders_by_their_real_paths(shop, tmp_path, monkeypatch):
    link = tmp_path / "link"
    link.symlink_to(shop)
    monkeypatch.setenv("CXSIM_TRUST", os.pathsep.join(["/nowhere", str(link)]))
    assert trust.is_trusted(shop)
    assert price(link / "m.yaml") == [1.5, 1.5]
    assert not trust.is_trusted(tmp_path)
    assert not trust.is_trusted(shop / "below")


def test_only_code_of_the_files_own_folder_counts(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("CXSIM_TRUST", f"{shop}{os.pathsep}{tmp_path}")
    stranger = scenario(tmp_path, "shop_policies:Free")
    with pytest.raises(cx.ScenarioError, match=r"expected a module in .* found 'shop_policies'"):
        cx.load(stranger)
    (tmp_path / "child.yaml").write_text("extends: a shop/m.yaml\n", encoding="utf-8")
    assert price(tmp_path / "child.yaml") == [1.5, 1.5]  # the file that names it lies beside it


def test_a_change_means_code_of_the_current_folder_and_a_studys_of_the_studys(shop, monkeypatch):
    monkeypatch.setenv("CXSIM_TRUST", str(shop))
    change = {"firms.Mass.policy.pricing": "shop_policies:Free", "customers": 20, "periods": 2}
    with pytest.raises(cx.ScenarioError, match="found 'shop_policies'"):
        cx.load("baseline", change)
    study = {"scenario": "baseline", "overrides": change, "factors": {"firms.Mass.price": [1, 2]}}
    (shop / "own.yaml").write_text(json.dumps(study), encoding="utf-8")
    assert Study.load(shop / "own.yaml").base is not None
    monkeypatch.chdir(shop)
    assert cx.run("baseline", overrides=change).firms.query("firm == 'Mass'")["price"].max() == 1.5


def test_what_only_the_code_can_tell_is_told_when_a_run_starts(shop, monkeypatch, capsys):
    monkeypatch.setenv("CXSIM_TRUST", str(shop))
    for policy, said in (
        ("{name: 'shop_policies:Free', by: -1}",
         "pricing.by: expected a number of at least 0 (currency), found -1"),
        ("{name: 'shop_policies:Free', bye: 1}", "did you mean 'by'?"),
        ("shop_policies:Fre", "did you mean 'Free'?"),
        ("shop_policies:Idle", "expected a method decide, found none"),
        ("shop_policies:Fussy", "expected another market, found this one"),
    ):  # fmt: skip
        path = scenario(shop, policy)
        sys.modules.pop("shop_policies", None)
        market = cx.load(path)  # reading leaves it open
        with pytest.raises(
            cx.ScenarioError, match=r"m\.yaml:5: firms\.A\.policy\.pricing"
        ) as error:
            cx.run(market)
        assert said in str(error.value)
        assert command(["check", str(path)]) == 2  # the folder is trusted, so it is looked into
        assert said in capsys.readouterr().err


def test_a_module_of_a_package_in_the_folder_is_found(shop, monkeypatch):
    monkeypatch.setenv("CXSIM_TRUST", str(shop))
    (shop / "shelf").mkdir()
    (shop / "shelf" / "low.py").write_text(CODE, encoding="utf-8")
    assert price(scenario(shop, "shelf.low:Free")) == [1.5, 1.5]


@pytest.mark.parametrize("name", ["json", "colorsys"])
def test_a_file_that_is_called_as_a_module_of_python_is_refused(shop, monkeypatch, name):
    monkeypatch.setenv("CXSIM_TRUST", str(shop))
    (shop / f"{name}.py").write_text(CODE, encoding="utf-8")
    with pytest.raises(cx.ScenarioError, match="call the file otherwise"):
        cx.run(scenario(shop, f"{name}:Free"))
    assert not was_imported(shop)


def test_two_folders_with_modules_of_one_name_are_not_mixed_up(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("CXSIM_TRUST", f"{shop}{os.pathsep}{tmp_path}")
    (tmp_path / "shop_policies.py").write_text(CODE, encoding="utf-8")
    assert price(shop / "m.yaml") == [1.5, 1.5]
    with pytest.raises(cx.ScenarioError, match="a module 'shop_policies' is in use already"):
        cx.load(scenario(tmp_path, "shop_policies:Free"))


def test_what_a_session_has_imported_itself_needs_no_trust(shop, monkeypatch):
    monkeypatch.syspath_prepend(shop)
    import shop_policies

    assert price(shop / "m.yaml") == [1.5, 1.5]
    cx.register_policy(shop_policies.Free)
    assert price(cx.load(shop / "m.yaml", {"firms.A.policy.pricing": "Free"})) == [1.5, 1.5]
    policy_registry._registered.pop("Free")


# --- plug-ins -----------------------------------------------------------------------------


def test_an_installed_package_offers_policies_by_name(tmp_path, shop, monkeypatch):
    about = tmp_path / "site" / "shelf-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1\n", "utf-8")
    points = "[cxsim.policies]\nlow = shelf.low:Free\nlost = shelf.none:Free\n"
    (about / "entry_points.txt").write_text(points, "utf-8")
    (tmp_path / "site" / "shelf").mkdir()
    (tmp_path / "site" / "beside.py").touch()
    (tmp_path / "site" / "shelf" / "low.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site")
    policy_registry.installed.cache_clear()
    try:
        assert "low" in {
            each.name for each in importlib.metadata.entry_points(group=policy_registry.GROUP)
        }
        for name in ("low", "shelf.low:Free", "{name: low, by: 0.5}"):
            assert price(scenario(shop, name)) == [1.5, 1.5]
        with pytest.raises(
            cx.ScenarioError, match=r"found 'shelf\.none:Free' \(ModuleNotFoundError"
        ):
            cx.load(scenario(shop, "lost"))
        with pytest.raises(cx.ScenarioError, match="did you mean 'low'"):
            cx.load(scenario(shop, "loww"))
    finally:
        policy_registry.installed.cache_clear()


# --- workers ------------------------------------------------------------------------------


WORKER = """
import pickle, sys
import cxsim as cx
print(cx.run(pickle.load(sys.stdin.buffer)).firms["price"].iloc[0])
"""


def test_another_process_of_the_users_inherits_the_decision_with_its_work(shop, monkeypatch):
    sent = pickle.dumps(cx.load(shop / "m.yaml"))

    def worker(data):
        return subprocess.run([sys.executable, "-c", WORKER], input=data, capture_output=True,
                              check=False, env={**os.environ, "PYTHONPATH": PACKAGE})  # fmt: skip

    refused = worker(sent)
    assert refused.returncode == 1
    assert b"expected code of a trusted folder" in refused.stderr
    trust.adopt((str(shop),))  # allowed here, nowhere remembered
    done = worker(pickle.dumps(cx.load(shop / "m.yaml")))
    assert done.stdout.strip() == b"1.5", done.stderr


def test_workers_of_a_sweep_load_a_trusted_folders_policies(shop, monkeypatch):
    monkeypatch.setenv("CXSIM_TRUST", str(shop))
    result = cx.sweep(str(shop / "study.yaml"), store=None, jobs=1, executor="processes")
    assert len(result.failed) == 0, result.failed
    prices = [name for name in result.frame if name.startswith("price.")]
    assert result.frame[prices[0]].tolist() == [1.5, 1.5]


def test_policies_of_a_sessions_own_modules_travel_with_a_scenario(monkeypatch):
    class Own(cx.PricingPolicy):
        def decide(self, known):
            return 2.0

    Own.__module__, Own.__qualname__ = "__main__", "Own"
    monkeypatch.setattr(sys.modules["__main__"], "Own", Own, raising=False)
    market = {"customers": 20, "periods": 2, "segments": {"All": {"share": 1}},
              "firms": {"A": {"price": 1, "policy": {"pricing": "__main__:Own"}},
                        "B": {"price": 1}}}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", WORKER], input=cloudpickle.dumps(cx.Scenario.from_dict(market)),
        capture_output=True, check=False, env={**os.environ, "PYTHONPATH": PACKAGE},
    )  # fmt: skip
    assert done.stdout.strip() == b"2.0", done.stderr


# --- the file that remembers --------------------------------------------------------------


def test_what_is_remembered_is_closed_to_others(shop):
    trust.remember(shop)
    path = trust.remembered_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o666)
    with pytest.raises(trust.NotTrustedError, match="expected a file that only you can write"):
        trust.is_trusted(shop)
    with pytest.raises(cx.ScenarioError, match="only you can write"):
        cx.run(shop / "m.yaml")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"folders": 3}', '{"folders": [3]}', "\x00"])
def test_a_damaged_list_of_folders_trusts_none(shop, text):
    trust.remember(shop)
    trust.remembered_file().write_text(text, encoding="utf-8")
    with pytest.raises(trust.NotTrustedError, match="expected a list of trusted folders"):
        trust.is_trusted(shop)
