"""The file, the workbook and the notebook form of a guided market, all made from its questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from cxsim.calibration.market_questions import (
    TABLES,
    Answers,
    Question,
    questions,
    share_of,
)
from cxsim.calibration.market_scenario import MarketFit, checked_answers, fit_market
from cxsim.calibration.panel import CalibrationError
from cxsim.files.whole import check_size, is_file, whole_file
from cxsim.messages import Place, Problem, found
from cxsim.scenario import ScenarioError
from cxsim.scenario.display import level_value, moves, scales
from cxsim.scenario.validation import Keys
from cxsim.scenario.yaml_text import YamlError, parse, to_yaml

# -- The file ----------------------------------------------------------------------------------


def answers_text(given: Mapping[str, Any] | Answers | None = None) -> str:
    """Return a file of answers as YAML, with every question beside its answer.

    Parameters
    ----------
    given : mapping or Answers, optional
        Answers so far; without them, three firms to fill in.
    """
    raw = given.model_dump(exclude_none=True) if isinstance(given, Answers) else dict(given or {})
    lines = [
        "# Answers about a market. `cxsim market FILE` makes a scenario and targets of it.",
        "# Leave empty what is unknown: it gets a range. Write 0 only where it is nothing.",
    ]
    for each in questions():
        lines += _asked_lines(each, raw.get(each.key), "")
    starts: dict[str, dict[str, Any]] = {name: {} for name in ("Alpha", "Beta", "Gamma")}
    for key, (_, of) in TABLES.items():
        rows = raw.get(key) or (starts if key == "firms" else {})
        if not rows:
            lines.append(f"{key}:  # by name, with these keys; leave empty if there are none")
            lines += [f"  # {each.key}: {each.text} ({each.unit})" for each in questions(of)]
            continue
        lines.append(f"{key}:")
        for number, (name, row) in enumerate(rows.items()):
            lines.append(f"  {_plain(name)}:")
            brief = number > 0 or key == "moves"
            for each in questions(of):
                lines += _asked_lines(each, row.get(each.key), "    ", brief=brief)
    return "\n".join(lines) + "\n"


def _asked_lines(each: Question, value: Any, indent: str, *, brief: bool = False) -> list[str]:
    unit = " or ".join(each.words) if each.words else each.unit
    unknown = f"; if unknown: {each.unknown}" if each.unknown else "; must be answered"
    shown = "" if value is None else f" {_plain(value)}"
    said = [] if brief else [f"{indent}# {each.text} ({unit}){unknown}"]
    return [*said, f"{indent}{each.key}:{shown}"]


def _plain(value: Any) -> str:
    return to_yaml({"x": value}).split(":", 1)[1].strip()


# -- The workbook ------------------------------------------------------------------------------


#: Version of the workbook's layout, in a name of the workbook.
VERSION, _NAME = "2", "cxsim_market"


#: Sheets of the tables.
_SHEETS = {key.capitalize(): key for key in TABLES}


#: Rows of a table that can be filled in.
_ROWS = 12


def write_workbook(path: str | Path, given: Mapping[str, Any] | None = None) -> Path:
    """Write a workbook to fill in, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Ends in ``.xlsx``.
    given : mapping, optional
        Answers so far, as a file of answers has them.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from openpyxl import Workbook
    from openpyxl.workbook.defined_name import DefinedName

    answers = dict(given or {})
    book = Workbook()
    _read_me(book.active)
    lists = book.create_sheet("Lists")  # a list in a cell's rule may have 255 characters at most
    lists.sheet_state = "hidden"
    market = book.create_sheet("Market", 1)
    _market(market, lists, answers)
    for number, (title, key) in enumerate(_SHEETS.items(), start=2):
        row, of = TABLES[key]
        _table(book.create_sheet(title, number), lists, row, questions(of), answers.get(key) or {})
    _menu(book.create_sheet("Menu", 5))
    _scales(book.create_sheet("Scales", 6))
    book.defined_names[_NAME] = DefinedName(_NAME, attr_text=f'"{VERSION}"')
    with whole_file(path) as draft:
        book.save(draft)
    return Path(path)


def _bold(sheet: Any, row: int) -> None:
    from openpyxl.styles import Font

    for cell in sheet[row]:
        cell.font = Font(bold=True)


def _widths(sheet: Any, *widths: float) -> None:
    from openpyxl.utils import get_column_letter

    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width


def _read_me(sheet: Any) -> None:
    sheet.title = "Read me"
    for line in (
        "A market from what you know",
        "Fill in the sheets Market and Firms; Segments and Moves where there are any.",
        "Yellow cells must be answered.",
        "Leave a cell empty if the answer is unknown: it gets a range. Write 0 only for nothing.",
        "Shares are in per cent: 42 % or 0.42.",
        "Levels 1 to 5 are explained on the sheet Scales, moves on the sheet Menu.",
        "Formulas are not read: enter values.",
        "Then: cxsim check FILE.xlsx, and cxsim market FILE.xlsx",
    ):
        sheet.append([line])
    _bold(sheet, 1)
    _widths(sheet, 100)


def _market(sheet: Any, lists: Any, answers: Mapping[str, Any]) -> None:
    """Write a row for each question: question, answer, unit, what holds if unknown, key."""
    from openpyxl.styles import Alignment

    sheet.append(["Question", "Answer", "Unit", "If unknown", "Key"])
    _bold(sheet, 1)
    for row, each in enumerate(questions(Answers), start=2):
        unknown = each.unknown or "must be answered"
        sheet.append([each.text, answers.get(each.key), each.unit, unknown, each.key])
        _prepare(sheet.cell(row, 2), each, lists)
        for column in (1, 4):
            sheet.cell(row, column).alignment = Alignment(wrap_text=True, vertical="top")
    _widths(sheet, 60, 18, 14, 50, 22)
    sheet.freeze_panes = "A2"


def _table(
    sheet: Any, lists: Any, title: str, asked: tuple[Question, ...], rows: Mapping[str, Any]
) -> None:
    """Write a column for each question: its text, unit and key, then rows to fill in."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment

    sheet.append([title, *(each.text for each in asked)])
    sheet.append(["", *(each.unit for each in asked)])
    sheet.append(["name", *(each.key for each in asked)])
    for row in (1, 3):
        _bold(sheet, row)
    for column, each in enumerate(asked, start=2):
        head = sheet.cell(1, column)
        head.alignment = Alignment(wrap_text=True, vertical="top")
        unknown = each.unknown or "must be answered"
        head.comment = Comment(f"If unknown: {unknown}{_levels(each)}", "cxsim")
    for name, given in rows.items():
        sheet.append([name, *(given.get(each.key) for each in asked)])
    for row in range(4, 4 + _ROWS):
        for column, each in enumerate(asked, start=2):
            _prepare(sheet.cell(row, column), each, lists, must=False)
    _widths(sheet, 22, *[20.0] * len(asked))
    sheet.freeze_panes = "B4"


def _prepare(cell: Any, each: Question, lists: Any, *, must: bool = True) -> None:
    """Give a cell its format, its list of answers, and the color of what must be answered."""
    from openpyxl.styles import PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    if each.kind == "share":
        cell.number_format = "0.0##%"
        if isinstance(cell.value, str):
            cell.value = float(cell.value.removesuffix("%")) / 100
    if must and not each.unknown:
        cell.fill = PatternFill("solid", fgColor="FFF2CC")
    words = tuple(map(str, range(1, 6))) if each.kind == "level" else each.words
    if not words:
        return
    known = {lists.cell(1, k).value: k for k in range(1, lists.max_column + 1)}
    key = "level" if each.kind == "level" else each.key
    column = known.get(key)
    if column is None:
        column = len([name for name in known if name]) + 1
        lists.cell(1, column).value = key
        for row, word in enumerate(words, start=2):
            lists.cell(row, column).value = int(word) if each.kind == "level" else word
    letter = get_column_letter(column)
    place = f"Lists!${letter}$2:${letter}${len(words) + 1}"
    rule = DataValidation(type="list", formula1=place, allow_blank=True)
    cell.parent.add_data_validation(rule)
    rule.add(cell)


def _levels(each: Question) -> str:
    """Return the levels of a question in words, a line each; empty where it has none."""
    if each.kind != "level":
        return ""
    levels = scales()[SCALE_OF[each.key]].levels
    return "".join(f"\n{number}: {text}" for number, text in enumerate(levels, start=1))


def _menu(sheet: Any) -> None:
    sheet.append(["Move", "What it is", "Size", "Unit cost"])
    _bold(sheet, 1)
    for name, move in moves().items():
        does = f"{move.does} (refused: {move.missing})" if move.missing else move.does
        sheet.append([name, does, move.size or "none", move.cost or "none"])
    _widths(sheet, 22, 80, 50, 40)


def _scales(sheet: Any) -> None:
    from openpyxl.styles import Alignment

    sheet.append(["Number", "Question", "Level", "Value", "What it means"])
    _bold(sheet, 1)
    for scale in scales().values():
        for level, meaning in enumerate(scale.levels, start=1):
            sheet.append([scale.parameter, scale.question, level, level_value(level), meaning])
            sheet.cell(sheet.max_row, 5).alignment = Alignment(wrap_text=True)
    _widths(sheet, 26, 50, 8, 8, 80)


# -- Reading -----------------------------------------------------------------------------------


def read_workbook(path: str | Path) -> tuple[dict[str, Any], dict[Keys, Place]]:
    """Return the answers in a workbook, and the cell of each.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    answers : dict
        As a file of answers has them; empty cells are left out.
    where : dict
        Place of each key.

    Raises
    ------
    ScenarioError
        If it is no workbook of this kind, or a cell holds a formula, an error or a date.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    place = Place(str(path))

    def fail(text: str, where: str = "") -> ScenarioError:
        source = f"{path}: {where}" if where else str(path)
        return ScenarioError(Problem(Place(source), (), text))

    if not is_file(path):
        raise fail("expected a workbook, found none")
    check_size(path)
    try:
        book = load_workbook(path)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        raise fail(f"expected a workbook (.xlsx), found {type(error).__name__}") from None
    made = book.defined_names.get(_NAME)
    missing = [name for name in ("Market", *_SHEETS) if name not in book.sheetnames]
    if made is None or missing:
        raise fail("expected a workbook written by cxsim new market --xlsx, found another")
    version = str(made.attr_text).strip('"')
    if version != VERSION:
        raise fail(f"expected layout {VERSION} of the workbook, found layout {version}")

    answers: dict[str, Any] = {}
    where: dict[Keys, Place] = {}

    def value(cell: Any, each: Question) -> Any:
        at = f"{cell.parent.title}!{cell.coordinate}"
        held = cell.value
        if isinstance(held, str):
            held = held.strip()
            if cell.data_type == "f":
                raise fail(f"expected a value, found the formula {found(held)}", at)
        if held is None or held == "":
            return None
        if cell.data_type == "e" or not isinstance(held, (str, int, float)):
            raise fail(f"expected {each.kind}, found {found(str(held))}", at)
        if each.kind == "text":
            return str(held)
        if isinstance(held, float) and held.is_integer() and each.kind in ("level", "whole"):
            return int(held)
        return held

    def keep(keys: Keys, cell: Any, held: Any) -> None:
        where[keys] = Place(f"{place.source}: {cell.parent.title}!{cell.coordinate}")
        into: Any = answers
        for key in keys[:-1]:
            into = into.setdefault(key, {})
        into[keys[-1]] = held

    sheet = book["Market"]
    asked = {each.key: each for each in questions(Answers)}
    for row in range(2, sheet.max_row + 1):
        key, cell = sheet.cell(row, 5).value, sheet.cell(row, 2)
        if key in asked:
            where[(key,)] = Place(f"{place.source}: {sheet.title}!{cell.coordinate}")
            if (held := value(cell, asked[key])) is not None:
                keep((key,), cell, held)
    for title, section in _SHEETS.items():
        sheet = book[title]
        asked = {each.key: each for each in questions(TABLES[section][1])}
        columns = {sheet.cell(3, k).value: k for k in range(2, sheet.max_column + 1)}
        for row in range(4, sheet.max_row + 1):
            name = sheet.cell(row, 1).value
            filled = [k for key, k in columns.items() if key in asked and sheet.cell(row, k).value]
            if name is None:
                if filled:
                    at = f"{title}!{sheet.cell(row, 1).coordinate}"
                    raise fail("expected a name in this row, found none", at)
                continue
            name = str(name).strip()
            if name in answers.get(section, {}):
                at = f"{title}!{sheet.cell(row, 1).coordinate}"
                raise fail(f"expected every name once, found {found(name)} again", at)
            where[section, name] = Place(f"{place.source}: {title}!A{row}")
            answers.setdefault(section, {})[name] = {}
            for key, column in columns.items():
                if key not in asked:
                    continue
                cell = sheet.cell(row, column)
                where[section, name, key] = Place(f"{place.source}: {title}!{cell.coordinate}")
                if (held := value(cell, asked[key])) is not None:
                    keep((section, name, key), cell, held)
    return answers, where


# -- The form of the notebook ------------------------------------------------------------------


def _page(asked: Iterable[Question], fields: Mapping[str, Any], *above: Any) -> Any:
    """Return fields below each other; those few can answer are behind "More", open if filled."""
    import ipywidgets as widgets

    more = [each.key for each in asked if each.more]
    page = [*above, *(field for key, field in fields.items() if key not in more)]
    if more:
        filled = _filled({key: fields[key] for key in more})
        behind = widgets.VBox([fields[key] for key in more])
        opened = 0 if filled else None
        page.append(widgets.Accordion([behind], titles=("More",), selected_index=opened))
    return widgets.VBox(page)


class MarketForm:
    """A form of the questions, which shows itself as the last line of a cell.

    Parameters
    ----------
    given : mapping, optional
        Answers so far, as a file of answers has them.
    customers : int
        Customers simulated when it calibrates.
    firms, segments, moves : int
        Firms, segments and moves that can be described.

    Attributes
    ----------
    fit : MarketFit or None
        The last calibration.
    """

    def __init__(
        self, given: Mapping[str, Any] | None = None, *, customers: int = 2000, firms: int = 4,
        segments: int = 3, moves: int = 4,
    ):  # fmt: skip
        import ipywidgets as widgets

        answers = dict(given or {})
        self.fit: MarketFit | None = None
        self._customers = customers
        self._market = {each.key: _field(each, answers.get(each.key)) for each in questions()}
        self._tables: dict[str, list[tuple[Any, dict[str, Any]]]] = {}
        pages = [_page(questions(), self._market)]
        room = {"firms": firms, "segments": segments, "moves": moves}
        for key, (title, of) in TABLES.items():
            rows = room[key]
            filled = list((answers.get(key) or {}).items())
            self._tables[key] = []
            for name, row in [*filled, *[("", {})] * (rows - len(filled))]:
                named = widgets.Text(value=str(name), description=title, **_LOOKS)
                fields = {each.key: _field(each, row.get(each.key)) for each in questions(of)}
                self._tables[key].append((named, fields))
                named.observe(self._sum, "value")
            tab = widgets.Tab([_page(questions(of), f, n) for n, f in self._tables[key]])
            _name_tabs(tab, [named for named, _ in self._tables[key]])
            pages.append(tab)
        for _, fields in self._tables["firms"]:
            fields["share"].observe(self._sum, "value")
        self._total, self._said = widgets.HTML(), widgets.HTML()
        check = widgets.Button(description="Check")
        save = widgets.Button(description="Save my.market.yaml", layout={"width": "200px"})
        run = widgets.Button(description="Calibrate")
        check.on_click(lambda _: self._try(self.check))
        save.on_click(lambda _: self._try(self.save))
        run.on_click(lambda _: self._try(self.calibrate))
        steps = widgets.Accordion(pages, titles=("Market", *_SHEETS), selected_index=0)
        buttons = widgets.HBox([check, save, run])
        self.widget = widgets.VBox([steps, self._total, buttons, self._said])
        self._sum()

    def answers(self) -> dict[str, Any]:
        """Return the answers as they stand, without what is empty."""
        made = _filled(self._market)
        for key, rows in self._tables.items():
            held = {named.value.strip(): _filled(f) for named, f in rows if named.value.strip()}
            if held:
                made[key] = held
        return made

    def check(self) -> str:
        """Return what is left open, if the answers are valid.

        Raises
        ------
        ScenarioError
            If they are not.
        """
        market = checked_answers(self.answers())
        rows = (
            f"{each.text}: {each.taken:.4g}, {each.low:.4g} to {each.high:.4g} ({each.why})"
            for each in market.open
            if each.taken is not None
        )
        return "<br>".join(("Left open, with ranges in decisions:", *map(escape, rows)))

    def save(self, path: str | Path = "my.market.yaml") -> str:
        """Write the answers and, once calibrated, the scenario; return their names.

        Parameters
        ----------
        path : str or Path
        """
        with whole_file(path) as draft:
            draft.write_text(answers_text(self.answers()), encoding="utf-8")
        if self.fit is None:
            return f"Saved: {path}"
        name = Path(path).with_name(Path(path).name.split(".", maxsplit=1)[0] + ".scenario.yaml")
        return f"Saved: {path}, {self.fit.result.save(name)}"

    def calibrate(self) -> str:
        """Calibrate, and return stated and simulated churn and what is not identified as HTML.

        Raises
        ------
        ScenarioError
            If the answers are not valid.
        """
        self.fit = fit_market(
            checked_answers(self.answers()), settings={"customers": self._customers}
        )
        table = self.fit.churn.to_html(index=False, float_format=lambda v: f"{v:.4f}")
        said = (
            self.fit.result.headline(), self.fit.price_words(), self.fit.unidentified(),
            self.fit.history_words(), *self.fit.reasons(),
        )  # fmt: skip
        return table + "".join(f"<p>{escape(text)}</p>" for text in said)

    def _try(self, act: Callable[[], str]) -> None:
        self._said.value = "..."
        try:
            self._said.value = act()
        except (ScenarioError, CalibrationError, OSError) as error:
            self._said.value = f"<pre>{escape(str(error))}</pre>"

    def _sum(self, _: Any = None) -> None:
        """Show what the shares add up to."""
        total = 0.0
        for named, fields in self._tables["firms"]:
            held = _typed(fields["share"]) if named.value.strip() else None
            try:
                total += share_of(held) if held is not None else 0.0
            except ValueError:
                self._total.value = "Shares: one is no number"
                return
        self._total.value = f"Shares add up to {100 * total:.4g} %"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.widget._repr_mimebundle_(**kwargs)


def _name_tabs(tab: Any, fields: list[Any]) -> None:
    """Give tabs the names that are typed in them."""

    def name(_: Any = None) -> None:
        tab.titles = [each.value.strip() or "new" for each in fields]

    for each in fields:
        each.observe(name, "value")
    name()


#: Layout that fields share.
_LOOKS: dict[str, Any] = {"style": {"description_width": "360px"}, "layout": {"width": "760px"}}


def _field(each: Question, value: Any) -> Any:
    """Return the field of a question: a list of words or levels, or a line of text."""
    import ipywidgets as widgets

    must = "" if each.unknown else " *"
    about = {"description": f"{each.text}{must}", "tooltip": each.unknown or "must be answered"}
    if each.kind == "level":
        scale = scales()[SCALE_OF[each.key]]
        levels = [(f"{k} {text}", k) for k, text in enumerate(scale.levels, start=1)]
        return widgets.Dropdown(options=[("", None), *levels], value=value, **about, **_LOOKS)
    if each.words:
        return widgets.Dropdown(options=["", *each.words], value=value or "", **about, **_LOOKS)
    shown = "" if value is None else str(value)
    return widgets.Text(value=shown, placeholder=each.unit, **about, **_LOOKS)


#: Scales behind questions of levels.
SCALE_OF = {
    "talks": "interaction", "talks_to": "interaction", "adapts": "customization",
    "adapts_to": "customization", "insight_to": "segment_insight",
}  # fmt: skip


def _typed(field: Any) -> Any:
    """Return what a field holds: None if it is empty, a number where it is one, else its text."""
    held = field.value
    if held is None or (isinstance(held, str) and not held.strip()):
        return None
    if not isinstance(held, str):
        return held
    try:
        value = parse(held).value
    except YamlError:
        return held.strip()
    return value if isinstance(value, (int, float)) else held.strip()


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    held = ((key, _typed(field)) for key, field in fields.items())
    return {key: value for key, value in held if value is not None}
