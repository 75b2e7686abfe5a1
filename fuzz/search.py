"""One search, in a process that ends with it: ``python -m fuzz.search TARGET CORPUS OPTIONS``."""

from __future__ import annotations

import sys
import warnings

import atheris

from fuzz.__main__ import WATCHED

warnings.simplefilter("ignore")
with atheris.instrument_imports(include=WATCHED):
    from fuzz.seeds import seeds
    from fuzz.targets import TARGETS

name = sys.argv[1]
for data in seeds()[name]:
    TARGETS[name](data)  # imports what is imported when first needed, and shows that all is well
atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[name])
atheris.Fuzz()
