"""Tables of the notebook of decisions, and its start from a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from cxsim.charts.labels import Scale
from cxsim.messages import minus
from cxsim.model.mechanism_registry import BY_WORD, OF_FIRMS
from cxsim.report import tables
from cxsim.report.brief import goal_named
from cxsim.report.notebook_parameters import loaded
from cxsim.scenario import Scenario
from cxsim.scenario.calendar import ADD, REPLACE
from cxsim.scenario.events import split_overrides
from cxsim.strategy.decision import scale_of
from cxsim.strategy.options import STAY, range_table, with_assumptions
from cxsim.study.paired_seeds import read_draws

if TYPE_CHECKING:
    from cxsim.strategy.decision import Decision


def firm_and_measure(text: str) -> dict[str, str]:
    """Return firm and measure of a decision, by their names as arguments of ``cx.decide``.

    Parameters
    ----------
    text : str
        My firm, behind a semicolon its goal as ``--goal`` takes it: ``Mass; share``. What is
        left out is that of the scenario's perspective.

    Raises
    ------
    ValueError
        If there is no such goal, or it is that of customers.
    """
    firm, _, goal = (part.strip() for part in text.partition(";"))
    measure = goal_named(goal) if goal else ""
    if measure == BY_WORD["surplus"]:
        known = f"expected a goal of the firm: {', '.join(OF_FIRMS)}"
        raise ValueError(f"goal: {known}, found {goal!r}")
    return {"firm": firm, "measure": measure}


def market_from_panel(
    panel: str, *, draws: int, overrides: Any = (), table: str = ""
) -> tuple[Scenario, pd.DataFrame, pd.DataFrame]:
    """Return a scenario calibrated to a panel, draws of its estimates, and what was assumed.

    The switching cost is what the order of purchases supports; ``attrs["warnings"]`` of what was
    assumed lists what the estimates may not be trusted for.

    Parameters
    ----------
    panel : str
        A file, or the name of a published panel.
    draws : int
        Rows of draws.
    overrides
        Other values, put in last.
    table : str
        How to read the panel, and the price response where one is stated, as for
        :func:`~cxsim.calibration.panel_reading.panel_and_estimation`.

    Raises
    ------
    CalibrationError
        If the panel cannot be read.
    ScenarioError
        If an override is not valid.
    """
    from cxsim.calibration import calibrate
    from cxsim.calibration.panel_reading import panel_and_estimation

    data, how = panel_and_estimation(panel, table)
    result = calibrate(data, **how)
    market, assumed = with_assumptions(result.scenario())
    assumed.attrs["warnings"] = [each.sentence for each in result.warnings]
    market = market.override(overrides) if overrides else market
    return market, result.sample(draws), assumed


def decision_market(
    scenario: str, panel: str, overrides: str, *, points: int, draws: str = "", table: str = ""
) -> tuple[Scenario, pd.DataFrame | None, pd.DataFrame]:
    """Return the scenario of a decision; it is calibrated to a panel if one is named.

    Returns
    -------
    market : Scenario
    drawn : DataFrame or None
        Draws of what was estimated.
    assumed : DataFrame
        ``path, value``: what the panel does not show; empty for a scenario.

    Raises
    ------
    ValueError
        If a panel and a file of draws are given: the panel has draws of its own.
    """
    changes = split_overrides(overrides)
    if panel and draws:
        raise ValueError(f"draws: expected none with a panel, which has its own, found {draws!r}")
    if panel:
        return market_from_panel(panel, draws=points, overrides=changes, table=table)
    return loaded(scenario, changes), read_draws(draws), pd.DataFrame(columns=["path", "value"])


def options_text(decision: Decision) -> Any:
    """Return a table of what each option changes."""
    rows = {}
    for name, option in decision.facts["study"]["strategies"].items():
        said = [
            f"{path} = {minus(f'{value:g}') if isinstance(value, (int, float)) else value}"
            for path, value in option.items()
            if path not in (ADD, REPLACE) and ".programmes" not in path
        ]
        programmes = decision.facts.get("programmes", {}).get(name, {})
        said += [f"programme {each}: {words}" for each, words in programmes.items()]
        said += [
            f"{path} to "
            + minus(f"{value:g}")
            + f" from period {event['at']}"
            + (f" over {event['over']} periods" if event.get("over") else "")
            for event in _own(decision, option)
            for path, value in event["set"].items()
        ]
        rows[name] = "; ".join(said) or ("stays as it is" if name == STAY else "no change")
    frame = pd.DataFrame({"what changes": rows})
    return tables.styled(frame, "Options", words_in=["what changes"])


def _own(decision: Decision, option: Any) -> list[Any]:
    """Return the events of an option that are neither the scenario's nor the rival's copy."""
    there = {_when(event) for event in decision.facts["study"]["scenario"].get(ADD, ())}
    replaced = [each for each in option.get(REPLACE, ()) if _when(each) not in there]
    return [*replaced, *option.get(ADD, ())]


def _when(event: Any) -> tuple[int, str]:
    """Return by what an event is known: what a rival copies differs from option to option."""
    return event["at"], event.get("label", "")


def uncertainty_table(decision: Decision, drawn: pd.DataFrame | None = None) -> Any:
    """Return a table of what is varied, from where to where."""
    study = decision.facts["study"]
    names = set() if drawn is None else set(map(str, drawn))
    points = decision.frame.groupby("point").first()
    frame = range_table({n: each for n, each in study["factors"].items() if n not in names},
                        drawn)  # fmt: skip
    for row in frame.index[frame["from"].isna()]:
        column = points[frame.loc[row, "uncertain"]]
        frame.loc[row, ["from", "to"]] = [column.min(), column.max()]
    for end in ("from", "to"):
        frame[end] = [minus(f"{value:.4g}") if isinstance(value, (int, float)) else str(value)
                      for value in frame[end]]  # fmt: skip
    shown = frame.set_index("uncertain")[["from", "to", "measured in", "moves"]]
    caption = "Uncertain inputs: every future is a point drawn evenly from these ranges"
    return tables.styled(shown, caption, words_in=["measured in", "moves"])


def options_table(decision: Decision) -> Any:
    """Return options by mean, regret, worst case and how often each is best."""
    frame = decision.means().set_index("option")
    scale = scale_of(decision, frame["mean"])
    shown = pd.DataFrame(index=frame.index)
    percent = f"{100 * decision.confidence:g} % interval"
    shown["mean"] = [scale.bare(value) for value in frame["mean"]]
    shown[percent] = _intervals(frame, scale)
    for name, words in (("mean_regret", "mean regret"), ("largest_regret", "maximum regret"),
                        ("worst", "worst case")):  # fmt: skip
        shown[words] = [scale.bare(value) for value in frame[name]]
    shown["best in"] = [f"{100 * value:.0f} %" for value in frame["best_share"]]
    measure = decision.output.partition(".")[0].replace("_", " ")
    caption = scale.axis(f"{measure.capitalize()} of {decision.firm}") + " by option"
    return tables.styled(shown, caption)


def value_of_information_table(decision: Decision) -> Any:
    """Return values of information and switching points."""
    frame = decision.value_of_information.set_index("factor")
    scale = scale_of(decision, frame["upper"])
    shown = pd.DataFrame(index=frame.index)
    shown["value of information"] = [scale.bare(value) for value in frame["value"]]
    shown["interval"] = _intervals(frame, scale)
    turns = decision.switching_points.groupby("factor")
    shown["switching point"] = [
        "; ".join(
            minus(f"{row['at']:.3g}") + f" (below: {row['below']}, above: {row['above']})"
            for row in turns.get_group(name).to_dict("records")
        )
        if name in turns.groups
        else "–"
        for name in frame.index
    ]
    caption = scale.axis("Value of information before deciding")
    return tables.styled(shown, caption, words_in=["switching point"])


def assumptions_table(assumed: pd.DataFrame, market: Scenario) -> Any:
    """Show warnings of the estimation, assumptions beside it, and costs that the market lacks."""
    from IPython.display import display

    if assumed.empty:
        text = "All other parameters are those of the scenario."
    else:
        caption = "Not observed in the panel: assumed in the proportions of the baseline scenario"
        shown = assumed.set_index("path").astype(str)
        display(tables.styled(shown, caption))
        text = "Replace them by your own costs: they affect every option."
    if not market.no_purchase_option:
        text += (
            " The market has no no-purchase option, so it overstates the benefit of raising prices."
        )
    warnings = assumed.attrs.get("warnings", [])
    display(tables.show(tables.piece("paragraphs", [*warnings, text])))


def _intervals(frame: pd.DataFrame, scale: Scale) -> list[str]:
    """Return ``lower`` and ``upper`` in words."""
    ends = zip(frame["lower"], frame["upper"], strict=True)
    return [f"{scale.bare(low)} to {scale.bare(high)}" for low, high in ends]
