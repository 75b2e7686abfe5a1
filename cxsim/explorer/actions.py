"""What the explorer's buttons do: why, break-even, save, report."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cxsim.explorer import view
from cxsim.explorer.question import Question
from cxsim.files import file_name
from cxsim.notebook.progress import VARIABLE
from cxsim.study.break_even import break_even
from cxsim.study.why import why

__all__ = ["break_even_price", "nobody_watches", "report", "save", "why_it_changed"]


def nobody_watches() -> bool:
    """Whether a notebook runs in batch, so that a slider would move nothing."""
    return bool(os.environ.get(VARIABLE))


def why_it_changed(question: Question, seeds: Sequence[int]) -> str:
    """Return which terms of the choice the change of share is due to, as HTML."""
    if question.asks_nothing:
        return "<p>Nothing has been changed yet.</p>"
    parts = why(question.base, question.scenario(), firm=question.firm, seeds=seeds)
    return view.why_html(parts, firm=question.firm, measure="share of purchases")


def break_even_price(question: Question, seeds: Sequence[int]) -> str:
    """Return at which price the firm in focus earns what it earns in the baseline, as HTML."""
    path = f"firms.{question.firm}.price"
    price = float(question.scenario().value(path)) or 1.0
    found = break_even(
        question.base,
        question.scenario(),
        path,
        firm=question.firm,
        low=0.5 * price,
        high=2.0 * price,
        seeds=seeds,
    )
    return view.break_even_html(found, firm=question.firm, unit=question.base.currency)


def save(question: Question, path: str | Path) -> Path:
    """Write the what-if as a scenario file and return its path.

    Raises
    ------
    ValueError
        If the name has another ending than .yaml.
    ScenarioError
        If the file cannot be written.
    """
    path = Path(path)
    if path.suffix not in (".yaml", ".yml"):
        raise ValueError(f"file: expected a name that ends in .yaml, found {str(path)!r}")
    made = question.scenario(name=path.stem)
    said = f"{question.base.title or question.base.name}: {question.words().lower()}"
    return made.override({"title": said}).save(path)


def report(question: Question, saved: Path, *, seeds: int = 20) -> Path:
    """Make the report of a comparison with the base scenario and return the page's path.

    Raises
    ------
    ValueError
        If the report fails, with the reason.
    """
    base = saved.with_name(f"{saved.stem}-baseline.yaml")
    question.base.override({"name": base.stem}).save(base)
    folder = Path("results") / file_name(f"what-if-{saved.stem}")
    command = [sys.executable, "-m", "cxsim", "compare", str(base), str(saved)]
    done = subprocess.run(
        [*command, "--seeds", str(seeds), "-o", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"report: {done.stderr.strip().splitlines()[-1]}")
    return folder / "report.html"
