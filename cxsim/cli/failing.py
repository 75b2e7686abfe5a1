"""Ends of a command: what is printed of an error, and the exit code.

0 fine, 2 bad input, 1 a run failed or was stopped. One line per problem, no stack trace
unless ``--debug`` asks for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import click

from cxsim.cli.saying import say
from cxsim.engine.code_folders import UnsafeFolderWarning
from cxsim.identity import IdentityError
from cxsim.notebook.catalogue import NotebookInputError
from cxsim.scenario import EventsLeftOutWarning, ScenarioError
from cxsim.sealed import DamagedWarning

__all__ = ["UserError", "finish"]


class UserError(Exception):
    """Something the user asked for that cannot be."""


class Stopped(KeyboardInterrupt):
    """The process was asked to end."""


def finish(command: Callable[[], Any], debug: bool = False) -> int:
    """Call a command and return the exit code; say what is wrong in the error stream.

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
    """What to say of an error, and the exit code."""

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
        except (IdentityError, ScenarioError, NotebookInputError, UserError) as error:
            raise _SaidError(str(error), 2) from error
        except MemoryError as error:
            what = "not enough memory: try fewer customers (-s customers=1000)"
            raise _SaidError(what, 1) from error
        except OSError as error:
            # A name that is too long is a mistake of whoever wrote it, not of the machine.
            code = 2 if error.errno == errno.ENAMETOOLONG else 1
            raise _SaidError(_system(error), code) from error
        except Exception as error:  # the last line of defence: no stack trace
            raise _SaidError(_unexpected(error), 1) from error
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> str:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    return message if context is None else f"{message} (see: {context.command_path} -h)"


def _system(error: OSError) -> str:
    from cxsim.scenario.messages import one_line

    what = (error.strerror or str(error) or type(error).__name__).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        what += "; nothing was written"
    return one_line(f"{error.filename}: {what}" if error.filename else what)


def _unexpected(error: Exception) -> str:
    from cxsim.engine.columnar import NumbaMissingError
    from cxsim.notebook.kernel import NotebookError
    from cxsim.study.analysis.optional import LibraryMissingError
    from cxsim.study.pools import PoolError
    from cxsim.study.store import StoreError

    text = " ".join(str(error).split()) or type(error).__name__
    known = (LibraryMissingError, NotebookError, NumbaMissingError, PoolError, StoreError)
    if isinstance(error, known):
        return text
    return f"{type(error).__name__}: {text} (cxsim --debug shows where)"


def _reader_left() -> int:
    """Whoever read our output has seen enough: no error, and nothing more to say."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    return 0


#: Warnings that are written for users.
_NOTICES = (EventsLeftOutWarning, DamagedWarning, UnsafeFolderWarning)


@contextlib.contextmanager
def _notices() -> Iterator[None]:
    """Say what a command leaves out in one line of the error stream, each line once."""
    said: set[str] = set()
    show = warnings.showwarning

    def tell(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, _NOTICES):
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
    """Let a polite request to end tidy up as Ctrl-C does."""

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
