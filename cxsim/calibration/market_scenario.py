"""From answers about a market to a scenario, targets and options, and its calibration."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from cxsim.calibration.market_questions import (
    OFTEN,
    REACHED,
    Answers,
    FirmAnswers,
    MoveAnswers,
    chance_to_reconsider,
    churns,
    once_in,
    questions,
    read_answers,
    reconsidering,
    rounded,
)
from cxsim.calibration.moment_matching import MomentMatch, lost_by_price, match_moments
from cxsim.calibration.target_tables import PRICE_RESPONSE
from cxsim.calibration.targets import PER_YEAR
from cxsim.model.mechanism_registry import BY_QUESTION
from cxsim.runs import simulate
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.display import level_range, level_value, moves, with_neutral

# -- From answers to a scenario and targets --------------------------------------------------


@dataclass(frozen=True)
class Open:
    """A question without an answer, or one that no data answer, and what was taken instead.

    Attributes
    ----------
    path : str
        Dotted path in the scenario.
    text : str
        What it is.
    taken : float or None
        The value in the calibrated market; None where a decision ranges over it alone.
    low, high : float or None
        Its range in decisions; None where there is none.
    why : str
    """

    path: str
    text: str
    taken: float | None
    low: float | None
    high: float | None
    why: str


@dataclass(frozen=True)
class GuidedMarket:
    """A scenario and targets that follow from answers.

    Attributes
    ----------
    answers : Answers
    scenario : dict
        To start from, as a scenario file holds it.
    targets : dict
        As a file of targets holds them, without its base.
    options : dict
        Options of the firm that decides, as :func:`cxsim.decide` takes them.
    open : tuple of Open
    """

    answers: Answers
    scenario: dict[str, Any]
    targets: dict[str, Any]
    options: dict[str, Any]
    open: tuple[Open, ...]


#: Name of the one segment, and of the touchpoint at which customers meet service.
_ALL, _SERVICE = "All", "service"


def _of_segments(given: Answers) -> str:
    """Return the path of what all segments have in common."""
    return "segments.*" if given.segments else f"segments.{_ALL}"


#: Own-price elasticity of choice where it is not stated (mean of a meta-analysis).
ELASTICITY = 2.62


#: How far off net promoter scores may be: five points, two standard errors.
NPS_GIVE_OR_TAKE = 0.05


#: Note(path, text, taken, low, high, why): keeps a range and returns what is taken.
Note = Callable[..., float]


def guided_market(given: Answers, *, name: str = "market") -> GuidedMarket:
    """Return the scenario, the targets and the options that answers give.

    Parameters
    ----------
    given : Answers
    name : str
        Name of the scenario.
    """
    firms, per_year = given.firms, PER_YEAR[given.period]
    noted: list[Open] = []

    def note(path: str, text: str, taken: float, low: float, high: float, why: str) -> float:
        noted.append(Open(path, text, taken, rounded(low), rounded(high), why))
        return rounded(taken)

    lowest = min(v for v in churns(given).values() if v is not None)
    a = _sensitivity(given, note)
    segment = _customers_of(given, a, lowest, note)
    rate = given.discount_rate
    yearly = (0.08, 0.04, 0.12) if rate is None else (rate, rate, rate)
    value, low, high = (rounded((1.0 + each) ** (1.0 / per_year) - 1.0) for each in yearly)
    if rate is None:
        note("discount_rate", "discount rate per period", value, low, high, "8 % a year")
    quality = _qualities(given, a)
    periods = given.periods or max(2, round(3 * per_year))
    scenario: dict[str, Any] = {
        "name": name,
        "title": f"The market of {given.my_firm}",
        "notes": "Derived from answers about the market by cxsim market: change those, not this.",
        "perspective": {"firm": given.my_firm, "goal": BY_QUESTION[given.goal]},
        "periods": periods,
        "period_length": given.period,
        "currency": given.currency,
        "market_size": float(given.customers),
        "discount_rate": value,
        "no_purchase_option": given.no_purchase_share is not None,
        "learning_rate": 1.0,
        "segments": _segments(given, segment, note),
        "firms": {
            each: _firm(given, each, quality[each], note) for each in firms
        },
        "initial": {
            each: {
                "share": firm.share / math.fsum(f.share for f in firms.values()),
                "tenure": max(1, round(1.0 / (churns(given)[each] or lowest))),
                "knowledge": 0.2,
            }
            for each, firm in firms.items()
        },
    }  # fmt: skip
    if given.service_contacts is not None:
        visits = {"stage": "support", "visit_rate": float(given.service_contacts)}
        scenario["journey"] = {_SERVICE: visits}
    if any(firm.known is not None for firm in firms.values()):
        scenario |= _awareness(given, scenario["firms"], segment["exit_rate"])
    for move in (given.moves or {}).values():
        whose = move.firm or given.my_firm
        if move.move is not None:
            scenario["firms"][whose] = with_neutral(scenario["firms"][whose], moves()[move.move])
    scenario["uncertain"] = {each.path: [each.low, each.high] for each in noted}
    costs = tuple(_open_costs(given))
    targets = _targets(given, scenario, a, quality)
    options = _options(given, scenario["firms"])
    return GuidedMarket(given, scenario, targets, options, (*noted, *costs))


def _customers_of(given: Answers, a: float, lowest: float, note: Note) -> dict[str, Any]:
    """Return what all customers have in common."""
    price = _mean_price(given)
    of, reconsider = _of_segments(given), chance_to_reconsider(given)
    segment: dict[str, Any] = {"price_sensitivity": a, "purchase_rate": reconsider}
    if given.buys == "subscription":
        segment["entry_rate"] = 1.0
        if given.contract_months is None:
            low, high = (once_in(given, months) for months in (24.0, 6.0))
            why = "no contract stated"
            note(f"{of}.purchase_rate", "chance to reconsider", reconsider, low, high, why)
    else:
        assert given.purchases_per_year is not None
        n = given.purchases_per_year / PER_YEAR[given.period]
        if n > OFTEN:
            segment["volume"] = rounded(n / reconsider)
    leaving = given.leaving
    if leaving is None:
        path, why = f"{of}.exit_rate", "a fifth of the lowest churn"
        leaving = note(path, "leaving the market", lowest / 5, lowest / 20, lowest / 2, why)
    segment["exit_rate"] = leaving
    fit = given.fit_value
    why = "nobody stated what a perfect fit is worth"
    if fit is None:
        fit = 0.15 * price
        path, x = f"{of}.fit_weight", fit / _GAP
        if not any(each.fit_value is not None for each in (given.segments or {}).values()):
            note(path, "value of personalization", x, x / 2, x * 2, why)
    segment["fit_weight"] = rounded(fit / _GAP)
    for key, share in (("onboarding_effort", 0.15), ("ordering_effort", 0.1)):
        x, path = share * price, f"{of}.{key}"
        segment[key] = note(path, key.replace("_", " "), x, x / 2, 1.5 * x, "not asked; customary")
    segment["switching_cost"] = given.switching_cost or 0.0
    segment["brand_taste_sd"] = rounded(1.0 / a)
    if given.service_contacts is not None:
        worth = given.service_value
        path, usual = f"{of}.experience_value", 0.05 * price
        value = (usual if worth is None else worth) / _BETTER
        if worth is None:
            why = "nobody stated what good service is worth"
            note(path, "value of a unit of experience", value, 0.0, 2 * value, why)
        segment["experience_value"] = rounded(value)
    return segment


#: What three points of a score of ten add to experience once expectations have followed.
_BETTER = 0.3


def _segments(given: Answers, common: Mapping[str, Any], note: Note) -> dict[str, Any]:
    """Return the segments; their needs lie around the average, in directions evenly apart."""
    if not given.segments:
        return {_ALL: {"share": 1.0, **common}}
    made = {}
    for number, (name, each) in enumerate(given.segments.items()):
        own = {"share": each.share / math.fsum(s.share for s in given.segments.values()), **common}
        if each.fit_value is not None:
            own["fit_weight"] = rounded(each.fit_value / _GAP)
        if each.different:
            far = math.sqrt(each.different / own["fit_weight"])
            angle = 2.0 * math.pi * number / len(given.segments)
            own["need_mean"] = [rounded(far * math.cos(angle)), rounded(far * math.sin(angle))]
        if each.price_response is not None:
            share = 1.0 / len(given.firms)
            a = price_sensitivity_of(
                each.price_response, reconsidering(given), _mean_price(given), share
            )
            path, why = f"segments.{name}.price_sensitivity", "from the loss stated of the segment"
            text = f"price sensitivity of {name}"
            own["price_sensitivity"] = note(path, text, a, 0.75 * a, 1.33 * a, why)
        made[name] = own
    return made


def _mean_price(given: Answers) -> float:
    return math.fsum(each.price for each in given.firms.values()) / len(given.firms)


def reach_of(known: float, leaving: float) -> float:
    """Return the advertising reach at which a share of customers keeps knowing a firm.

    Newcomers, the share x of customers in a period, know no firm; a is the chance to be reached:
    1 - k = (1 - k + x k) (1 - a).

    Parameters
    ----------
    known : float
        k, share of customers who know the firm.
    leaving : float
        x, share of customers who leave the market in a period.

    Returns
    -------
    float
        Share of customers reached in a period.

    Examples
    --------
    >>> round(reach_of(0.5, 0.02), 4), reach_of(1.0, 0.02)
    (0.0196, 1.0)
    """
    new = leaving * known
    return new / (1.0 - known + new) if new else 0.0


def _awareness(given: Answers, firms: dict[str, Any], leaving: float) -> dict[str, Any]:
    """Return the part of a scenario by which as many customers know each firm as were stated.

    Advertising makes the firms known in the first period, and keeps them so from the second on.
    What it costs today is the same whatever is decided.
    """
    kept = {}
    for name, firm in given.firms.items():
        known = 1.0 if firm.known is None else firm.known
        firms[name] |= {"advertising_reach": known, "advertising_cost": 0.0}
        if known < 1.0:
            kept[f"firms.{name}.advertising_reach"] = rounded(reach_of(known, leaving))
    words = {"network": "well_mixed", "contacts": 0, "awareness": True}
    events = [{"at": 1, "label": "Awareness as it is today", "set": kept}] if kept else []
    return {"word_of_mouth": words, "events": events}


#: Mean squared gap of needs of standard deviation 1 in two dimensions.
_GAP = 2.0


def price_sensitivity_of(lost: float, reconsidering: float, price: float, share: float) -> float:
    """Return the price sensitivity a at which a price 10 % higher loses a share of customers.

    lost = R (1 - exp(-a 0.1 p (1 - s))): of the customers who reconsider within the year, R, the
    logit loses so many. It leaves out switching costs, so that it is a first value only.

    Parameters
    ----------
    lost : float
        Share of its customers that the firm loses within a year.
    reconsidering : float
        R, above ``lost``.
    price, share : float
        p and s of the firm.

    Returns
    -------
    float
        1 / currency.
    """
    return -math.log(1.0 - lost / reconsidering) / (0.1 * price * (1.0 - share))


def _sensitivity(given: Answers, note: Note) -> float:
    path, text = f"{_of_segments(given)}.price_sensitivity", "price sensitivity"
    own = [each.price_response is not None for each in (given.segments or {}).values()]
    alone = not any(own)  # else a segment's range stands for itself
    if given.price_response is None:
        margins = [firm.price * (1.0 - firm.share) for firm in given.firms.values()]
        a = ELASTICITY / (math.fsum(margins) / len(margins))
        why = "nobody stated it, and shares and churn do not show it: elasticity -2.62"
        ends = a / 2, 2 * a
    else:
        mine = given.firms[given.my_firm]
        a = price_sensitivity_of(given.price_response, reconsidering(given), mine.price, mine.share)
        why = "from the loss stated for a price 10 % higher"
        ends = 0.75 * a, 1.33 * a
    if alone:
        return note(path, text, a, *ends, why)
    for name, each in (given.segments or {}).items():
        if each.price_response is None:
            note(f"segments.{name}.price_sensitivity", f"{text} of {name}", a, *ends, why)
    return rounded(a)


def _qualities(given: Answers, a: float) -> dict[str, float]:
    """Return the qualities at which logit choice without loyalty gives the shares."""
    first = next(iter(given.firms.values()))
    none = given.no_purchase_share
    made = {}
    for name, firm in given.firms.items():
        odds = firm.share / first.share if none is None else firm.share * (1.0 - none) / none
        level = first.price if none is None else 0.0
        made[name] = rounded(firm.price + level + math.log(max(odds, 1e-9)) / a)
    return made


def _firm(given: Answers, name: str, quality: float, note: Callable[..., float]) -> dict[str, Any]:
    firm, mine = given.firms[name], name == given.my_firm
    made: dict[str, Any] = {
        "price": float(firm.price), "quality": quality, "unit_cost": float(firm.unit_cost),
        "cost_to_serve": float(firm.cost_to_serve),
    }  # fmt: skip
    for key, scale in (("talks", "interaction"), ("adapts", "customization")):
        level = getattr(firm, key)
        made[scale] = level_value(level or 2)
        if level is None or mine:
            low, high = level_range(level or 2, wide=level is None)
            why = "level 2 taken" if level is None else "a level is a range"
            note(f"firms.{name}.{scale}", f"{name}'s {scale}", made[scale], low, high, why)
    recognized = firm.recognized
    if recognized is None:
        usual = 0.9 if given.buys == "subscription" else 0.5
        path, why = f"firms.{name}.identification", "nobody stated it"
        text, low, high = f"{name}'s recognition of customers", usual - 0.2, min(1.0, usual + 0.2)
        recognized = note(path, text, usual, low, high, why)
    made["identification"] = float(recognized)
    made["capability_costs"] = {"identification": {"fixed": 0.0}}  # running_cost holds it
    if given.service_contacts is not None:
        made["touchpoints"] = {_SERVICE: _service(name, firm, note)}
    made["segment_insight"] = 0.0
    level_a, level_c = made["interaction"], made["customization"]
    if firm.running_cost is not None:
        per_period = firm.running_cost / PER_YEAR[given.period]
        made["capability_cost"] = rounded(per_period / (level_a**2 + level_c**2))
    if firm.tailored_unit_cost is not None:
        made["customization_cost"] = rounded(firm.tailored_unit_cost / level_c)
    if firm.contact_cost is not None:
        made["interaction_cost"] = rounded(firm.contact_cost / level_a)
    if given.buys == "subscription":
        made["billing"] = "subscription"
        if given.contract_months is not None and given.exit_fee is not None:
            length = round(given.contract_months * PER_YEAR[given.period] / 12.0)
            made["contracts"] = {"length": max(1, length), "exit_fee": float(given.exit_fee)}
    return made


def _service(name: str, firm: FirmAnswers, note: Note) -> dict[str, float]:
    """Return how customers find contacts with a firm's service, and what one costs."""
    made = {"mean": 5.0 if firm.service_score is None else float(firm.service_score)}
    if firm.service_score is None and firm.nps is None:
        path = f"firms.{name}.touchpoints.{_SERVICE}.mean"
        note(path, f"{name}'s score of contacts", 5.0, 3.5, 6.5, "nobody stated it")
    return made | ({} if firm.service_cost is None else {"cost": float(firm.service_cost)})


#: Costs of a firm that may be left open, and the parameter without which they have a range.
_COSTS = {
    "running_cost": "capability_cost", "tailored_unit_cost": "customization_cost",
    "contact_cost": "interaction_cost", "service_cost": f"touchpoints.{_SERVICE}.cost",
}  # fmt: skip


def _open_costs(given: Answers) -> Iterator[Open]:
    text = {each.key: each.text for each in questions(FirmAnswers)}
    for name, firm in given.firms.items():
        for key, parameter_ in _COSTS.items():
            if key == "service_cost" and given.service_contacts is None:
                continue
            if getattr(firm, key) is None:
                why = "no cost stated: a decision of the firm ranges over it"
                path = f"firms.{name}.{parameter_}"
                yield Open(path, f"{name}: {text[key]}", None, None, None, why)


def _targets(
    given: Answers, scenario: dict[str, Any], a: float, quality: dict[str, float]
) -> dict[str, Any]:
    """Return targets and free parameters; give-or-take counts as two standard errors."""
    known = churns(given)
    measure = "customer_share" if given.shares_of == "customers" else "market_share"
    half = give_or_take(given)
    rows: list[dict[str, Any]] = []
    for name in given.firms:
        share = scenario["initial"][name]["share"]
        rows.append({"measure": measure, "firm": name, "value": share, "se": half[0] / 2})
    for name, churn in known.items():
        if churn is not None:
            rows.append({"measure": "churn", "firm": name, "value": churn, "se": half[1] / 2})
    names = list(given.firms)
    free = names if given.no_purchase_share is not None else names[1:]
    if given.no_purchase_share is not None:
        row = {"measure": "no_purchase_share", "value": given.no_purchase_share, "se": half[0] / 2}
        rows.append(row)
    reach = 6.0 / a
    parameters = {
        f"firms.{name}.quality": [rounded(quality[name] - reach), rounded(quality[name] + reach)]
        for name in free
    }
    of = _of_segments(given)
    if given.switching_cost is None:
        parameters[f"{of}.switching_cost"] = [0.0, rounded(8.0 / a)]
    parameters[f"{of}.brand_taste_sd"] = [0.0, rounded(4.0 / a)]
    if price_is_target(given):
        parameters[f"{of}.price_sensitivity"] = [rounded(a / 3), rounded(6 * a)]
        value = given.price_response or 0.0
        row = {"measure": PRICE_RESPONSE, "firm": given.my_firm, "value": value, "se": value / 8}
        rows.append(row)
    last = scenario["periods"] - 1
    window = [max(0, last + 1 - round(PER_YEAR[given.period])), last]
    for name, firm in given.firms.items():
        if firm.nps is not None:
            row = {"measure": "net_promoter_score", "firm": name, "value": firm.nps}
            rows.append(row | {"se": NPS_GIVE_OR_TAKE / 2, "periods": window})
            parameters[f"firms.{name}.touchpoints.{_SERVICE}.mean"] = [2.0, 9.5]
    return {"parameters": parameters, "targets": rows}


def price_is_target(given: Answers) -> bool:
    """Return whether the search finds the price sensitivity that has the loss stated.

    Parameters
    ----------
    given : Answers
        Where segments have price responses of their own, those give it.
    """
    own = [each.price_response is not None for each in (given.segments or {}).values()]
    return given.price_response is not None and not any(own)


def give_or_take(given: Answers) -> tuple[float, float]:
    """Return how far off shares and churn may be.

    Parameters
    ----------
    given : Answers

    Returns
    -------
    share, churn : float
        As stated; else a point of share, and a tenth of a point or of the lowest churn.
    """
    lowest = min(each for each in churns(given).values() if each is not None)
    share, churn = given.share_give_or_take, given.churn_give_or_take
    return share or 0.01, churn or max(0.001, lowest / 10)


def _options(given: Answers, firms: Mapping[str, Any]) -> dict[str, Any]:
    """Return the moves of my firm as options of a decision, beside staying as it is.

    What a rival does whatever my firm does is in all of them; what it does in answer is in that of
    the move that it answers.
    """
    all_moves = given.moves or {}
    mine = {name for name, each in all_moves.items() if each.firm in (None, given.my_firm)}

    def option(*of: str | None) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, move in all_moves.items():
            answers = move.in_answer_to
            if not (name in of or (name not in mine and (answers in of or answers not in mine))):
                continue
            whose = move.firm or given.my_firm
            terms = _terms(given, name, firms[whose])
            if name in mine:
                made.setdefault("programmes", {})[name] = terms
            else:
                made[f"firms.{whose}.programmes.{name}"] = terms
        return made

    made = {"stay": option()}
    for name in all_moves:
        if name in mine:
            answers = all_moves[name].in_answer_to
            made[name] = option(name, answers) if answers in mine else option(name)
    return made


def _terms(given: Answers, name: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a move as a programme; a cost that nobody stated is left out."""
    all_moves = given.moves or {}
    move = all_moves[name]
    changes = _changes(move, own)
    start = move.start
    if move.in_answer_to is not None:
        start = (all_moves[move.in_answer_to].start or 1) + (move.delay or 0)
    assert start is not None
    terms: dict[str, Any] = {"changes": changes, "start": start - 1, "build": move.build}
    if move.once is not None:
        terms["one_off"] = float(move.once)
    if move.per_year is not None:
        terms["running"] = rounded(move.per_year / PER_YEAR[given.period])
    return terms


def _changes(move: MoveAnswers, own: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if move.move is not None:
        changes = moves()[move.move].changes(own, move.size, move.unit_cost, _SERVICE)
    for key, path in REACHED.items():
        reached = getattr(move, key)
        if reached is not None:
            plain_ = key in ("recognized_to", "price_to")
            changes[path] = float(reached) if plain_ else level_value(reached)
    return changes


# -- Calibration, and what it leaves open ----------------------------------------------------


@dataclass(frozen=True)
class MarketFit:
    """A guided market, calibrated.

    Attributes
    ----------
    market : GuidedMarket
    result : MomentMatch
    targets : dict
        As a file of targets holds them, without its base: what reproduces the calibration.
    churn : DataFrame
        ``firm, stated, give_or_take, simulated, within``.
    customers : tuple of float
        Customers of all firms at the end of the first and of the last period.
    by_firm : bool
        Whether one switching cost for all could not meet the churn of each, so that every firm
        has a leaving cost of its own.
    loss, loss_se : float
        Share of its customers that my firm loses within a year by a price 10 % higher, in the
        simulation, with its Monte-Carlo error.
    history : DataFrame
        ``years_ago, firm, stated, simulated``: shares of a run that starts from the earliest ones
        stated; empty where none are.
    """

    market: GuidedMarket
    result: MomentMatch
    targets: dict[str, Any]
    churn: pd.DataFrame
    customers: tuple[float, float]
    by_firm: bool
    loss: float
    loss_se: float
    history: pd.DataFrame

    @property
    def scenario(self) -> Scenario:
        """The calibrated scenario."""
        return self.result.scenario

    def price_words(self) -> str:
        """Return the price response in words, as stated and as simulated."""
        given = self.market.answers
        simulated = f"{100 * self.loss:.2g} % (+- {100 * self.loss_se:.1g})"
        start = f"Price response: a price 10 % higher loses {given.my_firm} "
        if given.price_response is not None:
            return (
                f"{start}{100 * given.price_response:.2g} % of its customers within a year as "
                f"stated, {simulated} in the simulation."
            )
        return f"{start}{simulated} of its customers within a year as assumed: nobody stated it."

    def unidentified(self) -> str:
        """Return in words what shares and churn leave open."""
        said = (
            "Shares and churn say nothing about the price response: markets that meet them alike "
            "answer a price cut differently. Every decision ranges over the price sensitivity."
        )
        loose = self.result.directions[~self.result.directions["pinned"]]["combination"]
        if len(loose):
            said += f" Nor do they pin down {'; '.join(loose)}."
        return said

    def reasons(self) -> tuple[str, ...]:
        """Return why churn, price response or the number of customers is off, a sentence each."""
        said = [
            f"{row['firm']}: simulated churn of {100 * row['simulated']:.2f} % is not within "
            f"{100 * row['give_or_take']:.2g} points of the {100 * row['stated']:.2f} % stated."
            for row in self.churn.to_dict("records")
            if not row["within"]
        ]
        noise = self.result.moments.query("measure == 'churn'")["model_se"].max()
        if said and noise > self.churn["give_or_take"].min() / 2:
            said.append(
                f"Simulated churn has a Monte-Carlo error of up to {100 * noise:.2g} points: "
                "simulate more customers, or average over more seeds."
            )
        elif said:
            said += self.result.reasons() or (
                "The model cannot meet all shares and churn rates together within these limits.",
            )
        stated = self.market.answers.price_response
        if stated is not None and abs(self.loss - stated) > max(stated / 4, 2 * self.loss_se):
            said.append(
                f"The simulated loss by a price 10 % higher, {100 * self.loss:.2g} %, is not "
                f"within a quarter of the {100 * stated:.2g} % stated."
            )
        first, last = self.customers
        if abs(last / first - 1.0) > 0.02:
            said.append(
                f"The number of customers moves from {first:,.0f} to {last:,.0f} over the run."
            )
        return tuple(said)

    def history_words(self) -> str:
        """Return how far shares moved, as stated and as simulated; empty without a history."""
        if self.history.empty:
            return ""
        years = int(self.history["years_ago"].max())
        by = self.history.set_index(["years_ago", "firm"])
        moved = (by.loc[years] - by.loc[0]).abs().max()
        return (
            f"Shares moved by up to {100 * moved['stated']:.2g} points in {years} "
            f"year{'s' if years > 1 else ''}, and by up to {100 * moved['simulated']:.2g} in the "
            "market as calibrated. The calibration takes today's shares as lasting."
        )


def fit_market(
    market: GuidedMarket,
    *,
    seeds: int = 4,
    jobs: int = 1,
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> MarketFit:
    """Calibrate a guided market to its shares, its churn and the price response stated.

    A market of few customers finds where to start within the bounds, one of all customers goes on
    from there, and the last steps are made with eight times as many, whose churn, shares and price
    response are those of the result.

    One switching cost for all comes first. Where it cannot meet the churn of each firm within half
    of its give-or-take (a standard error), every firm gets a leaving cost of its own, and brand
    preference stays as found unless a price response is stated.

    Parameters
    ----------
    market : GuidedMarket
    seeds, jobs : int
        As of :func:`cxsim.calibration.match_moments`.
    settings : mapping, optional
        Other values of the scenario, such as ``customers``.
    progress : callable, optional
        As of :func:`cxsim.calibration.match_moments`.

    Returns
    -------
    MarketFit

    Raises
    ------
    ScenarioError
        If a setting is not valid.
    """
    base = Scenario.from_dict(market.scenario)
    given, of = market.answers, _of_segments(market.answers)
    rows = market.targets["targets"]

    def matched(
        free: Mapping[str, Any], values: Mapping[str, Any], near: Mapping[str, float] | None = None
    ) -> tuple[MomentMatch, dict[str, Any]]:
        plan: dict[str, Any] = {"parameters": dict(free), "targets": rows}
        if values:
            plan = {"settings": dict(values), **plan}
        if near is not None:
            plan["start"] = {path: rounded(float(near[path])) for path in free}
            plan["refine"] = MANY * int(chosen.get("customers", base.customers))
        result = match_moments(plan, base=base, seeds=seeds, jobs=jobs, progress=progress)
        return result, plan

    chosen = dict(settings or {})
    free = market.targets["parameters"]
    size = min(FEW, int(chosen.get("customers", base.customers)))
    near = _estimates(matched(free, chosen | {"customers": size})[0])
    result, targets = matched(free, chosen, near)
    by_firm = False
    churn = _churn_table(given, result)
    if (_off(churn) > 0.5).any() and len(churn) > 1:
        near = _estimates(result)
        common = given.switching_cost if given.switching_cost is not None else 0.0
        fixed = {f"{of}.switching_cost": common}
        taste = f"{of}.brand_taste_sd"
        if not price_is_target(given):  # which needs both taste and price sensitivity
            fixed[taste] = rounded(near[taste])
        # Nearly nobody leaves at eight scales of random utility and three standard deviations of
        # the difference between two brand preferences.
        highest = 8.0 / min(s["price_sensitivity"] for s in market.scenario["segments"].values())
        highest += 3.0 * math.sqrt(2.0) * near.get(taste, 0.0)
        own = {f"firms.{name}.leaving_cost": [0.0, rounded(highest)] for name in churn["firm"]}
        kept = {
            key: ends
            for key, ends in free.items()
            if key not in fixed and not key.endswith(".switching_cost")
        }
        each = near.get(f"{of}.switching_cost", 0.0)
        again = matched({**kept, **own}, chosen | fixed, near | dict.fromkeys(own, each))
        if again[0].j < result.j:
            (result, targets), by_firm = again, True
            churn = _churn_table(given, result)
    if price_is_target(given):
        _range_around(result, f"{of}.price_sensitivity")
    large = result.scenario.override({"customers": targets["refine"]})
    losses = [lost_by_price(large, given.my_firm, seed) for seed in range(seeds)]
    loss, loss_se = float(np.mean(losses)), float(np.std(losses, ddof=1) / math.sqrt(seeds))
    return MarketFit(
        market, result, targets, churn, _customers(result.scenario), by_firm, loss, loss_se,
        _history(given, result.scenario, seeds),
    )  # fmt: skip


def longest_minutes(
    market: GuidedMarket,
    *,
    seeds: int = 4,
    jobs: int = 1,
    settings: Mapping[str, Any] | None = None,
) -> float:
    """Return about how many minutes :func:`fit_market` takes at most, from runs that are timed.

    Parameters
    ----------
    market, seeds, jobs, settings
        As of :func:`fit_market`.
    """
    scenario = Scenario.from_dict(market.scenario, settings)
    simulate(scenario.override({"periods": 2}), seed=0)  # compiled before it is timed
    begin = perf_counter()
    simulate(scenario, seed=0)
    once = perf_counter() - begin
    if price_is_target(market.answers):
        once *= 1.0 + min(1.0, PER_YEAR[market.answers.period] / scenario.periods)
    evaluated = _TRIED * (2 * len(market.targets["parameters"]) + 1)
    return evaluated * seeds * once / 60.0 / max(1, jobs)


#: Points of the search, as steps in every direction of every parameter.
_TRIED = 50


#: Customers of the search over the whole of the bounds, which the last search starts from.
FEW = 500


#: How many times as many customers the last steps have.
MANY = 8


def _estimates(result: MomentMatch) -> dict[str, float]:
    values = result.parameters.set_index("path")["estimate"]
    return {str(path): float(value) for path, value in values.items()}


def _off(churn: pd.DataFrame) -> pd.Series:
    """Return how far simulated churn is off, as a share of what it may be."""
    return (churn["simulated"] - churn["stated"]).abs() / churn["give_or_take"]


def _range_around(result: MomentMatch, path: str) -> None:
    """Let decisions range over a quarter below and a third above the value that was found."""
    found_here = float(result.parameters.set_index("path")["estimate"][path])
    base = result.targets.base
    ranges = dict(base.uncertain) | {path: [rounded(0.75 * found_here), rounded(1.33 * found_here)]}
    uncertain = {key: list(map(float, ends)) for key, ends in ranges.items()}
    result.targets = replace(result.targets, base=base.override({"uncertain": uncertain}))


def _history(given: Answers, scenario: Scenario, seeds: int) -> pd.DataFrame:
    """Return shares as they were and as a run has them that starts from the earliest ones."""
    stated = {0: {name: firm.share for name, firm in given.firms.items()}}
    for years in (1, 2, 3):
        shares = {name: getattr(firm, f"share_{years}") for name, firm in given.firms.items()}
        if None not in shares.values():
            stated[years] = shares
    columns = ["years_ago", "firm", "stated", "simulated"]
    earliest = max(stated)
    if not earliest:
        return pd.DataFrame(columns=columns)
    per_year = round(PER_YEAR[given.period])
    total = math.fsum(stated[earliest].values())
    before = {f"initial.{name}.share": share / total for name, share in stated[earliest].items()}
    past = scenario.override({"periods": max(2, earliest * per_year), **before})
    key = "customers" if given.shares_of == "customers" else "purchases"
    run = sum(_by_firm(past, key, seed) for seed in range(seeds))
    rows = []
    for years, shares in sorted(stated.items(), reverse=True):
        end = max(1, (earliest - years) * per_year)
        start = max(0, end - per_year) if key == "purchases" else end - 1
        held = run[start:end].sum(axis=0) / run[start:end].sum()
        for number, name in enumerate(scenario.firms):
            simulated = shares[name] if years == earliest else float(held[number])
            rows.append((years, name, shares[name], simulated))
    return pd.DataFrame(rows, columns=columns)


def _by_firm(scenario: Scenario, what: str, seed: int) -> Any:
    """Return customers at the end, or purchases, by period and firm."""
    from cxsim.model.ledger import customers_at_end
    from cxsim.runs.measures.purchases import purchases

    ledger = simulate(scenario, seed=seed).ledger
    counted = customers_at_end(ledger) if what == "customers" else purchases(ledger)
    return counted[:, [ledger.firms.index(name) for name in scenario.firms]]


def _churn_table(given: Answers, result: MomentMatch) -> pd.DataFrame:
    """Return churn stated and simulated, by firm."""
    rows = result.moments.query("measure == 'churn'")
    room = give_or_take(given)[1]
    return pd.DataFrame(
        {
            "firm": rows["firm"].to_numpy(),
            "stated": rows["target"].to_numpy(),
            "give_or_take": room,
            "simulated": rows["model"].to_numpy(),
            "within": ((rows["model"] - rows["target"]).abs() <= room).to_numpy(),
        }
    )


def _customers(scenario: Scenario) -> tuple[float, float]:
    """Return customers of all firms at the end of the first and the last period of a run."""
    from cxsim.model.ledger import customers_at_end

    everybody = customers_at_end(simulate(scenario, seed=0).ledger).sum(axis=1)
    return float(everybody[0]), float(everybody[-1])


def checked_answers(given: str | Path | Mapping[str, Any]) -> GuidedMarket:
    """Read answers, and return the market that they give once its scenario is valid.

    Parameters
    ----------
    given : str, Path or mapping
        As of :func:`read_answers`.

    Raises
    ------
    ScenarioError
        If answers are not valid, or the scenario of them is not.
    """
    name = "market" if isinstance(given, Mapping) else Path(given).name.split(".")[0]
    market = guided_market(read_answers(given), name=name)
    try:
        Scenario.from_dict(market.scenario)
    except ScenarioError as error:
        raise ScenarioError(error.problems) from None
    return market
