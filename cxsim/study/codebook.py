"""The codebook of a store: what each column of its runs holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cxsim.scenario import Scenario
from cxsim.scenario.specs import Spec
from cxsim.study.factors import Factor
from cxsim.study.outputs import known_measures, observed
from cxsim.study.plan import Study

__all__ = ["BOOKKEEPING", "codebook"]

#: Columns that every store has: label, unit, definition.
BOOKKEEPING = {
    "run": ("Run", "", "Digest of all that determines the run's numbers; the key of the store"),
    "status": ("Status", "", "ok, failed, timeout (not done in time) or killed (its process died)"),
    "seed": ("Seed", "", "Seed of the random numbers; runs of one seed are paired"),
    "scenario": ("Scenario", "", "Digest of scenario and rules, the seed left out"),
    "base": ("Base", "", "Digest of the base scenario, kept as scenarios/DIGEST.yaml"),
    "overrides": ("Overrides", "", "What the run changes in the base scenario, as JSON"),
    "strategy": ("Strategy", "", "Name of the study's strategy that the run follows"),
    "code": ("Code", "", "Digest of the code that made the run (codes/DIGEST.json)"),
    "task": ("Task", "", "Digest of what was to be run, whatever the code"),
    "adopted": ("Adopted", "", "Digest of the run that these numbers were taken over from"),
    "message": ("Message", "", "What went wrong, for runs that failed"),
    "traceback": ("Traceback", "", "Where it went wrong, for runs that failed"),
    "seconds": ("Seconds", "s", "Time that the simulation took"),
    "worker": ("Worker", "", "Host and process that did the run"),
    "finished": ("Finished", "s", "When the run ended, in seconds since 1970-01-01 UTC"),
}


def codebook(study: Study) -> dict[str, dict[str, Any]]:
    """Return what the columns of a study's runs hold, by name.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict
        By column: ``kind`` (``bookkeeping``, ``factor`` or ``output``), ``label``, ``unit``,
        ``definition``; of outputs also ``summary``, how a run is summarized in one number.
        Outputs of a function are known by their names only, and are not in it.
    """
    columns = {name: _entry("bookkeeping", *words) for name, words in BOOKKEEPING.items()}
    columns |= {factor.name: _factor(factor, study.base) for factor in study.factors}
    if study.base is not None:
        columns |= _outputs(study, study.base)
    return columns


def _entry(kind: str, label: str, unit: str, definition: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "label": label, "unit": unit, "definition": definition, **more}


def _factor(factor: Factor, base: Scenario | None) -> dict[str, Any]:
    paths = [move.path for move in factor.moves]
    specs = [_spec(base, path) for path in paths] if base is not None else []
    docs = list(dict.fromkeys(spec.doc for spec in specs if spec is not None))
    units = list(dict.fromkeys(spec.unit for spec in specs if spec is not None))
    words = "; ".join(docs) or "A factor of the study"
    if [factor.name] != paths:
        words = f"{words} (moves {', '.join(paths)})"
    return _entry("factor", factor.name, units[0] if len(units) == 1 else "", words)


def _spec(base: Scenario, path: str) -> Spec | None:
    """Return what a dotted path names in the schema."""
    found: Spec | None = base.schema.root
    for part in path.split("."):
        if found is None:
            return None
        found = found.child(int(part) if part.isdigit() and found.items is not None else part)
    return found


def _outputs(study: Study, base: Scenario) -> dict[str, dict[str, Any]]:
    known = known_measures((*base.mechanisms, *observed(base).values()))
    columns = {}
    for output in study.outputs:
        measure = known.get((output.level, output.measure))
        if measure is None:
            continue
        summary = "a number a period" if output.by_period else measure.summary
        for column in output.columns(_firms(study, base)):
            columns[column] = _entry(
                "output", measure.label, measure.unit, measure.definition, summary=summary
            )
    return columns


def _firms(study: Study, base: Scenario) -> tuple[str, ...]:
    """Return the firms of the base scenario, and those that strategies add."""
    added: Iterable[str] = (
        path.split(".")[1]
        for changes in study.strategies.values()
        for path in changes
        if path.startswith("firms.") and "*" not in path
    )
    return tuple(dict.fromkeys([*base.firms, *added]))
