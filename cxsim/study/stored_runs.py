"""Cells: each point under each strategy, with the digests of its runs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cxsim._version import __version__
from cxsim.firms.policy import PolicyError
from cxsim.identity import text_digest, whole_model
from cxsim.messages import argument_hints
from cxsim.runs.components import Components, changed
from cxsim.scenario import Scenario
from cxsim.study.outputs import known_measures, observed, output_of
from cxsim.study.pilot import Estimate, estimate
from cxsim.study.store import Store
from cxsim.study.store_folder import StoreError
from cxsim.study.study import Model, ScenarioModel, Study

if TYPE_CHECKING:
    import pandas as pd

    from cxsim.runs import Run

# -- Cells: each point under each strategy, with the digests of its runs -----------------------


#: Runs that are looked for in a store at once.
_BLOCK = 2_000


#: Digests of cells that are found anew before kept ones are taken over.
_CHECKED = 10


#: Cells whose digests are found sooner than they are kept and read.
_WORTHWHILE = 100


class DesignCells:
    """The cells of a study (or of a shard of it), by number: points by strategies.

    Parameters
    ----------
    study : Study
    model : Model
    shard : (int, int), optional
        ``(i, n)``: every n-th point, from the i-th on.
    """

    def __init__(self, study: Study, model: Model, shard: tuple[int, int] | None = None):
        self.study, self.model = study, model
        self._names = list(study.strategies)
        part, parts = shard or (1, 1)
        self._points = range(part - 1, len(study.points), parts)
        # One word a cell, so that a million of them take little memory.
        self._digests = np.zeros(len(study.points) * len(self._names), np.uint64)
        self._base = study.base.digest if study.base is not None else ""
        self._shard = f"{part}/{parts}"
        self._kept = 0

    def __len__(self) -> int:
        return len(self._points) * len(self._names)

    def __iter__(self) -> Iterator[int]:
        for point in self._points:
            for number in range(len(self._names)):
                yield point * len(self._names) + number

    def place(self, cell: int) -> tuple[int, str]:
        """Return point and strategy of a cell."""
        point, number = divmod(cell, len(self._names))
        return point, self._names[number]

    def changes(self, cell: int) -> dict[str, Any]:
        """Return the changes of a design point in the base scenario."""
        return self.study.overrides(*self.place(cell))

    def facts(self, cell: int) -> dict[str, Any]:
        """Return the columns of results for a design point, besides its outputs."""
        point, strategy = self.place(cell)
        return {
            "scenario": self.scenario(cell),
            "base": self._base,
            "overrides": json.dumps(self.changes(cell), sort_keys=True, default=str),
            "strategy": strategy,
            **self.study.factor_values(point),
        }

    def run(self, cell: int, seed: int) -> str:
        """Return the digest of a run: all that determines its result, and the seed."""
        return text_digest(f"{self.scenario(cell)} {self.model.kept} {seed}")

    def code(self, cell: int) -> Components:
        """Return the components behind the numbers of a design point, besides its parameters."""
        try:
            return self.model.code(self.changes(cell))
        except ValueError:  # no such scenario: nothing is run
            return Components()

    def task(self, cell: int, seed: int) -> str:
        """Return the digest of what is asked of a run, whatever code answers; "" if nothing."""
        try:
            return text_digest(f"{self.model.task(self.changes(cell))} {seed}")
        except ValueError:
            return ""

    def scenario(self, cell: int) -> str:
        """Return the digest of what a cell runs, seed and outputs aside."""
        if not self._digests[cell]:
            self._digests[cell] = int(self._digest(cell), 16)
        return f"{int(self._digests[cell]):016x}"

    def _digest(self, cell: int) -> str:
        changes = self.changes(cell)
        try:
            return self.model.digest(changes)
        except ValueError as error:  # no such scenario: its runs fail, and say why
            text = f"{self._base}{json.dumps(changes, sort_keys=True, default=str)}{error}"
            return text_digest(text)

    def stored(
        self,
        store: Store,
        seeds: Sequence[int],
        retry_failed: bool = False,
        cells: Iterable[int] | None = None,
    ) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield blocks of cells, and for each run of them whether it is stored.

        Parameters
        ----------
        store : Store
        seeds : sequence of int
        retry_failed : bool
            Whether runs that failed count as missing.
        cells : iterable of int, optional
            Default: all.

        Yields
        ------
        list of int
            Cells.
        ndarray of bool, shape (cells, seeds)
            Truth values without a unit.
        """
        left = iter(self if cells is None else cells)
        while block := list(islice(left, max(1, _BLOCK // max(1, len(seeds))))):
            runs = [self.run(cell, seed) for cell in block for seed in seeds]
            there = store.has_each(runs, retry_failed=retry_failed)
            yield block, there.reshape(len(block), len(seeds))

    def recall(self, store: Store) -> None:
        """Take over the digests of cells that an earlier sweep by the same code kept in a store.

        Some are found anew; unless they are the same, none is taken over.

        Parameters
        ----------
        store : Store
        """
        if not (key := self._key()):
            return
        found = store.cells(key, len(self._digests))
        known = np.flatnonzero(found)
        sample = known[:: max(1, len(known) // _CHECKED)]
        if all(int(self._digest(int(cell)), 16) == found[cell] for cell in sample):
            self._digests = np.where(self._digests, self._digests, found)
            self._kept = len(known)

    def remember(self, store: Store, more: float = 0.0) -> None:
        """Keep the digests of cells in a store, if that spares the next sweep some time.

        Parameters
        ----------
        store : Store
        more : float
            Only if they are more by this part than those that are kept.
        """
        known = np.count_nonzero(self._digests)
        if known > max(_WORTHWHILE, (1 + more) * self._kept) and (key := self._key()):
            store.keep_cells(key, self._digests)
            self._kept = int(known)

    def _key(self) -> str:
        """Return what determines the digests of all cells; "" if code does that may change."""
        if not len(self) or not isinstance(self.model, ScenarioModel):
            return ""
        code = f"{whole_model().hex()} {self.model.code({}).digest}"
        if self.model.own_code():
            return ""
        return text_digest(f"{self.study.place_digest} {self._shard} {code}")

    def table(self) -> pd.DataFrame:
        """Return every run of the study with its place: run, point, strategy, seed."""
        import pandas as pd

        stopping = self.study.stopping
        first = self.study.seeds[0]
        count = max(len(self.study.seeds), stopping.budget if stopping else 0)
        rows = [
            (self.run(cell, seed), *self.place(cell), seed)
            for cell in self
            for seed in range(first, first + count)
        ]
        return pd.DataFrame(rows, columns=["run", "point", "strategy", "seed"])


# -- Stored runs of a study that do not count any more, and what changed since they were made


class Other(NamedTuple):
    """A stored run that other code made: the cell and seed that ask for it, its run and code."""

    cell: int
    seed: int
    run: str
    code: str


def others_of(cells: DesignCells, seeds: list[int], store: Store) -> list[Other]:
    """Return the stored runs that a study asks for and other code made.

    Parameters
    ----------
    cells : DesignCells
    seeds : list of int
    store : Store

    Returns
    -------
    list of Other
        One for each run that is missing and was made by other code.
    """
    if store.codes() <= {cells.code(cell).digest for cell in islice(cells, 1)}:
        return []
    frame = store.frame(["run", "status", "code", "task"])
    theirs: dict[str, list[tuple[str, str]]] = {}
    for run, status, code, task in zip(
        frame["run"], frame["status"], frame["code"], frame["task"], strict=True
    ):
        if task and code and status == "ok":
            theirs.setdefault(task, []).append((run, code))
    found = []
    for cell in cells if theirs else ():
        for seed in seeds:
            made = theirs.get(cells.task(cell, seed))
            if made and not store.has(cells.run(cell, seed)):
                ours = cells.code(cell).digest
                found += [Other(cell, seed, *each) for each in made[:1] if each[1] != ours]
    return found


def superseded(cells: DesignCells, seeds: list[int], store: Store) -> str:
    """Return a sentence on stored runs that are no longer valid, and on the changed code.

    Parameters
    ----------
    cells : DesignCells
    seeds : list of int
    store : Store

    Returns
    -------
    str
        ``"4 runs were made with another measures.market_share; they are kept and not used"``; ""
        where there are none.
    """
    counts: Counter[str] = Counter()
    said: dict[tuple[str, str], str] = {}
    for other in others_of(cells, seeds, store):
        ours = cells.code(other.cell)
        key = (ours.digest, other.code)
        if key not in said:
            said[key] = _difference(ours.named, store.code(other.code))
        counts[said[key]] += 1
    return "; ".join(
        f"{number:,} runs were made with {what}; they are kept and not used"
        if number > 1
        else f"1 run was made with {what}; it is kept and not used"
        for what, number in counts.most_common()
    )


def _difference(now: dict[str, str], before: dict[str, str]) -> str:
    names = changed(now, before) if before else ""
    return f"another {names}" if names else "other code"


# -- Before a sweep: how many runs there are, how many are stored, and what the rest will take


#: Bytes that a worker process holds before its first run, of a row of the store, of a number.
_WORKER = 220_000_000


_ROW = 90


_NUMBER = 8.5


@dataclass(frozen=True)
class Forecast:
    """The runs that a sweep would do.

    Attributes
    ----------
    runs, stored, missing : int
    estimate : Estimate or None
        Of what is missing; None if nothing is, or a function is studied.
    superseded : str
        What is stored and does not count, and why.
    """

    runs: int
    stored: int
    missing: int
    estimate: Estimate | None
    superseded: str = ""

    def sentence(self) -> str:
        """Return the forecast in words."""
        text = f"{self.runs:,} runs, {self.stored:,} stored, {self.missing:,} to do"
        if self.superseded:
            text = f"{text} ({self.superseded})"
        return text if self.estimate is None else f"{text}: {self.estimate.sentence()}"


def forecast(
    study: Study,
    store: Store | None,
    *,
    workers: int = 1,
    processes: bool = True,
    rules: Mapping[str, Callable[..., Any]] | None = None,
    shard: tuple[int, int] | None = None,
    retry_failed: bool = False,
) -> Forecast:
    """Forecast a sweep from what is stored and a short timed run.

    Parameters
    ----------
    study : Study
    store : Store or None
    workers : int
    processes : bool
        Whether workers are processes of their own.
    rules, shard, retry_failed
        As for :func:`cxsim.sweep`.
    """
    cells = DesignCells(study, study.model(rules), shard)
    runs = len(cells) * len(study.seeds)
    stored = 0
    if store is not None and len(store):
        cells.recall(store)
        stored = sum(
            int(there.sum()) for _, there in cells.stored(store, study.seeds, retry_failed)
        )
        cells.remember(store)
    missing = runs - stored
    old = superseded(cells, study.seeds, store) if store is not None and missing else ""
    if not missing or study.base is None:
        return Forecast(runs, stored, missing, None, old)
    try:
        one = (
            estimate(study.scenario(next(iter(cells)) // len(study.strategies)), missing, workers)
            if len(study.strategies) == 1
            else estimate(study.base, missing, workers)
        )
    except PolicyError:  # the runs of the policy that fails say so; nothing to measure here
        return Forecast(runs, stored, missing, None, old)
    firms = tuple(study.base.firms)
    numbers = len(study.factors) + sum(
        len(output.columns(firms)) * (int(study.base.periods) if output.by_period else 1)
        for output in study.outputs
    )
    each = one.memory - one.held
    memory = one.held + each + (workers * _WORKER if processes else 0)
    return Forecast(
        runs, stored, missing,
        replace(one, memory=memory, disk=int(missing * (_ROW + _NUMBER * numbers))), old,
    )  # fmt: skip


# -- Adopting stored runs: where code changed and a sample shows that numbers did not ----------


@dataclass(frozen=True)
class Adoption:
    """The outcome of an adoption of stored runs.

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
    cells = DesignCells(study, study.model(rules))
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
        difference = _rerun_difference(cells, other, row)
        if difference:
            return Adoption(0, number, what, difference)
    store.write([_adopted(cells, each, frame.loc[each.run]) for each in others])
    for each in others:
        code = cells.code(each.cell)
        store.keep_code(code.digest, lambda code=code: code.named)  # type: ignore[misc]
    return Adoption(len(others), len(drawn), what, "")


def _rerun_difference(cells: DesignCells, other: Other, row: Any) -> str:
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


def _adopted(cells: DesignCells, other: Other, row: Any) -> dict[str, Any]:
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


# -- Exactly one run of a store again, in full -------------------------------------------------


@argument_hints
def replay(
    run: str,
    *,
    store: str | Path | Store,
    rules: Mapping[str, Callable[..., Any]] | None = None,
    probes: Iterable[str] = (),
) -> Run:
    """Run one run of a store again, and keep all of it.

    Parameters
    ----------
    run : str
        Its digest, or the beginning of it: column ``run`` of the store.
    store : str, Path or Store
    rules : mapping of str to function, optional
        Rules that the run was done with, if they were not the package's own.
    probes : iterable of str
        What to measure beside, as for :func:`cxsim.run`.

    Returns
    -------
    Run

    Raises
    ------
    StoreError
        If there is no such run, or it was done by other code than is here now.
    Exception
        Whatever the run fails of.
    """
    from cxsim import runs

    place = store if isinstance(store, Store) else Store(store)
    row: dict[str, Any] = place.row(run)
    scenario = _scenario(place, row, rules)
    return runs.run(scenario, seed=int(row["seed"]), rules=rules, probes=probes)


def _scenario(
    store: Store, row: Mapping[str, Any], rules: Mapping[str, Callable[..., Any]] | None
) -> Scenario:
    """Return the scenario of a run, if it is what the run was done with."""
    if not row.get("base"):
        raise StoreError(f"{row['run']}: expected a run of a scenario, found one of a function")
    scenario = store.scenario(row["base"]).override(json.loads(row["overrides"]))
    digest = ScenarioModel(scenario, (), rules).digest({})
    if digest != row["scenario"]:
        raise StoreError(
            f"{row['run']}: expected the code that it was run with, found other rules, measures "
            f"or mechanisms (scenario digest {digest}, not {row['scenario']}; "
            f"this is cxsim {__version__})"
        )
    return scenario


def recompute(
    run: str,
    *,
    store: str | Path | Store,
    rules: Mapping[str, Callable[..., Any]] | None = None,
) -> pd.DataFrame:
    """Compute the stored outputs of a run again, and put them beside the stored ones.

    Parameters
    ----------
    run : str
        Its digest, or the beginning of it.
    store : str, Path or Store
    rules : mapping of str to function, optional
        Rules that the run was done with, if they were not the package's own.

    Returns
    -------
    DataFrame
        ``output, period`` (-1 for one number a run)``, stored, again, equal``: whether both are
        the same to the bit.

    Raises
    ------
    StoreError
        If there is no such run, or it was done by other code than is here now.
    """
    import pandas as pd

    place = store if isinstance(store, Store) else Store(store)
    row: dict[str, Any] = place.row(run)
    scenario = _scenario(place, row, rules)
    known = known_measures((*scenario.mechanisms, *observed(scenario).values()))
    stored, _ = place.record(row["run"])
    outputs = {name: output_of(name, known) for name in stored}
    kept = tuple(dict.fromkeys(each for each in outputs.values() if each is not None))
    again, _ = ScenarioModel(scenario, kept, rules).run({}, int(row["seed"]), lambda: None)
    rows = []
    for name, values in again.items():
        one, other = np.atleast_1d(stored[name]).astype(float), np.atleast_1d(values).astype(float)
        for k in range(max(len(one), len(other))):
            a, b = (float(x[k]) if k < len(x) else np.nan for x in (one, other))
            period = k if name.endswith("@period") else -1
            rows.append((name, period, a, b, _same(a, b) and len(one) == len(other)))
    return pd.DataFrame(rows, columns=["output", "period", "stored", "again", "equal"])
