"""The course: predictions are kept, judged and pooled; answers follow the student's market."""

from __future__ import annotations

import csv
import itertools
import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from classroom import Lesson, class_figure, contents, pool
from classroom.case import Case, Estimate
from classroom.checking import check
from classroom.commitment import OPEN, RIGHT, WRONG, PredictionBook, feedback, read_given
from classroom.lessons import LESSONS, plan_of
from classroom.plan import Exercise, Question
from classroom.variant import Variant
from cxsim.plot import alternative_text

SMALL = "customers=300"


def nothing(_):
    return ""


def question(**changes):
    given = {
        "name": "q", "label": "what", "text": "?", "unit": "points", "largest": 40, "step": 1,
        "result": nothing, "why": nothing, **changes,
    }  # fmt: skip
    return Question(**given)


def exercise(answer, **changes):
    given = {"name": "A", "text": "?", "answer": lambda _: answer, "solution": nothing, **changes}
    return Exercise(**given)


# ------------------------------------------------------------- a student's own variant


def test_student_zero_has_the_books_numbers_and_seeds():
    assert Variant(0).seeds(3) == [0, 1, 2]
    assert Variant(0).pick("price", 20, [18, 22]) == 20


def test_students_differ_in_seeds_and_numbers_and_each_is_always_the_same():
    picked = [Variant(n).pick("price", 20, [18, 22]) for n in range(1, 200)]
    assert picked == [Variant(n).pick("price", 20, [18, 22]) for n in range(1, 200)]
    counts = pd.Series(picked).value_counts()
    assert set(counts.index) == {18, 20, 22}
    assert counts.min() > 40
    assert set(Variant(16).seeds(1000)).isdisjoint(Variant(17).seeds(1000))
    other = [Variant(n).pick("cost", 20, [18, 22]) for n in range(1, 200)]
    assert picked != other, "numbers of one student vary independently"


@pytest.mark.parametrize("student", [-1, 10_000, True])
def test_a_number_that_no_student_has_is_refused(student):
    with pytest.raises(ValueError, match="student: expected a whole number from 0 to 9999"):
        Variant(student)


# ---------------------------------------------------------------- keeping predictions


def test_the_first_prediction_counts_and_the_result_comes_later(tmp_path):
    book = PredictionBook(tmp_path, "02_capability_matrix", 17)
    book.commit("share", -12.0, unit="points")
    again = PredictionBook(tmp_path, "02_capability_matrix", 17)
    again.commit("share", 30.0, unit="points")
    assert again.find("share").predicted == -12.0
    assert again.find("share").result is None
    again.complete("share", Estimate(12.5, 12.0, 13.0), seeds=8, digest="abc")
    rows = list(csv.DictReader(again.path.open(encoding="utf-8")))
    assert [(r["student"], r["predicted"], r["result"]) for r in rows] == [("17", "-12", "12.5")]
    assert PredictionBook(tmp_path, "02_capability_matrix", 17).find("share").result.lower == 12.0


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PredictionBook("", "02_capability_matrix", 17).commit("share", 1.0, unit="points")
    assert list(tmp_path.iterdir()) == []


def test_a_prediction_survives_a_kernel_that_is_killed(tmp_path):
    code = (
        "from classroom.commitment import PredictionBook\n"
        f"book = PredictionBook({str(tmp_path)!r}, 'l', 1)\n"
        "for k in range(100000):\n"
        "    book.commit(f'q{k}', k, unit='')\n"
        "    print(k, flush=True)\n"
    )
    done = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    told = [int(done.stdout.readline()) for _ in range(20)]
    done.kill()
    last = [*told, *(int(each) for each in done.stdout.read().split())][-1]
    done.wait()
    book = PredictionBook(tmp_path, "l", 1)
    assert all(book.find(f"q{k}").predicted == k for k in range(last + 1))
    frame = pool(tmp_path)
    assert last + 1 <= len(frame) <= last + 2, "a draft that was left behind counts for nothing"


def test_a_file_that_holds_no_predictions_is_named(tmp_path):
    (tmp_path / "l-student-3.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"l-student-3.csv: expected a column 'student', found"):
        PredictionBook(tmp_path, "l", 3)


def test_predictions_and_answers_are_read_by_name():
    assert read_given("share=-12, profit = 3", ["share", "profit"], what="predictions") == {
        "share": "-12", "profit": "3"
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"predictions: .*'shares' \(did you mean 'share'\?\)"):
        read_given("shares=1", ["share", "profit"], what="predictions")
    with pytest.raises(ValueError, match="answers: expected NAME=VALUE, found 'A'"):
        read_given("A", ["A"], what="answers")


# ------------------------------------------------------------------------- feedback


@pytest.mark.parametrize(
    ("predicted", "verdict", "said"),
    [
        (12.0, RIGHT, "the size is right within the Monte-Carlo error"),
        (30.0, RIGHT, "2.5 times too large"),
        (4.0, RIGHT, "3 times too small"),
        (10.0, RIGHT, "a little too small"),
        (-12.0, WRONG, "it rises, significantly. You were 24"),
        (0.0, WRONG, "it rises, significantly"),
    ],
)
def test_feedback_says_whether_the_direction_is_right_and_how_far_off_the_size(
    predicted, verdict, said
):
    judged = feedback(question(), predicted, Estimate(12.0, 11.5, 12.5))
    assert judged.verdict == verdict
    assert said in judged.text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("predicted", "verdict", "said"),
    [
        (0.0, OPEN, "not refuted; that it is exactly the same is not shown"),
        (1.0, OPEN, "lies within the interval and is not refuted"),
        (9.0, WRONG, "a change of that size is refuted"),
        (-9.0, WRONG, "a change of that size is refuted"),
    ],
)
def test_where_the_interval_contains_zero_no_direction_is_called_right(predicted, verdict, said):
    judged = feedback(question(), predicted, Estimate(0.5, -1.0, 2.0))
    assert judged.verdict == verdict
    assert "the interval contains zero" in judged.text
    assert said in judged.text


def test_a_difference_smaller_than_a_step_of_the_slider_is_about_the_same():
    assert feedback(question(), 0.0, Estimate(0.3, 0.1, 0.5)).verdict == RIGHT


def test_one_seed_settles_nothing():
    judged = feedback(question(), 5.0, Estimate.over([12.0]))
    assert judged.verdict == OPEN
    assert "one seed, so no interval" in judged.text


# ------------------------------------------------------------------------ exercises


@pytest.mark.parametrize(
    ("given", "right", "said"),
    [
        ("12", True, "the Monte-Carlo error"),
        ("12.9", True, ""),
        ("13.1", False, "too large. Divide"),
        ("-12", False, "sign"),
        ("0.12", False, "percent"),
        ("20", False, "You added"),
    ],
)
def test_a_number_is_right_within_its_error_and_a_wrong_one_is_told_why(given, right, said):
    task = exercise(
        Estimate(12.0, 11.0, 13.0), mistakes=lambda _: {20.0: "You added."}, hint="Divide."
    )
    verdict = check(task, given, Case())
    assert verdict.right is right
    assert said in verdict.text


def test_a_large_error_does_not_make_everything_right():
    assert not check(exercise(Estimate(10.0, -10.0, 30.0)), "12", Case()).right
    assert check(exercise(Estimate(10.0, -10.0, 30.0)), "10.9", Case()).right


def test_of_choices_that_seeds_cannot_tell_apart_each_is_right():
    task = exercise(("Mass", "Tailor"), choices=("Mass", "Niche", "Tailor"), hint="Look again.")
    assert check(task, "Mass", Case()).right
    assert "Mass and Tailor do not differ significantly" in check(task, "tailor", Case()).text
    assert check(task, "Niche", Case()).text == "Niche. Look again."
    with pytest.raises(ValueError, match=r"answers: A: expected one of .* found 'Tailer'"):
        check(task, "Tailer", Case())


def test_an_answer_that_is_no_number_is_refused():
    with pytest.raises(
        ValueError, match=r"answers: A: expected a number such as 6\.5, found 'many'"
    ):
        check(exercise(Estimate.exactly(1.0)), "many", Case())


# -------------------------------------------------------------------------- lessons


@pytest.fixture(scope="module", params=LESSONS)
def plan(request):
    return plan_of(request.param)


def test_a_lesson_asks_before_it_shows_and_sets_exercises(plan):
    assert plan.name in LESSONS
    assert plan.questions
    assert len(plan.exercises) >= 2
    assert 20 <= plan.minutes <= 120
    for each in plan.questions:
        assert each.step < each.largest
        assert len(set(each.signs)) == 3
    names = [each.name for each in (*plan.questions, *plan.exercises)]
    assert len(set(names)) == len(names)


def test_the_right_answers_are_right_and_the_listed_mistakes_are_wrong(plan):
    for student in (0, 17):
        case = Case(student, seeds=3, overrides=SMALL)
        for task in plan.exercises:
            truth = task.answer(case)
            right = truth.value if isinstance(truth, Estimate) else truth
            right = right if isinstance(right, (float, str)) else right[0]
            assert check(task, right, case).right, (student, task.name)
            assert task.solution(case)
            for wrong, why in task.mistakes(case).items():
                verdict = check(task, wrong, case)
                if not verdict.right:  # a choice may be right, a number near the truth, too
                    assert why in verdict.text or not task.choices


def test_a_variant_has_answers_of_its_own(plan):
    def answers(student):
        case = Case(student, seeds=2, overrides=SMALL)
        results = [each.result(case) for each in plan.questions]
        return [plan.varied(case), [round(each.value, 9) for each in results]]

    book = answers(0)
    assert book == answers(0), "the same on every run"
    others = [answers(student) for student in (1, 2, 3)]
    assert all(other[1] != book[1] for other in others)
    assert any(other[0] != book[0] for other in others), "numbers vary, not seeds alone"


def test_what_is_read_and_seen_of_a_lesson_is_there(plan):
    lesson = Lesson(plan.name, seeds=2, overrides=SMALL, predictions="none")
    for name in plan.exhibits:
        made = plan.exhibits[name](lesson.case)
        for each in made if isinstance(made, list) else [made]:
            assert isinstance(each, str) or len(alternative_text(each)) > 40, name
    for each in plan.questions:
        assert len(each.words(lesson.case)) > 40
        assert len(each.why(lesson.case)) > 40


def test_a_lead_in_value_is_told_within_the_five_years_and_beyond(plan):
    case = Case(seeds=2)
    for question in plan.questions:
        about_money = re.search(r"\bnet present value\b", question.words(case)) is not None
        assert (question.valued is not None) == about_money, question.name
        if question.valued is not None:
            said, (ours, theirs) = question.reason(case), question.valued(case)
            within = case.value(ours, theirs).within
            assert np.sign(within.mean) == np.sign(question.result(case).value)
            assert "within 60 months" in said
            assert "profit in perpetuity" in said
            assert "with customer equity at the end" in said
            assert "Its sign" in said


def test_all_lessons_are_listed_with_what_is_predicted():
    page = contents()._repr_html_()
    for name in LESSONS:
        assert f'href="{name}.ipynb"' in page


def test_an_unknown_lesson_question_or_exhibit_is_named():
    with pytest.raises(ValueError, match=r"'03_idik' \(did you mean '03_idic'\?\)"):
        plan_of("03_idik")
    lesson = Lesson("02_capability_matrix")
    with pytest.raises(ValueError, match=r"question: .*'shares' \(did you mean 'share'\?\)"):
        lesson.predict("shares")
    with pytest.raises(ValueError, match="show: expected one of conditions, matrix, table"):
        lesson.show("matrices")


# -------------------------------------------------- what waits for a prediction, in Python


def test_results_wait_for_all_predictions_above_them(tmp_path):
    lesson = Lesson("02_capability_matrix", seeds=2, overrides=SMALL, class_folder=str(tmp_path))
    lesson.predict("share", "profit")
    shown = lesson.show("table")
    assert "once you have committed" in shown.widget.value
    share, profit = (lesson.plan.question(name) for name in ("share", "profit"))
    lesson.commit(share, 5.0)
    lesson.reveal()
    assert "once you have committed" in shown.widget.value
    lesson.commit(profit, 5.0)
    lesson.reveal()
    assert "<table" in shown.widget.value


def test_what_fails_is_told_in_its_place_and_what_is_below_appears_all_the_same(tmp_path):
    lesson = Lesson("02_capability_matrix", seeds=2, overrides=SMALL, class_folder=str(tmp_path))
    lesson.plan = replace(lesson.plan, exhibits={**lesson.plan.exhibits, "none": lambda _: 1 / 0})
    lesson.predict("share")
    broken, below = lesson.show("none"), lesson.show("table")
    lesson.commit(lesson.plan.question("share"), 5.0)
    lesson.reveal()
    assert "It failed." in broken.widget.value
    assert "division by zero" in broken.widget.value
    assert "<table" in below.widget.value


def test_a_prediction_that_cannot_be_kept_counts_all_the_same(tmp_path):
    (tmp_path / "file").write_text("no folder")
    lesson = Lesson("02_capability_matrix", class_folder=str(tmp_path / "file" / "class"))
    asked = lesson.predict("share").widget.children[0]
    sign, (size, _), button, said = (
        each.children if hasattr(each, "children") else each for each in asked.children[1].children
    )
    sign.value, size.value = "is higher", 7.0
    button.click()
    assert "it is higher by 7" in said.value.replace("\u00a0", " ")
    assert "could not be saved" in said.value
    assert lesson.open


def test_a_lesson_that_was_left_goes_on_where_it_stopped(tmp_path):
    given = {"seeds": 2, "overrides": SMALL, "class_folder": str(tmp_path)}
    before = Lesson("02_capability_matrix", **given)
    for name in ("share", "profit"):
        before.commit(before.plan.question(name), 7.0)
    after = Lesson("02_capability_matrix", **given)
    asked = after.predict("share", "profit")
    assert asked.widget is None
    assert "it is higher by 7" in asked.text.replace("\u00a0", " ")
    assert "<table" in after.show("table").text


# --------------------------------------------------------------------------- a class


def test_a_class_pools_into_one_frame_and_one_figure(tmp_path):
    for student, guess in ((1, 20.0), (2, -5.0), (3, 10.0)):
        lesson = Lesson(
            "02_capability_matrix", student=student, seeds=3, overrides=SMALL,
            predictions=f"share={guess}, profit=0", class_folder=str(tmp_path / "class"),
        )  # fmt: skip
        lesson.predict("share", "profit")
        lesson.feedback("share")
    frame = pool(tmp_path / "class")
    assert list(frame["student"]) == [1, 2, 3, 1, 2, 3]
    share = frame[frame["question"] == "share"]
    assert list(share["predicted"]) == [20, -5, 10]
    assert share["result"].between(share["lower"], share["upper"]).all()
    assert share["result"].nunique() == 3, "each in a market of its own"
    assert frame[frame["question"] == "profit"]["result"].isna().all()
    said = alternative_text(class_figure(tmp_path / "class"))
    assert "3 students, 2 questions" in said
    assert "2 of 3 had the direction right" in said
    assert "3 predicted, no result yet" in said


def test_a_class_of_nobody_and_two_stories_of_one_student_are_errors(tmp_path):
    with pytest.raises(ValueError, match="expected a folder of predictions, found none"):
        pool(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="expected files of predictions, found none"):
        pool(tmp_path)
    for folder, guess in (("a", 1.0), ("b", 2.0)):
        PredictionBook(tmp_path / folder, "l", 4).commit("q", guess, unit="")
    with pytest.raises(ValueError, match="one prediction of student 4 for q"):
        pool(tmp_path)


# ------------------------------------------------------------------------ notebooks


def right_and_wrong(plan, case):
    """Return predictions and answers as parameters: all right, and all wrong."""
    results = {each.name: each.result(case) for each in plan.questions}
    good = ", ".join(f"{name}={each.value:.9g}" for name, each in results.items())
    bad = ", ".join(f"{name}={-1000 * np.sign(each.value):.9g}" for name, each in results.items())
    right, wrong = [], []
    for task in plan.exercises:
        truth = task.answer(case)
        if isinstance(truth, Estimate):
            right.append(f"{task.name}={truth.value:.12g}")
            wrong.append(f"{task.name}={2 * abs(truth.value) + 1000:.12g}")
        else:
            accepted = (truth,) if isinstance(truth, str) else truth
            right.append(f"{task.name}={accepted[0]}")
            wrong += [f"{task.name}={c}" for c in task.choices if c not in accepted][:1]
    return (good, ", ".join(right)), (bad, ", ".join(wrong))


#: The first lesson is answered rightly in every run of the tests, all of them in the slow one. What
#: is wrong is told without a notebook in every run.
QUICK = (next(iter(LESSONS)), "right")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        each if each == QUICK else pytest.param(*each, marks=pytest.mark.slow)
        for each in itertools.product(LESSONS, ("right", "wrong"))
    ],
)
def test_a_lesson_tells_right_from_wrong_by_papermill(name, kind, tmp_path):
    plan, settings = plan_of(name), {"student": 5, "seeds": 3, "overrides": "customers=800"}
    case = Case(5, seeds=3, overrides="customers=800")
    predicted, answered = right_and_wrong(plan, case)[kind == "wrong"]
    given = {
        **settings, "predictions": predicted, "answers": answered, "output": str(tmp_path / kind)
    }  # fmt: skip
    told = by_papermill(name, given, tmp_path / f"{kind}.ipynb")
    summary = json.loads((tmp_path / kind / "summary.json").read_text(encoding="utf-8"))
    for question_name, row in summary["predictions"].items():
        settled = row["lower"] > 0 or row["upper"] < 0
        expected = RIGHT if settled else OPEN
        assert row["verdict"] == (expected if kind == "right" else WRONG), question_name
    for task, row in summary["exercises"].items():
        assert row["right"] in ({"right": (True,), "wrong": (False, None)}[kind]), task
    assert f"cx-{kind}" in told
    assert "once you have committed" not in told
    assert "<summary" in told, "solutions are there, and folded"


def by_papermill(name, given, target):
    """Run a notebook by plain papermill and return what it shows."""
    import papermill

    from cxsim.report.notebooks import find_notebook

    made = papermill.execute_notebook(
        str(find_notebook(name)), str(target), given, kernel_name="python3", progress_bar=False
    )
    shown = [out for cell in made.cells if cell.cell_type == "code" for out in cell.outputs]
    assert all(out["output_type"] not in ("error", "stream") for out in shown)
    return "".join("".join(out["data"].get("text/html", "")) for out in shown if "data" in out)


def test_the_notebook_of_the_course_shows_what_a_class_predicted(tmp_path):
    PredictionBook(tmp_path / "class", "03_idic", 4).commit("identify", -20.0, unit="%")
    given = {"class_folder": str(tmp_path / "class"), "output": str(tmp_path / "out")}
    told = by_papermill("00_the_course", given, tmp_path / "out.ipynb")
    assert "1 predicted, no result yet" in told
    rows = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["rows"]
    assert [(row["student"], row["predicted"]) for row in rows] == [(4, -20.0)]


def test_the_course_travels_with_a_new_place_to_work(tmp_path):
    from cxsim.report.notebooks import lay_out

    place = lay_out(tmp_path / "mine")
    for name in ("00_the_course", *LESSONS):
        assert (place / "notebooks" / "course" / f"{name}.ipynb").is_file()


def test_a_lesson_gives_the_same_numbers_where_numba_is_missing():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import importlib.util as u; real = u.find_spec\n"
        "from classroom.case import Case\n"
        "import classroom.case as here\n"
        "here.find_spec = lambda name: None if name == 'numba' else real(name)\n"
        "from classroom.lessons import plan_of\n"
        "case = Case(3, seeds=2, overrides='customers=40, periods=12')\n"
        "print([q.result(case).value for q in plan_of('02_capability_matrix').questions])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    case = Case(3, seeds=2, overrides="customers=40, periods=12")
    questions = plan_of("02_capability_matrix").questions
    assert done.stdout.strip() == str([each.result(case).value for each in questions])
