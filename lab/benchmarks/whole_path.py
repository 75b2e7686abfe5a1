"""The whole path: from a command to a result, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cxsim as cx
from cxsim.runs import simulate
from lab.benchmarks.child import ROOT
from lab.benchmarks.markets import five_firms
from lab.benchmarks.plan import Plan
from lab.benchmarks.timing import Timing, in_turn, ratio, say

__all__ = ["whole_path"]

RUN = "import cxsim as cx; cx.run('baseline', overrides={'customers': 1000, 'periods': 60})"
CLI = "import sys; from cxsim.cli import main; main(sys.argv[1:])"
NOTEBOOK = ROOT / "notebooks" / "compare.ipynb"

#: What is imported, by name; every one in a new interpreter.
IMPORTS = {
    "python": "pass",
    "cxsim": "import cxsim",
    "mesa": "import mesa",
    "cxsim, numba": "import cxsim, numba",
    "all that a run needs": (
        "import cxsim as cx; cx.run, cx.Scenario; import cxsim.engine.columnar, cxsim.engine.native"
    ),
}


class Place:
    """A folder for one section, with a cache of compiled code of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.caches = 0
        # Byte code is kept, as on any machine that runs things twice, and in a place of its own.
        self.environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
        }
        self.empty_cache()

    def empty_cache(self) -> None:
        """Let what follows start without compiled code."""
        self.caches += 1
        self.environment["CXSIM_CACHE_DIR"] = str(self.folder / f"cache{self.caches}")

    def python(self, code: str, *arguments: str) -> str:
        """Run code in a new interpreter and return what it prints.

        Raises
        ------
        RuntimeError
            If it fails.
        """
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{code[:60]!r} failed:\n{done.stderr}")
        return done.stdout


def whole_path(plan: Plan) -> dict[str, Any]:
    """Return seconds of each step of the path, and the ratios that goals ask for."""
    with tempfile.TemporaryDirectory(prefix="cxsim-benchmark-") as folder:
        place = Place(Path(folder))
        return {
            "imports": _imports(place, plan),
            "compile": _compile(place, plan),
            "small": _small(plan),
            "compare": _compare(place, plan),
            "notebook": _notebook(place, plan) if plan.notebook_rounds else None,
        }


def _imports(place: Place, plan: Plan) -> dict[str, Any]:
    place.python(RUN)  # byte code is written
    place.python("import mesa")
    actions = {name: lambda code=code: place.python(code) for name, code in IMPORTS.items()}
    times = in_turn(actions, rounds=plan.import_rounds, label="imports")
    return {
        "times": {name: Timing.of(t) for name, t in times.items()},
        "cxsim_to_mesa": ratio(times["cxsim"], times["mesa"]),
    }


def _compile(place: Place, plan: Plan) -> dict[str, Any]:
    first: list[float] = []
    for turn in range(plan.compile_rounds):
        say(f"compiling for the first time (round {turn + 1} of {plan.compile_rounds})")
        place.empty_cache()
        first += in_turn({"first": lambda: place.python(RUN)}, rounds=1)["first"]
    times = in_turn(
        {
            "second": lambda: place.python(RUN),
            "framed": lambda: place.python(f"{RUN}.firms"),
            "imports": lambda: place.python(IMPORTS["cxsim, numba"]),
            "needed": lambda: place.python(IMPORTS["all that a run needs"]),
        },
        rounds=plan.import_rounds,
        label="compiled code from disk",
    )
    return {
        "first": Timing.of(first),
        "second": Timing.of(times["second"]),
        "framed": Timing.of(times["framed"]),
        "framed_to_imports": ratio(times["framed"], times["imports"]),
        "second_to_imports": ratio(times["second"], times["imports"]),
        "second_to_needed": ratio(times["second"], times["needed"]),
    }


def _small(plan: Plan) -> dict[str, Any]:
    """Time what a slider asks for: a small run again and again in one process."""
    scenario = five_firms(customers=1000, periods=60)
    actions = {
        "simulate": lambda: simulate(scenario, seed=1),
        "run": lambda: cx.run(scenario, seed=1),
        "frames": lambda: dict(cx.run(scenario, seed=1).frames),
    }
    for action in actions.values():
        action()
    say("a small run, again and again")
    times = in_turn(actions, rounds=plan.small_rounds)
    return {name: Timing.of(t, 1e3) for name, t in times.items()}


def _compare(place: Place, plan: Plan) -> dict[str, Any]:
    seeds = str(plan.compare_seeds)
    command = ["compare", "baseline", "copycat", "--seeds", seeds, "-o", "compared"]
    if plan.compare_rounds > 1:
        place.python(CLI, *command)  # compiles what is left, lists fonts
    actions = {
        "compare": lambda: place.python(CLI, *command),
        "help": lambda: place.python(CLI, "--help"),
    }
    times = in_turn(actions, rounds=plan.compare_rounds, label=f"cxsim compare, {seeds} seeds")
    return {"seeds": plan.compare_seeds} | {name: Timing.of(t) for name, t in times.items()}


def _notebook(place: Place, plan: Plan) -> dict[str, Any]:
    """Time the comparison notebook under papermill and its cells in a plain process."""
    parameters = {"scenarios": "baseline,copycat", "seeds": 2}
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    tagged = [
        k
        for k, cell in enumerate(c for c in cells if c["cell_type"] == "code")
        if "parameters" in cell["metadata"].get("tags", [])
    ]
    injected = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    code.insert(tagged[0] + 1, injected)
    (place.folder / "cells.py").write_text("\n\n".join(code), encoding="utf-8")
    plain = "exec(compile(open('cells.py', encoding='utf-8').read(), 'cells.py', 'exec'))"
    papermill = (
        "import sys, papermill; papermill.execute_notebook(sys.argv[1], 'out.ipynb', "
        f"parameters={parameters!r}, progress_bar=False)"
    )
    times = in_turn(
        {
            "papermill": lambda: place.python(papermill, str(NOTEBOOK)),
            "cells": lambda: place.python(plain),
        },
        rounds=plan.notebook_rounds,
        label="notebook",
    )
    extra = [a - b for a, b in zip(times["papermill"], times["cells"], strict=True)]
    return {name: Timing.of(t) for name, t in times.items()} | {"extra": Timing.of(extra)}
