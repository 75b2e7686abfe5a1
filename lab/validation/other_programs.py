"""Estimates of a panel logit by other programs, run in an environment of their own.

``python other_programs.py NAME PANEL DRAWS`` prints JSON: parameters, standard errors, log-
likelihood and seconds. It imports nothing of this project, which need not be installed there.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pandas as pd


def _long(frame: pd.DataFrame) -> tuple[list[str], dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return firms, columns by name of shape (N, F), choices and customers."""
    firms = [name[6:] for name in frame if name.startswith("price.")]
    size = len(firms)
    chosen = frame["choice"].map(firms.index).to_numpy()
    who = pd.factorize(frame["customer"])[0]
    last = np.concatenate([[-1], np.where(who[1:] == who[:-1], chosen[:-1], -1)])
    columns = {
        "price_sensitivity": -frame[[f"price.{name}" for name in firms]].to_numpy(float),
        "loyalty": (np.arange(size) == last[:, None]).astype(float),
    }
    for k, name in enumerate(firms):
        columns[f"one.{name}"] = np.tile(np.eye(size)[k], (len(frame), 1))
    return firms, columns, chosen, who


def by_xlogit(frame: pd.DataFrame, draws: int) -> dict[str, Any]:
    """Estimate by xlogit; all firms' intercepts are random, that of the second has mean zero."""
    from xlogit import MixedLogit

    firms, columns, chosen, who = _long(frame)
    size, rows = len(firms), len(frame)
    names = list(columns)
    # xlogit has no random coefficient of mean zero: means are those of fixed columns beside.
    model = MixedLogit()
    model.fit(
        X=np.stack([columns[name].ravel() for name in names], axis=1),
        y=(np.arange(size) == chosen[:, None]).ravel().astype(int),
        varnames=names,
        alts=np.tile(np.arange(size), rows),
        ids=np.repeat(np.arange(rows), size),
        panels=np.repeat(who, size),
        randvars={name: "n" for name in names if name.startswith("one.")},
        n_draws=draws,
        maxiter=2000,
        verbose=0,
        optim_method="BFGS",
    )
    found = dict(zip(model.coeff_names, map(float, model.coeff_), strict=True))
    errors = dict(zip(model.coeff_names, map(float, model.stderr), strict=True))
    return _result(found, errors, float(model.loglikelihood), firms)


#: Halton sequences that biogeme has; two tastes of one sequence would be the same taste.
_PRIMES = (2, 3, 5)


def by_biogeme(frame: pd.DataFrame, draws: int) -> dict[str, Any]:
    """Estimate by biogeme."""
    import biogeme.database as db
    from biogeme.biogeme import BIOGEME
    from biogeme.expressions import (
        Beta,
        Draws,
        MonteCarlo,
        PanelLikelihoodTrajectory,
        Variable,
        log,
    )
    from biogeme.models import logit

    firms, columns, chosen, who = _long(frame)
    size = len(firms)
    if size > len(_PRIMES):
        raise ValueError(f"expected at most {len(_PRIMES)} firms, found {size}")
    data = {"who": who, "chosen": chosen}
    for name in ("price_sensitivity", "loyalty"):
        data |= {f"{name}_{k}": columns[name][:, k] for k in range(size)}
    database = db.Database("panel", pd.DataFrame(data).astype(float))
    database.panel("who")
    utility = {}
    for k in range(size):
        spread = Beta(f"sd_{k}", 1, None, None, 0) * Draws(
            f"taste_{k}", f"NORMAL_HALTON{_PRIMES[k]}"
        )
        level = Beta(f"one_{k}", 0, None, None, int(k == 1))
        utility[k] = level + spread
        for name in ("price_sensitivity", "loyalty"):
            utility[k] += Beta(name, 0, None, None, 0) * Variable(f"{name}_{k}")
    one = PanelLikelihoodTrajectory(logit(utility, None, Variable("chosen")))
    model = BIOGEME(
        database, log(MonteCarlo(one)), number_of_draws=draws, seed=1, generate_html=False,
        generate_yaml=False, save_iterations=False,
    )  # fmt: skip
    model.model_name = "panel"
    result = model.estimate()
    values = result.get_beta_values()
    errors = {name: float(result.get_parameter_std_err(name)) for name in values}

    def called(name: str) -> str:
        what, _, k = name.rpartition("_")
        return {"sd": f"sd.one.{firms[int(k)]}", "one": f"one.{firms[int(k)]}"}[what]

    usual = ("price_sensitivity", "loyalty")
    named = {(n if n in usual else called(n)): n for n in values}
    found = {new: float(values[old]) for new, old in named.items()}
    spreads = {new: errors[old] for new, old in named.items()}
    return _result(found, spreads, float(result.final_log_likelihood), firms)


def _result(
    found: dict[str, float], errors: dict[str, float], value: float, firms: list[str]
) -> dict[str, Any]:
    """Return results under this project's names, intercepts as differences from the second."""
    base = found.get(f"one.{firms[1]}", 0.0)
    values = {name: found[name] for name in ("price_sensitivity", "loyalty")}
    values |= {
        f"intercept.{name}": found[f"one.{name}"] - base for name in (firms[0], *firms[2:])
    }  # fmt: skip
    values |= {f"taste_sd.{name}": abs(found[f"sd.one.{name}"]) for name in firms}
    spreads = {name: errors[name] for name in ("price_sensitivity", "loyalty")}
    return {"values": values, "errors": spreads, "loglikelihood": value}


if __name__ == "__main__":
    program, path, points = sys.argv[1:]
    estimate = {"xlogit": by_xlogit, "biogeme": by_biogeme}[program]
    panel = pd.read_csv(path)
    began = time.perf_counter()
    outcome = estimate(panel, int(points))
    print(json.dumps(outcome | {"seconds": time.perf_counter() - began}))
