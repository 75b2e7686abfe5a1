"""Draw the floors of the package from the contract that the tests hold, and from its docstrings.

``python -m lab.pages.architecture`` writes ``docs/images/architecture.svg``; ``make docs`` does so
first, and a test fails where picture and package differ.
"""

from __future__ import annotations

import ast
import textwrap
from html import escape
from pathlib import Path

from lab.house import FLOORS

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "architecture.svg"

#: Lowest part of each storey, its name, and the colour of its floor.
STOREYS = (
    ("numerics", "Ground", "#ECEFF1"),
    ("model", "The model", "#FFF3D6"),
    ("engine", "One run", "#E3F2E9"),
    ("study", "Many runs", "#E1EEF9"),
    ("plot", "What people touch", "#F5E6F0"),
)
WIDTH, LEFT, GAP, LINE = 900, 132, 8, 17


def floors() -> list[list[str]]:
    """Return the parts of the package by floor, from the ground up; those that hold code."""
    named = ([p for p in sorted(floor) if not p.startswith("_")] for floor in FLOORS)
    return [floor for floor in named if floor]


def place_of(part: str) -> Path:
    """Return the file whose docstring says what a part is."""
    folder = ROOT / "cxsim" / part
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def told(part: str) -> str:
    """Return the first line of a part's docstring."""
    text = ast.get_docstring(ast.parse(place_of(part).read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0].replace("``", "").rstrip(".")


def _box(part: str, x: float, y: float, width: float, lines: list[str], height: float) -> str:
    name = f"{part}/" if (ROOT / "cxsim" / part).is_dir() else f"{part}.py"
    rows = "".join(
        f'<text x="{x + 12:g}" y="{y + 40 + LINE * k:g}">{escape(line)}</text>'
        for k, line in enumerate(lines)
    )
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="#FFFFFF" '
        f'stroke="#455A64"/><text class="name" x="{x + 12:g}" y="{y + 21:g}">{name}</text>{rows}'
    )


def drawn() -> str:
    """Return the picture as SVG, the highest floor on top."""
    names, y, body, bands = {s[0]: s[1:] for s in STOREYS}, 10.0, [], []
    top = y
    for parts in reversed(floors()):
        columns = min(len(parts), 2)
        width = (WIDTH - LEFT - 10 - GAP * (columns - 1)) / columns
        for start in range(0, len(parts), columns):
            row = parts[start : start + columns]
            lines = {part: textwrap.wrap(told(part), int(width / 7.3)) for part in row}
            height = 32 + LINE * max(map(len, lines.values()))
            for k, part in enumerate(row):
                x = LEFT + k * (width + GAP)
                body.append(_box(part, x, y, width, lines[part], height))
            y += height + GAP
        storey = next((names[part] for part in parts if part in names), None)
        if storey:
            name, color = storey
            words = "".join(
                f'<text class="storey" x="16" y="{(top + y) / 2 + 18 * k:g}">{word}</text>'
                for k, word in enumerate(textwrap.wrap(name, 12))
            )
            bands.append(
                f'<rect x="4" y="{top - 4:g}" width="{WIDTH - 8}" height="{y - top:g}" rx="6" '
                f'fill="{color}"/>{words}'
            )
            y += GAP
            top = y
    title = "Floors of the package; each part imports from lower floors only"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:g}" role="img" '
        f'aria-label="{title}"><title>{title}</title><style>text{{font:13px "DejaVu Sans",Verdana,'
        "sans-serif;fill:#263238}.name{font-weight:bold;font-size:14px}"
        ".storey{font-weight:bold;font-size:14px;fill:#455A64}</style>"
        f'<rect width="{WIDTH}" height="{y:g}" fill="#FFFFFF"/>'
        f"{''.join(bands)}{''.join(body)}</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
