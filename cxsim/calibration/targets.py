"""What a scenario is to reproduce, and which of its parameters may move for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxsim.calibration.panel import CalibrationError, read_table
from cxsim.files.whole import is_file
from cxsim.messages import Place, found, hint, one_line
from cxsim.runs.measures.measure_registry import MARKET, measures, near
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.loading import plain, read_yaml

__all__ = ["Free", "Target", "Targets", "read_targets"]

_KEYS = ("base", "settings", "parameters", "targets", "title")
_TARGET_KEYS = ("measure", "firm", "value", "se", "periods")


@dataclass(frozen=True)
class Target:
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

    measure: str
    firm: str
    value: float
    se: float
    periods: tuple[int, int] | None = None

    @property
    def label(self) -> str:
        """The measure, and the firm it belongs to."""
        return self.measure if self.firm == MARKET else f"{self.measure} of {self.firm}"


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
    """

    source: str
    base: Scenario
    targets: tuple[Target, ...]
    free: tuple[Free, ...]
    title: str = ""


def read_targets(
    given: str | Path | Mapping[str, Any], *, base: Scenario | str | Path | None = None
) -> Targets:
    """Read targets and free parameters, and check them against the scenario they are for.

    Parameters
    ----------
    given : str, Path or mapping
        A YAML file, or what one holds: ``parameters`` (dotted path: [lowest, highest]),
        ``targets`` (a list of ``measure, firm, value, se, periods``, or a table's file
        name), and where wanted ``base``, ``settings`` (other values, which do not move)
        and ``title``.
    base : Scenario, str or Path, optional
        Scenario to start from, in place of the file's.

    Raises
    ------
    CalibrationError
        With the entry, what was expected and what found.
    ScenarioError
        If the file cannot be read, or the base or a setting is not valid.
    """
    folder, source = Path(), "targets"
    where: Mapping[tuple[str | int, ...], Place] = {}
    if isinstance(given, Mapping):
        data: Any = plain(given, Place(source))
    else:
        path = Path(given)
        folder, source = path.parent, str(path)
        data, where = read_yaml(path)
    return _Reader(source, folder, where).read(data, base)


class _Reader:
    def __init__(self, source: str, folder: Path, where: Mapping[tuple[str | int, ...], Place]):
        self.source = source
        self.folder = folder
        #: Place of each entry, by what messages call the entry.
        self.places = {".".join(map(str, keys)): place for keys, place in where.items()}

    def place(self, key: str) -> str:
        """Return file and line of an entry, or of the nearest one around it."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        return str(self.places.get(key, self.source))

    def wrong(self, key: str, text: str) -> CalibrationError:
        return CalibrationError(one_line(": ".join(p for p in (self.place(key), key, text) if p)))

    def known(self, key: str, data: Any, keys: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise self.wrong(key, f"expected a mapping of {', '.join(keys)}, found {found(data)}")
        for name in data:
            if name not in keys:
                text = f"expected one of {', '.join(keys)}, found {found(name)}{hint(name, keys)}"
                raise self.wrong(f"{key}.{name}" if key else str(name), text)
        return dict(data)

    def number(self, key: str, value: Any) -> float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise self.wrong(key, f"expected a number, found {found(value)}") from None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value - value != 0.0:
            raise self.wrong(key, f"expected a number, found {found(value)}")
        return float(value)

    def read(self, data: Any, base: Scenario | str | Path | None) -> Targets:
        data = self.known("", data, _KEYS)
        start = base if base is not None else data.get("base")
        if start is None:
            raise self.wrong("base", "expected a scenario to start from, found none (--base NAME)")
        if not isinstance(start, (Scenario, str, Path)):
            text = f"expected a file or the name of a scenario, found {found(start)}"
            raise self.wrong("base", text)
        if not isinstance(start, Scenario):
            beside = self.folder / start
            start = Scenario.load(beside if base is None and is_file(beside) else start)
        changes = data.get("settings") or {}
        if not isinstance(changes, Mapping) or not all(isinstance(key, str) for key in changes):
            text = f"expected values by dotted path, found {found(data['settings'])}"
            raise self.wrong("settings", text)
        try:
            start = start.override(changes)
        except ScenarioError as error:
            problem = error.problems[0]
            key = ".".join(("settings", *map(str, problem.path)))
            raise self.wrong(key, problem.text) from None
        free = self.free(data.get("parameters"), start)
        targets = self.targets(data.get("targets"), start)
        if len(targets) < len(free):
            raise self.wrong(
                "targets", f"expected at least as many as parameters ({len(free)}), "
                f"found {len(targets)}",
            )  # fmt: skip
        return Targets(self.source, start, targets, free, str(data.get("title") or ""))

    def free(self, data: Any, base: Scenario) -> tuple[Free, ...]:
        if not isinstance(data, Mapping) or not data:
            text = (
                f"expected PATH: [lowest, highest] of one or more parameters, found {found(data)}"
            )
            raise self.wrong("parameters", text)
        free = []
        for path, bounds in data.items():
            key = f"parameters.{path}"
            if not isinstance(bounds, (list, tuple)) or len(bounds) != 2:
                raise self.wrong(key, f"expected [lowest, highest], found {found(bounds)}")
            low, high = (self.number(key, bound) for bound in bounds)
            if not low < high:
                raise self.wrong(key, f"expected a lowest below the highest, found {low}, {high}")
            for bound in (low, high):
                try:
                    base.override({str(path): bound})
                except ScenarioError as error:
                    raise self.wrong(key, error.problems[0].text) from None
            free.append(Free(str(path), low, high))
        return tuple(free)

    def targets(self, data: Any, base: Scenario) -> tuple[Target, ...]:
        if isinstance(data, str):
            try:
                table = read_table(self.folder / data)
            except CalibrationError as error:
                raise CalibrationError(f"{self.place('targets')}: targets: {error}") from None
            rows: Any = [
                {name: value for name, value in row.items() if value == value and value != ""}
                for row in table.to_dict("records")
            ]
        else:
            rows = data
        if not isinstance(rows, (list, tuple)) or not rows:
            text = f"expected a list of measure, firm, value and se, found {found(data)}"
            raise self.wrong("targets", text)
        return tuple(self.target(f"targets.{k}", row, base) for k, row in enumerate(rows))

    def target(self, key: str, row: Any, base: Scenario) -> Target:
        row = {
            name: value
            for name, value in self.known(key, row, _TARGET_KEYS).items()
            if value is not None
        }
        for name in ("measure", "value", "se"):
            if name not in row:
                raise self.wrong(f"{key}.{name}", "expected a value, found none")
        firm = str(row.get("firm", MARKET))
        if firm != MARKET and firm not in base.firms:
            text = f"expected a firm, found {found(firm)}{hint(firm, base.firms)}"
            raise self.wrong(f"{key}.firm", text)
        level = "market" if firm == MARKET else "firm"
        names = [measure.name for measure in measures(level, base.mechanisms)]
        if row["measure"] not in names:
            text = f"expected a measure of a {level}, found {found(row['measure'])}"
            raise self.wrong(f"{key}.measure", text + near(row["measure"], names))
        value, se = (self.number(f"{key}.{name}", row[name]) for name in ("value", "se"))
        if se <= 0.0:
            raise self.wrong(f"{key}.se", f"expected a standard error above 0, found {se:g}")
        return Target(row["measure"], firm, value, se, self.window(key, row.get("periods"), base))

    def window(self, key: str, given: Any, base: Scenario) -> tuple[int, int] | None:
        if given is None:
            return None
        ends = given.split("-") if isinstance(given, str) else given
        whole = isinstance(ends, (list, tuple)) and len(ends) == 2
        numbers = [self.number(f"{key}.periods", end) for end in ends] if whole else []
        last = int(base.periods) - 1
        whole = whole and numbers == [*map(int, numbers)]
        if not whole or not 0 <= numbers[0] <= numbers[1] <= last:
            text = f"expected [first, last] within 0 to {last}, found {found(given)}"
            raise self.wrong(f"{key}.periods", text)
        return int(numbers[0]), int(numbers[1])
