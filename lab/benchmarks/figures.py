"""The figures of the page, in the style of the package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cxsim.charts.layout import EndLabel, end_labels, finish, new
from cxsim.charts.style import GREY, OKABE_ITO, Picture, readable, styled
from lab.benchmarks.race import LABELS
from lab.pages.page import Images

__all__ = ["draw"]

BLUE, RED, GREEN = (OKABE_ITO[c] for c in ("blue", "vermillion", "bluish green"))
ORANGE, PURPLE, SKY = (OKABE_ITO[c] for c in ("orange", "reddish purple", "sky blue"))


def draw(found: dict[str, Any], images: Images) -> dict[str, str]:
    """Save every figure; return the Markdown that shows each, by name."""
    figures = {
        "peers": _peers(found),
        "customers": _customers(found),
        "memory": _memory(found),
        "firms": _firms(found),
        "passes": _passes(found),
        "path": _path(found),
    }
    return {name: images.add(figure, name) for name, figure in figures.items()}


def count(value: float, _: Any = None) -> str:
    """Return a number of an axis in words: 1, 10, 1,000, 1 million."""
    if value >= 1e6:
        return f"{value / 1e6:g} million"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def duration(nanoseconds: float, _: Any = None) -> str:
    """Return a time in the unit that suits it."""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def _log(axis: Any, words: Callable[..., str]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(numticks=12))
    axis.set_major_formatter(FuncFormatter(words))
    axis.set_minor_formatter(NullFormatter())


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _bars(
    rows: Iterable[tuple[str, float, str]],
    *,
    unit: str,
    title: str,
    note: str,
    log: bool,
    words: Callable[..., str] = _number,
) -> Picture:
    """Return horizontal bars (dots on a log scale) with their names and values beside them."""
    rows = list(rows)
    figure = new((7.6, 1.5 + 0.36 * len(rows)), (7.6, 4.0))
    axes = figure.subplots()
    places = list(range(len(rows)))[::-1]
    for place, (_, value, color) in zip(places, rows, strict=True):
        if log:
            axes.plot([value], [place], "o", color=color, markersize=8)
        else:
            axes.barh(place, value, color=color, height=0.62)
        axes.annotate(
            words(value), (value, place), xytext=(8, 0), textcoords="offset points",
            va="center", color=readable(color), fontsize=9.5,
        )  # fmt: skip
    axes.set_yticks(places, [name for name, _, _ in rows])
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    top = max(value for _, value, _ in rows)
    if log:
        axes.set_xscale("log")
        low = min(value for _, value, _ in rows)
        axes.set_xlim(low / 2, top * (top / low) ** 0.12)
        _log(axes.xaxis, words)
    else:
        axes.set_xlim(0, top * 1.2)
    axes.set_xlabel(unit)
    said = ", ".join(f"{name} {words(value)}" for name, value, _ in rows)
    return finish(
        figure, title=title, note=note, alt=f"{title}. {unit[0].upper()}{unit[1:]}: {said}."
    )


@styled
def _peers(found: dict[str, Any]) -> Picture:
    race, engines = found["peers"], found["engines"]
    colors = {
        "mesa": RED, "ambr": PURPLE, "numpy64": ORANGE, "numpy32": ORANGE, "cxsim": BLUE,
        "floor": GREY,
    }  # fmt: skip
    rows = [
        (LABELS[name], race["times"][name]["median"], color)
        for name, color in colors.items()
        if name in race["times"]
    ]
    rows.append(("cxsim, agents engine", engines["agents"]["median"], SKY))
    rows.sort(key=lambda row: -row[1])
    return _bars(
        rows,
        unit="time per customer and period",
        words=duration,
        title="What one customer costs in one period",
        note=f"{race['customers']:,} customers, 5 firms, one thread, the same measures; the agents "
        f"engine {engines['customers']:,} customers. Medians; logarithmic scale.",
        log=True,
    )


def _lines(
    series: list[tuple[str, list[float], list[float], str]],
    *,
    x: str,
    y: str,
    title: str,
    note: str,
    log: bool = True,
    words: Callable[..., str] = count,
) -> Picture:
    """Return lines, by default on logarithmic axes, each named at its end."""
    figure = new(None, (7.6, 4.6))
    axes = figure.subplots()
    for _, xs, ys, color in series:
        axes.plot(xs, ys, "-o", color=color, markersize=5)
    if log:
        axes.set_xscale("log")
        axes.set_yscale("log")
        _log(axes.xaxis, count)
        _log(axes.yaxis, words)
    else:
        axes.set_xlim(0, max(xs[-1] for _, xs, _, _ in series) * 1.03)
        axes.set_ylim(0, max(max(ys) for _, _, ys, _ in series) * 1.1)
        axes.set_xticks(series[0][1])
    axes.margins(x=0.03)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    said = "; ".join(
        f"{name}: " + ", ".join(f"{words(v)} at {count(u)}" for u, v in zip(xs, ys, strict=True))
        for name, xs, ys, _ in series
    )
    finish(figure, title=title, note=note, alt=f"{title}. {y[0].upper()}{y[1:]} by {x}: {said}.")
    end = max(xs[-1] for _, xs, _, _ in series)
    for name, xs, ys, color in series:
        if xs[-1] < end:  # ends within the axes: named where it ends
            axes.annotate(
                name, (xs[-1], ys[-1]), xytext=(8, 3), textcoords="offset points",
                color=readable(color), fontsize=9.5,
            )  # fmt: skip
    last = [one for one in series if one[1][-1] == end]
    labels = [EndLabel(end, ys[-1], name, readable(c)) for name, _, ys, c in last]
    end_labels(axes, labels)
    return figure


@styled
def _customers(found: dict[str, Any]) -> Picture:
    rows, peers = found["growth"]["customers"]["rows"], found["growth"]["peers"]
    far = found["peers"]["far"]
    sizes = [r["customers"] for r in rows]
    series = [("cxsim", sizes, [r["period"] * 1e9 for r in rows], BLUE)]
    for name, label, color in (("mesa", "Mesa", RED), ("numpy64", "NumPy", ORANGE)):
        pairs = sorted((int(n), ns) for n, ns in peers[name].items())
        series.append((label, [n for n, _ in pairs], [n * ns for n, ns in pairs], color))
    floor = far["floor"]["median"]
    series.append(("memory floor", sizes, [n * floor for n in sizes], GREY))
    return _lines(
        series,
        x="customers",
        y="time per period",
        words=duration,
        title="Time by number of customers",
        note="5 firms, one thread. Memory floor: reading and writing the same bytes once at the "
        f"rate of main memory ({floor:.2g} ns per customer).",
    )


@styled
def _memory(found: dict[str, Any]) -> Picture:
    rows = found["growth"]["customers"]["rows"]
    sizes = [r["customers"] for r in rows]
    return _lines(
        [
            ("whole process", sizes, [r["peak"] / 2**20 for r in rows], BLUE),
            ("before the run", sizes, [r["base"] / 2**20 for r in rows], GREY),
            ("customers' columns", sizes, [r["columns"] / 2**20 for r in rows], GREEN),
        ],
        x="customers",
        y="MiB at the peak",
        title="Memory is what the libraries take, and then the customers",
        note="5 firms, one thread, each run in a process of its own.",
    )


@styled
def _firms(found: dict[str, Any]) -> Picture:
    rows = found["growth"]["firms"]["rows"]
    firms = [float(r["firms"]) for r in rows]
    return _lines(
        [("cxsim", firms, [r["period"] / r["customers"] * 1e9 for r in rows], BLUE)],
        x="firms",
        y="ns per customer and period",
        title="Time by number of firms",
        note=f"{rows[0]['customers']:,} customers, one thread.",
        log=False,
    )


@styled
def _passes(found: dict[str, Any]) -> Picture:
    rows = sorted(found["passes"]["rows"], key=lambda row: -row["time"])
    total = sum(row["time"] for row in rows)
    shown = [(row["name"], row["time"], BLUE) for row in rows[:14]]
    rest = sum(row["time"] for row in rows[14:])
    if rest:
        shown.append((f"{len(rows) - 14} others", rest, GREY))
    return _bars(
        shown,
        unit="ns per customer and period",
        title="Where the time of a period goes",
        note=f"Passes of the compiled engine timed one by one, {total:.0f} ns in all: one block of "
        f"{found['passes']['customers']:,} customers, 5 firms.",
        log=False,
    )


@styled
def _path(found: dict[str, Any]) -> Picture:
    path = found["path"]
    imports, made = path["imports"]["times"], path["compile"]
    rows = [
        ("import cxsim", imports["cxsim"]["median"], BLUE),
        ("import mesa", imports["mesa"]["median"], RED),
        ("import cxsim, numba", imports["cxsim, numba"]["median"], SKY),
        ("import all that a run needs", imports["all that a run needs"]["median"], SKY),
        ("first result ever, compiling", made["first"]["median"], BLUE),
        ("first result of a later process", made["second"]["median"], BLUE),
        (f"cxsim compare, {path['compare']['seeds']} seeds", path["compare"]["compare"]["median"],
         BLUE),
    ]  # fmt: skip
    if path["notebook"]:
        rows.append(("what a notebook adds", path["notebook"]["extra"]["median"], GREY))
    return _bars(
        rows,
        unit="seconds",
        title="From a cold start",
        note="Each in a new process, from its start to its end. Medians.",
        log=False,
    )
