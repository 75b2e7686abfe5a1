"""Advice in words: what to do, how much better it is, what it rests on, what to research."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.charts.labels import joined
from cxsim.messages import Place, minus, money
from cxsim.model.core.capabilities import CAPABILITIES
from cxsim.scenario import Scenario
from cxsim.scenario.calendar import ADD, REPLACE
from cxsim.scenario.named_policies import policies_of
from cxsim.scenario.unstated import Unstated, unstated
from cxsim.strategy.options import COPY
from cxsim.study.analysis.ranking import cube_of

if TYPE_CHECKING:
    from cxsim.study.study import Study


# -- The recommendation in words: how much better it is, what it rests on, what to research -----


def recommendation(
    facts: Mapping[str, Any], grounds: Grounds, ranked: pd.DataFrame, information: pd.DataFrame
) -> list[str]:
    """Return the recommendation, whether it is robust, its trade-off, and what to research.

    Parameters
    ----------
    facts : mapping
        ``firm``, ``recommended``, ``runner_up``, ``advantage`` with its ``lower`` and ``upper``,
        ``unit``, ``points``; ``conditions``: what the market leaves out, in words;
        ``programmes`` and ``unpriced``, as :func:`terms` and :func:`warnings` take them.
    grounds : Grounds
        What the recommendation rests on.
    ranked : DataFrame
        As :func:`cxsim.study.analysis.ranking` returns.
    information : DataFrame
        As :func:`cxsim.strategy.recommendation.value_of_information` returns.

    Returns
    -------
    list of str
        A sentence each; the first one names the conditions under which it holds, and what its
        programmes cost and which capabilities have no price follow.
    """
    by = {name: part.set_index("strategy") for name, part in ranked.groupby("criterion")}
    said = [_recommendation(facts, grounds), _robustness(grounds)]
    said[1:1] = [*terms(facts), *warnings(facts)]
    said += [_trade_off(facts["recommended"], by, facts["unit"])]
    said += [_research(grounds, information, facts)]
    return [each for each in said if each]


def _recommendation(facts: Mapping[str, Any], grounds: Grounds) -> str:
    firm, choice = facts["firm"], facts["recommended"]
    ends = f"{money(facts['lower'])} to {money(facts['upper'])}"
    more = f"{money(facts['advantage'], facts['unit'])} ({ends}) more than {facts['runner_up']!r}"
    earns, share = f"it earns {more}", "is"
    if not facts["unit"] and "output" in facts:
        what = facts["output"].partition(".")[0].replace("_", " ")
        more = f"{money(facts['advantage'])} ({ends}) higher than with {facts['runner_up']!r}"
        earns, share = f"its {what} is {more}", "it is"
    share += f" best in {100 * grounds.best_share:.0f} % of the {facts['points']} futures"
    if facts["lower"] > 0:
        middle = f"on average {earns}, the next best, and {share}"
    else:
        middle = f"{earns} on average (not statistically significant) and {share}"
    conditions = facts.get("conditions", ())
    tail = f"; this assumes that {' and that '.join(conditions)}" if conditions else ""
    if grounds.unstated:
        what = joined(grounds.unstated)
        return (
            f"No recommendation for {firm} before the cost of {what} is stated: with assumed "
            f"costs, {choice!r} is ahead; {middle}{tail}."
        )
    if facts["lower"] <= 0:
        return f"No option of {firm} stands out: {choice!r} is ahead; {middle}{tail}."
    guess = f" (the cost of {joined(grounds.assumed)} is assumed)" if grounds.assumed else ""
    return f"Recommendation for {firm}{guess}: {choice!r}; {middle}{tail}."


def _robustness(grounds: Grounds) -> str:
    against = objections(grounds)
    if not against:
        return (
            f"The recommendation is robust: best in at least {100 * BEST_IN:.0f} % of the futures, "
            "and no listed uncertainty changes it within its range."
        )
    return f"It is not robust: {'; '.join(against)}."


def _trade_off(choice: str, by: Mapping[str, pd.DataFrame], unit: str) -> str:
    regret, worst = by["largest_regret"]["value"], by["worst"]["value"]
    calm, safe = str(regret.idxmin()), str(worst.idxmax())
    if calm == safe == choice:
        return (
            f"{choice!r} also has the best worst case and the smallest maximum regret "
            f"({money(regret[choice], unit)})."
        )
    parts = []
    if calm != choice:
        parts.append(
            f"{calm!r} limits maximum regret to {money(regret[calm], unit)} "
            f"({choice!r}: {money(regret[choice], unit)})"
        )
    if safe != choice:
        parts.append(
            f"{safe!r} is better in the worst case ({money(worst[safe], unit)} against "
            f"{money(worst[choice], unit)})"
        )
    return f"Trade-off: {' and '.join(parts)}."


def _research(grounds: Grounds, information: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    values, unit = information.set_index("factor"), facts["unit"]
    total = values.loc[EVERYTHING]
    if grounds.unstated:
        first = f"State the cost of {joined(grounds.unstated)} first"
        if total["value"] <= 0 or total["upper"] <= 0:
            return f"{first}: what stands in their place is assumed."
        return f"{first}. {_worth(values, unit)}"
    if total["value"] <= 0 or total["upper"] <= 0:
        return (
            "No tested uncertainty changes the recommendation; further research has no value "
            "within these ranges."
        )
    return _worth(values, unit)


def _worth(values: pd.DataFrame, unit: str) -> str:
    total = values.loc[EVERYTHING, "value"]
    said = f"Perfect information would be worth at most {money(total, unit)}"
    first = values.drop(index=EVERYTHING)
    first = first[first["lower"] > 0]
    if first.empty:
        return f"{said}; no single uncertainty is worth researching by itself."
    # Estimated by other means, one factor alone can seem worth more than all of them.
    worth = min(first["value"].iloc[0], total)
    return f"{said}; research {first.index[0]} first (worth up to {money(worth, unit)})."


def turning(
    choice: str, factor: str, turns: Sequence[Mapping[str, Any]], measured: str = ""
) -> str:
    """Return in words where along an uncertainty another option is better.

    Parameters
    ----------
    choice : str
        The option recommended.
    factor : str
        Name of the uncertainty.
    turns : sequence of mapping
        ``at``, ``below`` and ``above``, as
        :func:`cxsim.strategy.recommendation.switching_points` returns.
    measured : str
        What values of the uncertainty are measured in, after them.

    Examples
    --------
    >>> turning("stay", "interest", [{"at": 0.021, "below": "build", "above": "stay"}])
    "'build' is better where interest is below 0.021"
    """
    said = []
    for row in sorted(turns, key=lambda each: each["at"]):
        at = minus(f"{row['at']:.3g}") + f" {measured}".rstrip()
        if row["above"] == choice:
            said.append(f"{row['below']!r} is better where {factor} is below {at}")
        elif row["below"] == choice:
            said.append(f"{row['above']!r} is better where {factor} is above {at}")
    return " and ".join(said) or f"another option is better wherever {factor} is known"


# -- Under which conditions it holds: rivals that do not respond, a market that leaves out


def market_facts(study: Study, firm: str) -> dict[str, Any]:
    """Return features that a decision's market lacks, as data that is saved with the decision.

    Parameters
    ----------
    study : Study
        As :func:`cxsim.strategy.decide.study_of` returns.
    firm : str
        Who decides.

    Returns
    -------
    dict
        ``no_purchase_option``; ``fixed_prices``, rivals whose prices do not respond; ``copier``,
        who copies the firm; ``responds``, whether a rival has a policy of its own;
        ``moves_price``, options that change the firm's price; ``answers``, by option the rivals
        that answer in it, and whether with their price.
    """
    assert study.base is not None
    base = study.base
    rivals = [name for name in base.firms if name != firm]
    policies = {(who, kind) for who, kind, *_ in policies_of(base)}
    return {
        "no_purchase_option": bool(base.no_purchase_option),
        "rivals": rivals,
        "fixed_prices": [name for name in rivals if (name, "pricing") not in policies],
        "responds": any(who != firm for who, _ in policies),
        "copier": _copier(study),
        "moves_price": [
            name for name, option in study.strategies.items() if _moves_price(base, firm, option)
        ],
        "answers": {name: _answers(study, rivals, name) for name in study.strategies},
    }


def _answers(study: Study, rivals: Sequence[str], option: str) -> dict[str, bool]:
    """Return rivals that an option changes and not every option alike, and whether in price."""
    options = study.strategies
    made: dict[str, bool] = {}
    for path, value in options[option].items():
        level, _, rest = path.partition(".")
        whose = next((name for name in rivals if rest.startswith(f"{name}.")), "")
        alike = all(path in each and each[path] == value for each in options.values())
        if level == "firms" and whose and not alike:
            changes = value.get("changes", {}) if isinstance(value, Mapping) else {}
            price = path == f"firms.{whose}.price" or "price" in changes
            made[whose] = made.get(whose, False) or price
    return made


def _copier(study: Study) -> str:
    """Return the rival that copies the firm: the one that the event of uncertain time changes."""
    assert study.base is not None
    for factor in study.factors:
        if factor.name == COPY:
            number = int(factor.moves[0].path.split(".")[1])
            event = study.base.to_dict()["events"][number]
            return str(next(iter(event["set"])).split(".")[1])
    return ""


def _moves_price(base: Scenario, firm: str, option: Mapping[str, Any]) -> bool:
    made, path = base.override(dict(option)), f"firms.{firm}.price"
    moved = made.firms[firm].price != base.firms[firm].price
    return moved or sum(each.path == path for each in made.changes) > sum(
        each.path == path for each in base.changes
    )


def conditions(market: Mapping[str, Any], choice: str, runner_up: str) -> list[str]:
    """Return the conditions under which a recommendation holds, each to follow "that".

    Parameters
    ----------
    market : mapping
        As :func:`market_facts` returns.
    choice, runner_up : str
        The best option and the next best.

    Examples
    --------
    >>> market = {"no_purchase_option": True, "rivals": ["Beta"], "fixed_prices": ["Beta"],
    ...           "responds": False, "copier": "", "moves_price": ["cut the price"],
    ...           "answers": {"cut the price": {}, "stay": {}}}
    >>> conditions(market, "cut the price", "stay")
    ['rivals do not change their prices in response']
    """
    said = []
    rivals, answers = market["rivals"], market.get("answers", {})
    answering: dict[str, bool] = {}
    for option in (choice, runner_up):
        for name, price in answers.get(option, {}).items():
            answering[name] = answering.get(name, False) or price
    fixed = [name for name in market["fixed_prices"] if not answering.get(name)]
    if fixed and {choice, runner_up} & set(market["moves_price"]):
        who = "rivals" if len(fixed) == len(rivals) else " and ".join(fixed)
        said.append(f"{who} do not change their prices in response")
    elif rivals and not market["responds"]:
        ways: dict[str, list[str]] = {}
        if market["copier"]:
            ways[market["copier"]] = ["by copying"]
        for name in answering:
            ways.setdefault(name, []).append("as the options state")
        but = [f"{name}, {' and '.join(how)}" for name, how in ways.items()]
        said.append(f"no rival responds except {'; '.join(but)}" if but else "no rival responds")
    if not market["no_purchase_option"]:
        said.append(
            "customers must buy from some firm, which overstates the benefit of higher prices"
        )
    return said


def unstated_costs(study: Study, firm: str) -> list[Unstated]:
    """Return costs of a firm that neither the scenario nor an option nor a factor states.

    Parameters
    ----------
    study : Study
        Its strategies are the options.
    firm : str
    """
    assert study.base is not None
    found: dict[str, Unstated] = {}
    stated: set[str] = set()
    for name, option in study.strategies.items():
        for path in option:
            if path not in (ADD, REPLACE):
                targets = study.base.targets(path, Place("options"))
                stated |= {".".join(map(str, each.keys)) for each in targets}
        for each in unstated(study.example(name)):
            if each.free and each.name == firm and each.path.startswith("firms."):
                found.setdefault(each.path, each)
    # What a capability costs that all options leave as it is makes no difference between them.
    moved = {name for names in moved_capabilities(study, firm).values() for name in names}
    found = {
        path: each
        for path, each in found.items()
        if ".capability_costs." not in path or path.split(".")[-2] in moved
    }
    return [each for path, each in found.items() if path not in stated]


def moved_capabilities(study: Study, firm: str) -> dict[str, list[str]]:
    """Return the capabilities of a firm that each option changes, without those of programmes.

    Parameters
    ----------
    study : Study
        Its strategies are the options.
    firm : str

    Returns
    -------
    dict
        By option; options that change none are left out.
    """
    assert study.base is not None
    moved = {}
    for name, option in study.strategies.items():
        made = study.base.override(
            {path: value for path, value in option.items() if ".programmes" not in path}
        )
        found = [
            capability
            for capability, level in CAPABILITIES.items()
            if _path_of(made, firm, level) != _path_of(study.base, firm, level)
        ]
        if found:
            moved[name] = found
    return moved


def _path_of(scenario: Scenario, firm: str, level: str) -> list[Any]:
    """Return the level of a capability at the start, and all that changes it."""
    head, _, rest = level.partition("_") if level.startswith("organization_") else (level, "", "")
    value = getattr(scenario.firms[firm], head)
    own = f"firms.{firm}.{head}.{rest}" if rest else f"firms.{firm}.{head}"
    later = [(each.at, each.over, each.value) for each in scenario.changes if each.path == own]
    return [getattr(value, rest) if rest and value is not None else value, *later]


def warnings(facts: Mapping[str, Any]) -> list[str]:
    """Return what options a decision should not rest on: capabilities that have no price.

    Parameters
    ----------
    facts : mapping
        ``firm``; ``unpriced``, capabilities without a price by the option that changes them.

    Examples
    --------
    >>> warnings({"firm": "Tailor", "unpriced": {"CRM": ["identification"]}})
    ["Warning: 'CRM' changes Tailor's identification, which has no price \
(capability_costs; 0 states that it is free)."]
    """
    said = []
    for option, names in facts.get("unpriced", {}).items():
        what = joined(name.replace("_", " ") for name in names)
        said.append(
            f"Warning: {option!r} changes {facts['firm']}'s {what}, which "
            f"{'has' if len(names) == 1 else 'have'} no price (capability_costs; 0 states that "
            f"{'it is' if len(names) == 1 else 'they are'} free)."
        )
    return said


def terms(facts: Mapping[str, Any]) -> list[str]:
    """Return what the programmes of the best option and the next best cost, a sentence each.

    Parameters
    ----------
    facts : mapping
        ``recommended``, ``runner_up``; ``programmes``, in words, by option and name.
    """
    said = []
    for option in (facts["recommended"], facts["runner_up"]):
        for name, words in facts.get("programmes", {}).get(option, {}).items():
            said.append(f"{option!r} includes the programme {name}: {words}.")
    return said


# -- When a recommendation is called robust: one definition, shown wherever the word is used ---


#: Share of the futures in which a robust option is the best one.
BEST_IN = 0.8


DEFINITION = (
    "Robust: the mean lead is statistically significant, the option is best in at least "
    f"{100 * BEST_IN:.0f} % of the futures, no listed uncertainty changes the choice within its "
    "range, nor does the horizon, and no cost is left unstated or assumed."
)


@dataclass(frozen=True)
class Grounds:
    """The assumptions of a recommendation.

    Attributes
    ----------
    lead_lower : float
        Lower end of the interval of the mean lead over the next best option.
    best_share : float
        Share of the futures in which the option is the best one.
    turned_by : tuple of str
        Uncertainties that turn the choice within their range, each in words.
    horizon : str
        How the horizon turns it, in words; empty if it does not.
    unstated : tuple of str
        What costs nothing, or a guess, because nobody stated its cost.
    assumed : tuple of str
        What has a cost that was assumed in place of one that is known.
    """

    lead_lower: float
    best_share: float
    turned_by: tuple[str, ...] = ()
    horizon: str = ""
    unstated: tuple[str, ...] = ()
    assumed: tuple[str, ...] = field(default=())


def objections(grounds: Grounds) -> list[str]:
    """Return reasons why a recommendation is not robust, in words; empty if it is.

    Parameters
    ----------
    grounds : Grounds

    Examples
    --------
    >>> objections(Grounds(1.0, 0.9))
    []
    >>> objections(Grounds(1.0, 0.69))
    ['it is best in only 69 % of the futures']
    """
    said = []
    if not grounds.lead_lower > 0.0:
        said.append("its mean lead is not statistically significant")
    if grounds.best_share < BEST_IN:
        said.append(f"it is best in only {100 * grounds.best_share:.0f} % of the futures")
    said += grounds.turned_by
    if grounds.horizon:
        said.append(grounds.horizon)
    if grounds.unstated:
        said.append(f"no cost is stated for {joined(grounds.unstated)}")
    if grounds.assumed:
        said.append(f"the cost of {joined(grounds.assumed)} is assumed")
    return said


def robust(grounds: Grounds) -> bool:
    """Return whether a recommendation is robust, as :data:`DEFINITION` says.

    Parameters
    ----------
    grounds : Grounds
    """
    return not objections(grounds)


# -- What it would be worth to know, before deciding, what is uncertain now --------------------


#: What the row is called that is about knowing all factors.
EVERYTHING = "everything"


#: Parts of the points: each is decided on by what the others show.
FOLDS = 10


#: A factor with so few values is known by its values, not by a curve.
FEW = 5


Array = NDArray[np.float64]


def value_of_information(
    frame: pd.DataFrame,
    factors: Sequence[str],
    options: Sequence[str],
    *,
    output: str,
    confidence: float = 0.95,
    resamples: int = 2000,
    rng: int = 0,
) -> pd.DataFrame:
    """Return the value of information on each factor, and on all, in terms of an output.

    Parameters
    ----------
    frame : DataFrame
        One row per run: ``point``, ``strategy``, ``seed``, the factors and outputs; every
        option at every point and seed. Points are draws of what is uncertain.
    factors : sequence of str
    options : sequence of str
        Strategies to choose from.
    output : str
        More of it is better.
    confidence : float
    resamples : int
        Bootstrap samples of points behind the intervals.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    DataFrame
        ``factor``, ``value``, ``lower``, ``upper``, ``share`` (of the value of knowing
        everything), the most valuable first; the row ``"everything"`` on top.

    Raises
    ------
    ValueError
        If a column is missing, or no point has all options.

    Notes
    -----
    The expected value of perfect information is the mean over points of the best option's
    output there, less the best option's mean (Raiffa & Schlaifer 1961). That of one factor is
    the same with outputs averaged over all else given the factor; the averages are regressions
    of the options' advantages on the factor, as in Strong, Oakley & Brennan (2014): a cubic
    (a line under 30 points), or means by value where it has few values.

    Choosing by numbers that hold chance makes knowledge look more valuable than it is. So each
    choice is made on other runs than it is valued on: at a point by the other seeds, along a
    factor by a regression on other points (ten folds). What is left is a little too low, never
    the value of knowing the dice. With one seed the first cannot be done: then the value of
    knowing everything holds the luck of the seed.

    References
    ----------
    Raiffa & Schlaifer (1961), Applied statistical decision theory; Strong, Oakley & Brennan
    (2014), Estimating multiparameter partial expected value of perfect information from a
    probabilistic sensitivity analysis sample, Medical Decision Making 34 (3).
    """
    values, _ = cube_of(frame, list(options), output)
    places = _factors_at(frame, factors, options, output)
    mean = values.mean(axis=2)
    best = int(mean.mean(axis=1).argmax())
    gains = {EVERYTHING: _gain_of_everything(values, best)}
    for name in factors:
        gains[name] = _gain_of_one(places[name].to_numpy(float), mean, best, rng)
    draw = np.random.default_rng(rng)
    count = mean.shape[1]
    picks = draw.integers(count, size=(resamples, count))
    tail = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    rows = []
    for name, gain in gains.items():
        low, high = np.quantile(gain[picks].mean(axis=1), tail)
        rows.append((name, max(0.0, float(gain.mean())), max(0.0, low), max(0.0, high)))
    result = pd.DataFrame(rows, columns=["factor", "value", "lower", "upper"])
    total = result["value"].iloc[0]
    result["share"] = result["value"] / total if total > 0 else np.nan
    rest = result.iloc[1:].sort_values("value", ascending=False, kind="stable")
    return pd.concat([result.iloc[:1], rest], ignore_index=True)


def switching_points(
    frame: pd.DataFrame,
    factors: Sequence[str],
    options: Sequence[str],
    *,
    output: str,
    steps: int = 200,
) -> pd.DataFrame:
    """Return at which values of a factor, known alone, another option would be the best.

    Parameters
    ----------
    frame, factors, options, output
        As in :func:`value_of_information`.
    steps : int
        Places looked at along each factor's range.

    Returns
    -------
    DataFrame
        ``factor``, ``at``, ``below`` and ``above``: the best option on either side, by the
        regressions that the value of information rests on; no row where one option is best
        throughout.
    """
    values, _ = cube_of(frame, list(options), output)
    places, mean = _factors_at(frame, factors, options, output), values.mean(axis=2)
    rows = []
    for name in factors:
        x = places[name].to_numpy(float)
        grid = np.unique(x) if _is_few(x) else np.linspace(x.min(), x.max(), steps)
        best = _predict(x, mean, grid).argmax(axis=0)
        for k in np.flatnonzero(np.diff(best)):
            at = float(grid[k] + grid[k + 1]) / 2
            rows.append((name, at, options[best[k]], options[best[k + 1]]))
    return pd.DataFrame(rows, columns=["factor", "at", "below", "above"])


def _factors_at(
    frame: pd.DataFrame, factors: Sequence[str], options: Sequence[str], output: str
) -> pd.DataFrame:
    """Return the factors at the points that have every option and seed, in order."""
    wide = frame.pivot(index="point", columns=["strategy", "seed"], values=output).astype(float)
    wide = wide[list(options)]
    whole = wide.index[np.isfinite(wide.to_numpy()).all(axis=1)].sort_values()
    return frame.drop_duplicates("point").set_index("point").loc[whole, list(factors)]


def _gain_of_everything(values: Array, best: int) -> Array:
    """Return, by point, how much more the best option there gives than the best on average."""
    seeds = values.shape[2]
    if seeds == 1:
        return np.asarray(values[..., 0].max(axis=0) - values[best, :, 0])
    total = values.sum(axis=2)
    points = np.arange(values.shape[1])
    gains = [
        values[(total - values[:, :, s]).argmax(axis=0), points, s] - values[best, :, s]
        for s in range(seeds)
    ]
    return np.asarray(np.mean(gains, axis=0))


def _gain_of_one(x: Array, mean: Array, best: int, rng: int) -> Array:
    """Return, by point, what choosing by one factor adds; each point by the others' curve."""
    count = len(x)
    order = np.random.default_rng(rng).permutation(count)
    gain = np.zeros(count)
    for fold in range(min(FOLDS, count)):
        out = order[fold::FOLDS]
        rest = np.setdiff1d(order, out)
        chosen = _predict(x[rest], mean[:, rest], x[out]).argmax(axis=0)
        gain[out] = mean[chosen, out] - mean[best, out]
    return gain


def _is_few(x: Array) -> bool:
    return len(np.unique(x)) <= FEW


def _predict(x: Array, mean: Array, at: Array) -> Array:
    """Return each option's mean given the factor, (options, places), by least squares."""
    if _is_few(x):
        levels = np.unique(x)
        means = np.stack([mean[:, x == level].mean(axis=1) for level in levels], axis=1)
        return np.asarray(means[:, np.abs(at[:, None] - levels).argmin(axis=1)])
    low, span = x.min(), np.ptp(x)
    degree = 3 if len(x) >= 30 else 1
    basis = np.polynomial.legendre.legvander(2 * (x - low) / span - 1, degree)
    there = np.clip(2 * (at - low) / span - 1, -1, 1)
    # Only differences between options decide; what moves all of them alike is left out.
    known, *_ = np.linalg.lstsq(basis, (mean - mean.mean(axis=0)).T, rcond=None)
    return np.asarray((np.polynomial.legendre.legvander(there, degree) @ known).T)
