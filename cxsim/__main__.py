"""``python -m cxsim``: the command line."""

from __future__ import annotations

from cxsim.cli import main

main()
