"""The command line: parse, call, print."""

from cxsim.cli.main import main

__all__ = ["main"]
