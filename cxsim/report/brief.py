"""The brief of a result: a question, its answer in money, and what would turn it, as one object.

A brief holds texts, tables of numbers and pictures, and nothing that has to be computed again: the
report, the slides and the workbook are written from the same one. ``cxsim.report.brief_answers``
makes briefs from results, ``cxsim.report.brief_export`` writes them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cxsim.charts.style import Picture, alternative_text, picture_bytes, title_share
from cxsim.files.whole import whole_file
from cxsim.messages import found, hint
from cxsim.model.mechanism_registry import BY_WORD, GOALS, word_of
from cxsim.report.tables import piece
from cxsim.scenario.loading import read_yaml

if TYPE_CHECKING:
    from cxsim.scenario import Scenario

#: File in a folder of results that holds the brief.
FILE = "brief.json"


# -- What a brief consists of ------------------------------------------------------------------


@dataclass(frozen=True)
class Assumption:
    """An assumption that carries an answer.

    Attributes
    ----------
    name : str
    here : str
        Its value in the result, with its unit.
    turns : str
        The value that would turn the answer, with its unit, or that none was found and where.
    """

    name: str
    here: str
    turns: str


@dataclass(frozen=True)
class Drawing:
    """A figure of a brief.

    Attributes
    ----------
    title : str
        The finding.
    alt : str
        Text alternative.
    png, narrow : bytes
        The picture for a page and for a phone, as PNG; empty for none of its own.
    headroom : float
        Share of the height that the title takes at the top of ``png``.
    """

    title: str
    alt: str
    png: bytes
    narrow: bytes = b""
    headroom: float = 0.0

    @classmethod
    def of(cls, figure: Picture) -> Drawing:
        """Take a figure as it is drawn."""
        narrow, png = figure.narrow, picture_bytes(figure)
        return cls(
            " ".join(figure.get_suptitle().split()),
            alternative_text(figure),
            png,
            b"" if narrow is None else picture_bytes(narrow),
            title_share(figure),
        )


@dataclass(frozen=True)
class Sheet:
    """A table of a brief.

    Attributes
    ----------
    name : str
        Short: that of a sheet of a workbook.
    title : str
        What it shows.
    frame : DataFrame
        Numbers as numbers, in the units that :attr:`units` gives.
    units : mapping of str to str
        By column.
    definitions : mapping of str to str
        What columns and measures mean.
    """

    name: str
    title: str
    frame: pd.DataFrame
    units: Mapping[str, str]
    definitions: Mapping[str, str]


@dataclass(frozen=True)
class Brief:
    """A question, its answer for one firm and goal, and what the answer rests on.

    Attributes
    ----------
    question, market : str
        Together the title of the report.
    firm, goal : str
        The firm that the answer is about, and the measure that it wants more of.
    chosen : str
        How firm and goal were taken, where nobody named them.
    answer : tuple of str
        Sentences, the first with the number that matters and its interval.
    numbers : tuple of (str, str, str)
        What is read first: name, value with unit, and its interval or what limits it.
    payback, cash : str
        When the change has paid for itself, and cumulative cash at the end and at its lowest.
    verdict : tuple of str
        On the claims of the scenarios.
    assumptions : tuple of Assumption
    column : str
        What their last column says.
    untested : str
        What was not varied, and the command that varies it.
    risks, defaults : tuple of str
    next_step : str
    facts : str
        How much stands behind the answer.
    figures : tuple of Drawing
    tables : tuple of Sheet
    provenance : tuple of (str, str)
    author, date : str
    logo : bytes
        A picture, PNG or JPEG.
    """

    question: str
    market: str
    firm: str
    goal: str
    answer: tuple[str, ...]
    chosen: str = ""
    numbers: tuple[tuple[str, str, str], ...] = ()
    payback: str = ""
    cash: str = ""
    verdict: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    column: str = "What would turn the answer"
    untested: str = ""
    risks: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    next_step: str = ""
    facts: str = ""
    figures: tuple[Drawing, ...] = ()
    tables: tuple[Sheet, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
    author: str = ""
    date: str = ""
    logo: bytes = b""

    @property
    def title(self) -> str:
        """Question and market, in one line."""
        return f"{self.question} – {self.market}" if self.market else self.question

    @property
    def byline(self) -> str:
        """Author and date, as far as they are given."""
        return ", ".join(filter(None, (self.author, self.date)))

    def said(self, say: Callable[[str], str]) -> Brief:
        """Return the brief with its texts put into a market's words.

        Parameters
        ----------
        say : callable
            Takes a text and returns it.
        """
        names = ("firm", "goal", "figures", "tables", "provenance", "author", "date", "logo")
        texts = [each.name for each in fields(self) if each.name not in names]
        return replace(self, **{name: _said(getattr(self, name), say) for name in texts})

    def html(self) -> str:
        """Return the first screen as HTML: from the question to the next step."""
        logo = base64.b64encode(self.logo).decode("ascii") if self.logo else ""
        kind = "png" if self.logo.startswith(b"\x89PNG") else "jpeg"
        return piece("brief", Explained(self), logo and f"data:image/{kind};base64,{logo}")

    def _repr_html_(self) -> str:
        return self.html()

    def save(self, folder: str | Path) -> Path:
        """Write the brief to a folder of results, and return the file.

        Parameters
        ----------
        folder : str or Path
        """
        path = Path(folder) / FILE
        with whole_file(path) as draft:
            draft.write_text(json.dumps(_plain(self)) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> Brief:
        """Read a brief that :meth:`save` has written.

        Parameters
        ----------
        path : str or Path
            The file, or the folder that holds it.

        Raises
        ------
        ValueError
            If there is none.
        """
        file = Path(path) / FILE if Path(path).is_dir() else Path(path)
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
            return _read(held)
        except FileNotFoundError:
            text = "expected the brief of a result, found none"
        except (ValueError, KeyError, TypeError, AttributeError):
            text = "expected the brief of a result, found another file"
        raise ValueError(f"{file}: {text}")

    def export(self, path: str | Path) -> Path:
        """Write the brief as slides (.pptx) or as a workbook (.xlsx), and return the file.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        ValueError
            If the name ends in neither.
        """
        from cxsim.report.brief_export import export

        return export(self, path)


def _said(value: Any, say: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return say(value)
    if isinstance(value, Assumption):
        return Assumption(*(say(getattr(value, each.name)) for each in fields(value)))
    if isinstance(value, tuple):
        return tuple(_said(each, say) for each in value)
    return value


def _plain(value: Any) -> Any:
    """Return a part of a brief as JSON takes it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, pd.DataFrame):
        return json.loads(value.to_json(orient="table", index=False))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, (Brief, Assumption, Drawing, Sheet)):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def _read(held: Mapping[str, Any]) -> Brief:
    """Return the brief that :func:`_plain` has made plain."""

    def frame(data: Any) -> pd.DataFrame:
        return pd.read_json(StringIO(json.dumps(data)), orient="table", precise_float=True)

    made: dict[str, Any] = {
        name: tuple(tuple(x) if isinstance(x, list) else x for x in value)
        if isinstance(value, list)
        else value
        for name, value in held.items()
    }
    made["logo"] = base64.b64decode(held["logo"])
    made["assumptions"] = tuple(Assumption(**each) for each in held["assumptions"])
    made["figures"] = tuple(
        Drawing(
            each["title"],
            each["alt"],
            base64.b64decode(each["png"]),
            base64.b64decode(each["narrow"]),
            each["headroom"],
        )
        for each in held["figures"]
    )
    made["tables"] = tuple(
        Sheet(**{**each, "frame": frame(each["frame"])}) for each in held["tables"]
    )
    return Brief(**made)


# -- Whose answer it is: a firm and a goal, named or taken by default --------------------------


def goal_named(name: str) -> str:
    """Return the measure of a goal: a word of ``--goal`` in any case, or a measure's own name.

    Raises
    ------
    ValueError
        If it is none; with the nearest one.
    """
    known = {word.lower(): measure for word, measure in BY_WORD.items()}
    measure = known.get(name.lower(), name)
    if measure not in {goal.measure for goal in GOALS}:
        near = hint(name, [*BY_WORD, *BY_WORD.values()], listed=10)
        raise ValueError(f"goal: expected one of {', '.join(BY_WORD)}, found {found(name)}{near}")
    return measure


def stance(
    scenario: Scenario, firm: str, goal: str, *, taken: str, why: str
) -> tuple[str, str, str]:
    """Return the firm and the measure that an answer is about, and what was taken by default.

    Parameters
    ----------
    scenario : Scenario
        Its perspective counts where nobody names a firm or a goal.
    firm, goal : str
        As named; empty for none.
    taken : str
        The firm that is taken where there is no perspective either.
    why : str
        Why that one, to follow "because".

    Raises
    ------
    ScenarioError
        If the scenario has no such firm.
    ValueError
        If there is no such goal.
    """
    from cxsim.strategy.options import firm_of, goal_of

    view = scenario.perspective
    named = firm_of(scenario, firm) if firm or view else taken
    measure = goal_of(scenario, goal_named(goal) if goal else "", named)
    said = []
    if not firm:
        reason = "the scenario's perspective" if view else f"because {why}"
        said.append(f"firm {named} ({reason}; `--firm` takes another)")
    if not goal:
        own = scenario.firms[named].objective
        reason = "the scenario's perspective" if view else "the usual one"
        reason = "the objective of the firm" if own else reason
        said.append(f"goal {word_of(measure)} ({reason}; `--goal` takes another)")
    return named, measure, f"Taken by default: {' and '.join(said)}." if said else ""


# -- Terms of the glossary, explained where they first occur -----------------------------------


@lru_cache(maxsize=1)
def terms() -> dict[str, str]:
    """Return the terms that briefs explain, with the glossary's definitions."""
    held, _ = read_yaml(Path(__file__).with_name("terms.yaml"))
    return {str(term): str(meaning) for term, meaning in held.items()}


#: The blank between a number and its unit, or between words of a large amount.
_UNIT = re.compile(
    r" (?=%)|(?<=\d) (?=(?:thousand|million|billion|[A-Z]{3})\b)"
    r"|(?:(?<=\d thousand)|(?<=\d million)|(?<=\d billion)) (?=[A-Z]{3}\b)"
)


class Explained:
    """A brief whose texts are HTML, in which each term is explained where it first occurs.

    Parameters
    ----------
    brief : Brief
    """

    def __init__(self, brief: Brief):
        self._brief = brief
        self._left = dict(terms())
        self._made: dict[str, Any] = {}
        self.met: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._marked(getattr(self._brief, name))
        return self._made[name]

    def _marked(self, value: Any) -> Any:
        from markupsafe import Markup

        if isinstance(value, str):
            return Markup(self._explained(value))
        if isinstance(value, Assumption):
            return {each.name: self._marked(getattr(value, each.name)) for each in fields(value)}
        if isinstance(value, tuple):
            return [self._marked(each) for each in value]
        return value

    def _explained(self, text: str) -> str:
        """Return a text as HTML; numbers stay with their units."""
        text = escape(_UNIT.sub("\u00a0", text))
        text = re.sub(r"`(.*?)`", r"<code>\1</code>", text)
        if not self._left:
            return text
        names = sorted(map(re.escape, self._left), key=len, reverse=True)
        pattern = re.compile(rf"(?<![\w-])({'|'.join(names)})(?![\w-])", re.IGNORECASE)
        by_name = {name.lower(): name for name in self._left}

        def mark(match: re.Match[str]) -> str:
            name = by_name[match.group().lower()]
            if name not in self._left:
                return match.group()
            self.met[name] = meaning = self._left.pop(name)
            return f'<abbr title="{escape(meaning, quote=True)}">{match.group()}</abbr>'

        return pattern.sub(mark, text)
