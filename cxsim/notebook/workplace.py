"""A folder to work in: notebooks and scenario files of one's own."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from cxsim.notebook.catalogue import NotebookInputError
from cxsim.scenario import shipped_root

__all__ = ["lay_out", "workplace"]

_MINE = """\
# A scenario of your own: it takes over everything from another one and changes some of it.
#   cxsim check params/mine.yaml
#   cxsim compare baseline params/mine.yaml
extends: baseline
title: What if Tailor asked a little more?
claim: >
  Customers in a learning relationship stay although the price rises by 5 %.
refuted_by: >
  Tailor's retention falls by more than a point.
firms:
  Tailor:
    price: 21.0
"""

#: Every number that a market of one's own has to state, with what it means.
_MARKET = """\
# A market of your own: put your numbers in the place of these, all of them. What is left out is
# free or stands at a default, and cxsim check says so. Where something costs nothing, write 0.
#   cxsim check params/market.yaml
#   cxsim run params/market.yaml
#   cxsim decide params/market.yaml --firm Alpha
title: Two firms of my market
period_length: month
periods: 60                     # how far ahead profits count
currency: EUR
market_size: 100000             # customers in the market
discount_rate: 0.01             # per month
outside_option: true            # customers may buy from nobody
needs: 2
learning_rate: 1.0              # a fully told need halves the uncertainty after one contact
segments:
  All:
    share: 1.0
    purchase_rate: 0.5          # purchases per month
    turnover: 0.01              # share of customers who leave the market in a month
    price_sensitivity: 0.18     # 1 / EUR
    brand_taste_sd: 2.0         # EUR
    switching_cost: 2.4         # EUR
    need_sd: 1.0
    fit_weight: 1.5             # EUR that a squared unit of distance from the need costs
    hassle: 2.0                 # EUR of effort per order
    teaching_effort: 3.0        # EUR of effort for a complete specification
    disclosure: 0.8             # share of what could be told that customers tell
    outside_value: 0.0
firms:
  Alpha: &firm
    price: 20.0                 # EUR per unit
    quality: 27.0               # EUR that a unit is worth
    interaction: 0.2            # 0 to 1
    customization: 0.1          # 0 to 1
    identification: 0.9         # chance to recognize a customer
    segment_insight: 0.6        # 0 to 1
    forgetting_rate: 0.01       # per month
    unit_cost: 11.0             # EUR per unit
    cost_to_serve: 1.0          # EUR per purchase
    interaction_cost: 1.0       # EUR per contact at interaction 1
    customization_cost: 1.5     # EUR more for a fully customized unit
    capability_cost: 15000      # EUR per month at capability 1, times its square, whole market
    capability_investment: 100000  # EUR once, from capability 0 to 1, whole market
  Beta:
    <<: *firm
    price: 21.0
    interaction: 0.7
    customization: 0.5
"""

_README = """\
# A place to work with cxsim

- `notebooks/`: copies to change as you like. Start with `00_start_here.ipynb`.
- `params/scenarios/`: copies of the scenarios that come with the package. By name
  (`cxsim run baseline`) you get the package's own, by path
  (`cxsim run params/scenarios/baseline.yaml`) yours.
- `params/mine.yaml`: a variant of a scenario, to start from.
- `params/market.yaml`: a market of your own, with every number that it has to state.
- `results/`: what `cxsim run` and `cxsim compare` write when started here.

Open it with `cxsim lab`.
"""


def lay_out(folder: str | Path) -> Path:
    """Copy notebooks and scenario files to a new folder, which appears whole or not at all.

    Raises
    ------
    NotebookInputError
        If the folder is there and not empty, or cannot be written.
    """
    folder = Path(folder)
    try:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            inside = "a file" if not folder.is_dir() else "other files in it"
            raise NotebookInputError(f"{folder}: expected a new or empty folder, found {inside}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _cannot(folder, error) from None
    try:
        skip = shutil.ignore_patterns(".*", "__pycache__", "results", "predictions")
        for kind in ("notebooks", "params"):
            # Plain copies: what is read-only in a shared installation is the user's own here.
            shutil.copytree(
                shipped_root(kind), draft / kind, ignore=skip, copy_function=shutil.copyfile
            )
        for made in [draft, *draft.rglob("*")]:
            made.chmod(0o755 if made.is_dir() else 0o644)
        (draft / "params" / "mine.yaml").write_text(_MINE, encoding="utf-8")
        (draft / "params" / "market.yaml").write_text(_MARKET, encoding="utf-8")
        (draft / "README.md").write_text(_README, encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        draft.replace(folder)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise _cannot(folder, error) from None
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _cannot(folder: Path, error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return error
    what = (error.strerror or str(error)).lower()
    return NotebookInputError(f"{folder}: expected a folder that can be written, found {what}")


def workplace(folder: str | Path = ".") -> tuple[Path, bool]:
    """Return a folder that has ``notebooks/``, and whether it was laid out for this.

    That is the folder itself, or ``cxsim-lab`` in it.

    Raises
    ------
    NotebookInputError
        If there is no such folder, or none can be laid out in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "a file" if folder.exists() else f"no folder (cxsim new {folder} makes one)"
        raise NotebookInputError(f"{folder}: expected a folder, found {what}")
    for place in (folder, folder / "cxsim-lab"):
        if (place / "notebooks" / "00_start_here.ipynb").is_file():
            return place, False
    return lay_out(folder / "cxsim-lab"), True
