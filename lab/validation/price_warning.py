"""How often prices that answer demand are noticed: ``python -m lab.validation.price_warning``.

Panels are drawn by :mod:`lab.validation.simulated` and calibrated as a user would. Counts are
written to ``price_warning.json`` beside this file, and into the section of ``docs/estimation.md``
that is made of them (``--dry-run``: only printed).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from cxsim.calibration import Columns, calibrate
from lab.pages.page import DOCS, table, write
from lab.validation.simulated import Truth, draw

__all__ = ["KEPT", "MARKETS", "main", "measure", "placed", "section"]

KEPT = Path(__file__).with_suffix(".json")

#: What the page calls a market, and the market.
MARKETS = {
    "prices take up 0.6 of demand shocks of 1 util": Truth(shock=1.0, answer=0.6),
    "prices take up 0.6 of demand shocks of 0.5 utils": Truth(shock=0.5, answer=0.6),
    "demand shocks of 0.5 utils, prices do not answer": Truth(shock=0.5),
}
CUSTOMERS, PURCHASES, UNSEEN = 600, 12, 20
#: Seeds begin here: apart from those at which the test was chosen.
FIRST_SEED = 1000


def measure(truth: Truth, panels: int) -> dict[str, Any]:
    """Return how many panels are tested and warned of, with the t statistics.

    Parameters
    ----------
    truth : Truth
    panels : int
    """
    found = []
    for seed in range(FIRST_SEED, FIRST_SEED + panels):
        frame = draw(truth, CUSTOMERS, PURCHASES, unseen=UNSEEN, seed=seed)
        result = calibrate(frame, columns=Columns(features=()), permutations=0)
        assert result.prices is not None
        codes = [each.code for each in result.warnings]
        found.append((result.prices.t, "prices_answer_demand" in codes))
    tested = [t for t, _ in found if t == t]
    return {
        "panels": panels,
        "tested": len(tested),
        "warned": sum(warned for _, warned in found),
        "t": [round(t, 2) for t in tested],
    }


def section(kept: Path = KEPT) -> str:
    """Return the section of the page, from the counts that are kept; nothing if there are none.

    Parameters
    ----------
    kept : Path
    """
    if not kept.is_file():
        return ""
    found: Mapping[str, Mapping[str, Any]] = json.loads(kept.read_text("utf-8"))
    rows = []
    for name, each in found.items():
        share = each["warned"] / each["panels"]
        error = sqrt(share * (1.0 - share) / each["panels"])
        mean = sum(each["t"]) / max(len(each["t"]), 1)
        said = f"{each['warned']} of {each['panels']} ({100 * share:.0f} %, se {100 * error:.0f})"
        rows.append([name, said, str(each["tested"]), f"{mean:.1f}"])
    heads = ["market", "warned of", "tested", "mean t"]
    return (
        f"{_BEGIN}\n## Are prices that answer demand noticed?\n\n"
        f"Panels of {CUSTOMERS} customers with {PURCHASES} purchases after {UNSEEN} unseen, "
        "calibrated without costs "
        "(`python -m lab.validation.price_warning`). The warning `prices_answer_demand` is a test "
        "at 5 %: where prices do not answer it should be raised in one of 20 panels.\n\n"
        + table(heads, rows, left=1)
        + f"\n{_END}"
    )


_BEGIN, _END = "<!-- price warning -->", "<!-- end of price warning -->"


def placed(text: str, made: str) -> str:
    """Return a page with its section replaced, or with the section at its end.

    Parameters
    ----------
    text, made : str
        Page and section.
    """
    before, there, rest = text.partition(_BEGIN)
    if not there:
        return f"{text.rstrip()}\n\n{made}\n"
    return f"{before}{made}{rest.partition(_END)[2]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, keep the counts, write the section, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.validation.price_warning", description=__doc__
    )
    parser.add_argument("--panels", type=int, default=20, help="panels of each market")
    parser.add_argument("--dry-run", action="store_true", help="print, write nothing")
    given = parser.parse_args(arguments)
    found = {}
    for name, truth in MARKETS.items():
        found[name] = measure(truth, given.panels)
        print(f"{name}: {found[name]}", flush=True)
    if not given.dry_run:
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        page = DOCS / "estimation.md"
        write(page, placed(page.read_text("utf-8"), section()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
