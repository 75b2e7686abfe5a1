"""Properties of the reading of any file: an answer, or a refusal of a few lines.

Each target takes the bytes of a file. It returns where all is well and raises what went wrong.
Tests call targets with random and with nasty files, ``python -m lab.fuzz`` with files that a search
guided by coverage comes up with.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cxsim.calibration import CalibrationError, read_panel
from cxsim.calibration.targets import read_targets
from cxsim.messages import LONGEST_LINE
from cxsim.scenario import Scenario, ScenarioError, parse_override
from cxsim.strategy.options import read_mapping
from cxsim.study.study import Study

__all__ = ["TARGETS", "untouched"]

#: Most lines of a refusal, and letters of one beside what ``LINE`` counts: escapes.
LINES, LETTERS = 6, 12 * LONGEST_LINE

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate",
    "os.chmod", "os.chown", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "subprocess.Popen", "socket.connect", "socket.bind", "shutil.rmtree", "shutil.move",
    "pickle.find_class",
}  # fmt: skip

_watched: list[str] = []
_watching = False


def _notice(event: str, arguments: tuple) -> None:
    if not _watching:
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITING and path != os.devnull:
            _watched.append(f"opened {path!r} to write")
    elif event in _CHANGES:
        _watched.append(f"{event}{arguments[:1]!r}")


@cache
def _watch() -> None:
    sys.dont_write_bytecode = True  # modules imported on the way leave nothing either
    tempfile.gettempdir()  # the first to ask tries whether it can be written
    sys.addaudithook(_notice)


@contextmanager
def untouched() -> Iterator[None]:
    """Raise if what is done inside writes a file, starts a process or opens a connection.

    Raises
    ------
    AssertionError
        With the first such thing.
    """
    global _watching  # noqa: PLW0603 - an audit hook stays for good
    _watch()
    _watched.clear()
    _watching = True
    try:
        yield
    finally:
        _watching = False
    assert not _watched, _watched[0]


@cache
def _folder() -> Path:
    """A folder in memory, where there is one: a file is written for every input."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="cxsim-fuzz-", dir=memory if memory.is_dir() else None))


def _ask(name: str, data: bytes, read: Callable[[Path], object]) -> None:
    path = _folder() / name
    path.write_bytes(data)
    _answer(lambda: read(path))


def _answer(ask: Callable[[], object]) -> None:
    try:
        with untouched():
            ask()
    except (ScenarioError, CalibrationError) as error:
        _is_readable(str(error))


def _is_readable(text: str) -> None:
    lines = text.splitlines()
    assert 0 < len(lines) <= LINES, f"{len(lines)} lines"
    assert all(len(line) <= LETTERS for line in lines), "an endless line"
    assert all(line.isprintable() for line in lines), "what no terminal can show"
    text.encode()


def scenario(data: bytes) -> None:
    """A scenario file: what is read can be written, and read again as the same."""

    def read(path: Path) -> None:
        made = Scenario.load(path)
        assert Scenario.from_dict(made.to_dict()) == made
        assert made.digest

    _ask("scenario.yaml", data, read)


def study(data: bytes) -> None:
    """A study file: its points can be counted and its first one is a scenario or refused."""

    def read(path: Path) -> None:
        made = Study.load(path)
        if made.design.count(made.factors) > 4096:
            return  # it may be large, and making it takes its time
        assert made.runs == made.design.count(made.factors) * len(made.strategies) * len(made.seeds)
        assert made.digest
        assert made._repr_html_()
        made.scenario(0, next(iter(made.strategies)))

    _ask("study.yaml", data, read)


def panel(data: bytes) -> None:
    """A purchase panel: one of a file is one that estimates can be made of."""

    def read(path: Path) -> None:
        made = read_panel(path)
        assert made.firms
        assert len(set(made.firms)) == len(made.firms)
        assert made.price.shape == (len(made.firms), made.occasions)
        assert (made.choice >= 0).all()
        assert (made.choice < made.options).all()
        assert made.counts.sum() == made.occasions
        assert made.switching_counts().sum() <= made.occasions

    _ask("panel.csv", data, read)


def targets(data: bytes) -> None:
    """A file of targets, or of options to decide between."""
    _ask("targets.yaml", data, lambda path: read_targets(path, base="baseline"))
    _ask("options.yaml", data, lambda path: read_mapping(path, "options"))


def override(data: bytes) -> None:
    """A new value by dotted path, as on the command line."""
    text = data.decode("utf-8", errors="replace")

    def read() -> None:
        parse_override(text)
        Scenario.load("baseline", [text])

    _answer(read)


#: By name.
TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (scenario, study, panel, targets, override)
}
