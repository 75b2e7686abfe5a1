"""What produced a run, and what its frames are to be labelled with."""

from __future__ import annotations

import functools
import platform
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from cxsim._version import __version__
from cxsim.components import Components
from cxsim.scenario import Scenario
from cxsim.simulation import Simulation

__all__ = ["provenance", "settings_attrs"]


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


@functools.cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
