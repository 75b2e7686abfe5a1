"""Write the figures of the course as slides, 16:9 with large type: part of ``make figures``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, MaxNLocator

from classroom.case import Case
from classroom.lessons import LESSONS, plan_of
from cxsim.charts.layout import head, lay_out
from cxsim.charts.style import Picture, style
from cxsim.plot import alternative_text, save

#: Pixels across, and the height in inches that a figure is drawn for: the less, the larger type.
WIDTH, LEAST = 1920, 4.4
#: Taller figures place their parts by their height, so they keep it; others lose a little of it.
TALL, SQUEEZED = 6.0, 0.9
#: Panels narrower than this (inches) bear few ticks; steps that suit months as well as others.
NARROW, STEPS = 3.2, (1, 1.2, 2, 2.4, 3, 5, 6, 10)


def slide(figure: Picture) -> Picture:
    """Return a figure in the form of a slide; its title and note are wrapped anew."""
    title, note = (
        " ".join(text.get_text().split()) if text else ""
        for text in (figure._suptitle, figure._supxlabel)  # type: ignore[attr-defined]
    )
    height = figure.get_figheight()
    height = height if height > TALL else max(LEAST, SQUEEZED * height)
    with style():
        figure.set_size_inches(height * 16 / 9, height)
        for text in figure.findobj(Text):
            if text.get_fontsize() < 10:
                text.set_fontsize(10)
        head(figure, title=title, note=note)
        lay_out(figure)
        for axes in figure.axes:
            wide = axes.get_position().width * figure.get_figwidth()
            if wide < NARROW and not isinstance(axes.xaxis.get_major_locator(), FixedLocator):
                axes.xaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    return figure


def write(figure: Picture, path: Path) -> Path:
    """Write a slide, as SVG or as PNG of so many pixels, and return the path."""
    if path.suffix == ".svg":
        return save(figure, path)
    about = {"Title": figure.get_suptitle(), "Description": alternative_text(figure)}
    with style():
        figure.savefig(path, dpi=WIDTH / figure.get_figwidth(), metadata=about)
    return path


def slides_of(name: str, case: Case, folder: Path) -> list[Path]:
    """Write the slides of a lesson and return their files."""
    made = []
    for exhibit, draw in plan_of(name).exhibits.items():
        shown: Any = draw(case)
        figures = [each for each in (shown if isinstance(shown, list) else [shown])
                   if isinstance(each, Figure)]  # fmt: skip
        for number, figure in enumerate(figures):
            stem = f"{name[:2]}-{exhibit}" + (f"-{number + 1}" if number else "")
            said, ready = alternative_text(figure), slide(figure)
            made += [write(ready, folder / f"{stem}{suffix}") for suffix in (".png", ".svg")]
            (folder / f"{stem}.txt").write_text(said + "\n", encoding="utf-8")
    return made


def main() -> None:
    """Write all slides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--student", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--lessons", nargs="*", default=list(LESSONS), help="names of notebooks")
    parser.add_argument("--folder", type=Path, default=Path("results") / "slides")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name in chosen.lessons:
        case = Case(chosen.student, seeds=chosen.seeds)
        made = slides_of(name, case, chosen.folder)
        print(f"{name}: {len(made) // 2} slides in {chosen.folder}")


if __name__ == "__main__":
    main()
