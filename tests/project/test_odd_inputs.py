"""Odd times and odd files are refused in one line, at once."""

from __future__ import annotations

import os
import threading

import pytest

import cxsim as cx
from cxsim.calibration.panel import CalibrationError
from cxsim.calibration.table_reading import read_table
from cxsim.calibration.targets import read_targets
from cxsim.cli.app import run as command


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "0", "-1", "soon"])
@pytest.mark.parametrize(
    "words", [["run", "baseline"], ["sweep", "prices"], ["decide", "baseline"]]
)
def test_a_time_is_a_finite_number_above_0(words, time, capsys):
    assert command([*words, f"--timeout={time}"]) == 2
    assert "'--timeout'" in capsys.readouterr().err


# --- pipes --------------------------------------------------------------------------------


def at_once(call):
    """Call in a thread of its own, so that whoever waits for a pipe fails the test."""
    raised = []

    def caught():
        try:
            call()
        except Exception as error:  # noqa: BLE001 - looked at below
            raised.append(error)

    thread = threading.Thread(target=caught, daemon=True)
    thread.start()
    thread.join(20)
    assert raised, "it waits for the pipe"
    return str(raised[0])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes in folders")
def test_a_pipe_is_no_file(tmp_path):
    for suffix in (".csv", ".yaml", ".parquet", ".xlsx"):
        os.mkfifo(tmp_path / f"pipe{suffix}")
    pipes = {
        suffix: tmp_path / f"pipe{suffix}" for suffix in (".csv", ".yaml", ".parquet", ".xlsx")
    }
    for suffix in (".csv", ".parquet", ".xlsx"):
        said = at_once(lambda suffix=suffix: read_table(pipes[suffix]))
        assert said.endswith(f"pipe{suffix}: expected a file, found something else")
    said = at_once(lambda: read_targets(pipes[".yaml"], base="baseline"))
    assert said.endswith("pipe.yaml: expected a file, found something else")
    said = at_once(lambda: cx.load(pipes[".yaml"]))
    assert said.endswith("pipe.yaml: expected a file, found something else")


# --- targets ------------------------------------------------------------------------------

GOALS = """\
base: baseline
settings:
  customers: 100
parameters:
  firms.Mass.quality: [1, 6]
targets:
  - {measure: market_share, firm: Mass, value: 0.2, se: 0.1}
  - measure: market_share
    firm: Niche
    value: 0.2
    se: 0.1
    periods: [0, 5]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("se: 0.1}", "se: 0}", "7: targets.0.se: expected a standard error above 0, found 0"),
        ("    se: 0.1", "    se: -1", "11: targets.1.se: expected a standard error above 0"),
        ("firm: Niche", "firm: Nice",
         "9: targets.1.firm: expected a firm, found 'Nice' (did you mean 'Niche'?)"),
        ("    value: 0.2", "    value: big", "10: targets.1.value: expected a number, found 'big'"),
        ("    value: 0.2\n", "", "8: targets.1.value: expected a value, found none"),
        ("[0, 5]", "[5, 0]", "12: targets.1.periods: expected [first, last] within 0 to "),
        ("  - measure: market_share", "  - measure: shar",
         "8: targets.1.measure: expected a measure of a firm, found 'shar'"),
        ("    periods: [0, 5]", "    period: null", "12: targets.1.period: expected one of "),
        ("[0, 5]", "soon", "12: targets.1.periods: expected [first, last] within 0 to "),
        ("    periods", "    period", "12: targets.1.period: expected one of measure, firm, value"),
        ("[1, 6]", "[6, 1]", "5: parameters.firms.Mass.quality: expected a lowest below"),
        ("[1, 6]", "[1, .nan]", "5: parameters.firms.Mass.quality: expected a number, found .nan"),
        ("quality", "qualify", "5: parameters.firms.Mass.qualify: expected a parameter of "),
        ("customers: 100", "customers: 0", "3: settings.customers: expected "),
        ("customers: 100", "custom: 100", "3: settings.custom: expected "),
        ("settings:", "setting:", "2: setting: expected one of base, settings"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_targets_file_is_told_with_its_line(old, new, said, tmp_path):
    path = tmp_path / "goals.yaml"
    path.write_text(GOALS, encoding="utf-8")
    assert len(read_targets(path).targets) == 2
    path.write_text(GOALS.replace(old, new), encoding="utf-8")
    with pytest.raises(CalibrationError) as caught:
        read_targets(path)
    assert str(caught.value).startswith(f"{path}:{said}")
    assert str(caught.value).count(str(path)) == 1
    assert "\n" not in str(caught.value)


def test_a_table_of_targets_that_is_missing_is_told_by_who_asks_for_it(tmp_path):
    path = tmp_path / "goals.yaml"
    path.write_text(GOALS.partition("targets:")[0] + "targets: none.csv\n", encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"goals\.yaml:6: targets: .*none\.csv: expected"):
        read_targets(path)
