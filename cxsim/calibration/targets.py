"""Targets: moments that a scenario has to match, and the parameters that are free for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import BeforeValidator, Field, model_validator

from cxsim.calibration.panel import CalibrationError
from cxsim.calibration.table_reading import Reading, read_table
from cxsim.calibration.target_tables import check_error, check_sums, completed, target_rows
from cxsim.files.whole import is_file
from cxsim.messages import Place, found, hint
from cxsim.runs.measures.measure_registry import MARKET, measures, near
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.fields import Expected, Keyed
from cxsim.scenario.loading import Source, plain, read_yaml
from cxsim.scenario.validation import Keys, read_as, wrong


def _number(value: Any) -> float:
    """Return a number, also where a table or a file has a text of it."""
    try:
        made = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        made = math.nan
    if not math.isfinite(made):
        raise ValueError(f"expected a number, found {found(value)}")
    return made


def _two(given: Any) -> tuple[float, float]:
    if not isinstance(given, tuple) or len(given) != 2:
        raise ValueError(f"expected [lowest, highest], found {found(given)}")
    return _number(given[0]), _number(given[1])


def _bounds(given: Any) -> tuple[float, float]:
    low, high = _two(given)
    if not low < high:
        raise ValueError(f"expected a lowest below the highest, found {low}, {high}")
    return low, high


_Number = Annotated[float, BeforeValidator(_number)]


class Target(Keyed):
    """One number to reproduce.

    Attributes
    ----------
    measure : str
        Of a firm, or of the market.
    firm : str
        Name, or ``(market)``.
    value, se : float
        The number and its standard error.
    periods : (int, int) or None
        First and last period over which the measure is averaged; None: all.
    """

    measure: Any
    firm: Annotated[str, BeforeValidator(str)] = MARKET
    value: _Number
    se: Annotated[_Number, Field(gt=0), Expected("a standard error above 0")]
    periods: Any = None

    @model_validator(mode="before")
    @classmethod
    def _stated(cls, row: Any) -> Any:
        """Take null for nothing: a table has empty cells."""
        if not isinstance(row, dict):
            return row
        known = cls.model_fields
        return {k: value for k, value in row.items() if value is not None or k not in known}

    @property
    def label(self) -> str:
        """The measure, and the firm it belongs to."""
        return self.measure if self.firm == MARKET else f"{self.measure} of {self.firm}"


class TargetsFile(Keyed):
    """The schema of a file of targets."""

    base: Annotated[Any, Expected("a scenario to start from, found {} (--base NAME)")]
    settings: Annotated[dict[str, Any] | None, Expected("values by dotted path")] = None
    parameters: Annotated[
        dict[str, Annotated[tuple[float, float], BeforeValidator(_bounds)]],
        MinLen(1),
        Expected("PATH: [lowest, highest] of one or more parameters"),
    ]
    targets: Annotated[
        tuple[Target, ...], MinLen(1), Expected("a list of measure, firm, value and se")
    ]
    title: Any = ""


@dataclass(frozen=True)
class Free:
    """A parameter that may move, between two bounds; its dotted path may have a ``*``."""

    path: str
    low: float
    high: float


@dataclass(frozen=True)
class Targets:
    """All of them, checked against a scenario.

    Attributes
    ----------
    source : str
        For messages and notes.
    base : Scenario
    targets : tuple of Target
    free : tuple of Free
    title : str
    decisions : tuple of str
        How numbers and names were read, a sentence each.
    """

    source: str
    base: Scenario
    targets: tuple[Target, ...]
    free: tuple[Free, ...]
    title: str = ""
    decisions: tuple[str, ...] = ()


def read_targets(
    given: str | Path | Mapping[str, Any], *, base: Scenario | str | Path | None = None
) -> Targets:
    """Read targets and free parameters, and check them against the scenario they are for.

    Parameters
    ----------
    given : str, Path or mapping
        A YAML file, or what one holds: ``parameters`` (dotted path: [lowest, highest]),
        ``targets`` (a list of ``measure, firm, value, se, periods``, with ``n``, or ``n`` and
        ``sd``, in place of ``se`` where wanted; a table's file name; or a mapping of ``table``,
        ``measure`` and how to read it), and where wanted ``base``, ``settings`` (other values,
        which do not move) and ``title``.
    base : Scenario, str or Path, optional
        Scenario to start from, in place of the file's.

    Raises
    ------
    CalibrationError
        With the entry, what was expected and what found.
    ScenarioError
        If the file cannot be read, or the base or a setting is not valid.
    """
    place, folder = Place("targets"), Path()
    where: dict[Keys, Place] = {}
    if isinstance(given, Mapping):
        data = plain(given, place)
    else:
        place, folder = Place(str(given)), Path(given).parent
        data, where = read_yaml(Path(given))
    source = Source(data, where, place.source, place)
    decisions: list[str] = []
    file = _file(source, folder, base, decisions)
    start = _start(source, file, folder, base)
    free = tuple(_free(source, start, path, *ends) for path, ends in file.parameters.items())
    targets = tuple(_target(source, start, k, each) for k, each in enumerate(file.targets))
    if len(targets) < len(free):
        text = f"expected at least as many as parameters ({len(free)}), found {len(targets)}"
        raise _wrong(source, ("targets",), text)
    for k, target in enumerate(targets):
        try:
            check_error(target.measure, target.se)
        except ValueError as error:
            raise _wrong(source, ("targets", k, "se"), str(error)) from None
    try:
        check_sums(targets, start.firms)
    except ValueError as error:
        raise _wrong(source, ("targets",), str(error)) from None
    return Targets(
        place.source, start, targets, free, str(file.title or ""), tuple(dict.fromkeys(decisions))
    )


def _wrong(source: Source, keys: Keys, text: str) -> CalibrationError:
    return CalibrationError(str(wrong(source, keys, text)))


def _file(
    source: Source, folder: Path, base: Scenario | str | Path | None, decisions: list[str]
) -> TargetsFile:
    """Return the content of a file and of the table that it names; a given base comes first."""
    data = source.raw
    if isinstance(data, dict):
        start = data.get("base") if base is None else base
        data = {**data, "base": start} if start is not None else data
        given = data.get("targets")
        if isinstance(given, (str, Mapping)):
            if not isinstance(start, (Scenario, str, Path)):
                what = "nothing" if start is None else found(start)
                text = f"expected a scenario to start from, found {what} (--base NAME)"
                raise _wrong(source, ("base",), text)
            beside = folder if base is None else None
            market = start if isinstance(start, Scenario) else _scenario(start, beside)
            data["targets"] = given = _rows(source, folder, given, market, decisions)
        if isinstance(given, (list, tuple)):
            data["targets"] = tuple(
                _completed(source, k, row, decisions) for k, row in enumerate(given)
            )
    try:
        return read_as(TargetsFile, data, source)
    except ScenarioError as error:
        raise CalibrationError(str(error.problems[0])) from None


def _completed(source: Source, number: int, row: Any, decisions: list[str]) -> Any:
    """Return a row with its measure's name, its unit and a standard error, if it is one."""
    if not isinstance(row, Mapping):
        return row
    try:
        made, said = completed(row)
    except ValueError as error:
        key, _, text = str(error).partition(": ")
        raise _wrong(source, ("targets", number, key), text) from None
    decisions += said
    return made


def _rows(
    source: Source, folder: Path, given: Any, market: Scenario, decisions: list[str]
) -> tuple[dict[str, Any], ...]:
    """Return the targets of a table: a file's name, or a mapping of it and of how to read it."""
    options = {"table": given} if isinstance(given, str) else dict(given)
    name, measure = options.pop("table", None), options.pop("measure", None)
    keys: Keys = ("targets",) if isinstance(given, str) else ("targets", "table")
    if not isinstance(name, str):
        raise _wrong(source, keys, f"expected the name of a table, found {found(name)}")
    for key in options:
        if key not in Reading.__dataclass_fields__:
            known = ("table", "measure", *Reading.__dataclass_fields__)
            text = f"expected {', '.join(known)}, found {found(key)}{hint(key, known)}"
            raise _wrong(source, ("targets",), text)
    try:
        table = read_table(folder / name, **options)
        rows = target_rows(table, firms=market.firms, measure=measure)
    except CalibrationError as error:
        raise _wrong(source, keys, str(error)) from None
    decisions += [f"{table.source}: {text}" for text in table.decisions]
    return tuple(rows)


def _start(
    source: Source, file: TargetsFile, folder: Path, base: Scenario | str | Path | None
) -> Scenario:
    """Return the scenario to start from, with the settings of the file."""
    start = file.base
    if not isinstance(start, (Scenario, str, Path)):
        text = f"expected a file or the name of a scenario, found {found(start)}"
        raise _wrong(source, ("base",), text)
    if not isinstance(start, Scenario):
        start = _scenario(start, folder if base is None else None)
    try:
        return start.override(file.settings or {})
    except ScenarioError as error:
        problem = error.problems[0]
        raise _wrong(source, ("settings", *problem.path), problem.text) from None


def _scenario(name: str | Path, folder: Path | None) -> Scenario:
    """Return a scenario of a file beside the targets, or of any other."""
    beside = None if folder is None else folder / name
    return Scenario.load(beside if beside is not None and is_file(beside) else name)


def _free(source: Source, base: Scenario, path: str, low: float, high: float) -> Free:
    for bound in (low, high):
        try:
            base.override({path: bound})
        except ScenarioError as error:
            raise _wrong(source, ("parameters", path), error.problems[0].text) from None
    return Free(path, low, high)


def _target(source: Source, base: Scenario, number: int, given: Target) -> Target:
    """Return a target, checked against the scenario it is for."""
    keys: Keys = ("targets", number)
    if given.firm != MARKET and given.firm not in base.firms:
        text = f"expected a firm, found {found(given.firm)}{hint(given.firm, base.firms)}"
        raise _wrong(source, (*keys, "firm"), text)
    level = "market" if given.firm == MARKET else "firm"
    names = [measure.name for measure in measures(level, base.mechanisms)]
    if given.measure not in names:
        text = f"expected a measure of a {level}, found {found(given.measure)}"
        raise _wrong(source, (*keys, "measure"), text + near(given.measure, names))
    periods = _window(source, (*keys, "periods"), given.periods, int(base.periods) - 1)
    return given.model_copy(update={"periods": periods})


def _window(source: Source, keys: Keys, given: Any, last: int) -> tuple[int, int] | None:
    """Return first and last period: of a list, or of a text such as ``2-5``."""
    if given is None:
        return None
    try:
        first, end = _two(tuple(given.split("-")) if isinstance(given, str) else given)
        fits = first.is_integer() and end.is_integer() and 0 <= first <= end <= last
    except ValueError:
        fits = False
    if not fits:
        text = f"expected [first, last] within 0 to {last}, found {found(given)}"
        raise _wrong(source, keys, text)
    return int(first), int(end)
