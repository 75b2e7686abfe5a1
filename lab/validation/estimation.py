"""Recovery of known truths by the estimator: ``python -m lab.validation.estimation``.

Panels are drawn by :mod:`lab.validation.simulated`, which shares no code with the package, and are
estimated as a user would. Results are kept panel by panel under ``build/estimation``, by the code
that made them, so that a run that was stopped goes on where it was; results of other code are taken
over where today's finds the same in two panels of the row. ``docs/estimation.md`` is written when
all rows are run.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from cxsim.calibration import CalibrationError, Columns, calibrate, read_panel
from cxsim.calibration.calibrate import check_first_purchases
from cxsim.calibration.estimate import Estimates, fit
from lab.pages.page import DOCS, ROOT, joined, table, write
from lab.validation import price_warning
from lab.validation.simulated import Truth, draw

__all__ = ["ROWS", "Row", "available", "estimate", "main", "page", "run", "summary"]

KEPT = ROOT / "build" / "estimation"

#: Speeds of learning and of forgetting at which learning is tested.
TESTED = (0.5, 0.05)
#: The test of learning needs all that could be taken for it.
_GATE = {"learning": TESTED, "random_loyalty": True, "random_price": True}


@dataclass(frozen=True)
class Row:
    """One market, how its panels are seen, and how they are estimated.

    Attributes
    ----------
    name : str
        For ``--only``.
    text : str
        What the page calls it.
    truth : Truth
    customers, purchases, unseen : int
    how : mapping
        Options of ``fit``; with ``cost``, of ``calibrate``.
    expected : mapping of str to float
        True values of what is watched; ``worth`` is loyalty in units of price.
    gate : bool
        Whether the row is a test of learning.
    """

    name: str
    text: str
    truth: Truth
    customers: int = 1000
    purchases: int = 6
    unseen: int = 20
    how: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=dict)
    gate: bool = False

    @property
    def values(self) -> dict[str, float]:
        """True values by name: price sensitivity, loyalty and its worth, and what the row adds."""
        truth = self.truth
        usual = {
            "price_sensitivity": truth.price,
            "loyalty": truth.loyalty,
            "worth": truth.loyalty / truth.price,
        }
        return usual | dict(self.expected)


_NONE = Truth(loyalty=0.0)
_PRICES = Truth(shock=0.5, answer=0.6)
_LEARNS = Truth(loyalty=0.5, learning=1.5)

ROWS = (
    Row("400x12-first", "400 customers, 12 purchases from the first on", Truth(), 400, 12, 0,
        {"initial_purchases": "use"}),
    Row("400x12", "400 customers, 12 purchases after 20 unseen", Truth(), 400, 12),
    Row("1000x6", "1,000 customers, 6 purchases after 20 unseen", Truth()),
    Row("1000x4", "1,000 customers, 4 purchases after 20 unseen", Truth(), 1000, 4),
    Row("400x2", "400 customers, 2 purchases after 20 unseen", Truth(), 400, 2),
    Row("endogenous", "prices answer demand, nothing done about it", _PRICES, 1000, 12),
    Row("endogenous-cost", "prices answer demand, costs given", _PRICES, 1000, 12,
        how={"cost": "cost"}),
    Row("correlated-ignored", "preferences for two firms correlated .9, estimated as independent",
        Truth(correlation=0.9), 1000, 12),
    Row("correlated", "preferences for two firms correlated .9, estimated as such",
        Truth(correlation=0.9), 1000, 12, how={"tastes": "correlated"}),
    Row("normal", "no loyalty: preferences differ", _NONE, 1000, 12),
    Row("classes", "no loyalty: three classes, each prefers a firm by 2",
        Truth(loyalty=0.0, taste_sd=0.3, classes=2.0), 1000, 12),
    Row("price-cv", "no loyalty: price sensitivities differ (cv .8)",
        Truth(loyalty=0.0, price_cv=0.8), 1000, 12),
    Row("price-cv-random", "no loyalty: price sensitivities differ (cv .8), `random_price`",
        Truth(loyalty=0.0, price_cv=0.8), 1000, 12, how={"random_price": True}),
    Row("loyalty-sd", "loyalty differs (sd .7)", Truth(loyalty_sd=0.7), 1000, 12),
    Row("loyalty-sd-random", "loyalty differs (sd .7), `random_loyalty`",
        Truth(loyalty_sd=0.7), 1000, 12, how={"random_loyalty": True},
        expected={"loyalty_sd": 0.7}),
    Row("learning", "learning, speeds estimated", _LEARNS, 1000, 12, 0,
        {"initial_purchases": "use", "learning": "free", "random_loyalty": True,
         "random_price": True},
        {"after 1": _LEARNS.known_after(1), "after 5": _LEARNS.known_after(5),
         "log_learning_rate": log(0.5), "logit_forgetting_rate": log(0.05 / 0.95)}),
    *(
        Row(f"gate-{name}", f"test of learning: {text}", truth, 1000, 12, 0,
            {"initial_purchases": "use", **_GATE}, {"learning": truth.learning}, gate=True)
        for name, text, truth in (
            ("off", "there is none", Truth()),
            ("on", "there is", _LEARNS),
            ("classes", "none, three classes", Truth(loyalty=0.0, taste_sd=0.3, classes=2.0)),
            ("price-cv", "none, price sensitivities differ", Truth(loyalty=0.0, price_cv=0.8)),
            ("loyalty-sd", "none, loyalty differs", Truth(loyalty_sd=0.7)),
        )
    ),
)  # fmt: skip


def available(row: Row) -> list[str]:
    """Return the options that a row asks for and this version does not have.

    Parameters
    ----------
    row : Row
    """
    known = inspect.signature(calibrate if "cost" in row.how else fit).parameters
    missing = [name for name in row.how if name not in known]
    if row.how.get("tastes") == "correlated" and isinstance(known["tastes"].default, bool):
        missing.append("tastes")
    return missing


# -- One panel ----------------------------------------------------------------------------------


def estimate(row: Row, seed: int, *, draws: int | None = None) -> dict[str, Any]:
    """Draw and estimate one panel.

    Parameters
    ----------
    row : Row
    seed : int
    draws : int, optional
        Points of brand preference [default: the package's].

    Returns
    -------
    dict
        ``seed`` and ``found``, estimate and standard error by name; ``refused`` with a reason
        where there is no estimate.
    """
    frame = draw(row.truth, row.customers, row.purchases, unseen=row.unseen, seed=seed)
    how = dict(row.how) | ({} if draws is None else {"draws": draws})
    try:
        if "cost" in how:
            found = calibrate(frame, columns=Columns(features=()), permutations=0, **how).estimates
        else:
            bare = frame[[name for name in frame if not name.startswith("cost.")]]
            panel = read_panel(bare)
            first = inspect.signature(fit).parameters["initial_purchases"].default
            check_first_purchases(panel, how.get("initial_purchases", first))
            found = fit(panel, **how)
    except CalibrationError as error:
        return {"seed": seed, "refused": str(error)}
    numbers = {
        name: (float(found.values[name]), found.error(name))
        for name in row.values
        if name in found.values
    }
    numbers["worth"] = found.worth({"loyalty": 1.0})
    for purchases in (1, 5):
        if f"after {purchases}" in row.expected:
            numbers[f"after {purchases}"] = _of(found, partial(_known, purchases=purchases))
    return {"seed": seed, "found": numbers}


def _known(values: Any, *, purchases: int) -> float:
    """Return what knowledge is worth after purchases in consecutive periods, utils."""
    speed = exp(min(float(values["log_learning_rate"]), 12.0))
    return Truth(learning=float(values["learning"]), speed=speed).known_after(purchases)


def _of(found: Estimates, function: Callable[[Any], float]) -> tuple[float, float]:
    """Return a function of the estimates with its standard error by the delta method."""
    at, errors = found.values, np.sqrt(np.diag(found.covariance))
    slopes = np.zeros(len(at))
    for k, error in enumerate(errors):
        if error > 0.0:
            step = np.zeros(len(at))
            step[k] = 1e-4 * error
            slopes[k] = (function(at + step) - function(at - step)) / (2e-4 * error)
    return function(at), float(sqrt(slopes @ found.covariance.to_numpy() @ slopes))


# -- All panels of a row, kept as they are made --------------------------------------------------


#: Modules of calibration that no estimate depends on.
_APART = {
    "moment_matching.py", "prediction.py", "predictive_check.py", "scenario_writing.py",
    "targets.py",
}  # fmt: skip


@cache
def _code() -> str:
    """Return a digest of the code that results depend on."""
    digest = hashlib.sha256()
    folder = ROOT / "cxsim" / "calibration"
    for path in [*sorted(folder.glob("*.py")), Path(__file__).with_name("simulated.py")]:
        if path.name not in _APART:
            digest.update(path.read_bytes())
    for function in (estimate, _known, _of):
        digest.update(inspect.getsource(function).encode())
    return digest.hexdigest()[:12]


def run(
    row: Row, panels: int, *, jobs: int = 1, draws: int | None = None, folder: Path = KEPT
) -> list[dict[str, Any]]:
    """Return the results of a row's panels, those that are kept and those that were missing.

    Parameters
    ----------
    row : Row
    panels : int
    jobs : int
        Processes.
    draws : int, optional
        As for :func:`estimate`.
    folder : Path
        Where results are kept, a line per panel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(row, draws, folder)
    work = partial(estimate, row, draws=draws)
    if not path.is_file():
        others = path.name.replace(_code(), "*")
        _take_over(path, folder.glob(others), work)
    kept = {result["seed"]: result for result in _lines(path)}
    missing = [seed for seed in range(panels) if seed not in kept]
    whole = not path.is_file() or path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("" if whole else "\n")
        for result in _mapped(work, missing, jobs):
            file.write(json.dumps(result) + "\n")
            file.flush()
            kept[result["seed"]] = result
    return [kept[seed] for seed in range(panels)]


#: Panels that decide whether what other code found is what today's finds, and how close, in
#: standard errors.
_PROBES, _SAME = 2, 1e-3


def _take_over(path: Path, older: Iterable[Path], work: Callable[[int], dict[str, Any]]) -> None:
    """Keep what other code found under today's name, where today's code finds the same.

    The first panels that are kept decide, estimated again. Of several files the newest counts.
    """
    for other in sorted(older, key=lambda file: file.stat().st_mtime, reverse=True):
        kept = sorted(_lines(other), key=lambda result: result["seed"])
        if kept and all(_same(each, work(each["seed"])) for each in kept[:_PROBES]):
            path.write_text(other.read_text("utf-8"), "utf-8")
            return


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two results of a panel agree to a thousandth of a standard error."""
    first, second = one.get("found", {}), other.get("found", {})
    if first.keys() != second.keys() or one.get("refused") != other.get("refused"):
        return False
    pairs = [(first[name], second[name]) for name in first]
    return all(abs(np.subtract(a, b)).max() <= _SAME * abs(b[1]) for a, b in pairs)


def kept_panels(row: Row, *, draws: int | None = None, folder: Path = KEPT) -> int:
    """Return how many of a row's first panels are kept, by today's code or what agrees with it.

    Parameters
    ----------
    row : Row
    draws : int, optional
    folder : Path
        As for :func:`run`.
    """
    path = _path(row, draws, folder)
    if not path.is_file():
        run(row, 0, draws=draws, folder=folder)
    seeds = {result["seed"] for result in _lines(path)}
    return next(k for k in range(len(seeds) + 1) if k not in seeds)


def _path(row: Row, draws: int | None, folder: Path) -> Path:
    """Return where today's results of a row are kept."""
    market = hashlib.sha256(repr(row).encode()).hexdigest()[:6]
    return folder / f"{row.name}-{draws or 'default'}-{market}-{_code()}.jsonl"


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        for line in path.read_text("utf-8").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:  # the last line of a run that was stopped
                continue


def _mapped(work: Callable[[int], Any], seeds: Sequence[int], jobs: int) -> Iterator[Any]:
    if jobs < 2 or len(seeds) < 2:
        yield from map(work, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, seeds)


# -- The table ----------------------------------------------------------------------------------

_Z95 = 1.959963984540054


def summary(row: Row, results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return by parameter truth, mean, sd, median standard error and coverage.

    Parameters
    ----------
    row : Row
    results : sequence of mapping
        As :func:`estimate` returns.

    Returns
    -------
    list of dict
        ``parameter, truth, panels, mean, sd, se, coverage``, and ``rejected`` (share of panels
        whose estimate is significantly above zero, z > 1.96).
    """
    rows = []
    for name, truth in row.values.items():
        pairs = [each["found"][name] for each in results if name in each.get("found", {})]
        if not pairs:
            continue
        value, error = np.array(pairs).T
        rows.append(
            {
                "parameter": name, "truth": truth, "panels": len(value),
                "mean": float(value.mean()),
                "sd": float(value.std(ddof=1)) if len(value) > 1 else float("nan"),
                "se": float(np.median(error)),
                "coverage": float((abs(value - truth) <= _Z95 * error).mean()),
                "rejected": float((value > _Z95 * error).mean()),
            }
        )  # fmt: skip
    return rows


HEAD = """\
# Does estimation recover the truth?

<!-- Written by `python -m lab.validation.estimation`. Changes by hand are lost. -->

{answer}

**How to read it.** Panels of three firms are simulated with known parameters by code that shares
nothing with the package, and estimated as a user would. *Mean* and *sd* are those of the estimates
over as many panels as the last column but one says{trial}; *s.e.* is the median standard error that
the estimator states, which should be the sd; *coverage* is the share of 95 % intervals that
contain the truth. It is set in bold where it differs from 95 % by more than three standard
errors of a share of so many panels. *Worth* is loyalty in units of price. Unseen purchases were
made before the panel begins. Options that a row does not name are the package's:
`initial_purchases={first}`, {draws} points of brand preference.
"""

#: Panels of which coverage says little.
FEW = 50


def page(found: Mapping[str, Sequence[Mapping[str, Any]]], *, draws: int | None = None) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    found : mapping of str to sequence of mapping
        Results by name of row, as :func:`run` returns.
    draws : int, optional
        As for :func:`estimate`.
    """
    lines, gate, off, none, checked = [], [], [], [], 0
    for row in ROWS:
        if row.name not in found:
            continue
        refused = sum("refused" in each for each in found[row.name])
        if refused == len(found[row.name]):
            lines.append([row.text, "", "", "", "", "", "none", "0", str(refused)])
            none.append(f"- {row.text}: {found[row.name][0]['refused']}")
        for k, each in enumerate(summary(row, found[row.name])):
            clear = _is_off(each)
            checked += 1
            if clear:
                off.append(f"{each['parameter']} ({row.text})")
            cover = f"{100 * each['coverage']:.0f} %"
            lines.append(
                [
                    row.text if not k else "", each["parameter"], f"{each['truth']:.2f}",
                    f"{each['mean']:.2f}", f"{each['sd']:.2f}", f"{each['se']:.2f}",
                    f"**{cover}**" if clear else cover, str(each["panels"]),
                    str(refused) if not k else "",
                ]
            )  # fmt: skip
            if row.gate and each["parameter"] == "learning":
                share = f"{100 * each['rejected']:.0f} %"
                gate.append([row.text.partition(": ")[2], share, str(each["panels"])])
    answer = (
        f"**In short.** Of {checked} parameters in {len(found) - len(none)} markets, "
        f"{checked - len(off)} have 95 % intervals that cover the truth as often as they should."
    )
    if off:
        answer += "\n\nThey do not for:\n\n" + "\n".join(f"- {text}" for text in off)
    if none:
        answer += "\n\nNothing can be estimated, and the package says so, for:\n\n"
        answer += "\n".join(none)
    fewest = min(len(results) for results in found.values())
    usual = inspect.signature(fit).parameters
    head = HEAD.format(
        answer=answer,
        trial=f" (coverage over fewer than {FEW} says little)" if fewest < FEW else "",
        first=usual["initial_purchases"].default,
        draws=draws or usual["draws"].default,
    )
    heads = ["market", "parameter", "truth", "mean", "sd", "s.e.", "coverage", "panels", "refused"]
    parts = [head, table(heads, lines, left=2)]
    if gate:
        parts.append(
            "## Is learning found where it is, and only there?\n\n"
            "Learning is tested at a given speed of learning and of forgetting, with loyalty and "
            "price sensitivity that differ between customers in the fit. A test at 5 % (two-sided) "
            "should find learning in about 2.5 % of the panels without it."
        )
        parts.append(table(["market", "learning is found in", "panels"], gate, left=1))
    missing = [row for row in ROWS if row.name not in found]
    if missing:
        parts.append("Not run: " + "; ".join(_with_lacking(row) for row in missing) + ".")
    parts += [price_warning.section()] if price_warning.KEPT.is_file() else []
    return joined(part + "\n" for part in parts)


def _with_lacking(row: Row) -> str:
    """Return the text of a row, with the options that the estimator lacks for it."""
    lacking = available(row)
    return f"{row.text} (no option {', '.join(lacking)})" if lacking else row.text


def _is_off(each: Mapping[str, Any]) -> bool:
    error = sqrt(0.95 * 0.05 / each["panels"])
    return bool(abs(each["coverage"] - 0.95) > 3.0 * error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Estimate the panels, write the page if it is whole, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.validation.estimation", description=__doc__
    )
    names = [row.name for row in ROWS]
    parser.add_argument("--panels", type=int, default=100, help="panels of each market")
    parser.add_argument("--kept", action="store_true", help="as many panels of each as are kept")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="processes")
    parser.add_argument("--draws", type=int, help="points of preference (default: the package's)")
    parser.add_argument(
        "--only", action="append", choices=names, default=[], metavar="ROW",
        help=f"a market, writes no page: {', '.join(names)}",
    )  # fmt: skip
    parser.add_argument("--docs", type=Path, help="where the page goes (default: docs, if whole)")
    given = parser.parse_args(arguments)
    found = {}
    for row in ROWS:
        if given.only and row.name not in given.only:
            continue
        if available(row):
            print(f"{row.name}: not run, no option {', '.join(available(row))}", flush=True)
            continue
        panels = kept_panels(row, draws=given.draws) if given.kept else given.panels
        if not panels:
            continue
        results = run(row, panels, jobs=given.jobs, draws=given.draws)
        found[row.name] = results
        print(f"{row.name}: {row.text}, {len(results)} panels", flush=True)
        for each in summary(row, results):
            print(
                f"  {each['parameter']:22} truth {each['truth']:6.2f} mean {each['mean']:6.2f} "
                f"sd {each['sd']:5.2f} se {each['se']:5.2f} coverage {each['coverage']:.2f}",
                flush=True,
            )
    docs = given.docs or (None if given.only else DOCS)
    if docs and found:
        text = page(found, draws=given.draws)
        print(f"written: {write(docs / 'estimation.md', text).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
