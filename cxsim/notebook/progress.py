"""How far a notebook is, told from its kernel to the process that started it.

The kernel overwrites one short line in a small file; the runner looks at it now and then.
A notebook that runs by itself, in JupyterLab or by plain papermill, tells nobody.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["VARIABLE", "read_progress", "tell_progress"]

#: Environment variable that names the file.
VARIABLE = "CXSIM_PROGRESS_FILE"


def tell_progress(stage: str = "simulating") -> Callable[[int, int], None] | None:
    """Return a function of (done, total) for ``progress=`` of runs and comparisons.

    None where nobody listens.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    file, last = Path(name), [0.0]

    def write(done: int, total: int) -> None:
        with contextlib.suppress(OSError):  # a run does not fail for its progress bar
            file.write_text(f"{stage}\t{done}\t{total}\n", encoding="utf-8")

    def tell(done: int, total: int) -> None:
        now = time.monotonic()
        if now - last[0] >= 0.1 or done == total:
            last[0] = now
            write(done, total)

    write(0, 0)  # the stage begins; how much there is to do is not known yet
    return tell


def read_progress(file: Path) -> tuple[str, int, int] | None:
    """Return stage, done and total as last told, None if nothing whole is there."""
    try:
        text = file.read_text(encoding="utf-8")
        stage, done, total = text.removesuffix("\n").split("\t")
        return (stage, int(done), int(total)) if text.endswith("\n") else None
    except (OSError, ValueError):
        return None
