"""The file of a lesson: its texts name numbers, and what they cannot name is refused when read."""

from __future__ import annotations

import re

import numpy as np
import pytest

from classroom.case import Case, Estimate, minus
from classroom.checking import check
from classroom.exhibits import KINDS
from classroom.lessons import LESSONS, plan_of
from classroom.numbers import Numbers, best_of
from classroom.plan_file import read_plan

LESSON = """\
name: 99_test
title: A test
minutes: 20
words:
  way: {sign_of: lead, above: up, below: "down by {lead.value}", unsure: level}
questions:
  lead:
    label: the lead
    text: Where does it go, at {price[Mass]} EUR?
    slider: [40, 1, points]
    result: lead
    why: "{way}: {lead:+points}."
    valued: [[market, Mass], [market, "{other}"]]
exhibits:
  told: {surprise: "It goes {way}."}
  both:
    - note: First.
    - note: Then {price[Mass]:2}.
exercises:
  A:
    text: How much?
    answer: price[Mass]
    rounding: [0.5, EUR]
    solution: "{price[Mass]} EUR."
    mistakes: {lead.value: That is the lead.}
    hint: Look.
  B:
    text: Who?
    choices: [Mass, Niche]
    answer: other
    solution: "{other}."
    mistakes: CHOICE asks {price[CHOICE]} EUR.
"""


def numbers():
    return Numbers(
        market=lambda case: case.market("baseline"),
        lead=lambda _: Estimate(-2.5, -3.0, -2.0),
        price=lambda _: {"Mass": 20.0, "Niche": 25.0},
        other=lambda _: "Niche",
    )


@pytest.fixture
def read(tmp_path):
    def reading(text=LESSON, **changes):
        for old, new in changes.values():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "test.yaml").write_text(text, encoding="utf-8")
        return read_plan(
            str(tmp_path / "test.py"), numbers(), market=lambda case: case, varied=lambda _: {}
        )

    return reading


def plain(text):
    return text.replace("\u00a0", " ")


def test_texts_are_filled_with_the_numbers_of_a_case(read):
    plan, case = read(), Case()
    question, (task, choice) = plan.question("lead"), plan.exercises
    assert question.words(case) == "Where does it go, at 20 EUR?"
    why = "down by −2.5: −2.5 points (95 % interval −3 to −2)."
    assert plain(question.why(case)) == why
    assert [firm for _, firm in question.valued(case)] == ["Mass", "Niche"]
    assert plan.exhibits["told"](case).endswith("It goes down by −2.5.</p></div>")
    assert len(plan.exhibits["both"](case)) == 2
    assert task.answer(case) == Estimate.exactly(20.0)
    assert "That is the lead." in check(task, "-2.5", case).text
    assert check(choice, "Mass", case).text == "Mass. Mass asks 20 EUR."
    assert check(choice, "Niche", case).right


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("{price[Mass]} EUR?", "{prise[Mass]} EUR?"),
         r"test.yaml: questions, lead: .* found 'prise\[Mass\]' \(did you mean 'price'\?\)"),
        (("unsure: level", "unsure: 'at {laed}'"),
         r"test.yaml: words, way, unsure: expected a number of the lesson, found 'laed'"),
        (("result: lead", "result: leads"), r"questions, lead: .* found 'leads'"),
        (("market, Mass], [market", "market, Mass], [markt"), "questions, lead: .* found 'markt'"),
        (("label: the lead", "lable: the lead"),
         r"questions, lead: expected one of .* found 'lable' \(did you mean 'label'\?\)"),
        (("    result: lead\n", ""), "questions, lead: expected 'result', found none"),
        (("surprise:", "suprise:"), r"exhibits, told: expected a kind of exhibit.*'surprise'"),
        (("goes {way}.", "goes {why}."), "exhibits, told, surprise: .* found 'why'"),
        (("asks {price[CHOICE]}", "asks {cost[CHOICE]}"), r"exercises, B: .* found 'cost\[Mass\]'"),
        (("{lead.value: That", "{led.value: That"), "exercises, A: .* found 'led.value'"),
        (("below: \"down by {lead.value}\", ", ""), "words, way: expected a text or sign_of"),
        (("minutes: 20\n", ""), "test.yaml: lesson: expected 'minutes', found none"),
        (("exhibits:", "exibits:"), r"found 'exibits' \(did you mean 'exhibits'\?\)"),
    ],
)  # fmt: skip
def test_what_a_file_gets_wrong_is_named_when_it_is_read(read, change, said):
    with pytest.raises(ValueError, match=said):
        read(change=change)


def test_an_exhibit_says_what_it_needs(read):
    for kind in ("estimates: lead", "response: lead"):
        with pytest.raises(ValueError, match="exhibits, told: expected 'label', found none"):
            read(change=('{surprise: "It goes {way}."}', f"{{{kind}}}"))
    assert set(KINDS) >= {"firm_table", "estimates", "response", "surprise", "own"}


def test_a_number_is_computed_once_for_a_case_and_anew_for_another():
    made = []
    counted = Numbers(one=lambda case: made.append(case) or 1.0)
    first, second = Case(1), Case(2)
    assert counted.fill(first, "{one} and {one}") == "1 and 1"
    assert counted.find(second, "one") == 1.0
    assert made == [first, second]


def test_who_may_be_level_with_the_best_counts_as_best():
    values = {"low": [1.0, 1.1, 0.9], "high": [2.0, 2.2, 1.8], "near": [2.1, 1.9, 1.8]}
    arrays = {name: np.array(each) for name, each in values.items()}
    assert best_of(arrays) == ("high", "near")


# ----------------------------------------------------------------- one minus sign


def test_numbers_below_zero_have_a_minus_sign_and_words_keep_their_hyphens():
    assert minus("is -186 thousand EUR (-254 to -.5)") == "is −186 thousand EUR (−254 to -.5)"
    for text in ("8-15 purchases", "one-to-one", "2026-11-30", "1e-5", "Mass-2"):
        assert minus(text) == text


@pytest.mark.parametrize("name", LESSONS)
def test_no_number_that_a_student_reads_has_a_hyphen_for_a_minus(name):
    plan, case = plan_of(name), Case(3, seeds=2, overrides="customers=300")
    texts = [
        *plan.varied(case).values(),
        *(text for each in plan.questions for text in (each.words(case), each.reason(case))),
        *(text for each in plan.exercises for text in (each.words(case), each.solution(case))),
        *(why for each in plan.exercises for why in each.mistakes(case).values()),
    ]
    assert len(texts) > 10
    assert not [each for each in texts if re.search(r"(?<![\w.−-])-\d", each)]
