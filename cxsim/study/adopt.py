"""Adopting stored runs: where code changed and a sample shows that numbers did not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxsim.components import changed
from cxsim.study.cells import Cells
from cxsim.study.plan import Study
from cxsim.study.store import Store
from cxsim.study.superseded import Other, others_of

__all__ = ["Adoption", "adopt"]


@dataclass(frozen=True)
class Adoption:
    """What came of it.

    Attributes
    ----------
    adopted, sampled : int
        Runs that count again, and runs that were done again to see whether they may.
    what : str
        What changed since they were made.
    differs : str
        The first run that came out otherwise, and where; "" if all are equal to the bit.
    """

    adopted: int
    sampled: int
    what: str
    differs: str

    def sentence(self) -> str:
        """Return it in words."""
        if not self.sampled:
            return "no stored run of this study was made with other code"
        again = f"{self.sampled:,} of them done again"
        if self.differs:
            return f"not adopted: made with another {self.what}; {again}, and {self.differs}"
        return (
            f"{self.adopted:,} runs adopted that were made with another {self.what}; "
            f"{again}: all equal to the bit"
        )


def adopt(
    study: Study,
    store: Store,
    *,
    sample: int = 20,
    rules: Mapping[str, Callable[..., Any]] | None = None,
) -> Adoption:
    """Let stored runs of a study count for the code that is here, if a sample comes out the same.

    Parameters
    ----------
    study : Study
    store : Store
    sample : int
        Runs that are done again, at least one; drawn by their digests, so that anybody draws
        the same ones.
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, by name.

    Returns
    -------
    Adoption

    Raises
    ------
    ValueError
        If ``sample`` is less than 1.
    """
    if sample < 1:
        raise ValueError(f"sample: expected a whole number of at least 1, found {sample}")
    cells = Cells(study, study.model(rules))
    others = others_of(cells, study.seeds, store)
    if not others:
        return Adoption(0, 0, "", "")
    frame = store.frame().set_index("run")
    names = {
        changed(cells.code(each.cell).named, store.code(each.code)) or "code" for each in others
    }
    what = "; ".join(sorted(names))
    drawn = sorted(others, key=lambda each: hashlib.sha256(each.run.encode()).digest())[:sample]
    for number, other in enumerate(drawn, 1):
        row = frame.loc[other.run]
        difference = _difference(cells, other, row)
        if difference:
            return Adoption(0, number, what, difference)
    store.write([_adopted(cells, each, frame.loc[each.run]) for each in others])
    for each in others:
        code = cells.code(each.cell)
        store.keep_code(code.digest, lambda code=code: code.named)  # type: ignore[misc]
    return Adoption(len(others), len(drawn), what, "")


def _difference(cells: Cells, other: Other, row: Any) -> str:
    """Do a run again, and say where it differs from what is stored, "" if nowhere."""
    try:
        values, _ = cells.model.run(cells.changes(other.cell), other.seed, lambda: None)
    except Exception as error:  # noqa: BLE001 - what fails now is not what was stored
        return f"run {other.run} fails now ({type(error).__name__}: {error})"
    for name, value in values.items():
        stored = row.get(name)
        if not _same(value, stored):
            return f"run {other.run} differs: {name} is {value!r}, stored is {stored!r}"
    return ""


def _same(value: Any, stored: Any) -> bool:
    """Whether two outputs are equal to the bit; no value equals no value."""
    if stored is None:
        return False
    now, before = (np.atleast_1d(np.asarray(each, float)) for each in (value, stored))
    if now.shape != before.shape:
        return False
    equal = now.view(np.uint64) == before.view(np.uint64)
    return bool(np.all(equal | (np.isnan(now) & np.isnan(before))))


def _adopted(cells: Cells, other: Other, row: Any) -> dict[str, Any]:
    """Return a row of the store that counts for the code that is here."""
    kept = {name: _plain(value) for name, value in row.items() if not _is_nothing(value)}
    return {
        **kept,
        "run": cells.run(other.cell, other.seed),
        "seed": other.seed,
        "scenario": cells.scenario(other.cell),
        "code": cells.code(other.cell).digest,
        "adopted": other.run,
    }


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value
