"""Damage files that the package has written, and look what reading them does: ``make damage``.

Each trial flips one bit, cuts the file short or zeroes a block of it, and reads it again in a
forked process, where a death by signal is one trial's and not the script's. What was read is
compared with what was written, item by item (runs of a store, frames of a run). A trial ends as

- *the same*: everything is there and equal (a block of zeros where there were zeros);
- *noticed*: a documented error or warning names the file, and all that was read is equal;
- *silent*: something is different or missing, and nothing names the file;
- *internal*: an error that is not documented;
- *killed*: the process died by a signal.

The last three must never happen: the exit code is then 1.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ENDS", "WRONG", "Kind", "damaged", "kinds", "table", "try_out"]

ENDS = ("the same", "noticed", "silent", "internal", "killed")
WRONG = ENDS[2:]
WAYS = ("bit flipped", "cut short", "block zeroed")
#: Trials of each way, in full.
FULL = (1000, 200, 200)
BLOCK = 512


@dataclass(frozen=True)
class Kind:
    """A kind of file: a folder as it was written, which files in it are damaged, and a reader.

    Attributes
    ----------
    name : str
    files : mapping of str to bytes
        The whole folder.
    targets : sequence of str
        The files that are damaged, one at a time.
    read : callable
        Takes the folder and returns what it holds, as text by item. Items that are refused with
        a documented error are left out, and the error is told to the second argument.
    """

    name: str
    files: Mapping[str, bytes]
    targets: Sequence[str]
    read: Callable[[Path, Callable[[Exception], None]], dict[str, str]]


def damaged(data: bytes, way: str, draw: random.Random) -> bytes:
    """Return bytes with one of the three kinds of damage."""
    out = bytearray(data)
    if way == "bit flipped":
        out[draw.randrange(len(out))] ^= 1 << draw.randrange(8)
    elif way == "cut short":
        del out[draw.randrange(len(out)) :]
    else:
        start = draw.randrange(len(out))
        out[start : start + BLOCK] = bytes(len(out[start : start + BLOCK]))
    return bytes(out)


def try_out(
    kind: Kind, counts: Sequence[int] = FULL, *, seed: int = 0, log: Callable[[str], None] = print
) -> Counter[tuple[str, str]]:
    """Try damage of all ways on one kind of file, and count (way, end).

    Parameters
    ----------
    kind : Kind
    counts : sequence of int
        Trials of each way.
    seed : int
    log : callable
        Called with each trial that goes wrong.
    """
    draw = random.Random(f"{kind.name} {seed}")
    with tempfile.TemporaryDirectory(dir=_memory()) as place:
        _write(Path(place, "whole"), kind.files)
        noticed: list[str] = []
        whole = kind.read(Path(place, "whole"), lambda error: noticed.append(str(error)))
        if noticed:
            raise AssertionError(f"{kind.name}: {noticed[0]}, and nothing was damaged")
    ends: Counter[tuple[str, str]] = Counter()
    trials = [way for way, count in zip(WAYS, counts, strict=True) for _ in range(count)]
    for way in trials:
        target = draw.choice(kind.targets)
        data = damaged(kind.files[target], way, draw)
        end, said = _trial(kind, target, data, whole)
        if end in WRONG:
            log(f"{kind.name}: {target}, {way}: {end}: {said}")
        ends[way, end] += 1
    return ends


def _trial(kind: Kind, target: str, data: bytes, whole: Mapping[str, str]) -> tuple[str, str]:
    """Read a folder with one damaged file in a process of its own, and say how that ended."""
    place = Path(tempfile.mkdtemp(dir=_memory()))
    end, begin = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        code = 1
        try:
            _write(place, {**kind.files, target: data})
            answer = "\t".join(_outcome(kind, place, target, data, whole))
            os.write(begin, answer.encode()[:4000])
            code = 0
        finally:
            os._exit(code)
    os.close(begin)
    try:
        said = b"".join(iter(lambda: os.read(end, 4096), b"")).decode()
        _, status = os.waitpid(child, 0)
    finally:
        os.close(end)
        shutil.rmtree(place, ignore_errors=True)
    if os.WIFSIGNALED(status):
        return "killed", f"signal {os.WTERMSIG(status)}"
    if not said:
        return "killed", f"the process ended with {os.WEXITSTATUS(status)} and said nothing"
    outcome, _, text = said.partition("\t")
    return outcome, text


def _outcome(
    kind: Kind, place: Path, target: str, data: bytes, whole: Mapping[str, str]
) -> tuple[str, str]:
    named: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = kind.read(place, lambda error: named.append(str(error)))
        except Exception:  # noqa: BLE001 - whatever it is, nobody has said that it may come
            return "internal", " | ".join(traceback.format_exc().strip().splitlines()[-3:])
    named += [str(each.message) for each in caught]
    other = [item for item, text in found.items() if whole.get(item) != text]
    missing = sorted(set(whole) - set(found))
    name = Path(target).name
    if any(name in text for text in named) and not other:
        return "noticed", ""
    if other or missing:
        return "silent", f"other: {other[:3]}, missing: {missing[:3]}, said: {named[:2]}"
    if named and data != kind.files[target]:
        return "silent", f"damage was noticed, and the file not named: {named[0]}"
    return "the same", ""


def _write(place: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o644)


def _memory() -> str | None:
    """Return a folder in memory, where there is one: thousands of files are written and deleted."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- the kinds --------------------------------------------------------------------


def kinds(names: Sequence[str] = ()) -> Iterator[Kind]:
    """Make the kinds of files, all of them or some by name."""
    for name, make in KINDS.items():
        if not names or name in names:
            with tempfile.TemporaryDirectory() as folder:
                yield make(name, Path(folder))


def _store(folder: Path) -> dict[str, bytes]:
    import cxsim as cx

    study = {
        "scenario": "baseline",
        "overrides": {"customers": 50, "periods": 6},
        "factors": {"firms.Tailor.price": [18, 20, 22, 24]},
        "strategies": {"stay": {}, "cut": {"firms.Mass.price": 15}},
        "design": "grid",
        "seeds": 5,
    }
    cx.sweep(study, store=folder, executor="inline")
    return {name: data for name, data in _files(folder).items() if data}


def _read_store(place: Path, refused: Callable[[Exception], None]) -> dict[str, str]:
    from cxsim.study.store import Store
    from cxsim.study.store_folder import StoreError

    try:
        store = Store(place)
        rows = store.frame().to_dict("records")
        store.refresh()
    except StoreError as error:
        refused(error)
        return {}
    found = {row["run"]: repr(row) for row in rows}
    for base in {row["base"] for row in rows}:
        try:
            found[f"scenario {base}"] = store.scenario(base).to_yaml()
        except StoreError as error:
            refused(error)
    found |= {f"study {digest}": repr(facts) for digest, facts in store.studies().items()}
    return found


def _store_runs(name: str, folder: Path) -> Kind:
    files = _store(folder)
    return Kind(name, files, [each for each in files if each.startswith("runs/")], _read_store)


def _store_small(name: str, folder: Path) -> Kind:
    files = _store(folder)
    small = [each for each in files if each.endswith((".json", ".yaml"))]
    return Kind(name, files, small, _read_store)


_LONG = {"customers": 30, "periods": 6, "firms.Mass.policy": {"pricing": "adaptive"}}


def _checkpoint(name: str, folder: Path) -> Kind:
    import cxsim as cx
    from cxsim.runs.execution import Checkpoint
    from cxsim.runs.simulation import Simulation

    simulation = Simulation(cx.load("baseline", _LONG), seed=1)
    for stop in (2, 4):
        while simulation.period < stop:
            simulation.step()
        Checkpoint(folder / "run.ckpt").save(simulation)
    return Kind(name, _files(folder), ["run.ckpt"], _go_on)


def _go_on(place: Path, refused: Callable[[Exception], None]) -> dict[str, str]:
    import cxsim as cx
    from cxsim.runs.execution import CheckpointError

    try:
        run = cx.run("baseline", seed=1, overrides=_LONG, checkpoint=place / "run.ckpt")
    except CheckpointError as error:
        refused(error)
        return {}
    return {name: frame.to_json(double_precision=15) for name, frame in run.frames.items()}


def _saved(name: str, folder: Path) -> Kind:
    import cxsim as cx

    cx.run("baseline", seed=1, overrides=_LONG).save(folder / "run")
    files = _files(folder)
    return Kind(name, files, list(files), _load)


def _load(place: Path, refused: Callable[[Exception], None]) -> dict[str, str]:
    import cxsim as cx
    from cxsim.files.sealed import DamagedError

    try:
        run = cx.Run.load(place / "run")
    except DamagedError as error:
        refused(error)
        return {}
    found = {name: frame.to_json(double_precision=15) for name, frame in run.frames.items()}
    return found | {"summary": run.summary().to_json(), "scenario": run.scenario.to_yaml()}


def _bigger(x: float) -> float:
    return 1.5 * x + 0.25


def _grow(n, amounts):  # type: ignore[no-untyped-def] # a pass as mechanisms have them
    for i in range(n):
        amounts[i] = _bigger(amounts[i])


def _code(name: str, folder: Path) -> Kind:
    _call(folder, print)
    files = _files(folder)
    return Kind(name, files, list(files), _call)


def _call(place: Path, refused: Callable[[Exception], None]) -> dict[str, str]:  # noqa: ARG001
    """Load a compiled pass, or compile it if there is none that can be used, and call it."""
    import ctypes

    import numpy as np

    from cxsim.engine import compiling
    from cxsim.engine.native import pack

    before = os.environ.get("CXSIM_CACHE_DIR")
    os.environ["CXSIM_CACHE_DIR"] = str(place)
    compiling._passes.clear()
    try:
        arguments = (8, np.linspace(0.0, 1.0, 8))
        kinds = tuple(map(compiling.kind_of, arguments))
        address = compiling.compiled_pass(_grow, kinds)  # type: ignore[arg-type]
    finally:
        os.environ.pop("CXSIM_CACHE_DIR")
        if before is not None:
            os.environ["CXSIM_CACHE_DIR"] = before
    frame = np.array(pack(arguments), dtype=np.int64)
    out = (ctypes.c_void_p * 2)()
    entry = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    entry(address)(ctypes.addressof(out), ctypes.addressof(out) + 8, frame.ctypes.data)
    return {"numbers": repr(arguments[1].tolist())}


KINDS: dict[str, Callable[[str, Path], Kind]] = {
    "store: runs": _store_runs,
    "store: small files": _store_small,
    "checkpoint": _checkpoint,
    "compiled code": _code,
    "saved run": _saved,
}


# --- the table --------------------------------------------------------------------


def table(results: Mapping[str, Counter[tuple[str, str]]]) -> str:
    """Return counts by kind of file and way of damage, as a Markdown table."""
    lines = [
        "| file | damage | trials | " + " | ".join(ENDS) + " |",
        "|---|---|" + "---:|" * (1 + len(ENDS)),
    ]
    for name, ends in results.items():
        for way in WAYS:
            counts = [ends[way, end] for end in ENDS]
            cells = " | ".join(f"{count:,}" for count in (sum(counts), *counts))
            lines.append(f"| {name} | {way} | {cells} |")
    return "\n".join(lines)


def main() -> int:
    """Try all kinds of files, print the table, and return 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m lab.fuzz.damage", description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"some of: {', '.join(KINDS)}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", type=float, default=1.0, help="of all trials [1]")
    given = parser.parse_args()
    unknown = [name for name in given.kinds if name not in KINDS]
    if unknown:
        parser.error(f"expected some of {', '.join(KINDS)}, found {unknown[0]!r}")
    counts = [max(1, round(given.part * count)) for count in FULL]
    results = {}
    for kind in kinds(given.kinds):
        print(f"{kind.name} ...", file=sys.stderr, flush=True)
        results[kind.name] = try_out(kind, counts, seed=given.seed)
    print(table(results))
    wrong = sum(n for ends in results.values() for (_, end), n in ends.items() if end in WRONG)
    print(f"\n{wrong} silent differences, internal errors or deaths")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
