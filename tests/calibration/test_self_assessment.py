"""From answers about an organization to its parameters, with the range that they may have."""

from __future__ import annotations

import pytest

import cxsim as cx
from cxsim.calibration.self_assessment import _form, self_assessment, write_form

SCORES = ["processes", "attitudes", "communication", "evaluation"]


def everybody(answer):
    return dict.fromkeys(_form()[1], answer)


def test_there_are_twenty_questions_five_for_each_score():
    scores = self_assessment({}).scores
    assert scores["score"].tolist() == SCORES
    assert scores["asked"].tolist() == [5] * 4


@pytest.mark.parametrize(
    ("answer", "ends"), [(0, (0, 0, 0.125)), (2, (0.5, 0.375, 0.625)), (4, (1, 0.875, 1))]
)
def test_a_score_is_the_mean_of_its_answers_within_half_a_step(answer, ends):
    scores = self_assessment(everybody(answer)).scores
    for column, value in zip(("value", "low", "high"), ends, strict=True):
        assert scores[column].tolist() == pytest.approx([value] * 4)


def test_an_open_question_widens_the_range_and_no_answer_leaves_all_of_it():
    scores = self_assessment(everybody(None) | {"one_owner": 4}).scores.set_index("score")
    assert scores.loc["processes", ["low", "high"]].tolist() == pytest.approx([0.175, 1.0])
    assert scores.loc["attitudes", ["value", "low", "high"]].tolist() == [0.5, 0.0, 1.0]


def test_a_scenario_takes_the_parameters_and_their_ranges():
    made = self_assessment(everybody(3))
    market = cx.load(
        "crm_and_training", made.overrides("Builder") | {"uncertain": made.uncertain("Builder")}
    )
    assert market.value("firms.Builder.organization.attitudes") == 0.75
    assert market.uncertain["firms.Builder.organization.evaluation"] == (0.625, 0.875)


def test_a_form_is_read_back_and_a_file_that_is_there_stays(tmp_path):
    path = write_form(tmp_path / "ours.yaml")
    assert self_assessment(path).scores["answered"].sum() == 0
    path.write_text(path.read_text().replace("  no_blame:", "  no_blame: 3"), encoding="utf-8")
    assert self_assessment(path).scores["answered"].tolist() == [0, 1, 0, 0]
    with pytest.raises(FileExistsError):
        write_form(path)


def test_a_wrong_name_and_a_wrong_answer_are_refused_with_their_line(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text("answers:\n  one_ownr: 3\n  no_blame: 7\n", encoding="utf-8")
    with pytest.raises(cx.ScenarioError) as error:
        self_assessment(path)
    said = str(error.value)
    assert "ours.yaml:2: " in said
    assert "did you mean 'one_owner'?" in said
    assert "expected 0 (never) to 4 (always) or nothing, found 7" in said
