"""A self-assessment of an organization: from answers to its parameters and their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from cxsim.messages import Place, Problem, ScenarioError, found, hint
from cxsim.scenario.loading import read_yaml, shown_path

#: Answers are right within half a step of the scale (assumption).
PRECISION = 0.5


@dataclass(frozen=True)
class Assessment:
    """What a self-assessment says of an organization.

    Attributes
    ----------
    scores : DataFrame
        A row for each score of ``organization``: ``score`` (its name), ``value``, ``low`` and
        ``high`` (score 0-1), ``answered`` and ``asked`` (numbers of questions).
    """

    scores: pd.DataFrame

    def overrides(self, firm: str) -> dict[str, float]:
        """Return the parameters of a firm by dotted path, as ``cx.load`` takes them.

        Parameters
        ----------
        firm : str
        """
        rows = self.scores.itertuples()
        return {f"firms.{firm}.organization.{row.score}": float(row.value) for row in rows}

    def uncertain(self, firm: str) -> dict[str, tuple[float, float]]:
        """Return the range of each parameter by dotted path, as a scenario's ``uncertain``.

        Parameters
        ----------
        firm : str
        """
        return {
            f"firms.{firm}.organization.{row.score}": (float(row.low), float(row.high))
            for row in self.scores.itertuples()
        }


def self_assessment(answers: Mapping[str, int | None] | str | Path) -> Assessment:
    """Return the parameters of an organization that answers to the self-assessment imply.

    A score is the mean of its answers as parts of the scale. It may lie as low or as high as it
    does where each answer is off by half a step, and a question without an answer is at the lower
    or the upper end of the scale. A score without any answer is in the middle of its range.

    Parameters
    ----------
    answers : mapping, str or Path
        Answers by the name of the question, 0 to 4, None where not known; or a YAML file of them
        under ``answers``, as :func:`write_form` writes it.

    Raises
    ------
    ScenarioError
        If a question or an answer is none of those that there are.

    Examples
    --------
    >>> made = self_assessment({"results_used": 4, "results_shared": 3})
    >>> made.scores.set_index("score").loc["evaluation", ["low", "high"]].tolist()
    [0.3, 0.975]
    """
    place = Place("answers")
    where: dict[Any, Place] = {}
    given: Any = answers
    if isinstance(answers, str | Path):
        given, where = read_yaml(Path(answers))
        place = Place(shown_path(Path(answers)))
        given = given.get("answers") if isinstance(given, Mapping) else given
    scale, questions = _form()
    if not isinstance(given, Mapping):
        text = f"expected answers by the name of the question, found {found(given)}"
        raise ScenarioError(Problem(where.get(("answers",), place), (), text))
    top = len(scale) - 1
    problems = []
    for name, answer in given.items():
        at = where.get(("answers", name), place)
        if name not in questions:
            text = f"expected a question, found {found(name)}{hint(str(name), questions)}"
            problems.append(Problem(at, (str(name),), text))
        elif answer is not None and (type(answer) is not int or not 0 <= answer <= top):
            text = (
                f"expected 0 ({scale[0]}) to {top} ({scale[-1]}) or nothing, found {found(answer)}"
            )
            problems.append(Problem(at, (str(name),), text))
    if problems:
        raise ScenarioError(problems)
    rows = []
    for score in dict.fromkeys(each["about"] for each in questions.values()):
        asked = [name for name, each in questions.items() if each["about"] == score]
        known = [float(given[name]) for name in asked if given.get(name) is not None]
        open_ = len(asked) - len(known)
        low = sum(max(0.0, each - PRECISION) for each in known) / (top * len(asked))
        high = sum(min(top, each + PRECISION) for each in known) + top * open_
        high /= top * len(asked)
        value = sum(known) / (top * len(known)) if known else 0.5
        rows.append({"score": score, "value": min(max(value, low), high), "low": low,
                     "high": high, "answered": len(known), "asked": len(asked)})  # fmt: skip
    return Assessment(pd.DataFrame(rows))


def write_form(path: str | Path) -> Path:
    """Write the questions as a YAML file with room for the answers; a file there stays.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    FileExistsError
        If there is a file.
    """
    scale, questions = _form()
    words = ", ".join(f"{number} {word}" for number, word in enumerate(scale))
    lines = [f"# Answer by {words}; leave open what is not known.", "answers:"]
    about = ""
    for name, each in questions.items():
        if each["about"] != about:
            about = each["about"]
            lines.append(f"  # {about.capitalize()}")
        lines += [f"  # {each['asks']}", f"  {name}:"]
    path = Path(path)
    with path.open("x", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


@lru_cache(maxsize=1)
def _form() -> tuple[list[str], dict[str, dict[str, str]]]:
    held, _ = read_yaml(Path(__file__).with_suffix(".yaml"))
    return list(held["scale"]), dict(held["questions"])
