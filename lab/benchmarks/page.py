"""The page: every number with what it means, written from what a run found."""

from __future__ import annotations

import inspect
from typing import Any

from lab.benchmarks import peers as declaration
from lab.benchmarks.goals import goals
from lab.benchmarks.markets import BESIDE
from lab.benchmarks.race import LABELS
from lab.benchmarks.texts import FLOOR, GROWTH, HEAD, PATH, PEERS
from lab.pages.page import joined, table

__all__ = ["page"]


def page(found: dict[str, Any], figures: dict[str, str]) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    found : dict
        What a run found, section by section.
    figures : dict of str to str
        Markdown of each figure, by name.
    """
    quick = "" if found["plan"] == "full" else " (**this is a quick run**, of smaller sizes)"
    judged = goals(found)
    parts = [
        HEAD.format(met=sum(goal.met is True for goal in judged), goals=len(judged), quick=quick),
        _machine(found),
        _goals(found),
        _engines(found),
        _peers(found, figures),
        _floor(found, figures),
        _growth(found, figures),
        _path(found, figures),
    ]
    return joined(parts)


# --- words ------------------------------------------------------------------------


def number(value: float) -> str:
    """Return a number with as many digits as are worth reading."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def timing(t: dict[str, Any]) -> str:
    """Return a median with its range."""
    return f"{number(t['median'])} ({number(t['low'])}–{number(t['high'])})"


def mebibytes(size: float) -> str:
    """Return bytes in MiB."""
    return number(size / 2**20)


# --- sections ---------------------------------------------------------------------


def _machine(found: dict[str, Any]) -> str:
    rows = [[name, value] for name, value in found["machine"].items()]
    return "## The machine\n\n" + table(["", ""], rows, left=2)


def _goals(found: dict[str, Any]) -> str:
    judged = goals(found)
    rows = [[g.what, g.goal, g.obtained, g.verdict] for g in judged]
    missed = [[g.what, g.limit] for g in judged if g.met is False]
    limits = "\n\n### What holds back the goals that are not met\n\n" + table(
        ["what", "where the time goes, and the next limit"], missed, left=2
    )
    return (
        "## Goals\n\nOne thread, 5 firms, core mechanisms, default measures, "
        f"{found['peers']['customers']:,} customers, unless it says otherwise.\n\n"
        + table(["what", "goal", "obtained", "verdict"], rows, left=4)
        + (limits if missed else "")
    )


def _engines(found: dict[str, Any]) -> str:
    e = found["engines"]
    rows = [
        ["columnar (compiled)", timing(e["columnar"]), "1"],
        ["plain (numba's public interface alone)", timing(e["plain"]), timing(e["plain_ratio"])],
        ["agents (one Mesa agent per customer)", timing(e["agents"]), timing(e["ratio"])],
    ]
    return (
        "## The engines of this package\n\nThe same rules in the same order, and the same "
        f"totals to the last digit, which is checked before timing. {e['customers']:,} customers, "
        f"{e['firms']} firms, one thread, {e['columnar']['repeats']} repeats.\n\n"
        + table(["engine", "ns per customer and period", "ratio"], rows, left=1)
    )


def _peers(found: dict[str, Any], figures: dict[str, str]) -> str:
    race = found["peers"]
    rows = []
    for name in sorted(race["times"], key=lambda n: -race["times"][n]["median"]):
        few = race["few"].get(name)
        rows.append(
            [
                LABELS[name],
                timing(race["times"][name]),
                timing(race["ratios"][name]),
                timing(few["time"]) if few else "",
                timing(few["ratio"]) if few else "",
                str(race["lines"].get(name, "")),
            ]
        )
    heads = ["", "ns, all measures", "ratio to cxsim", "ns, few", "ratio", "lines"]
    checks = race["agreement"]
    agreed = [
        [
            LABELS[name],
            str(check["seeds"]),
            f"{check['worst']:.1f} ({check['where']})",
            "yes" if check["agrees"] else "**no**",
        ]
        for name, check in checks.items()
    ]
    declared = inspect.cleandoc(declaration.__doc__ or "").split("\n", 1)[1].strip()
    return PEERS.format(
        count=race["customers"],
        table=table(heads, rows, left=1),
        figure=figures["peers"],
        numbers=next(iter(checks.values()))["numbers"],
        limit=4,
        agreement=table(
            ["", "seeds", "largest distance, standard errors", "agrees"], agreed, left=1
        ),
        ambr=_ambr(found),
        declared="### The model, declared\n\n" + declared.replace("``", "`"),
    )


def _ambr(found: dict[str, Any]) -> str:
    if "ambr" in found["peers"]["times"]:
        return (
            f"`ambr` {found['machine']['ambr']} installs on this Python. Its model keeps customers "
            "in AMBER's columns and computes with the NumPy peer (64 bits), so the difference "
            "between the two is what AMBER adds."
        )
    return (
        "`ambr` is not installed in this environment, so it is left out. It installs on Python "
        "3.11 (`pip install ambr`, which brings Polars); run `make bench` again to have it here."
    )


def _floor(found: dict[str, Any], figures: dict[str, str]) -> str:
    race, profile = found["peers"], found["passes"]
    columns = [
        [f"`{name}`", f"{size['read']:g}", f"{size['written']:g}" if size["written"] else ""]
        for name, size in race["columns"].items()
    ]
    rows = [
        [f"`{row['name']}`", number(row["time"])]
        for row in sorted(profile["rows"], key=lambda row: -row["time"])
    ]
    return FLOOR.format(
        **race["bytes"],
        columns=table(["column", "bytes read", "written"], columns, left=1),
        floor=timing(race["times"]["floor"]),
        n=race["customers"],
        far=timing(race["far"]["floor"]),
        far_n=race["far"]["customers"],
        above=timing(race["above_floor"]),
        far_above=timing(race["far"]["above_floor"]),
        bound=": it is bound\nby arithmetic (random numbers, shocks, choice), not by memory; the "
        "profile below shows which"
        if race["far"]["above_floor"]["median"] > 3
        else "",
        drawing=profile["drawing"],
        drawing_above=profile["drawing"] / race["times"]["floor"]["median"],
        block=profile["customers"],
        total=sum(row["time"] for row in profile["rows"]),
        figure=figures["passes"],
        profile=table(["pass", "ns per customer and period"], rows, left=1),
    )


def _growth(found: dict[str, Any], figures: dict[str, str]) -> str:
    growth = found["growth"]
    customers = [
        [
            f"{r['customers']:,}",
            number(r["period"] * 1e3),
            number(r["period"] / r["customers"] * 1e9),
            number(r["setup"]),
            mebibytes(r["columns"]),
            mebibytes(r["peak"]),
        ]
        for r in growth["customers"]["rows"]
    ]
    firms = [
        [
            str(r["firms"]),
            number(r["period"] / r["customers"] * 1e9),
            number(r["period"] / r["customers"] / r["firms"] * 1e9),
            mebibytes(r["peak"]),
        ]
        for r in growth["firms"]["rows"]
    ]
    periods = [
        [str(r["periods"]), number(r["period"] / r["customers"] * 1e9), mebibytes(r["peak"])]
        for r in growth["periods"]["rows"]
    ]
    threads = [
        [
            f"{r['block']:,}",
            timing(r["one"]),
            timing(r["two"]),
            timing(r["gain"]),
            timing(r["machine"]),
        ]
        for r in growth["threads"]["rows"]
    ]
    switches = [
        [r["name"], timing(r["time"]), timing(r["ratio"]),
         f"{timing(r['beside'])} of {BESIDE[r['name']]}" if r["beside"] else ""]
        for r in growth["switches"]["rows"]
    ]  # fmt: skip
    each, peak = "ns per customer and period", "MiB at the peak"
    return GROWTH.format(
        bend=100 * growth["customers"]["bend"],
        firm_bend=100 * growth["firms"]["bend"],
        customers=table(
            ["customers", "ms per period", each, "s to set up", "MiB of columns", peak],
            customers,
            left=0,
        ),
        customers_figure=figures["customers"],
        memory_figure=figures["memory"],
        n=growth["firms"]["rows"][0]["customers"],
        firms=table(["firms", each, "ns per firm", peak], firms, left=0),
        firms_figure=figures["firms"],
        swelling=growth["periods"]["swelling"],
        periods=table(["periods", each, peak], periods, left=0),
        threads_n=growth["threads"]["customers"],
        cores=growth["threads"]["cores"],
        threads=table(
            ["block", "one thread, ns", "two threads, ns", "gain", "gain of an empty loop"],
            threads,
            left=0,
        ),
        switch_n=growth["switches"]["customers"],
        switches=table(
            ["", each, "ratio to the core", "to what it cannot do without"], switches, left=1
        ),
    )


def _path(found: dict[str, Any], figures: dict[str, str]) -> str:
    path = found["path"]
    imports, made, compared = path["imports"]["times"], path["compile"], path["compare"]
    rows = [
        ["a Python that does nothing", timing(imports["python"])],
        ["`import cxsim`", timing(imports["cxsim"])],
        ["`import cxsim` and all that a run needs", timing(imports["all that a run needs"])],
        ["`import mesa`", timing(imports["mesa"])],
        ["`import cxsim, numba`", timing(imports["cxsim, numba"])],
        ["first result ever (1,000 customers, 60 periods), compiling", timing(made["first"])],
        ["the same in a later process", timing(made["second"])],
        ["the same, and the frame of firms", timing(made["framed"])],
        ["`cxsim --help`", timing(compared["help"])],
        [
            f"`cxsim compare baseline copycat --seeds {compared['seeds']}`, with its report",
            timing(compared["compare"]),
        ],
    ]
    notebook = path["notebook"]
    if notebook:
        rows += [
            ["the comparison notebook by papermill, 2 seeds", timing(notebook["papermill"])],
            ["its cells in a plain process", timing(notebook["cells"])],
            ["what the notebook adds", timing(notebook["extra"])],
        ]
    else:
        rows.append(["what a notebook adds", "not measured in a quick run"])
    return PATH.format(
        path=table(["", "seconds"], rows, left=1),
        figure=figures["path"],
        simulate=timing(path["small"]["simulate"]),
        run=timing(path["small"]["run"]),
        frames=timing(path["small"]["frames"]),
    )
