"""Targets: moments that a scenario has to match, and the parameters that are free for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import MinLen
from pydantic import BeforeValidator, Field, model_validator

from cxsim.calibration.panel import CalibrationError
from cxsim.calibration.table_reading import Reading, read_table
from cxsim.calibration.target_tables import (
    PRICE_RESPONSE,
    check_error,
    check_sums,
    completed,
    instead_of,
    is_of_log,
    lengths_of_log,
    target_rows,
)
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
        Of a firm, or of the market; or a statistic of repeat purchases of new customers
        (:func:`~cxsim.calibration.own_log.repeat_statistics`).
    firm : str
        Name, or ``(market)``.
    value, se : float
        The number and its standard error.
    periods : (int, int) or None
        First and last period over which the measure is averaged; None: all. For statistics of
        repeat purchases, customers are new who do not buy before the first one.
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

    @property
    def names(self) -> tuple[str, ...]:
        """What a correlation may call it: its label, and that with its periods."""
        if self.periods is None:
            return (self.label,)
        first, last = self.periods
        return self.label, f"{self.label}, {first}-{last}"


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
    correlations: Any = None
    priors: Annotated[dict[str, Any] | None, Expected("PATH: [mean, sd] of free parameters")] = None
    start: Annotated[dict[str, Any] | None, Expected("PATH: value of free parameters")] = None
    refine: Annotated[int, Field(ge=1), Expected("a number of customers above 0")] | None = None
    title: Any = ""


@dataclass(frozen=True)
class Free:
    """A parameter that may move, between two bounds; its dotted path may have a ``*``.

    Between the bounds its prior is uniform, or normal if ``prior`` gives a mean and a standard
    deviation.
    """

    path: str
    low: float
    high: float
    prior: tuple[float, float] | None = None


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
    correlations : tuple of tuple of float, or None
        Of the targets' errors, a row per target; None: they are independent.
    start : tuple of float, or None
        Values of the free parameters near which the search starts; None: it samples the bounds.
    refine : int or None
        Customers of a last, larger market, to which the search goes on with the derivatives of
        the smaller one; None: it ends with the scenario's.
    """

    source: str
    base: Scenario
    targets: tuple[Target, ...]
    free: tuple[Free, ...]
    title: str = ""
    decisions: tuple[str, ...] = ()
    correlations: tuple[tuple[float, ...], ...] | None = None
    start: tuple[float, ...] | None = None
    refine: int | None = None


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
        which do not move), ``correlations`` (of the targets' errors: a matrix, or a list of
        ``[target, target, correlation]``), ``priors`` (dotted path: [mean, standard deviation]
        of a normal distribution within the bounds; without one it is uniform), ``start`` (dotted
        path: value of every free parameter near which the search starts, in place of a sample of
        the bounds), ``refine`` (customers of a larger market for the last steps) and ``title``.
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
    priors = _priors(source, file)
    free = tuple(
        _free(source, start, path, *ends, priors.get(path))
        for path, ends in file.parameters.items()
    )
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
        lengths_of_log(targets)
    except ValueError as error:
        raise _wrong(source, ("targets",), str(error)) from None
    return Targets(
        source=place.source,
        base=start,
        targets=targets,
        free=free,
        title=str(file.title or ""),
        decisions=tuple(dict.fromkeys(decisions)),
        correlations=_correlations(source, targets, file.correlations),
        start=_search_start(source, file),
        refine=file.refine,
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
        # Without a base the file's table is not read, so that the base is what is wrong.
        first = min(error.problems, key=lambda each: each.path != ("base",))
        raise CalibrationError(str(first)) from None


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
    return made | {k: None for k, v in row.items() if v is None and k not in Target.model_fields}


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


def _priors(source: Source, file: TargetsFile) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of the priors that are not uniform, by path."""
    read: dict[str, tuple[float, float]] = {}
    for path, given in (file.priors or {}).items():
        if path not in file.parameters:
            text = f"expected a free parameter, found {found(path)}{hint(path, file.parameters)}"
            raise _wrong(source, ("priors", path), text)
        try:
            mean, sd = _two(given)
        except ValueError:
            raise _wrong(
                source, ("priors", path), f"expected [mean, sd], found {found(given)}"
            ) from None
        if sd <= 0:
            raise _wrong(source, ("priors", path), f"expected an sd above 0, found {sd:g}")
        read[path] = mean, sd
    return read


def _search_start(source: Source, file: TargetsFile) -> tuple[float, ...] | None:
    """Return where the search starts, by free parameter; None where the file does not say."""
    if file.start is None:
        return None
    for path in file.start:
        if path not in file.parameters:
            text = f"expected a free parameter, found {found(path)}{hint(path, file.parameters)}"
            raise _wrong(source, ("start", path), text)
    made = []
    for path, (low, high) in file.parameters.items():
        given = file.start.get(path)
        try:
            value = math.nan if given is None else _number(given)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            text = f"expected a number from {low:g} to {high:g}, found "
            shown = "none" if given is None else found(given)
            raise _wrong(source, ("start", path), text + shown)
        made.append(value)
    return tuple(made)


def _correlations(
    source: Source, targets: tuple[Target, ...], given: Any
) -> tuple[tuple[float, ...], ...] | None:
    """Return the matrix of correlations of the targets' errors; None where none are given."""
    if given is None:
        return None
    keys: Keys = ("correlations",)
    rows = given if isinstance(given, tuple) else ()
    if not rows or not all(isinstance(row, tuple) for row in rows):
        text = (
            f"expected a matrix, or a list of [target, target, correlation], found {found(given)}"
        )
        raise _wrong(source, keys, text)
    named = any(isinstance(each, str) and not _is_number(each) for row in rows for each in row)
    matrix = (_of_pairs if named else _of_rows)(source, targets, rows)
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < 1e-8:
        text = f"expected a positive definite matrix, found a smallest eigenvalue of {smallest:.2g}"
        raise _wrong(source, keys, text)
    return tuple(map(tuple, matrix.tolist()))


def _is_number(text: str) -> bool:
    try:
        _number(text)
    except ValueError:
        return False
    return True


def _of_pairs(source: Source, targets: tuple[Target, ...], rows: tuple[Any, ...]) -> np.ndarray:
    """Return the matrix of correlations given as pairs of names; what has no pair is zero."""
    matrix, seen = np.eye(len(targets)), set()
    for number, row in enumerate(rows):
        keys: Keys = ("correlations", number)
        if len(row) != 3:
            text = f"expected [target, target, correlation], found {found(row)}"
            raise _wrong(source, keys, text)
        j, k = (_position(source, keys, targets, name) for name in row[:2])
        if j == k:
            raise _wrong(source, keys, f"expected two targets, found {found(row[0])} twice")
        if (min(j, k), max(j, k)) in seen:
            raise _wrong(source, keys, f"expected each pair once, found {found(row)} again")
        seen.add((min(j, k), max(j, k)))
        matrix[j, k] = matrix[k, j] = _correlation(source, keys, row[2])
    return matrix


def _position(source: Source, keys: Keys, targets: tuple[Target, ...], name: Any) -> int:
    """Return the place of the one target that has a name."""
    places = [k for k, target in enumerate(targets) if name in target.names]
    if len(places) == 1:
        return places[0]
    known = [target.names[-1] for target in targets]
    if places:
        text = f"expected one target, found {len(places)} called {found(name)}"
        raise _wrong(source, keys, f"{text} (add the periods: {known[places[0]]!r})")
    near = hint(str(name), [each for target in targets for each in target.names], listed=9)
    raise _wrong(source, keys, f"expected a target, found {found(name)}{near}")


def _correlation(source: Source, keys: Keys, given: Any) -> float:
    try:
        value = _number(given)
    except ValueError:
        value = math.inf
    if not -1.0 < value < 1.0:
        raise _wrong(source, keys, f"expected a correlation between -1 and 1, found {found(given)}")
    return value


def _of_rows(source: Source, targets: tuple[Target, ...], rows: tuple[Any, ...]) -> np.ndarray:
    """Return the matrix of correlations given in full."""
    size, matrix = len(targets), np.eye(len(targets))
    if len(rows) != size or any(len(row) != size for row in rows):
        shape = f"{len(rows)} rows of {' or '.join(sorted({str(len(row)) for row in rows}))}"
        text = f"expected a row and a column per target ({size}), found {shape}"
        raise _wrong(source, ("correlations",), text)
    for j, row in enumerate(rows):
        keys: Keys = ("correlations", j)
        for k, given in enumerate(row):
            if j != k:
                matrix[j, k] = _correlation(source, keys, given)
            elif not (_is_number(given) and float(given) == 1.0):
                raise _wrong(source, keys, f"expected 1 on the diagonal, found {found(given)}")
    for j, k in np.argwhere(matrix != matrix.T).tolist():
        text = f"expected a symmetric matrix, found {matrix[j, k]:g} and {matrix[k, j]:g}"
        raise _wrong(source, ("correlations", j), f"{text} (targets {j} and {k})")
    return matrix


def _free(
    source: Source,
    base: Scenario,
    path: str,
    low: float,
    high: float,
    prior: tuple[float, float] | None,
) -> Free:
    for bound in (low, high):
        try:
            base.override({path: bound})
        except ScenarioError as error:
            raise _wrong(source, ("parameters", path), error.problems[0].text) from None
    return Free(path, low, high, prior)


def _target(source: Source, base: Scenario, number: int, given: Target) -> Target:
    """Return a target, checked against the scenario it is for."""
    keys: Keys = ("targets", number)
    if given.measure == PRICE_RESPONSE:
        return _price_target(source, base, keys, given)
    if given.firm != MARKET and given.firm not in base.firms:
        text = f"expected a firm, found {found(given.firm)}{hint(given.firm, base.firms)}"
        raise _wrong(source, (*keys, "firm"), text)
    if is_of_log(given.measure):
        if given.periods is None:
            text = "expected [first of new customers, last of the log], found none"
            raise _wrong(source, (*keys, "periods"), text)
        periods = _window(source, (*keys, "periods"), given.periods, int(base.periods) - 1)
        return given.model_copy(update={"periods": periods})
    level = "market" if given.firm == MARKET else "firm"
    names = [measure.name for measure in measures(level, base.mechanisms)]
    if given.measure not in names:
        text = f"expected a measure of a {level}, found {found(given.measure)}"
        said = instead_of(given.measure) or near(given.measure, [*names, PRICE_RESPONSE])
        raise _wrong(source, (*keys, "measure"), text + said)
    periods = _window(source, (*keys, "periods"), given.periods, int(base.periods) - 1)
    return given.model_copy(update={"periods": periods})


#: Periods of a year, by the length of one.
PER_YEAR = {"day": 365.0, "week": 52.0, "month": 12.0, "quarter": 4.0, "year": 1.0}


def _price_target(source: Source, base: Scenario, keys: Keys, given: Target) -> Target:
    """Return a target of price response, checked against the scenario it is for."""
    if given.firm not in base.firms:
        text = f"expected a firm, found {found(given.firm)}{hint(given.firm, base.firms)}"
        raise _wrong(source, (*keys, "firm"), text)
    if given.periods is not None:
        text = f"expected none (price_response is of the first year), found {found(given.periods)}"
        raise _wrong(source, (*keys, "periods"), text)
    if not 0.0 < given.value < 1.0:
        text = f"expected a share above 0 and below 1, found {given.value:g}"
        raise _wrong(source, (*keys, "value"), text)
    year = round(PER_YEAR.get(base.period_length, 0.0))
    if not 0 < year <= base.periods:
        text = f"expected a scenario over a year or more for price_response, found {base.periods:g}"
        raise _wrong(source, (*keys, "measure"), f"{text} periods of one {base.period_length}")
    return given


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
