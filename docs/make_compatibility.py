"""Run what rests on other libraries with old and new ones, and write docs/compatibility.md anew.

``make compatibility`` makes an environment for each Python there is, one with the oldest versions
that pyproject.toml allows, and one with Mesa's next version, in ``.venv-versions/``; runs the tests
of trajectories, engines, draws and Mesa in each; and records what came out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".venv-versions"
PAGE = ROOT / "docs" / "compatibility.md"

TESTS = ("golden", "engines", "draws", "mesa", "runs")
SHOWN = ("mesa", "numpy", "numba", "pandas", "scipy", "pydantic")
CALLED = {"mesa": "Mesa", "numpy": "NumPy", "scipy": "SciPy"}

#: What the suite needs beside the package.
SUITE = ("hypothesis>=6.100", "pytest>=8.2", "scikit-learn>=1.5")


@dataclass(frozen=True)
class Case:
    """An environment: a Python, and where its libraries come from."""

    name: str
    python: str
    oldest: bool = False
    mesa: str = ""


CASES = (
    Case("oldest libraries allowed", "3.11", oldest=True),
    Case("pinned libraries", "3.11"),
    Case("pinned libraries", "3.12"),
    Case("pinned libraries", "3.13"),
    Case("Mesa's next version", "3.12", mesa="mesa>=4.0.0a0"),
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
    program = interpreter(case.python)
    if program is None:
        return None
    folder = PLACE / re.sub(r"\W+", "-", f"{case.python} {case.name}".lower())
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = [sys.executable, "-m", "uv"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *SUITE]
    how = ["--only-binary", ":all:"]
    if case.oldest:
        how += ["--resolution", "lowest-direct"]
    else:
        pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        free = PLACE / "constraints.txt"
        PLACE.mkdir(exist_ok=True)
        free.write_text("\n".join(p for p in pins if not (case.mesa and p.startswith("mesa="))))
        how += ["-c", str(free)]
    if case.mesa:
        how += ["--prerelease", "if-necessary-or-explicit"]
        wanted = [case.mesa if w.startswith("mesa") else w for w in wanted]
    for command in (
        [*uv, "venv", "--quiet", "--allow-existing", "--python", program, str(folder)],
        [*uv, "pip", "install", "--quiet", "--python", str(python), *how, *wanted],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr.strip()[-500:], file=sys.stderr)
            return None
    return python


def tried(python: Path) -> tuple[dict[str, str], dict[str, int], list[str]]:
    """Return versions, how many tests ended how, and the names of those that failed."""
    code = (
        "import json, platform, importlib.metadata as m;"
        f"print(json.dumps({{'python': platform.python_version(), "
        f"**{{n: m.version(n) for n in {SHOWN!r}}}}}))"
    )
    asked = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    versions = json.loads(asked.stdout)
    files = [f"tests/test_{name}.py" for name in TESTS]
    done = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    counts = {
        kind: int(number)
        for number, kind in re.findall(r"(\d+) (passed|failed|skipped|error)", done.stdout)
    }
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return versions, counts, failed


def table(cases: list[Case]) -> str:
    """Return the table of the page."""
    heads = ["libraries", "Python", *(CALLED.get(name, name) for name in SHOWN)]
    heads += ["passed", "left out", "failed"]
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for case in cases:
        print(f"{case.name}, Python {case.python}", flush=True)
        python = installed(case)
        if python is None:
            print("  not to be had here")
            continue
        versions, counts, failed = tried(python)
        print(f"  {counts} {' '.join(failed)}", flush=True)
        ended = [counts.get("passed", 0), counts.get("skipped", 0),
                 counts.get("failed", 0) + counts.get("error", 0)]  # fmt: skip
        row = [case.name, versions["python"], *(versions[name] for name in SHOWN),
               *map(str, ended)]  # fmt: skip
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def main() -> int:
    """Try the cases and write the table between the marks of the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", help="cases whose name or Python holds this; writes nothing")
    given = parser.parse_args()
    cases = [c for c in CASES if given.only is None or given.only in f"{c.name} {c.python}"]
    made = table(cases)
    if given.only is not None:
        print(made)
        return 0
    text = PAGE.read_text(encoding="utf-8")
    start, end = "<!-- versions -->\n", "<!-- end of versions -->"
    before, rest = text.split(start)
    after = rest.split(end)[1]
    PAGE.write_text(f"{before}{start}\n{made}\n\n{end}{after}", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
