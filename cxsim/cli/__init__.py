"""The command line: parse, call, print."""

from cxsim.cli.app import main

__all__ = ["main"]
