"""One search in a process of its own: ``python -m lab.fuzz.search TARGET CORPUS OPTIONS``."""

from __future__ import annotations

import sys
import warnings

import atheris

from lab.fuzz.__main__ import WATCHED

warnings.simplefilter("ignore")
with atheris.instrument_imports(include=WATCHED):
    from lab.fuzz.seeds import seeds
    from lab.fuzz.targets import TARGETS

name = sys.argv[1]
for data in seeds()[name]:
    TARGETS[name](data)  # imports what is imported when first needed, and shows that all is well
atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[name])
atheris.Fuzz()
