"""Run what rests on other libraries with old and new ones, and write docs/compatibility.md anew.

``make compatibility`` makes an environment for each Python there is, one with the oldest versions
that pyproject.toml allows, one with the newest, and one with Mesa's next version, in
``.venv-versions/``; runs tests that rest on other libraries in each; and records what came out,
and between which versions everything passed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab.pages.page import DOCS, ROOT, table, write

PLACE = ROOT / ".venv-versions"
PAGE = DOCS / "compatibility.md"

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

TESTS = (
    "runs/test_golden", "engine/test_engines", "numerics/test_draws", "runs/test_mesa",
    "runs/test_runs", "study/test_sweep", "report/test_explorer",
)  # fmt: skip
SHOWN = ("mesa", "numpy", "numba", "pandas", "scipy", "pydantic")
CALLED = {"mesa": "Mesa", "numpy": "NumPy", "scipy": "SciPy"}

#: What the suite needs beside the package.
SUITE = [
    line for line in PROJECT["optional-dependencies"]["dev"]
    if Requirement(line).name in {"duckdb", "hypothesis", "pytest", "SALib", "scikit-learn"}
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An environment: the first Python of some that there is, and whence its libraries come."""

    name: str
    pythons: tuple[str, ...]
    libraries: str = "pinned"  # or "oldest", "newest" that pyproject.toml allows
    mesa: str = ""  # in place of what pyproject.toml allows


@dataclass(frozen=True)
class Outcome:
    """Outcome of a case: versions, Python's included, and counts of test results."""

    name: str
    versions: Mapping[str, str]
    passed: int
    left_out: int
    failed: int


CASES = (
    Case("oldest libraries allowed", ("3.11",), "oldest"),
    Case("pinned libraries", ("3.11",)),
    Case("pinned libraries", ("3.12",)),
    Case("pinned libraries", ("3.13",)),
    Case("newest libraries allowed", ("3.13", "3.12"), "newest"),
    Case("Mesa's next version", ("3.12",), mesa="mesa>=4.0.0a0"),
)


def interpreter(version: str) -> str | None:
    """Return a Python of a version, if there is one on this machine."""
    named = shutil.which(f"python{version}")
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for program in [*([named] if named else []), *map(str, kept)]:
        asked = [program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return program
    return None


def installed(case: Case) -> Path | None:
    """Make the environment of a case and return its Python; None where it cannot be had."""
    program = next(filter(None, map(interpreter, case.pythons)), None)
    if program is None:
        return None
    folder = PLACE / re.sub(r"\W+", "-", f"{case.name} {case.pythons[0]}".lower())
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = [sys.executable, "-m", "uv"]
    wanted = [*PROJECT["dependencies"], *SUITE]
    how = ["--only-binary", ":all:"]
    if case.libraries == "oldest":
        how += ["--resolution", "lowest-direct"]
    elif case.libraries == "pinned":
        pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        free = PLACE / "constraints.txt"
        PLACE.mkdir(exist_ok=True)
        free.write_text("\n".join(p for p in pins if not (case.mesa and p.startswith("mesa="))))
        how += ["-c", str(free)]
    if case.mesa:
        how += ["--prerelease", "if-necessary-or-explicit"]
        wanted = [case.mesa if w.startswith("mesa") else w for w in wanted]
    # Made from nothing: what an earlier run left would be kept where it is within the bounds.
    for command in (
        [*uv, "venv", "--quiet", "--clear", "--python", program, str(folder)],
        [*uv, "pip", "install", "--quiet", "--python", str(python), *how, *wanted],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr.strip()[-500:], file=sys.stderr)
            return None
    return python


def bounds() -> dict[str, SpecifierSet]:
    """Return the versions that pyproject.toml allows of Python and of what is always installed."""
    libraries = map(Requirement, PROJECT["dependencies"])
    allowed = {library.name: library.specifier for library in libraries}
    return {"Python": SpecifierSet(PROJECT["requires-python"]), **allowed}


def tried(case: Case, python: Path) -> tuple[Outcome, list[str]]:
    """Return the outcome of a case, and the names of tests that failed."""
    names = sorted({*bounds(), *SHOWN} - {"Python"})
    code = (
        "import json, platform, importlib.metadata as m;"
        f"print(json.dumps({{'Python': platform.python_version(), "
        f"**{{n: m.version(n) for n in {names!r}}}}}))"
    )
    asked = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    files = [f"tests/{name}.py" for name in TESTS]
    done = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    counts = {
        kind: int(number)
        for number, kind in re.findall(r"(\d+) (passed|failed|skipped|error)", done.stdout)
    }
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    outcome = Outcome(
        case.name, json.loads(asked.stdout), counts.get("passed", 0), counts.get("skipped", 0),
        counts.get("failed", 0) + counts.get("error", 0),
    )  # fmt: skip
    return outcome, failed


def outcomes_of(cases: Sequence[Case]) -> list[Outcome]:
    """Try cases, saying how they go; those that cannot be had here are left out."""
    outcomes = []
    for case in cases:
        print(f"{case.name}, Python {' or '.join(case.pythons)}", flush=True)
        python = installed(case)
        if python is None:
            print("  not available here")
            continue
        outcome, failed = tried(case, python)
        print(f"  {outcome.passed} passed, {outcome.left_out} left out, {outcome.failed} failed")
        print(*(f"  {name}\n" for name in failed), sep="", end="", flush=True)
        outcomes.append(outcome)
    return outcomes


def of_cases(outcomes: Sequence[Outcome]) -> str:
    """Return the table of cases."""
    heads = ["libraries", "Python", *(CALLED.get(name, name) for name in SHOWN)]
    rows = [
        [o.name, *(o.versions[name] for name in ("Python", *SHOWN)),
         *map(str, (o.passed, o.left_out, o.failed))]
        for o in outcomes
    ]  # fmt: skip
    return table([*heads, "passed", "left out", "failed"], rows)


def window(
    outcomes: Sequence[Outcome], allowed: Mapping[str, SpecifierSet]
) -> dict[str, tuple[str, str] | None]:
    """Return the oldest and the newest version that passed, by name; None where none did.

    A case counts as a whole: not at all if a test failed in it or none ran, or if one of its
    versions is not allowed.
    """
    counted = [
        o.versions for o in outcomes
        if o.passed and not o.failed
        and all(allowed[name].contains(o.versions[name]) for name in allowed)
    ]  # fmt: skip
    passed = {name: sorted((v[name] for v in counted), key=Version) for name in allowed}
    return {name: (each[0], each[-1]) if each else None for name, each in passed.items()}


def span(ends: Sequence[str]) -> str:
    """Return major and minor numbers of two versions: 3.11 to 3.13, or 3.11."""
    series = ("{0.major}.{0.minor}".format(Version(version)) for version in ends)
    return " to ".join(dict.fromkeys(series))


def of_window(
    outcomes: Sequence[Outcome], allowed: Mapping[str, SpecifierSet], day: dt.date
) -> str:
    """Return the dated support window: a line of what is supported, and a table."""
    found = window(outcomes, allowed)
    supported = [
        f"{CALLED.get(name, name)} {span(ends)}"
        for name in ("Python", "mesa")
        if (ends := found[name])
    ]
    rows = [
        [
            CALLED.get(name, name),
            f"`{', '.join(sorted(map(str, allowed[name]), reverse=True))}`",
            *(ends or ("none", "none")),
        ]
        for name, ends in found.items()
    ]
    made = table(["", "allowed", "oldest tried", "newest tried"], rows)
    return f"Tried on {day.isoformat()}: {', '.join(supported) or 'nothing passed'}.\n\n{made}"


def put(text: str, mark: str, made: str) -> str:
    """Return a page with what stands between the marks of a name replaced."""
    start, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, rest = text.split(start)
    after = rest.split(end)[1]
    return f"{before}{start}\n{made}\n\n{end}{after}"


def main() -> int:
    """Try the cases and write tables between the marks of the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", help="cases whose name or Python holds this; writes nothing")
    given = parser.parse_args()
    cases = [c for c in CASES if given.only is None or given.only in " ".join([c.name, *c.pythons])]
    outcomes = outcomes_of(cases)
    if not outcomes:
        print("No environment could be made: the page stays as it is.", file=sys.stderr)
        return 1
    today = dt.datetime.now(dt.UTC).date()
    made = {"versions": of_cases(outcomes), "window": of_window(outcomes, bounds(), today)}
    if given.only is not None:
        print(*made.values(), sep="\n\n")
        return 0
    text = PAGE.read_text(encoding="utf-8")
    for mark, each in made.items():
        text = put(text, mark, each)
    write(PAGE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
