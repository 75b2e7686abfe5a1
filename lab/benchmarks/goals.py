"""The numbers to reach, what was obtained, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lab.benchmarks.markets import ALONE, CENTERS, TOGETHER

__all__ = ["Goal", "goals"]

CUSTOMERS = 100_000


@dataclass(frozen=True)
class Goal:
    """One row: what is compared, the goal and what was obtained in words, and whether it is met.

    ``met`` is None where this run could not tell: too small, or not measured. ``limit`` says
    where the time goes.
    """

    what: str
    goal: str
    obtained: str
    met: bool | None
    limit: str = ""

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return {True: "met", False: "**not met**", None: "not measured"}[self.met]


def goals(found: dict[str, Any]) -> list[Goal]:
    """Return every goal with what a run of the benchmarks found."""
    full = found["plan"] == "full"
    parts = _speed(found) + _growth(found) + _mechanisms(found) + _path(found)
    return [_judged(goal, full) for goal in parts]


def _judged(goal: Goal, full: bool) -> Goal:
    return goal if full else replace(goal, obtained=f"{goal.obtained} (quick run)")


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def _range(t: dict[str, Any]) -> str:
    return f"{_times(t['median'])} times ({_times(t['low'])} to {_times(t['high'])})"


def _speed(found: dict[str, Any]) -> list[Goal]:
    race, ratios = found["peers"], found["peers"]["ratios"]
    numpy64, numpy32 = ratios["numpy64"], ratios["numpy32"]
    harder = min((numpy64, numpy32), key=lambda t: t["median"])
    above, far = race["above_floor"], race["far"]
    engines = found["engines"]["ratio"]
    return [
        Goal(
            "against a straightforward Mesa model",
            "at least 200 times faster; aim for 400",
            _range(ratios["mesa"]),
            ratios["mesa"]["median"] >= 200,
            _profile(found),
        ),
        Goal(
            "against the agents engine",
            "at least 200 times faster",
            _range(engines),
            engines["median"] >= 200,
            _profile(found),
        ),
        Goal(
            "against vectorized NumPy (the quicker of two)",
            "at least 6 times faster",
            f"{_range(harder)}; against the one in 64 bits {_range(numpy64)}",
            harder["median"] >= 6,
            _profile(found),
        ),
        Goal(
            "against the streaming floor",
            "at most 12 times slower; aim for 6",
            f"{_range(above)}; at {far['customers']:,} customers, which no cache holds, "
            f"{_range(far['above_floor'])}",
            above["median"] <= 12,
            _arithmetic(found),
        ),
    ]


def _growth(found: dict[str, Any]) -> list[Goal]:
    growth = found["growth"]
    threads, memory = growth["threads"], growth["memory"]
    best = max(threads["rows"], key=lambda row: row["gain"]["median"])
    large = threads["customers"] >= 1_000_000 and threads["cores"] >= 2
    customers, firms = growth["customers"], growth["firms"]
    swelling = growth["periods"]["swelling"]
    straight = customers["bend"] <= 0.15 and firms["bend"] <= 0.15 and swelling <= 1.05
    return [
        Goal(
            f"two threads against one, at {threads['customers']:,} customers",
            "at least 1.8 times faster",
            f"{_range(best['gain'])} in blocks of {best['block']:,}; a loop that touches no memory "
            f"gains {_times(best['machine']['median'])} in the same rounds",
            best["gain"]["median"] >= 1.8 if large else None,
            _sharing(found),
        ),
        Goal(
            f"memory at {memory['customers']:,} customers, {memory['firms']} firms",
            "at most 2.5 GiB, all included",
            f"{memory['peak'] / 2**30:.2f} GiB",
            memory["peak"] <= 2.5 * 2**30 if memory["customers"] >= 10_000_000 else None,
        ),
        Goal(
            "growth",
            "linear in customers and in firms within 15 %, flat memory over periods",
            f"off a straight line by at most {100 * customers['bend']:.0f} % (customers) and "
            f"{100 * firms['bend']:.0f} % (firms); memory over periods times {swelling:.3f}",
            straight,
        ),
    ]


def _mechanisms(found: dict[str, Any]) -> list[Goal]:
    rows = {row["name"]: row for row in found["growth"]["switches"]["rows"]}
    alone = {name: (rows[name]["beside"] or rows[name]["ratio"])["median"] for name in ALONE}
    dearest = max(alone, key=lambda name: alone[name])
    centers = {members: rows[name]["ratio"]["median"] for members, name in CENTERS.items()}
    together = rows[TOGETHER]["ratio"]
    return [
        Goal(
            "experience, word of mouth, listening or discovery, each alone",
            "at most 1.6 times the market without it",
            f"at most {_times(alone[dearest])} times ({dearest})",
            alone[dearest] <= 1.6,
        ),
        Goal(
            "all of experience, trust, word of mouth, listening and discovery at once",
            "at most 3.5 times the core",
            _range(together),
            together["median"] <= 3.5,
        ),
        Goal(
            "buying centers of n members",
            "at most 1.2 n times the core",
            ", ".join(f"{_times(ratio)} times of {n}" for n, ratio in centers.items()),
            all(ratio <= 1.2 * members for members, ratio in centers.items()),
        ),
    ]


def _path(found: dict[str, Any]) -> list[Goal]:
    path = found["path"]
    small, imports = path["small"]["frames"], path["imports"]["cxsim_to_mesa"]
    second, needed, framed = (
        path["compile"][f"{what}_to_{than}"]
        for what, than in (("second", "imports"), ("second", "needed"), ("framed", "imports"))
    )
    return [
        Goal(
            "small run (1,000 customers, 60 periods) after warm-up",
            "at most 15 ms",
            f"{small['median']:.1f} ms with all its frames, {path['small']['run']['median']:.1f} "
            f"ms with frames when asked for, {path['small']['simulate']['median']:.1f} ms without",
            small["median"] <= 15,
            f"{path['small']['simulate']['median']:.1f} ms are the simulation, "
            f"{path['small']['run']['median'] - path['small']['simulate']['median']:.1f} ms "
            "summaries of all measures, the rest making tables of pandas",
        ),
        Goal(
            "`import cxsim`",
            "at most 1.3 times `import mesa`",
            _range(imports),
            imports["median"] <= 1.3,
        ),
        Goal(
            "second process, cached compile: from start to first result",
            "at most 1.5 times `import cxsim, numba`",
            f"{_range(second)}; against importing all that a run needs {_range(needed)}; "
            f"{_times(framed['median'])} times with a frame of pandas",
            second["median"] <= 1.5,
            _starting(found),
        ),
    ]


# --- limits -------------------------------------------------------------------------


def _profile(found: dict[str, Any]) -> str:
    """Name the largest passes, and what no engine that draws as the model says can do without."""
    profile = found["passes"]
    rows = sorted(profile["rows"], key=lambda row: -row["time"])
    total = sum(row["time"] for row in rows)
    named = ", ".join(f"`{row['name']}` {row['time']:.1f}" for row in rows[:5])
    return (
        f"of {total:.0f} ns: {named}, none of the {len(rows) - 5} others above "
        f"{rows[5]['time']:.1f}; drawing alone takes {profile['drawing']:.1f}, so what is left is "
        "arithmetic on customer-firm pairs and totals by firm"
    )


def _arithmetic(found: dict[str, Any]) -> str:
    profile, race = found["passes"], found["peers"]
    floor = race["times"]["floor"]["median"]
    return (
        f"arithmetic, not memory: only drawing the random numbers takes {profile['drawing']:.1f} "
        f"ns, {profile['drawing'] / floor:.0f} times the floor in cache"
    )


def _sharing(found: dict[str, Any]) -> str:
    """Say what two threads could wait for: memory, the interpreter, or other programs."""
    moved = sum(found["peers"]["bytes"].values())
    far = found["peers"]["far"]
    used, there = (moved / far[what]["median"] for what in ("cxsim", "floor"))
    rows = found["growth"]["threads"]["rows"]
    machine = max(row["machine"]["median"] for row in rows)
    return (
        f"a loop that touches no memory gains {_times(machine)} from a second thread, on this "
        "machine as it was; threads share no lock and write to arrays of their own: a leg of the "
        f"period is a few calls in each. A thread moves {used:.1f} GB/s of the {there:.0f} GB/s "
        "that memory gives one, so it is not memory"
    )


def _starting(found: dict[str, Any]) -> str:
    """Split the start of a second process into what is imported and what is done."""
    path = found["path"]
    imports, second = path["imports"]["times"], path["compile"]["second"]["median"]
    numba, needed = (imports[what]["median"] for what in ("cxsim, numba", "all that a run needs"))
    return (
        f"of {second:.2f} s, {numba:.2f} s import numba and NumPy, "
        f"{max(0.0, needed - numba):.2f} s what else a run needs, "
        f"{max(0.0, second - needed):.2f} s load compiled passes and run"
    )
