"""Sweeps by notebooks: an executed notebook and a report for each value, and one frame of all.

Each executed notebook holds its own results as data (:data:`RECORD`), so that a folder of them is
all that :func:`gather` needs, whether :func:`vary`, the command line or papermill executed them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.files.whole import file_name, whole_file
from cxsim.identity import text_digest, whole_model
from cxsim.messages import argument_hints, cells, found, hint
from cxsim.report.notebook_parameters import checked, declared, join_overrides, loaded, split_names
from cxsim.report.notebook_run import SENTINEL, CellError, NotebookError, run_notebook
from cxsim.report.notebooks import NotebookInputError, find_notebook, read_notebook
from cxsim.scenario import parse_override
from cxsim.scenario.events import split_overrides

if TYPE_CHECKING:
    import pandas as pd

#: Kind of output in which a notebook records its results, as scrapbook reads it too.
RECORD = "application/scrapbook.scrap.json+json"

#: Page beside the reports of a sweep that shows them side by side, and its numbers.
INDEX, NUMBERS = "index.html", "results.csv"

#: Columns of :func:`gather` before and behind the parameters.
_FIRST = "notebook"
_FOUND = ("answer", "scenario", "firm", "measure", "unit", "statistic",
          "value", "se", "lower", "upper")  # fmt: skip

#: Called with the point that is being run, notebooks done, and notebooks in all.
Progress = Callable[[str, int, int], object]

_STEPS = re.compile(r"\s*(-?[\d.eE+-]+)\s*\.\.\s*(-?[\d.eE+-]+)\s*/\s*(\d+)\s*")


# -- The record that an executed notebook holds of its results ---------------------------------


def record(summary: Mapping[str, Any], html: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an output that shows HTML and holds a summary as data, as display systems take it.

    Parameters
    ----------
    summary : mapping
        What ``summary.json`` says.
    html : str

    Returns
    -------
    data, metadata : dict
        By kind of content.
    """
    scrap = {"name": "results", "data": dict(summary), "encoder": "json", "version": 1}
    about = {"scrapbook": {"name": "results", "data": True, "display": False}}
    return {"text/html": html, "text/plain": "results", RECORD: scrap}, about


def recorded(notebook: str | Path) -> dict[str, Any] | None:
    """Return the results that an executed notebook holds; None if it holds none.

    Parameters
    ----------
    notebook : str or Path

    Raises
    ------
    NotebookInputError
        If the file is no notebook.
    """
    for cell in reversed(read_notebook(Path(notebook))["cells"]):
        for output in cell.get("outputs", ()):
            scrap = output.get("data", {}).get(RECORD)
            if isinstance(scrap, Mapping) and isinstance(scrap.get("data"), Mapping):
                return dict(scrap["data"])
    return None


@argument_hints
def gather(folder: str | Path) -> pd.DataFrame:
    """Return parameters, answers, means and errors of all executed notebooks in a folder.

    Parameters
    ----------
    folder : str or Path
        With executed notebooks in it, or in folders in it.

    Returns
    -------
    DataFrame
        A row for each number: ``notebook`` (its path), a column for each parameter and each
        override, ``answer``, ``scenario``, ``firm``, ``measure``, ``unit``, ``statistic``
        ("mean", or "difference" from the first scenario), ``value``, ``se``, ``lower`` and
        ``upper`` (NaN where the notebook gives none). A notebook that shows no number has one
        row without them. A parameter that is called as one of these columns has the name
        ``parameter.firm``.

    Raises
    ------
    NotebookInputError
        If there is no executed notebook with results.
    """
    import pandas as pd

    place = Path(folder)
    rows: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    for path in sorted(place.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts or any(p.endswith(".failed") for p in path.parts):
            continue
        summary = recorded(path)
        if summary is None:
            continue
        parameters = _parameters_of(summary)
        names |= dict.fromkeys(parameters)
        first = {"notebook": str(path.relative_to(place)), **parameters}
        first["answer"] = summary.get("answer") or summary.get("headline") or ""
        rows += [{**first, **number} for number in list(_numbers_of(summary)) or [{}]]
    if not rows:
        raise NotebookInputError(f"{folder}: expected executed notebooks with results, found none")
    return pd.DataFrame(rows).reindex(columns=[_FIRST, *names, *_FOUND])


def _parameters_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a notebook, overrides one by one."""
    given = dict(summary.get("parameters", {}))
    given.pop("output", None)
    overrides = dict(map(parse_override, split_overrides(str(given.pop("overrides", "") or ""))))
    texts = {k: json.dumps(v) if isinstance(v, (list, dict)) else v for k, v in overrides.items()}
    named = {f"parameter.{k}" if k in (_FIRST, *_FOUND) else k: v for k, v in given.items()}
    return named | texts


def _numbers_of(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the numbers of a summary: means by firm, and differences between scenarios."""
    for each in _rows(summary.get("means")):
        name = each.get("scenario") or dict(summary.get("parameters", {})).get("scenario", "")
        yield _number(each, name, "mean", each.get("mean"), each.get("se"))
    told: set[Any] = set()
    for each in _rows(summary.get("table")):
        if "baseline" not in each or "other" not in each:
            return
        first = next(iter(summary.get("digests", {})), "baseline")
        key = each["measure"], each["firm"]
        if key not in told:
            told.add(key)
            yield _number(each, first, "mean", each["baseline"], each.get("baseline_se"))
        yield _number(each, each["scenario"], "mean", each["other"], each.get("other_se"))
        bounds = {"lower": each.get("lower"), "upper": each.get("upper")}
        name, change = each["scenario"], each.get("difference")
        yield _number(each, name, "difference", change, each.get("se")) | bounds


def _rows(table: Any) -> Sequence[Mapping[str, Any]]:
    return table if isinstance(table, Sequence) and not isinstance(table, str) else ()


def _number(
    each: Mapping[str, Any], scenario: str, statistic: str, value: Any, se: Any
) -> dict[str, Any]:
    return {
        "scenario": scenario, "firm": each.get("firm"), "measure": each.get("measure"),
        "unit": each.get("unit"), "statistic": statistic, "value": value, "se": se,
    }  # fmt: skip


# -- What is varied ----------------------------------------------------------------------------


def values_of(text: str) -> tuple[str, list[Any]]:
    """Return the name and the values of ``NAME=VALUES``, as on the command line.

    Parameters
    ----------
    text : str
        Values with commas between them, or ``LOW..HIGH/COUNT``, evenly spaced.

    Raises
    ------
    NotebookInputError
        If it names no values.

    Examples
    --------
    >>> values_of("firms.Tailor.price=16..24/5")
    ('firms.Tailor.price', [16, 18, 20, 22, 24])
    >>> values_of("seeds=5,20")
    ('seeds', [5, 20])
    """
    name, equals, said = (part.strip() for part in text.partition("="))
    if not (equals and name and said):
        what = "expected NAME=VALUE,VALUE or NAME=LOW..HIGH/COUNT"
        raise NotebookInputError(f"vary: {what}, found {found(text)}")
    if steps := _STEPS.fullmatch(said):
        try:
            spaced = np.linspace(float(steps[1]), float(steps[2]), int(steps[3]))
        except ValueError:
            spaced = np.empty(0)
        if len(spaced) < 2 or spaced[0] == spaced[-1]:
            what = "expected LOW..HIGH/COUNT with two values or more"
            raise NotebookInputError(f"vary: {name}: {what}, found {found(said)}")
        return name, [_plain(round(float(value), 12)) for value in spaced]
    return name, [parse_override(f"{name}={part}")[1] for part in split_overrides(said)]


def _plain(value: Any) -> Any:
    """Return a number as a whole one where it is one, and lists and mappings as plain data."""
    if isinstance(value, np.generic):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def points_of(values: Any) -> list[dict[str, Any]]:
    """Return the points of a sweep.

    Parameters
    ----------
    values : mapping or iterable of mapping, str or Path
        Values by name (all combinations), points one by one, or a YAML or CSV file of either.

    Raises
    ------
    NotebookInputError
        If there is none.
    """
    if isinstance(values, (str, Path)):
        values = _from_file(Path(values))
    if isinstance(values, Mapping):
        lists = {
            str(name): [_plain(v) for v in (each if _is_many(each) else [each])]
            for name, each in values.items()
        }
        made = [dict(zip(lists, each, strict=True)) for each in itertools.product(*lists.values())]
    else:
        made = [{str(k): _plain(v) for k, v in each.items()} for each in values]
    if not made or not made[0]:
        raise NotebookInputError("vary: expected values of at least one parameter, found none")
    return made


def _is_many(each: Any) -> bool:
    return isinstance(each, Iterable) and not isinstance(each, (str, Mapping))


def _from_file(path: Path) -> Any:
    """Return what a file of points says: a mapping, or a list of points."""
    if not path.is_file():
        raise NotebookInputError(
            f"vary: expected a file of values, found none called {str(path)!r}"
        )
    if path.suffix.lower() == ".csv":
        import pandas as pd

        return pd.read_csv(path).to_dict("records")
    from cxsim.scenario.loading import read_yaml

    said = read_yaml(path)[0]
    if isinstance(said, Mapping) or (_is_many(said) and all(isinstance(e, Mapping) for e in said)):
        return said
    raise NotebookInputError(
        f"{path}: expected values by name or a list of points, found {found(said)}"
    )


# -- A sweep -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class NotebookSweep:
    """What a sweep by notebooks left.

    Attributes
    ----------
    folder : Path
        A folder for each point, ``index.html`` and ``results.csv``.
    points : list of dict
        Values by name.
    folders : list of Path
        Of the points, in their order.
    stored : int
        Points that were there already.
    failed : dict of int to str
        What went wrong, by the number of a point.
    """

    folder: Path
    points: list[dict[str, Any]]
    folders: list[Path]
    stored: int = 0
    failed: dict[int, str] = field(default_factory=dict)

    @property
    def index(self) -> Path:
        """The page that shows all points side by side."""
        return self.folder / INDEX

    @property
    def frame(self) -> pd.DataFrame:
        """Parameters, answers, means and errors of all points: :func:`gather` of the folder."""
        return gather(self.folder)

    def sentence(self) -> str:
        """Return what was done, in words."""
        done = len(self.points) - self.stored - len(self.failed)
        text = f"{len(self.points)} notebooks: {done} executed, {self.stored} were there already"
        return f"{text}, {len(self.failed)} failed" if self.failed else text


@dataclass(frozen=True)
class _Point:
    """A notebook with what it is given, and where its results go."""

    source: Path
    given: dict[str, Any]
    folder: Path
    identity: str
    timeout: float | None

    def there(self) -> bool:
        """Return whether the folder holds the results of just this."""
        try:
            summary = json.loads((self.folder / SENTINEL).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(summary.get("identity") == self.identity)

    def run(self) -> None:
        run_notebook(
            self.source, self.given, output_folder=self.folder, timeout=self.timeout,
            identity=self.identity,
        )  # fmt: skip


@argument_hints
def vary(
    notebook: str | Path,
    values: Any,
    *,
    parameters: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    executor: Executor | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> NotebookSweep:
    """Execute a notebook once for each value of some parameters, and put the reports side by side.

    Points whose results are there already, made by the same notebook, parameters, scenarios and
    code, are not executed again. A notebook that fails leaves the others alone.

    Parameters
    ----------
    notebook : str or Path
        A notebook, or the name of one that ships with the package.
    values : mapping, iterable of mapping, str or Path
        Values by name, of which all combinations are taken; or points one by one; or a file of
        either (YAML, CSV). A name is a parameter of the notebook, else the path of a parameter
        of its scenarios.
    parameters : mapping, optional
        What is the same in all of them.
    folder : str or Path, optional
        Where results go; default ``results/vary-NOTEBOOK``.
    executor : Executor, optional
        What runs notebooks at the same time, with the interface of :mod:`concurrent.futures`.
        Default: one after the other, in copies of this process.
    timeout : float, optional
        Seconds after which a notebook is stopped.
    progress : callable, optional
        Called with the point at work, notebooks done, and notebooks in all.

    Returns
    -------
    NotebookSweep

    Raises
    ------
    NotebookInputError, ScenarioError
        If the notebook, a name or a value cannot be used; nothing has been run then.
    """
    source = find_notebook(notebook)
    points = points_of(values)
    place = Path(folder or Path("results", file_name(f"vary-{source.stem}")))
    todo = _checked_points(source, points, dict(parameters or {}), place, timeout)
    tell = progress or (lambda *_: None)
    left = {number: each for number, each in enumerate(todo) if not each.there()}
    result = NotebookSweep(place, points, [each.folder for each in todo], len(todo) - len(left))
    done = result.stored
    tell("", done, len(todo))
    for number, problem in _run_all(left, executor, tell, done, len(todo)):
        if problem:
            result.failed[number] = problem
    _write_index(result, source)
    return result


def _run_all(
    left: Mapping[int, _Point], executor: Executor | None, tell: Progress, done: int, total: int
) -> Iterator[tuple[int, str]]:
    """Run points, and yield the number of each with what went wrong, "" if nothing did."""
    if executor is None:
        _import_what_notebooks_use()
        for number, each in left.items():
            tell(each.folder.name, done, total)
            yield number, _problem(each.run)
            done += 1
            tell(each.folder.name, done, total)
        return
    futures = {executor.submit(_problem, each.run): number for number, each in left.items()}
    try:
        for future in as_completed(futures):
            done += 1
            tell("", done, total)
            yield futures[future], future.result()
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def _import_what_notebooks_use() -> None:
    """Import here what copies of this process would each import for themselves."""
    import importlib

    for name in ("report.report", "report.brief_answers", "study.paired_seeds", "charts", "plot"):
        importlib.import_module(f"cxsim.{name}")
    importlib.import_module("IPython.core.interactiveshell")


def _problem(run: Callable[[], None]) -> str:
    """Run something, and return in one line what went wrong."""
    try:
        run()
    except (CellError, NotebookError, OSError, ValueError) as error:
        return " ".join(str(error).split())
    return ""


def _checked_points(
    source: Path,
    points: list[dict[str, Any]],
    alike: dict[str, Any],
    place: Path,
    timeout: float | None,
) -> list[_Point]:
    """Return what is to be executed, every parameter of it checked."""
    known = declared(source)
    made: list[_Point] = []
    for point in points:
        given, paths = dict(alike), []
        for name, value in point.items():
            if name in known:
                given[name] = value
            elif "overrides" in known and ("." in name or _names_parameter(name)):
                paths.append(f"{name}={json.dumps(value)}")
            else:
                what = f"found no parameter of this name{hint(name, known, listed=16)}"
                raise NotebookInputError(f"{source.name}: {name}: {what}")
        if paths:
            own = known["overrides"]  # those of the notebook stay, unless others are given
            before = own.value(alike.get("overrides", own.default))
            given["overrides"] = ", ".join(filter(None, [before, join_overrides(paths)]))
        values = checked(source, given)
        name = file_name(",".join(f"{name}={_short(value)}" for name, value in point.items()))
        made.append(_Point(source, given, place / name, _identity(source, values), timeout))
    names = [each.folder.name for each in made]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise NotebookInputError(f"vary: expected each point once, found {twice} twice")
    return made


def _names_parameter(name: str) -> bool:
    from cxsim.scenario import Scenario

    return name in set(Scenario.parameters()["path"])


def _short(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _identity(source: Path, values: Mapping[str, Any]) -> str:
    """Return the digest of all that determines a notebook's results."""
    cells = [
        (cell["cell_type"], "".join(cell.get("source", "")))
        for cell in read_notebook(source)["cells"]
    ]
    whole = {name: each.default for name, each in declared(source).items()} | dict(values)
    files = {
        name: hashlib.sha256(Path(value).read_bytes()).hexdigest()
        for name, value in whole.items()
        if isinstance(value, str) and value and _is_file(value)
    }
    facts = [cells, whole, files, _scenarios(whole), whole_model().hex()]
    return text_digest(json.dumps(facts, sort_keys=True, default=str))


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _scenarios(values: Mapping[str, Any]) -> list[str]:
    """Return digests of the scenarios that a notebook names, and of the code that moves them."""
    from cxsim.study.study import ScenarioModel, Study

    overrides = split_overrides(str(values.get("overrides", "") or ""))
    names = split_names(str(values.get("scenarios", "") or ""))
    if values.get("scenario") and not values.get("panel"):
        names.append(str(values["scenario"]))
    digests = [ScenarioModel(loaded(name, overrides), ()).digest({}) for name in names]
    if values.get("study"):
        study = Study.load(values["study"])
        model = study.model()
        digests += [study.digest, model.digest({}) if study.base is not None else ""]
    return digests


# -- The page that shows all points side by side -----------------------------------------------


#: Measures of the figures, the first that there are.
_SHOWN = ("net_present_value", "market_share", "retention_rate", "switching_cost")


def _write_index(sweep: NotebookSweep, source: Path) -> None:
    """Write the page and the numbers of a sweep."""
    from cxsim.report.tables import piece

    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    title = f"{source.stem} by {', '.join(sweep.points[0])}"
    try:
        frame = sweep.frame
    except NotebookInputError:  # nothing was executed, or none records its results
        frame = None
    rows = [_index_row(sweep, number) for number in range(len(sweep.points))]
    body = piece("points", title, sweep.sentence(), list(sweep.points[0]), rows)
    if frame is not None:
        with whole_file(sweep.folder / NUMBERS) as draft:
            cells(frame).to_csv(draft, index=False)
        body += "".join(_figures(sweep, frame))
    sweep.folder.mkdir(parents=True, exist_ok=True)
    with whole_file(sweep.index) as draft:
        draft.write_text(piece("page", title, style, body), encoding="utf-8")


def _index_row(sweep: NotebookSweep, number: int) -> dict[str, Any]:
    """Return what the page says of a point."""
    folder = sweep.folders[number]
    row: dict[str, Any] = {"values": [_short(v) for v in sweep.points[number].values()]}
    if number in sweep.failed:
        return row | {"answer": f"Failed: {sweep.failed[number]}", "report": ""}
    summary = json.loads((folder / SENTINEL).read_text(encoding="utf-8"))
    answer = summary.get("answer") or summary.get("headline") or summary.get("title", "")
    return row | {"answer": answer, "report": f"{folder.name}/report.html"}


def _figures(sweep: NotebookSweep, frame: pd.DataFrame) -> Iterator[str]:
    """Yield figures: measures against the numeric parameter that takes most values."""
    names = [
        name
        for name in sweep.points[0]
        if all(isinstance(p.get(name), (int, float)) for p in sweep.points) and name != "seeds"
    ]
    if not names or frame["value"].notna().sum() == 0:
        return
    by = max(names, key=lambda name: len({p[name] for p in sweep.points}))
    others = [name for name in sweep.points[0] if name != by]
    numbers = frame[frame["measure"].isin(_SHOWN) & frame["firm"].notna()]
    words = _words(sweep)
    for difference in (False, True):
        part = numbers[(numbers["statistic"] == "difference") == difference]
        for key, here in part.groupby(["scenario", *others], sort=False, dropna=False):
            if here[by].nunique() > 1:
                yield _figure(here, by, _told(key, others), words, difference=difference)


def _words(sweep: NotebookSweep) -> Any:
    """Return what the market of the first point calls things."""
    from cxsim.charts.labels import Words

    first = next(each for number, each in enumerate(sweep.folders) if number not in sweep.failed)
    summary = json.loads((first / SENTINEL).read_text(encoding="utf-8"))
    return Words(**summary.get("words", {}))


def _told(key: tuple[Any, ...], others: list[str]) -> str:
    scenario, *values = key
    parts = [f"{name} {_short(value)}" for name, value in zip(others, values, strict=True)]
    return ", ".join(filter(None, [str(scenario or ""), *parts]))


def _figure(here: pd.DataFrame, by: str, of: str, words: Any, *, difference: bool) -> str:
    from cxsim.charts.intervals import response_panels
    from cxsim.charts.labels import label_and_unit
    from cxsim.report.tables import piece

    order = {name: place for place, name in enumerate(_SHOWN)}
    here = here.assign(order=here["measure"].map(order)).sort_values(["order", by], kind="stable")
    half = 1.96 * here["se"].astype(float).fillna(0.0)
    data = here.assign(
        panel=[label_and_unit(name)[0] for name in here["measure"]],
        name=here["firm"], x=here[by].astype(float),
        lower=here["lower"].astype(float).fillna(here["value"] - half),
        upper=here["upper"].astype(float).fillna(here["value"] + half),
    )  # fmt: skip
    what = f"{of}: difference from the first scenario" if difference else of
    picture = response_panels(data, by=by, title=f"By {by}", words=words, difference=difference)
    return piece("figure_of", what, picture._repr_html_())
