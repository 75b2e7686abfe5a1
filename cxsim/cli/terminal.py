"""Output of a command: text, tables, progress, errors and the exit code.

0 fine, 2 bad input, 1 a run failed or was stopped. One line per problem, no stack trace
unless ``--debug`` asks for it.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import signal
import sys
import textwrap
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import click

from cxsim.messages import EventsLeftOutWarning, ScenarioError, nearest, visible

__all__ = [
    "SECONDS", "TITLE", "Bar", "Screen", "UserError", "count_option", "finish", "print_table",
    "say", "say_lines", "within_memory",
]  # fmt: skip


# -- Ends of a command: what is printed of an error, and the exit code -------------------------


class UserError(Exception):
    """Invalid input of the user, reported in one line with exit code 2."""


class Stopped(KeyboardInterrupt):
    """The process was asked to end."""


def finish(command: Callable[[], Any], debug: bool = False) -> int:
    """Call a command and return the exit code; report errors in the error stream.

    Parameters
    ----------
    command : callable
        Returns an exit code, or None for 0.
    debug : bool
        Show stack traces.
    """
    try:
        return _finish(command)
    except _SaidError as failure:
        if debug:
            say("".join(traceback.format_exception(failure.__cause__)).rstrip(), err=True)
        with contextlib.suppress(OSError):
            for line in str(failure).splitlines():
                say(f"cxsim: {line}", err=True)
        return failure.code


class _SaidError(Exception):
    """The message for an error, and the exit code."""

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code


def _finish(command: Callable[[], Any]) -> int:
    with _stop_at_term(), _notices():
        try:
            code = command()
            sys.stdout.flush()
        except BrokenPipeError:
            return _reader_left()
        except SystemExit as exit_:  # click's way of ending where the reader of a pipe has left
            return _reader_left() if exit_.code else 0
        except (KeyboardInterrupt, click.Abort) as error:
            raise _SaidError("stopped; nothing was written", 1) from error
        except click.ClickException as error:
            raise _SaidError(_usage(error), 2) from error
        except (ScenarioError, UserError) as error:
            raise _SaidError(str(error), 2) from error
        except MemoryError as error:
            what = "not enough memory: try fewer customers (-s customers=1000)"
            raise _SaidError(what, 1) from error
        except OSError as error:
            # A name that is too long is a mistake of whoever wrote it, not of the machine.
            code = 2 if error.errno == errno.ENAMETOOLONG else 1
            raise _SaidError(_system(error), code) from error
        except Exception as error:  # the last line of defence: no stack trace
            raise _unexpected(error) from error
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        known = [name for each in error.ctx.command.params for name in each.opts]
        if (near := nearest(error.option_name, known)) is not None:
            what = f"No such option {error.option_name!r}. Did you mean {near!r}?"
            error = click.UsageError(what, error.ctx)
    message = error.format_message()
    context = getattr(error, "ctx", None)
    return message if context is None else f"{message} (see: {context.command_path} -h)"


def _system(error: OSError) -> str:
    from cxsim.messages import one_line

    what = (error.strerror or str(error) or type(error).__name__).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        what += "; nothing was written"
    return one_line(f"{error.filename}: {what}" if error.filename else what)


def _unexpected(error: Exception) -> _SaidError:
    """Say what an error means. The parts that raise these are imported where one has failed."""
    from cxsim.engine.columnar import NumbaMissingError
    from cxsim.identity import IdentityError
    from cxsim.messages import LibraryMissingError
    from cxsim.report.notebook_run import NotebookError
    from cxsim.report.notebooks import NotebookInputError
    from cxsim.study.store_folder import StoreError
    from cxsim.study.workers import PoolError

    if isinstance(error, (IdentityError, NotebookInputError)):
        return _SaidError(str(error), 2)
    text = " ".join(str(error).split()) or type(error).__name__
    known = (LibraryMissingError, NotebookError, NumbaMissingError, PoolError, StoreError)
    if isinstance(error, known):
        return _SaidError(text, 1)
    return _SaidError(f"{type(error).__name__}: {text} (cxsim --debug shows where)", 1)


def _reader_left() -> int:
    """End quietly where the reader of the output has closed it: no error."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    return 0


@contextlib.contextmanager
def _notices() -> Iterator[None]:
    """Print warnings of this package as one-line notes in the error stream, each of them once."""
    said: set[str] = set()
    show = warnings.showwarning

    def tell(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if category.__module__.partition(".")[0] != "cxsim":
            show(message, category, *place, **more)
        elif str(message) not in said:
            said.add(str(message))
            say(f"cxsim: note: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", EventsLeftOutWarning)
        warnings.showwarning = tell
        yield


@contextlib.contextmanager
def _stop_at_term() -> Any:
    """Let a signal to terminate clean up as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise Stopped

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# -- What a waiting user sees: one bar on a terminal, one line per stage elsewhere -------------


class Bar:
    """Progress in the error stream: a bar on a terminal, gone at the end; else lines of a log."""

    def __init__(self, title: str):
        self._title = visible(title, longest=TITLE)
        self._bar: Any = None
        self._live = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


class Screen(Bar):
    """Progress for ``progress=`` of notebooks and runs.

    Call it with (stage, done, total). In a file or a pipe each stage is one line, without
    control characters.
    """

    _stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show a stage, with its progress if there is something to count."""
        if self._live:
            self._draw(stage, done, total)
        elif stage != self._stage:
            say(f"{self._title}: {stage}", err=True)
        self._stage = stage

    def _draw(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(file=sys.stderr, leave=False, total=0, dynamic_ncols=True)
        counted = "{bar:30} {n_fmt}/{total_fmt} {elapsed}" if total else "{elapsed}"
        self._bar.bar_format = f"{self._title}: {{desc}} " + counted
        self._bar.total, self._bar.n = total, done
        self._bar.set_description_str(visible(stage, longest=TITLE), refresh=False)
        self._bar.refresh()


def within_memory(estimate: Any) -> None:
    """Refuse work that the memory of this machine cannot hold.

    Raises
    ------
    UserError
    """
    from cxsim.study.pilot import NotEnoughMemoryError, check_memory

    try:
        check_memory(estimate)
    except NotEnoughMemoryError as problem:
        raise UserError(str(problem)) from None


# -- Tables for a terminal: aligned, and no wider than 100 columns -----------------------------


#: Columns that every table fits into.
WIDTH = 100


def print_table(heading: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> None:
    """Print a table whose first ``left`` columns are words and whose others are numbers.

    A heading may take several lines. A row of one cell is a heading within the table.
    Words that do not fit are cut.

    Parameters
    ----------
    heading : sequence of str
    rows : sequence of sequence of str
        Cells as they are printed.
    left : int
        Columns of words, which are aligned left.
    """
    stacked = [text.split("\n") for text in heading]
    depth = max(map(len, stacked))
    stacked = [[""] * (depth - len(lines)) + lines for lines in stacked]
    tops = [[lines[k] for lines in stacked] for k in range(depth)]
    full = [row for row in [*tops, *rows] if len(row) == len(heading)]
    widths = [max(len(row[k]) for row in full) for k in range(len(heading))]
    over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
    for k in sorted(range(len(widths)), key=lambda k: -widths[k]):
        least = 12 if k < left else max((len(row[k]) for row in full[depth:]), default=0)
        cut = min(max(over, 0), max(widths[k] - least, 0))
        widths[k] -= cut
        over -= cut
    for number, row in enumerate([*tops, *rows], 1):
        if len(row) < len(heading):
            say(_cut(row[0], WIDTH))
            continue
        cells = [_cut(text, width) for text, width in zip(row, widths, strict=True)]
        placed = [
            text.ljust(width) if k < left else text.rjust(width)
            for k, (text, width) in enumerate(zip(cells, widths, strict=True))
        ]
        say("  ".join(placed).rstrip())
        if number == depth:
            say("-" * min(WIDTH, sum(widths) + 2 * (len(widths) - 1)))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


# -- What commands print: through one function, so that no text of a file acts on a terminal ---


#: Longest title that is shown, in characters.
TITLE = 200


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text and a line end.

    Parameters
    ----------
    text : str
        Control characters, escape sequences and marks of direction in it are written out.
    err : bool
        To the error stream.
    """
    click.echo(visible(text), err=err)


def say_lines(text: str, *, first: str = "", rest: str = "", after: str = "") -> None:
    """Print a text in lines that fit, which begin with ``first`` and ``rest``; then ``after``."""
    say(textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=rest) + after)


# -- Kinds of values that options take ---------------------------------------------------------


class _Seconds(click.FloatRange):
    """A finite time above 0: click itself lets through what is not a number."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"expected a number of seconds above 0, found {value!r}", param, ctx)
        return seconds


#: What ``--timeout`` takes.
SECONDS = _Seconds(0, min_open=True)


def count_option(*names: str, low: int = 1, high: int, **settings: Any) -> Callable[..., Any]:
    """Return an option that takes a whole number within bounds."""
    return click.option(*names, type=click.IntRange(low, high), **settings)
