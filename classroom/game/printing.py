"""Pages printed to PDF by a browser that is there anyway."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from classroom.game.ledger import GameError

__all__ = ["BROWSERS", "find_browser", "print_pages"]

#: Commands of browsers that print without a window.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge", "microsoft-edge")

#: Seconds that a browser may take for a page.
_PATIENCE = 120


def find_browser() -> str:
    """Return the path of a browser that can print.

    Raises
    ------
    GameError
        If there is none, with what to do.
    """
    for name in BROWSERS:
        if (path := shutil.which(name)) is not None:
            return path
    raise GameError(
        f"PDF: expected one of the browsers {', '.join(BROWSERS)} on the path, found none (open "
        "the HTML page in any browser and print it to a file)"
    )


def print_pages(pages: Iterable[Path]) -> list[Path]:
    """Print HTML files to PDF beside them, and return the files written.

    Parameters
    ----------
    pages : iterable of Path
        Pages that need no other file and no network.

    Raises
    ------
    GameError
        If there is no browser, or it could not print a page.
    """
    browser, made = find_browser(), []
    for page in pages:
        target = page.with_suffix(".pdf")
        with tempfile.TemporaryDirectory() as profile:
            words = [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                f"--user-data-dir={profile}", f"--print-to-pdf={target.resolve()}",
                page.resolve().as_uri(),
            ]  # fmt: skip
            try:
                done = subprocess.run(
                    words, capture_output=True, timeout=_PATIENCE, check=False, text=True
                )
            except subprocess.TimeoutExpired:
                done = None
        if done is None or done.returncode or not target.is_file():
            last = (done.stderr.strip().splitlines() or [""])[-1] if done else "no answer"
            raise GameError(f"{page.name}: expected a PDF from {browser}, found none ({last})")
        made.append(target)
    return made
