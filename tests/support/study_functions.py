"""Functions that studies are tested with: what they give is known, and how they fail."""

from __future__ import annotations

import math
import os
import signal
import time
from pathlib import Path

import cxsim as cx


def plane(point, seed):
    """A plane with some noise that depends on the seed alone."""
    return {"y": 2.0 * point["a"] + point["b"] + (seed * 7919 % 101) / 1000.0}


def ishigami(point, seed):
    """Ishigami's function: its Sobol indices are known in closed form."""
    a, b, c = point["x1"], point["x2"], point["x3"]
    return math.sin(a) + 7.0 * math.sin(b) ** 2 + 0.1 * c**4 * math.sin(a)


def sometimes_fails(point, seed):
    if point["a"] == 3:
        raise ZeroDivisionError("a is three")
    return point["a"]


def kills_its_process(point, seed):
    if point["a"] == 3 and seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return point["a"]


def sleeps(point, seed):
    if point["a"] == 3:
        time.sleep(60)
    return point["a"]


def hangs(point, seed):
    """Does not let anybody interrupt it."""
    if point["a"] == 3:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(60)
    return point["a"]


def slow(point, seed):
    time.sleep(0.02)
    return {"y": point["a"] + 1000.0 * seed}


@cx.inputs(log="notes on which no result depends")
def logged(point, seed):
    """A small market whose runs are noted as they begin: who, when, which.

    The notes go to the file ``CXSIM_TEST_LOG``; ``CXSIM_TEST_LIFE`` says which life of the runner
    the process belongs to. Neither is part of a run's digest.
    """
    note = f"{os.environ.get('CXSIM_TEST_LIFE', '')} {os.getpid()} {time.time_ns()} "
    with Path(os.environ["CXSIM_TEST_LOG"]).open("a", encoding="ascii") as log:
        log.write(f"{note}{point['a']:.0f} {seed}\n")  # one short line is written at once
    changes = {"customers": 40, "periods": 3, "firms.Tailor.price": 15.0 + 0.01 * point["a"]}
    run = cx.run("baseline", seed=seed, overrides=changes)
    time.sleep(0.02)
    shares = run.firms.groupby("firm")["market_share"].mean()
    return {f"market_share.{firm}": share for firm, share in shares.items()}
