"""A brief as slides and as a workbook: a slide for each message, a sheet for each table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxsim.charts.labels import fixed, number
from cxsim.files.whole import whole_file
from cxsim.messages import cell

if TYPE_CHECKING:
    from cxsim.report.brief import Brief, Drawing, Sheet


def export(brief: Brief, path: str | Path) -> Path:
    """Write a brief as slides (.pptx) or as a workbook (.xlsx), whole or not at all.

    Parameters
    ----------
    brief : Brief
    path : str or Path

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the name ends in neither.
    """
    path = Path(path)
    write = {".pptx": write_slides, ".xlsx": write_workbook}.get(path.suffix.lower())
    if write is None:
        what = f"expected a name that ends in .pptx or .xlsx, found {path.name!r}"
        raise ValueError(f"{path}: {what}")
    with whole_file(path) as draft:
        write(brief, draft)
    return path


def _plain(text: str) -> str:
    """Return a text without the marks of code."""
    return text.replace("`", "")


# -- Slides: 16 to 9, the message as title -----------------------------------------------------


#: Width and height of a slide, and its margin, inches.
_WIDTH, _HEIGHT, _MARGIN = 13.333, 7.5, 0.6

#: Most rows of a table on a slide; the workbook has all.
_ROWS = 12

#: Width of a letter by its height: that of wide fonts, which stand in for a missing one.
_LETTER = 0.6

_INK, _SOFT, _MARK = "1C1F23", "5B6570", "00527A"


def write_slides(brief: Brief, path: Path) -> None:
    """Write a brief as slides.

    Parameters
    ----------
    brief : Brief
    path : Path
    """
    from pptx import Presentation

    deck: Any = Presentation()
    deck.slide_width, deck.slide_height = _inches(_WIDTH), _inches(_HEIGHT)
    deck.core_properties.title = brief.title
    deck.core_properties.author = brief.author
    slides = _Slides(deck, brief)
    slides.answer()
    slides.texts("What the answer rests on", list(_rests(brief)))
    slides.texts("Risks, open points and the next step", list(_open(brief)))
    for drawing in brief.figures:
        slides.figure(drawing)
    for sheet in brief.tables:
        slides.table(sheet)
    slides.texts("How to repeat these results", [f"{a}: {b}" for a, b in brief.provenance])
    deck.save(str(path))


def _inches(value: float) -> int:
    return int(value * 914_400)


def _rests(brief: Brief) -> Iterator[str]:
    for each in brief.assumptions:
        yield f"{each.name}: {each.here}. {brief.column}: {each.turns}."
    if brief.untested:
        yield brief.untested


def _open(brief: Brief) -> Iterator[str]:
    yield from (f"Verdict: {line}" for line in brief.verdict)
    yield from (f"Risk: {line}" for line in brief.risks)
    yield from (f"Default: {line}" for line in brief.defaults)
    if brief.chosen:
        yield brief.chosen
    if brief.next_step:
        yield f"Next step: {brief.next_step}"


class _Slides:
    """Slides that are added to a deck, each with a title, a line of its source and a number."""

    def __init__(self, deck: Any, brief: Brief):
        self._deck, self._brief = deck, brief

    def _new(self, title: str) -> Any:
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[5])  # title only
        shape = slide.shapes.title
        shape.left, shape.top = _inches(_MARGIN), _inches(0.35)
        shape.width, shape.height = _inches(_WIDTH - 2 * _MARGIN), _inches(1.1)
        shape.text_frame.word_wrap = True
        _write(shape.text_frame, [title], size=fitted([title], 12.1, 1.1, 28, bold=True), bold=True)
        foot = " · ".join(filter(None, (self._brief.market, self._brief.byline)))
        self._box(slide, [foot], (_MARGIN, _HEIGHT - 0.45, _WIDTH - 2 * _MARGIN, 0.3), 10, _SOFT)
        return slide

    def _box(
        self, slide: Any, lines: Sequence[str], place: tuple[float, float, float, float],
        size: float, color: str = _INK, *, bold: bool = False,
    ) -> None:  # fmt: skip
        box = slide.shapes.add_textbox(*map(_inches, place))
        box.text_frame.word_wrap = True
        fits = fitted(lines, place[2] - 0.2, place[3] - 0.1, size, bold=bold)
        _write(box.text_frame, lines, size=fits, color=color, bold=bold)

    def answer(self) -> None:
        """Add the first slide: question, answer, numbers."""
        brief = self._brief
        slide = self._new(brief.question)
        wide = _WIDTH - 2 * _MARGIN
        self._box(slide, brief.answer, (_MARGIN, 1.55, wide, 2.1), 22, _MARK, bold=True)
        facts = [f"{brief.facts}."] if brief.facts else [""]
        self._box(slide, facts, (_MARGIN, 3.65, wide, 0.4), 12, _SOFT)
        each = wide / max(len(brief.numbers), 1)
        for k, (name, value, beside) in enumerate(brief.numbers):
            left = _MARGIN + k * each
            self._box(slide, [name], (left, 4.2, each - 0.15, 0.65), 13, _SOFT)
            self._box(slide, [value], (left, 4.85, each - 0.15, 0.8), 20, bold=True)
            if beside:
                self._box(slide, [beside], (left, 5.65, each - 0.15, 0.5), 12, _SOFT)
        rest = " ".join(filter(None, (brief.payback, brief.cash)))
        if rest:
            self._box(slide, [rest], (_MARGIN, 6.25, wide, 0.6), 14)
        if brief.logo:
            slide.shapes.add_picture(
                BytesIO(brief.logo), _inches(_WIDTH - 2.1), _inches(0.1), height=_inches(0.5)
            )

    def texts(self, title: str, lines: Sequence[str]) -> None:
        """Add slides of lines; none where there are no lines."""
        for part in _pages(lines, 1100):
            slide = self._new(title)
            place = (_MARGIN, 1.6, _WIDTH - 2 * _MARGIN, 5.2)
            self._box(slide, [f"• {line}" for line in part], place, 18)

    def figure(self, drawing: Drawing) -> None:
        """Add a slide with a figure, its finding as the title and its text alternative."""
        slide = self._new(drawing.title)
        picture = slide.shapes.add_picture(BytesIO(drawing.png), 0, 0)
        picture.crop_top = drawing.headroom  # the slide has the title
        picture.height = int(picture.height * (1 - drawing.headroom))
        room = (_WIDTH - 2 * _MARGIN, _HEIGHT - 2.1)
        scale = min(_inches(room[0]) / picture.width, _inches(room[1]) / picture.height)
        picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)
        picture.left = int((self._deck.slide_width - picture.width) / 2)
        picture.top = _inches(1.5)
        about = picture._element.nvPicPr.cNvPr
        about.set("descr", drawing.alt)
        about.set("title", drawing.title)

    def table(self, sheet: Sheet) -> None:
        """Add a slide with the first rows of a table; none where it is empty."""
        frame = sheet.frame.head(_ROWS)
        if frame.empty or len(frame.columns) > 12:
            return
        slide, wide = self._new(sheet.title), _WIDTH - 2 * _MARGIN
        size = 11 if len(frame.columns) > 6 else 13
        heads = [f"{name} ({sheet.units[name]})" if sheet.units.get(name) else str(name)
                 for name in frame]  # fmt: skip
        cells = [heads, *([_text(value) for value in row] for row in frame.itertuples(index=False))]
        need = _letters(cells)
        while size > 8 and sum(need) * _LETTER * size / 72 + 0.12 * len(need) > wide:
            size -= 1
        widths = [wide * each / sum(need) for each in need]
        heights = [_lines(row, widths, size) * 1.25 * size / 72 + 0.1 for row in cells]
        fits = max(int((np.cumsum(heights) <= 4.9).sum()), 2)
        shape = slide.shapes.add_table(
            fits, len(heads), _inches(_MARGIN), _inches(1.55), _inches(wide),
            _inches(sum(heights[:fits])),
        )  # fmt: skip
        shape._element.nvGraphicFramePr.cNvPr.set("descr", f"Table: {sheet.title}")
        for k, width in enumerate(widths):
            shape.table.columns[k].width = _inches(width)
        for row, texts in enumerate(cells[:fits]):
            shape.table.rows[row].height = _inches(heights[row])
            for k, text in enumerate(texts):
                place = shape.table.cell(row, k)
                place.margin_top = place.margin_bottom = _inches(0.04)
                place.margin_left = place.margin_right = _inches(0.05)
                color, right = _INK if row else "FFFFFF", _is_number(frame.iloc[0, k])
                _write(place.text_frame, [text], size=size, color=color, bold=not row, right=right)
        more = len(sheet.frame) - fits + 1
        if more > 0:
            text = f"The first {fits - 1} of {len(sheet.frame):,} rows; the workbook has all."
            self._box(slide, [text], (_MARGIN, 6.6, wide, 0.35), 11, _SOFT)


def _letters(cells: Sequence[Sequence[str]]) -> list[int]:
    """Return the letters that columns have room for: their longest word, or more."""
    need = []
    for column in zip(*cells, strict=True):
        word = max((len(word) for text in column for word in text.split()), default=1)
        need.append(max(word + 1, min(max(map(len, column)) + 1, 24)))
    return need


def _lines(texts: Sequence[str], widths: Sequence[float], size: float) -> int:
    """Return the lines of the highest cell of a row."""
    return max(
        len(_broken(text, width - 0.1, size)) for text, width in zip(texts, widths, strict=True)
    )


def _broken(text: str, width: float, size: float) -> list[str]:
    """Return a text in the lines that it takes in a box."""
    return wrap(text, max(int(width * 72 / (_LETTER * size)), 1)) or [""]


def fitted(
    lines: Sequence[str], width: float, height: float, size: float, *, bold: bool = False
) -> float:
    """Return the largest size of letters, at most one given, with which lines fit a box.

    Parameters
    ----------
    lines : sequence of str
        Paragraphs.
    width, height : float
        Of the box, inches.
    size : float
        Points.
    bold : bool

    Returns
    -------
    float
        Points; 9 at the least. Lines break between words, a letter counts as :data:`_LETTER` times
        as wide as it is high, bold a seventh wider, a line as 1.25 times as high.
    """
    if bold:
        width /= 1.15
    while size > 9:
        rows = sum(len(_broken(line, width, size)) for line in lines)
        if rows * 1.25 * size + 0.3 * size * (len(lines) - 1) <= height * 72:
            break
        size -= 1
    return size


def _pages(lines: Sequence[str], most: int) -> Iterator[list[str]]:
    """Yield lines in parts of at most so many letters."""
    part: list[str] = []
    for line in lines:
        if part and sum(map(len, part)) + len(line) > most:
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _write(
    frame: Any, lines: Sequence[str], *, size: float, color: str = _INK, bold: bool = False,
    right: bool = False,
) -> None:  # fmt: skip
    """Write paragraphs into a text frame in one style."""
    from pptx.dml.color import RGBColor
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Pt

    for k, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = _plain(line)
        run.font.size, run.font.bold = Pt(size), bold
        run.font.color.rgb = RGBColor(*bytes.fromhex(color))
        paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
        if k:
            paragraph.space_before = Pt(0.3 * size)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))


def _text(value: Any) -> str:
    """Return a cell as text: three digits that matter, no exponent, a dash for what is missing."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if value is None or (_is_number(value) and not np.isfinite(float(value))):
        return "–"
    if isinstance(value, (int, np.integer)):
        return fixed(int(value), 0)
    return number(float(value)) if _is_number(value) else str(value)


# -- A workbook: the brief, a sheet for each table, definitions, provenance --------------------


def write_workbook(brief: Brief, path: Path) -> None:
    """Write a brief as a workbook.

    Parameters
    ----------
    brief : Brief
    path : Path
    """
    from openpyxl import Workbook

    book = Workbook()
    book.properties.title, book.properties.creator = brief.title, brief.author or "cxsim"
    first = book.active
    first.title = "Brief"
    _rows(first, _brief_rows(brief), widths=(30, 60, 60))
    for sheet in brief.tables:
        _sheet(book, sheet)
    meanings = {name: text for sheet in brief.tables for name, text in sheet.definitions.items()}
    if meanings:
        _rows(book.create_sheet("Definitions"), [("Term", "Definition"), *meanings.items()],
              widths=(34, 110))  # fmt: skip
    if brief.provenance:
        _rows(book.create_sheet("Provenance"), [("What", "Value"), *brief.provenance],
              widths=(34, 60))  # fmt: skip
    book.save(str(path))


def _brief_rows(brief: Brief) -> list[tuple[str, ...]]:
    """Return the texts of a brief as rows of name and value."""
    rows: list[tuple[str, ...]] = [("Question", brief.question), ("Market", brief.market)]
    rows += [("Firm", brief.firm), ("Goal", brief.goal.replace("_", " "))]
    rows += [("Author", brief.author), ("Date", brief.date)]
    rows += [("Answer", line) for line in brief.answer]
    rows += [(name, value, beside) for name, value, beside in brief.numbers]
    rows += [("Payback", brief.payback), ("Cash", brief.cash)]
    rows += [("Verdict", line) for line in brief.verdict]
    rows += [(f"Assumption: {a.name}", a.here, f"{brief.column}: {a.turns}")
             for a in brief.assumptions]  # fmt: skip
    rows += [("Not tested", brief.untested)]
    rows += [("Risk", line) for line in brief.risks]
    rows += [("Default", line) for line in (*brief.defaults, brief.chosen)]
    rows += [("Next step", brief.next_step), ("Behind it", brief.facts)]
    return [row for row in rows if row[1]]


def _rows(sheet: Any, rows: Sequence[Sequence[str]], *, widths: Sequence[float]) -> None:
    """Write rows of texts, wrapped in columns of given widths."""
    from openpyxl.styles import Alignment, Font

    for row in rows:
        sheet.append([cell(_plain(each)) for each in row])
        for made in sheet[sheet.max_row]:
            made.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(sheet.max_row, 1).font = Font(bold=True)
    for letter, width in zip("ABC", widths, strict=False):
        sheet.column_dimensions[letter].width = width


def _sheet(book: Any, table: Sheet) -> None:
    """Write a table: a row of names, a row of units where there are some, numbers as numbers."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(table.name[:31])
    names = list(map(str, table.frame.columns))
    sheet.append(names)
    if table.units:
        sheet.append([table.units.get(name, "") for name in names])
    for row in table.frame.itertuples(index=False):
        sheet.append([_cell(value) for value in row])
    for number_of, name in enumerate(names, 1):
        sheet.cell(1, number_of).font = Font(bold=True)
        if table.units:
            sheet.cell(2, number_of).font = Font(italic=True)
        letter = get_column_letter(number_of)
        texts = [len(str(value)) for value in table.frame[name].head(200) if isinstance(value, str)]
        sheet.column_dimensions[letter].width = min(max([12, len(name) + 2, *texts]), 48)
    sheet.freeze_panes = sheet.cell(3 if table.units else 2, 1)
    sheet.auto_filter.ref = sheet.dimensions


def _cell(value: Any) -> Any:
    """Return a value as a workbook takes it: what is no number is an empty cell."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if _is_number(value):
        plain = value.item() if hasattr(value, "item") else value
        return plain if np.isfinite(float(plain)) else None
    return None if value is None or value is pd.NaT else cell(str(value))
