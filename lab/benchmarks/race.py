"""Peers: the same market in Mesa, in NumPy, on AMBER, in this package; and the floor under all."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import cxsim as cx
from lab.benchmarks.agreement import agreement, simulated
from lab.benchmarks.floor import streaming, traffic
from lab.benchmarks.markets import five_firms
from lab.benchmarks.plan import Plan
from lab.benchmarks.timing import Timing, forget_mesa_models, in_turn, ratio, say

__all__ = ["LABELS", "code_lines", "peer_growth", "peers", "race"]

#: What peers are called on the page.
LABELS = {
    "cxsim": "cxsim, compiled columns",
    "mesa": "Mesa, one agent per customer",
    "numpy64": "NumPy, 64 bits",
    "numpy32": "NumPy, 32 bits, quick shocks",
    "ambr": "AMBER, vectorized lane",
    "floor": "streaming floor",
}

#: Periods timed at once, so that one measurement takes long enough.
PERIODS = {"cxsim": 10, "mesa": 1, "numpy64": 3, "numpy32": 3, "ambr": 3, "floor": 50}

#: Periods before the timing, until most customers have a supplier.
SETTLE = 5


def peers() -> dict[str, Callable[..., Any]]:
    """Return the peers that can run here, by name."""
    from lab.benchmarks.peers.mesa_model import MesaMarket
    from lab.benchmarks.peers.numpy_model import NumpyMarket

    found: dict[str, Callable[..., Any]] = {
        "mesa": MesaMarket,
        "numpy64": NumpyMarket,
        "numpy32": partial(NumpyMarket, dtype="float32"),
    }
    if importlib.util.find_spec("ambr"):
        from lab.benchmarks.peers.ambr_model import AmberMarket

        found["ambr"] = AmberMarket
    return found


def _settled(model: Any) -> Any:
    for _ in range(SETTLE):
        model.step()
    return model


def _periods(model: Any, periods: int) -> Callable[[], None]:
    def action() -> None:
        for _ in range(periods):
            model.step()

    return action


def race(plan: Plan) -> dict[str, Any]:
    """Return times per customer and period of all, their ratios, and whether they agree."""
    found = peers()
    small = five_firms(customers=1000, periods=12)
    say("peers: do they give the same numbers?")
    reference = [simulated(small, seed) for seed in range(5 * plan.peer_seeds)]
    checks = {
        name: agreement(
            name,
            peer,
            small,
            seeds=plan.peer_seeds * (1 if name == "mesa" else 3),
            reference=reference,
        )
        for name, peer in found.items()
    }
    n = plan.peer_customers
    scenario = five_firms(customers=n)
    say(f"peers: {n:,} customers arrive in each")
    models = {"cxsim": cx.Simulation(scenario)}
    models |= {name: peer(scenario, measures="all", rng=1) for name, peer in found.items()}
    actions = {name: _periods(_settled(model), PERIODS[name]) for name, model in models.items()}
    bytes_ = traffic(scenario)
    stream = streaming(bytes_, n)
    actions["floor"] = lambda: [stream() for _ in range(PERIODS["floor"])]
    times = in_turn(actions, rounds=plan.peer_rounds, label="peers")
    del actions, models
    forget_mesa_models()

    few = {}
    models = {"cxsim": cx.Simulation(scenario)}
    models |= {name: peer(scenario, measures="few", rng=1) for name, peer in found.items()}
    again = {name: _periods(_settled(model), PERIODS[name]) for name, model in models.items()}
    fewer = in_turn(again, rounds=max(2, plan.peer_rounds // 2), label="peers, few measures")
    del again, models
    forget_mesa_models()
    for name in found:
        few[name] = {
            "time": Timing.of(fewer[name], 1e9 / n / PERIODS[name]),
            "ratio": ratio(fewer[name], fewer["cxsim"], PERIODS["cxsim"] / PERIODS[name]),
        }
    far = plan.far_customers
    say(f"peers: the floor at {far:,} customers, beyond the caches")
    distant = cx.Simulation(five_firms(customers=far))
    beyond = in_turn(
        {"cxsim": _periods(_settled(distant), 1), "floor": streaming(bytes_, far)},
        rounds=plan.peer_rounds,
    )
    moved = {kind: sum(c[kind] for c in bytes_.values()) for kind in ("read", "written")}
    return {
        "customers": n,
        "times": {name: Timing.of(t, 1e9 / n / PERIODS[name]) for name, t in times.items()},
        "ratios": {
            name: ratio(t, times["cxsim"], PERIODS["cxsim"] / PERIODS[name])
            for name, t in times.items()
        },
        "above_floor": ratio(times["cxsim"], times["floor"], PERIODS["floor"] / PERIODS["cxsim"]),
        "few": few,
        "far": {
            "customers": far,
            "cxsim": Timing.of(beyond["cxsim"], 1e9 / far),
            "floor": Timing.of(beyond["floor"], 1e9 / far),
            "above_floor": ratio(beyond["cxsim"], beyond["floor"]),
        },
        "columns": bytes_,
        "bytes": moved,
        "lines": {name: code_lines(peer) for name, peer in found.items()},
        "agreement": {name: vars(c) | {"agrees": c.agrees} for name, c in checks.items()},
    }


def code_lines(peer: Callable[..., Any]) -> int:
    """Return the lines of a peer's file that hold code: no blanks, comments or docstrings."""
    made = peer.func if isinstance(peer, partial) else peer
    source = inspect.getsource(inspect.getmodule(made))
    tree = ast.parse(source)
    words: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            words |= set(range(node.lineno, node.end_lineno + 1))
    lines = source.splitlines()
    return sum(
        1
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.strip().startswith("#") and number not in words
    )


def peer_growth(plan: Plan) -> dict[str, dict[int, float]]:
    """Return ns per customer and period of Mesa and NumPy by number of customers."""
    found = peers()
    result: dict[str, dict[int, float]] = {}
    for name, sizes in (("mesa", plan.mesa_sizes), ("numpy64", plan.numpy_sizes)):
        result[name] = {}
        for n in sizes:
            say(f"growth: {LABELS[name]}, {n:,} customers")
            model = _settled(found[name](five_firms(customers=n), measures="all", rng=1))
            times = in_turn({name: model.step}, rounds=3)[name]
            result[name][n] = Timing.of(times, 1e9 / n)["median"]
            del model
            forget_mesa_models()
    return result
