"""The command line: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those the process was started with.
    """
    try:
        from cxsim.cli.app import run
    except KeyboardInterrupt:  # within the first half second
        sys.stderr.write("cxsim: stopped\n")
        sys.exit(1)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
