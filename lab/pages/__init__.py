"""Pages and pictures of ``docs/`` that programs write: ``python -m lab.pages.model``, ..."""

from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
