"""Which file a scenario's name or path means."""

from __future__ import annotations

from pathlib import Path

from cxsim.scenario.messages import Place, Problem, ScenarioError, found, hint
from cxsim.scenario.shipped import shipped_scenarios

__all__ = ["find", "reason", "shown_path"]


def find(
    name_or_path: str | Path,
    *,
    folder: Path | None = None,
    asked: tuple[Place, tuple[str | int, ...]] | None = None,
) -> Path:
    """Return the file of a scenario.

    Parameters
    ----------
    name_or_path : str or Path
        A file, or the name of a scenario that ships with the package. A file of
        that name comes first.
    folder : Path, optional
        What a relative path starts from (default: the current folder).
    asked : tuple of Place and keys, optional
        Which value of which file asks for it, for messages.

    Raises
    ------
    ScenarioError
        If it is neither; with the nearest name that exists.
    """
    folder = folder or Path()
    text = str(name_or_path)
    place, keys = asked or (Place(text), ())

    def fail(what: str) -> ScenarioError:
        return ScenarioError(Problem(place, keys, what))

    if not text or "\0" in text:
        raise fail(f"expected a file or the name of a scenario, found {found(text)}")
    path = folder / text
    shipped = shipped_scenarios()
    try:
        if path.is_file():
            return path
        is_folder = path.is_dir()
        exists = path.exists()
    except OSError as error:
        raise fail(f"expected a file, found {reason(error)}") from None
    if text in shipped:
        return shipped[text]
    if is_folder:
        raise fail("expected a file, found a folder" + (f" ({text})" if asked else ""))
    if exists:
        raise fail("expected a file, found something else")
    subject = f" {found(text)}" if asked else ""
    is_path = isinstance(name_or_path, Path) or any(mark in text for mark in "/\\")
    if is_path or text.endswith((".yaml", ".yml")):
        near = hint(path.name, _files(path.parent), listed=0)
        if not near and path.stem in shipped:
            near = f" (did you mean {path.stem!r}?)"
        raise fail(f"expected a file, found no file{subject}{near}")
    raise fail(
        f"expected a file or the name of a scenario, found neither{subject}"
        + hint(text, [*shipped, *_files(folder)], listed=20)
    )


def shown_path(path: Path) -> str:
    """Return what messages call a file: its path from the current folder, if it is below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _files(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir() if each.suffix in (".yaml", ".yml")]
    except OSError:
        return []


def reason(error: OSError) -> str:
    """Return what the operating system says is wrong, in lower case."""
    return error.strerror.lower() if error.strerror else type(error).__name__
