"""Names that were changed: the new one exists, and the former one is refused with it."""

from __future__ import annotations

import re

import pytest

import cxsim as cx
from cxsim.cli.app import cli, run
from cxsim.messages import former_names, nearest
from cxsim.report.notebook_parameters import checked, declared
from cxsim.report.notebooks import NotebookInputError, find_notebook
from cxsim.report.report import Report
from cxsim.runs.measures.frames import FRAMES
from cxsim.scenario import ScenarioError
from cxsim.strategy.decision import Decision

ATTRIBUTES = [
    (cx, ["why", "match", "Match", "Sweep", "Knowledge"]),
    (cx.calibration, ["match", "Match", "panel_or_example"]),
    (
        cx.plot,
        [
            "alt_of", "capability_ways", "copying", "differences", "equity_causes", "events_of",
            "finding", "group_decisions", "information_value", "journey_map", "lines", "paths",
            "paying", "predicted_repeats", "retention", "shares", "tailored_consensus", "ties",
        ],
    ),
    (
        object.__new__(cx.Run),
        ["elasticities", "hearsay", "losses", "neighbours", "reach", "switching", "ties"],
    ),
    (
        object.__new__(Decision),
        ["choice", "depends_on", "information", "lead", "loses", "switches", "where"],
    ),
    (
        object.__new__(Report),
        [
            "again", "courses", "from_baseline", "leader", "of_sweep", "rows", "say", "worded",
            "words",
        ],
    ),
]  # fmt: skip

PARAMETERS = {
    "segments.*.hassle": "ordering_effort",
    "segments.*.teaching_effort": "onboarding_effort",
    "segments.*.turnover": "exit_rate",
    "segments.*.turnover_beta": "exit_rate_beta",
    "segments.*.outside_value": "no_purchase_value",
    "outside_option": "no_purchase_option",
    "firms.*.listening": "surveys",
    "firms.*.listening.tracking.sample": "surveys",
    "word_of_mouth.tell_rate.advocacy": "message_rate",
}

OPTIONS = [
    ("calibrate", "--first", "--initial-purchases"),
    ("calibrate", "--outside", "--no-purchase"),
    ("calibrate", "--shuffles", "--permutations"),
    ("sweep", "--dask", "--executor"),
    ("sweep", "--retry", "--retry-failed"),
    ("sweep", "--threads", "--executor"),
]

NOTEBOOKS = [("calibrate", "first"), ("calibrate", "shuffles")]


@pytest.mark.parametrize(
    ("owner", "former"), [(owner, name) for owner, names in ATTRIBUTES for name in names]
)
def test_a_former_attribute_is_refused_with_the_one_there_is(owner, former):
    new = nearest(former, dir(owner))
    assert new in former_names()[former]
    with pytest.raises(AttributeError, match=rf"{former}'.*\(did you mean '{new}'\?\)"):
        getattr(owner, former)


def test_a_property_that_fails_says_why():
    with pytest.raises(AttributeError, match="'Run' object has no attribute 'provenance'"):
        _ = object.__new__(cx.Run).seed


@pytest.mark.parametrize(
    ("function", "former", "new"),
    [
        (cx.run, "detail", "probes"),
        (cx.replay, "detail", "probes"),
        (cx.sweep, "retry", "retry_failed"),
        (cx.calibrate, "first", "initial_purchases"),
        (cx.calibrate, "shuffles", "permutations"),
        (cx.calibration.predict, "first", "initial_purchases"),
    ],
)
def test_a_former_argument_is_refused_with_the_one_there_is(function, former, new):
    what = rf"{function.__name__}\(\) got an unexpected keyword argument '{former}' "
    with pytest.raises(TypeError, match=rf"{what}\(did you mean '{new}'\?\)"):
        function("baseline", **{former: 1})


@pytest.mark.parametrize(("path", "new"), PARAMETERS.items())
def test_a_former_parameter_is_refused_with_the_one_there_is(path, new):
    with pytest.raises(ScenarioError, match=rf"\(did you mean '{new}'\?\)"):
        cx.load("baseline_full", {path: 0.1})


def test_a_former_key_of_a_file_is_refused_with_file_and_line(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("extends: baseline\nsegments:\n  Comfort:\n    hassle: 1.0\n")
    said = r"mine\.yaml:4: segments\.Comfort\.hassle: .*\(did you mean 'ordering_effort'\?\)"
    with pytest.raises(ScenarioError, match=said):
        cx.load(file)


@pytest.mark.parametrize(("command", "former", "new"), OPTIONS)
def test_a_former_option_is_refused_with_the_one_there_is(command, former, new, capsys):
    assert new in {name for each in cli.get_command(None, command).params for name in each.opts}
    assert run([command, "some", former, "1"]) == 2
    said = capsys.readouterr().err
    assert re.search(rf"{former}\W+Did you mean '?{new}'?\?", said), said


@pytest.mark.parametrize(("notebook", "former"), NOTEBOOKS)
def test_a_former_parameter_of_a_notebook_is_refused_with_the_one_there_is(notebook, former):
    path = find_notebook(notebook)
    new = nearest(former, declared(path))
    assert new in former_names()[former]
    with pytest.raises(NotebookInputError, match=rf"{former}: .*\(did you mean '{new}'\?\)"):
        checked(path, {former: 1})


@pytest.mark.parametrize("former", ["elasticities", "hearsay", "losses", "reach", "switching"])
def test_a_former_frame_is_refused_with_the_one_there_is(former):
    made = object.__new__(cx.Run)
    made._frames = dict.fromkeys(FRAMES)
    with pytest.raises(KeyError, match=rf"did you mean '{nearest(former, FRAMES)}'"):
        made.frame(former)
    assert nearest(former, FRAMES) in former_names()[former]
