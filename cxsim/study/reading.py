"""A study file as checked pieces: every problem with its file, line, key and the nearest name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cxsim.files import is_file
from cxsim.scenario.loading import Source, plain, read_yaml
from cxsim.scenario.messages import Place, Problem, ScenarioError, found, hint

__all__ = ["Reader", "find_study", "read_study", "shipped_studies"]

Keys = tuple[str | int, ...]


def shipped_studies() -> dict[str, Path]:
    """Return the study files that ship with the package, by name, in order of name."""
    from cxsim.scenario.shipped import shipped_root

    folder = shipped_root("params") / "studies"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_study(name_or_path: str | Path) -> Path:
    """Return the file of a study: a path, or the name of one that ships.

    Raises
    ------
    ScenarioError
        If it is neither; with the nearest name.
    """
    path, shipped = Path(name_or_path), shipped_studies()
    if is_file(path):
        return path
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    what = "a folder" if os.path.isdir(path) else "neither"  # noqa: PTH112 - takes any name
    near = hint(str(name_or_path), shipped, listed=20)
    text = f"expected a study file or the name of a study, found {what}{near}"
    raise ScenarioError(Problem(Place(str(name_or_path)), (), text))


def read_study(path: Path) -> Source:
    """Read a study file as data with the place of every key."""
    from cxsim.scenario.finding import shown_path

    raw, where = read_yaml(path)
    place = Place(shown_path(path))
    if not isinstance(raw, Mapping):
        what = "an empty file" if raw is None else found(raw)
        raise ScenarioError(Problem(place, (), f"expected a mapping of a study, found {what}"))
    return Source(dict(raw), where, path.stem, place)


class Reader:
    """Takes values out of a source and says what is wrong with them.

    Parameters
    ----------
    source : Source
    """

    def __init__(self, source: Source):
        self.source = source

    @classmethod
    def of(cls, mapping: Mapping[str, Any], name: str) -> Reader:
        """Make a reader of a mapping that came from no file."""
        place = Place(name)
        return cls(Source(dict(plain(dict(mapping), place)), {}, name, place))

    def problem(self, keys: Keys, text: str) -> ScenarioError:
        """Return an error about the value at ``keys``."""
        return ScenarioError(Problem(self.source.at(keys), keys, text))

    def known(self, value: Any, keys: Keys, names: Iterable[str], what: str) -> Mapping[str, Any]:
        """Return a mapping whose keys are all among ``names``.

        Raises
        ------
        ScenarioError
            If it is no mapping, or has another key.
        """
        names = list(names)
        if not isinstance(value, Mapping):
            raise self.problem(keys, f"expected a mapping, found {found(value)}")
        for key in value:
            if key not in names:
                text = f"expected a key of {what}, found {found(key)}{hint(key, names, listed=12)}"
                raise self.problem((*keys, key), text)
        return value

    def mapping(self, value: Any, keys: Keys, what: str) -> Mapping[str, Any]:
        """Return a mapping."""
        if not isinstance(value, Mapping):
            raise self.problem(keys, f"expected {what}, found {found(value)}")
        return value

    def one_of(self, value: Any, keys: Keys, names: Iterable[str], what: str) -> str:
        """Return one of some names."""
        names = list(names)
        if value not in names:
            near = hint(value, names, listed=12)
            raise self.problem(keys, f"expected {what}, found {found(value)}{near}")
        return str(value)

    def whole(self, value: Any, keys: Keys, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            text = f"expected a whole number from {low} to {high}, found {found(value)}"
            raise self.problem(keys, text)
        return value

    def number(self, value: Any, keys: Keys, *, above: float, below: float = float("inf")) -> float:
        """Return a number between two others."""
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not good or not above < value < below:
            end = f" and below {below:g}" if below < float("inf") else ""
            raise self.problem(
                keys, f"expected a number above {above:g}{end}, found {found(value)}"
            )
        return float(value)

    def text(self, value: Any, keys: Keys) -> str:
        """Return a text."""
        if not isinstance(value, str):
            raise self.problem(keys, f"expected a text, found {found(value)}")
        return value
