"""What produced a run, and what its frames are to be labelled with."""

from __future__ import annotations

import functools
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from cxsim._version import __version__
from cxsim.components import Components
from cxsim.scenario import Scenario
from cxsim.simulation import Simulation

__all__ = ["origin", "provenance", "settings_attrs"]


def settings_attrs(scenario: Scenario) -> dict[str, str]:
    """Return what figures call a period, the currency, and what else has a label of its own."""
    labels = {name: word for name, word in dict(scenario.labels).items() if word != name}
    return {"period_length": scenario.period_length, "currency": scenario.currency, **labels}


def provenance(simulation: Simulation) -> dict[str, Any]:
    """Return what produced a run: digests, seed, versions and time."""
    code = Components([simulation.code, simulation.measuring])
    packages = ("numpy", "pandas", "mesa", "numba")
    return {
        "scenario": simulation.scenario.name,
        "digest": simulation.scenario.digest_with(code.digest),
        "seed": simulation.seed,
        "periods": int(simulation.scenario.periods),
        "engine": simulation.engine.name,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "cxsim": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in packages},
        },
    }


def origin() -> dict[str, Any]:
    """Return what this process is: versions, platform, commit, command and time.

    Returns
    -------
    dict
        ``versions`` by package, ``platform``, ``commit`` (of the checkout that the package is
        used from, with ``+`` if files in it are changed; None outside of one), ``command`` and
        ``time``.
    """
    packages = ("numpy", "pandas", "pyarrow", "mesa", "numba", "llvmlite", "scipy", "SALib")
    return {
        "versions": {
            "cxsim": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in packages},
        },
        "platform": platform.platform(),
        "commit": _commit(),
        "command": shlex.join(sys.argv),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@functools.cache
def _commit() -> str | None:
    """Return the commit of the package's checkout, None where it is no checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "cxsim")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


@functools.cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
