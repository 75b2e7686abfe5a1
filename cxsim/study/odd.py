"""The description of a model after ODD, with a scenario's own values, as HTML and as DOCX."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO
from types import FunctionType
from typing import Any, NamedTuple, cast

from cxsim.engine.rules import callees, rule_name
from cxsim.messages import found
from cxsim.model.mechanism import PHASE_MEANINGS, Mechanism, ordered
from cxsim.scenario import Scenario, ScenarioError

# -- What it says --------------------------------------------------------------------------


class Section(NamedTuple):
    """A section: depth of its heading (1 to 3), heading, paragraphs, and a table (header first)."""

    level: int
    heading: str
    paragraphs: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


def sections(scenario: Scenario) -> list[Section]:
    """Return the sections of a scenario's description, after ODD (Grimm et al. 2020).

    Parameters
    ----------
    scenario : Scenario
    """
    there = scenario.mechanisms
    claim = [scenario.claim and f"Claim: {scenario.claim}",
             scenario.refuted_by and f"Refuted by: {scenario.refuted_by}"]  # fmt: skip
    columns = [(c.name, c.doc, each.name) for each in there for c in each.columns if c.state]
    passes = [(p.phase, name, _first(p.function)) for name, p in ordered(there)]
    draws = [(each.name, d.name, ", ".join(map(str, d.axes)) or "customer")
             for each in there for d in each.draws]  # fmt: skip
    initial = [(firm, f"{each.share:g}", f"{each.tenure:g}", f"{each.knowledge:g}")
               for firm, each in scenario.initial.items()]  # fmt: skip
    events = [(f"{c.at:g}", c.path, found(c.value), f"{c.over:g}") for c in scenario.changes]
    return [
        Section(1, scenario.title or scenario.name),
        Section(2, "Purpose and patterns", tuple(filter(None, [scenario.description, *claim]))),
        Section(2, "Entities, state variables, and scales", (
            f"Firms: {', '.join(scenario.firms)}.",
            f"Segments: {', '.join(scenario.segments)}.",
            f"{scenario.customers:,} customers simulated, for a market of {_market(scenario)}.",
            f"{scenario.warm_up:,} periods before the first one that is reported.",
            f"{scenario.periods:,} periods reported, each one {scenario.period_length}.",
        ), (("state of a customer", "meaning", "mechanism"), *columns)),
        Section(2, "Process overview and scheduling", (
            "Each period carries out these processes in this order: "
            + "; ".join(f"{k}: {v}" for k, v in PHASE_MEANINGS.items()) + ".",
        ), (("phase", "process", "what it does"), *passes)),
        Section(2, "Design concepts: stochasticity", (
            "Random numbers are a pure function of seed, purpose, customer, firm and period.",
        ), (("mechanism", "draw", "by"), *draws)),
        Section(2, "Initialization", () if initial else ("No firm has customers at the start.",),
                (("firm", "share", "tenure", "knowledge"), *initial) if initial else ()),
        Section(2, "Input data", (scenario.notes,) if scenario.notes else (),
                (("period", "parameter", "new value", "periods until reached"), *events)
                if events else ()),
        Section(2, "Submodels"),
        *(section for each in there for section in _submodel(scenario, each)),
    ]  # fmt: skip


def _submodel(scenario: Scenario, mechanism: Mechanism) -> Iterator[Section]:
    """Yield the section of a mechanism: its rules, and its parameters with their values."""
    rules = {rule_name(c): _first(c) for p in mechanism.passes
             for c in callees(cast(FunctionType, p.function)).values()}  # fmt: skip
    own = Scenario.parameters().query("mechanism == @mechanism.name")
    rows = [
        (path, shown, row["unit"], row["description"], row["source"])
        for row in own.to_dict("records")
        for path, shown in _values(scenario, row["path"])
    ]
    header = ("parameter", "value", "unit", "meaning", "source")
    lines = tuple(f"{name}: {text}" for name, text in rules.items() if text)
    title = f"{mechanism.name.replace('_', ' ').capitalize()}"
    yield Section(3, title, (mechanism.doc, *lines), (header, *rows) if rows else ())


def _values(scenario: Scenario, path: str) -> Iterator[tuple[str, str]]:
    """Yield a parameter's paths and values in a scenario, nothing where it has none."""
    try:
        held = scenario.value(path)
    except (ScenarioError, AttributeError, TypeError):  # of a part that the scenario lacks
        return
    for name, value in (held if "*" in path else {path: held}).items():
        if value is not None:
            yield name, found(value)


def _market(scenario: Scenario) -> str:
    return f"{scenario.market_size:,.0f}"


def _first(function: Any) -> str:
    """Return the first line of a docstring."""
    return (function.__doc__ or "").strip().partition("\n")[0]


# -- How it is written ---------------------------------------------------------------------


_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;font-size:14px}"
    "td,th{border:1px solid #999;padding:.2em .5em;text-align:left;vertical-align:top}"
)


def as_html(parts: Sequence[Section]) -> str:
    """Return sections as a page of HTML that needs nothing else.

    Parameters
    ----------
    parts : sequence of Section
    """
    body = []
    for part in parts:
        body.append(f"<h{part.level}>{escape(part.heading)}</h{part.level}>")
        body += [f"<p>{escape(text)}</p>" for text in part.paragraphs]
        rows = [
            "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
            for tag, row in zip(("th", *["td"] * len(part.table)), part.table, strict=False)
        ]
        body += [f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"] if rows else []
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(parts[0].heading)}</title><style>{_STYLE}</style></head>\n"
        f"<body>{''.join(body)}</body></html>\n"
    )


_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MEDIA = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_BORDERS = "".join(f'<w:{side} w:val="single" w:sz="4"/>' for side in
                   ("top", "left", "bottom", "right", "insideH", "insideV"))  # fmt: skip


def as_docx(parts: Sequence[Section]) -> bytes:
    """Return sections as an Office Open XML document: headings, paragraphs and tables.

    Parameters
    ----------
    parts : sequence of Section
    """
    body = []
    for part in parts:
        body.append(_paragraph(part.heading, f"Heading{part.level}"))
        body += [_paragraph(text) for text in part.paragraphs]
        if part.table:
            rows = "".join(
                f"<w:tr>{''.join(f'<w:tc>{_paragraph(cell)}</w:tc>' for cell in row)}</w:tr>"
                for row in part.table
            )
            grid = "<w:gridCol/>" * len(part.table[0])
            body.append(
                f"<w:tbl><w:tblPr><w:tblBorders>{_BORDERS}</w:tblBorders></w:tblPr>"
                f"<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl><w:p/>"
            )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{k}"><w:name w:val="heading {k}"/>'
        f'<w:pPr><w:keepNext/><w:outlineLvl w:val="{k - 1}"/></w:pPr>'
        f'<w:rPr><w:b/><w:sz w:val="{40 - 6 * k}"/></w:rPr></w:style>'
        for k in (1, 2, 3)
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_MEDIA}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{_MEDIA}.styles+xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "word/document.xml"),
        "word/_rels/document.xml.rels": _relation("styles", "styles.xml"),
        "word/styles.xml": f"<w:styles {_WORD}>{styles}</w:styles>",
        "word/document.xml": f"<w:document {_WORD}><w:body>{''.join(body)}</w:body></w:document>",
    }
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(zipfile.ZipInfo(name), _HEAD + text)  # no time: equal each time
    return data.getvalue()


def _paragraph(text: str, style: str = "") -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{look}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )
