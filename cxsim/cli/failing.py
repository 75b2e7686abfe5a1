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
from collections.abc import Callable
from typing import Any

import click

from cxsim.notebook.catalogue import NotebookInputError
from cxsim.scenario import ScenarioError

__all__ = ["UserError", "finish"]


class UserError(Exception):
    """Something the user asked for that cannot be."""


class Stopped(KeyboardInterrupt):
    """The process was asked to end."""


def finish(command: Callable[[], Any]) -> int:
    """Call a command and return the exit code; say what is wrong in the error stream."""
    with _stop_at_term():
        try:
            code = command()
            sys.stdout.flush()
        except BrokenPipeError:
            return _reader_left()
        except SystemExit as exit_:  # click's way of ending where the reader of a pipe has left
            return _reader_left() if exit_.code else 0
        except (KeyboardInterrupt, click.Abort):
            code = _say("stopped; nothing was written", 1)
        except click.ClickException as error:
            code = _say(_usage(error), 2)
        except (ScenarioError, NotebookInputError, UserError) as error:
            code = _say(str(error), 2)
        except MemoryError:
            code = _say("not enough memory: try fewer customers (-s customers=1000)", 1)
        except OSError as error:
            code = _say(_system(error), 1)
        except Exception as error:  # noqa: BLE001 (the last line of defence: no stack trace)
            code = _say(_unexpected(error), 1)
    return code if isinstance(code, int) else 0


def _say(message: str, code: int) -> int:
    if _debugging():
        traceback.print_exc()
    with contextlib.suppress(OSError):
        for line in message.splitlines():
            click.echo(f"cxsim: {line}", err=True)
    return code


def _debugging() -> bool:
    context = click.get_current_context(silent=True)
    if context is not None:
        return bool(context.find_root().params.get("debug"))
    return "--debug" in sys.argv[1:]


def _usage(error: click.ClickException) -> str:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    return message if context is None else f"{message} (see: {context.command_path} -h)"


def _system(error: OSError) -> str:
    what = (error.strerror or str(error) or type(error).__name__).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        what += "; nothing was written"
    return f"{error.filename}: {what}" if error.filename else what


def _unexpected(error: Exception) -> str:
    from cxsim.notebook.kernel import NotebookError

    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, NotebookError):
        return text
    return f"{type(error).__name__}: {text} (cxsim --debug shows where)"


def _reader_left() -> int:
    """Whoever read our output has seen enough: no error, and nothing more to say."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    return 0


@contextlib.contextmanager
def _stop_at_term() -> Any:
    """Let a polite request to end tidy up as Ctrl-C does."""

    def stop(number: int, frame: Any) -> None:
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
