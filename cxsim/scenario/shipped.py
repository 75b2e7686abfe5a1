"""Where the scenario files and notebooks that come with the package are."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped_root", "shipped_scenarios"]

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_root(kind: str = "params") -> Path:
    """Return the folder of what ships with the package.

    Parameters
    ----------
    kind : {"params", "notebooks"}
        Which of the two. An installed package carries them inside itself; in a
        checkout they lie beside it.

    Raises
    ------
    ValueError
        If ``kind`` is neither.
    """
    if kind not in ("params", "notebooks"):
        raise ValueError(f"expected 'params' or 'notebooks', found {kind!r}")
    inside = _PACKAGE / "_shipped" / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenario files that ship, by name, in order of name."""
    folder = shipped_root("params") / "scenarios"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
