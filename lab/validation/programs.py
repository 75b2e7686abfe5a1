"""The panel logit beside other programs: ``python -m lab.validation.programs``.

xlogit and biogeme estimate the same simulated panel, in an environment of their own that is made
under ``build/programs`` (or is named with ``--python``). What they found is kept in
``lab/validation/programs.json``; row 3.6 of the validation page compares the package with it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxsim.calibration import Columns, read_panel
from cxsim.calibration.estimate import fit
from lab.pages.page import ROOT
from lab.validation.checks import Check
from lab.validation.simulated import Truth, draw

__all__ = [
    "ENVIRONMENT",
    "KEPT",
    "PACKAGES",
    "beside",
    "by_cxsim",
    "by_program",
    "kept",
    "the_panel",
]

KEPT = Path(__file__).with_suffix(".json")
ENVIRONMENT = ROOT / "build" / "programs"
#: What the environment holds.
PACKAGES = ("xlogit==0.2.7", "biogeme==3.3.2", "tomlkit==0.13.3")
#: Utils by which two programs may differ on one panel: in their points of brand preference, and
#: where they stop.
TOLERANCE = 0.02
#: Points of brand preference of all programs.
DRAWS = 256


def the_panel() -> Any:
    """Return the panel that all programs estimate: 400 customers, 12 purchases from the first."""
    return draw(Truth(), 400, 12, seed=1)


def by_cxsim(draws: int = DRAWS) -> dict[str, Any]:
    """Estimate by this package; in the form of the others.

    Parameters
    ----------
    draws : int
    """
    frame = the_panel()
    panel = read_panel(
        frame[[name for name in frame if not name.startswith("cost.")]],
        columns=Columns(features=()),
    )
    began = time.perf_counter()
    found = fit(panel, initial_purchases="use", form="bonus", draws=draws)
    seconds = time.perf_counter() - began
    base = float(found.values.get("intercept.Bob", 0.0))
    values = {name: float(found.values.get(name, 0.0)) for name in _NAMES}
    values |= {name: values[name] - base for name in _NAMES if name.startswith("intercept.")}
    errors = {name: found.error(name) for name in ("price_sensitivity", "loyalty")}
    return {
        "values": values, "errors": errors, "loglikelihood": found.loglikelihood,
        "seconds": seconds,
    }  # fmt: skip


_NAMES = (
    "price_sensitivity", "loyalty", "intercept.Ann", "intercept.Cem",
    "taste_sd.Ann", "taste_sd.Bob", "taste_sd.Cem",
)  # fmt: skip


def by_program(name: str, python: str, draws: int = DRAWS) -> dict[str, Any]:
    """Estimate by another program.

    Parameters
    ----------
    name : {"xlogit", "biogeme"}
    python : str
        Interpreter of an environment that has it.
    draws : int

    Raises
    ------
    RuntimeError
        If it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.csv"
        the_panel().to_csv(path, index=False)
        child = str(Path(__file__).with_name("other_programs.py"))
        done = subprocess.run(
            [python, child, name, str(path), str(draws)],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def kept() -> dict[str, dict[str, Any]]:
    """Return what other programs found, by name."""
    return json.loads(KEPT.read_text("utf-8"))


def beside(found: Mapping[str, Any], other: Mapping[str, Any], name: str) -> list[Check]:
    """Compare two programs: price, loyalty and their errors within .02, whichever draws.

    Parameters
    ----------
    found, other : mapping
        As :func:`by_cxsim` and :func:`by_program` return.
    name : str
        Of the other program.
    """
    checks = [
        Check(f"{name}: {what}", other["values"][what], found["values"][what], rounding=TOLERANCE)
        for what in ("price_sensitivity", "loyalty")
    ]
    return checks + [
        Check(
            f"{name}: standard error of {what}", other["errors"][what], found["errors"][what],
            rounding=0.01,
        )
        for what in ("price_sensitivity", "loyalty")
    ]  # fmt: skip


def _environment() -> str:
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return str(python)


def main(arguments: Sequence[str] | None = None) -> int:
    """Estimate by all programs, print them side by side, and keep what the others found."""
    parser = argparse.ArgumentParser(prog="python -m lab.validation.programs", description=__doc__)
    parser.add_argument("--python", help="interpreter of an environment that has the programs")
    parser.add_argument("--draws", type=int, default=DRAWS, help="points of brand preference")
    parser.add_argument("--keep", action="store_true", help="write programs.json anew")
    given = parser.parse_args(arguments)
    python = given.python or _environment()
    results = {name: by_program(name, python, given.draws) for name in ("xlogit", "biogeme")}
    ours = by_cxsim(given.draws)
    shown = {"cxsim": ours} | results
    print(f"{'':20}" + "".join(f"{name:>12}" for name in shown))
    for what in _NAMES:
        print(f"{what:20}" + "".join(f"{each['values'][what]:12.3f}" for each in shown.values()))
    for what in ("price_sensitivity", "loyalty"):
        errors = "".join(f"{each['errors'][what]:12.3f}" for each in shown.values())
        print(f"{'se ' + what:20}{errors}")
    for what in ("loglikelihood", "seconds"):
        print(f"{what:20}" + "".join(f"{each[what]:12.1f}" for each in shown.values()))
    checks = [check for name, other in results.items() for check in beside(ours, other, name)]
    for check in checks:
        print(f"  {'holds' if check.holds else 'DIFFERS':8} {check}")
    if given.keep:
        KEPT.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return 0 if all(check.holds for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
