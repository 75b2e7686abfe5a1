"""A market from what its managers know: questions, and the scenario and targets that answers give.

One model states all questions. The workbook, the form of the notebook and the questions in the
terminal are made from it, and answers are kept in one YAML file. A number that is left out is never
zero: it stays open with a range, or the market is refused without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd
from annotated_types import Ge, Gt, Le, MinLen
from pydantic import BeforeValidator, Field, model_validator

from cxsim.calibration.moment_matching import MomentMatch, match_moments
from cxsim.messages import Place, found, hint
from cxsim.parameters import parameter
from cxsim.runs import simulate
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.display import level_range, level_value, moves
from cxsim.scenario.fields import Keyed
from cxsim.scenario.loading import Source, plain, read_yaml
from cxsim.scenario.validation import Keys, read_as, refusal
from cxsim.scenario.yaml_text import to_yaml

# -- The questions -----------------------------------------------------------------------------


def share_of(value: Any) -> Any:
    """Return a share, also of a text such as ``42 %``; refuse 42 where .42 is meant.

    Parameters
    ----------
    value
        Anything but a number or a text stays as it is.

    Raises
    ------
    ValueError
        If a text is no number, or a number is from 1 to 100.

    Examples
    --------
    >>> share_of("42 %"), share_of(0.42)
    (0.42, 0.42)
    """
    made = value
    if isinstance(value, str):
        text = value.strip()
        number = text.removesuffix("%").strip().replace(",", ".")
        try:
            made = round(float(number) / (100.0 if text.endswith("%") else 1.0), 12)
        except ValueError:
            raise ValueError(
                f"expected a share such as 0.42 or 42 %, found {found(value)}"
            ) from None
    if isinstance(made, (int, float)) and not isinstance(made, bool) and 1.0 < made <= 100.0:
        shown = f"{made:g} %? write {made / 100:g} or {made:g} %"
        raise ValueError(f"expected a share from 0 to 1, found {found(value)} ({shown})")
    return made


Share = Annotated[float, BeforeValidator(share_of), Ge(0), Le(1)]
Money = Annotated[float, Ge(0)]
Positive = Annotated[float, Gt(0)]
Level = Annotated[int, Ge(1), Le(5)]


def asked(question: str, unit: str = "1", *, unknown: str = "") -> Any:
    """Declare a question: it must be answered unless it says what holds without an answer.

    Parameters
    ----------
    question : str
    unit : str
        In words; ``currency`` and ``period`` stand for those of the market.
    unknown : str
        What is done without an answer; empty: there is no market without one.
    """
    extra: dict[str, Any] = {"unit": unit, "source": unknown or "must be answered"}
    return Field(None if unknown else ..., description=question, json_schema_extra=extra)


class FirmAnswers(Keyed):
    """What is known of a firm."""

    called: ClassVar[str] = "a firm"
    share: Share = asked("Share of the market: of customers or of sales, see shares_of", "share")
    price: Positive = asked("Price of a purchase, or of a period of the subscription", "currency")
    unit_cost: Money = asked("Cost of the product itself, per purchase or period", "currency")
    cost_to_serve: Money = asked("Cost of handling a purchase or a subscriber's period", "currency")
    churn: Share | None = asked(
        "Customers lost in a period for whatever reason, of those at its start", "share",
        unknown="taken from tenure; without that, churn of this firm is no target",
    )  # fmt: skip
    tenure: Positive | None = asked(
        "Mean time that a customer stays, where churn is not known", "periods",
        unknown="not used",
    )  # fmt: skip
    talks: Level | None = asked(
        "How it talks with single customers: level of the scale interaction", "level 1 to 5",
        unknown="level 2, and one level up or down",
    )  # fmt: skip
    adapts: Level | None = asked(
        "How far it adapts its offer: level of the scale customization", "level 1 to 5",
        unknown="level 2, and one level up or down",
    )  # fmt: skip
    recognized: Share | None = asked(
        "Purchases or contacts in which it recognizes a known customer", "share",
        unknown="0.9 with subscriptions, else 0.5; 0.2 up or down",
    )  # fmt: skip
    running_cost: Money | None = asked(
        "Yearly cost of running today what talks and adapts describe", "currency per year",
        unknown="from nothing to twice the customary cost, in every decision",
    )  # fmt: skip
    tailored_unit_cost: Money | None = asked(
        "Extra cost of one unit as adapted today", "currency per unit",
        unknown="from nothing to twice the customary cost, in every decision",
    )  # fmt: skip
    contact_cost: Money | None = asked(
        "Cost of one personal contact as of today", "currency per contact",
        unknown="from nothing to twice the customary cost, in every decision",
    )  # fmt: skip


class MoveAnswers(Keyed):
    """A move of the firm that decides: what it changes and what it costs."""

    called: ClassVar[str] = "a move"
    move: str | None = asked(
        "Name in the menu of moves", "move", unknown="it reaches what is stated beside it"
    )
    size: Positive | None = asked(
        "Size of a move of the menu, in its own unit", "see the menu", unknown="it has none"
    )
    start: Annotated[int, Ge(1)] = asked("First period of building (1 is the first)", "period")
    build: Annotated[int, Ge(0)] = asked("Time until it works", "periods")
    once: Money = asked("Cost of building it, once", "currency")
    per_year: Money = asked("Cost of running it", "currency per year")
    talks_to: Level | None = asked(
        "Level of the scale interaction that it reaches", "level 1 to 5", unknown="unchanged"
    )
    adapts_to: Level | None = asked(
        "Level of the scale customization that it reaches", "level 1 to 5", unknown="unchanged"
    )
    recognized_to: Share | None = asked(
        "Share of purchases in which it recognizes customers then", "share", unknown="unchanged"
    )
    insight_to: Level | None = asked(
        "Level of the scale segment_insight that it reaches", "level 1 to 5", unknown="unchanged"
    )
    price_to: Positive | None = asked("New price", "currency", unknown="unchanged")

    @model_validator(mode="after")
    def _changes(self) -> MoveAnswers:
        menu = moves()
        if self.move is not None and self.move not in menu:
            near = hint(self.move, menu, listed=12)
            raise ValueError(f"move: expected a move, found {found(self.move)}{near}")
        if self.move is None and not any(getattr(self, name) is not None for name in _REACHED):
            known = ", ".join(["move", *_REACHED])
            raise ValueError(f"expected one of {known}, found none: it changes nothing")
        return self


#: What a move may reach, and the firm's parameter.
_REACHED = {
    "talks_to": "interaction", "adapts_to": "customization", "recognized_to": "identification",
    "insight_to": "segment_insight", "price_to": "price",
}  # fmt: skip


#: Goals in words of managers, and the measures that they are.
GOALS = {
    "profit": "net_present_value", "market share": "market_share", "customers": "customers",
    "retention": "retention_rate", "customer value": "customer_equity",
}  # fmt: skip


#: Periods of a year, by the length of one.
PER_YEAR = {"day": 365.0, "week": 52.0, "month": 12.0, "quarter": 4.0, "year": 1.0}


#: Questions with a choice of answers.
_WORDS = {
    "goal": tuple(GOALS), "period": tuple(PER_YEAR), "buys": ("subscription", "purchases"),
    "shares_of": ("customers", "sales"),
}  # fmt: skip


class Answers(Keyed):
    """All that is asked of a market."""

    called: ClassVar[str] = "a market"
    my_firm: str = asked("The firm that decides, and that every answer is about", "name")
    goal: Literal["profit", "market share", "customers", "retention", "customer value"] = asked(
        "What it wants more of", "word"
    )
    currency: str = asked("Currency of all amounts", "label")
    period: Literal["day", "week", "month", "quarter", "year"] = asked(
        "Time that churn and prices of a subscription are stated for", "word"
    )
    customers: Positive = asked("Customers of all firms today", "customers")
    buys: Literal["subscription", "purchases"] = asked(
        "Whether customers pay every period until they cancel, or when they buy", "word"
    )
    purchases_per_year: Positive | None = asked(
        "Purchases of a customer in a year (not with subscriptions)", "per year",
        unknown="must be answered where customers buy single purchases",
    )  # fmt: skip
    contract_months: Positive | None = asked(
        "Months of a contract, after which a subscriber reconsiders", "months",
        unknown="subscribers reconsider once a year; 6 to 24 months",
    )  # fmt: skip
    exit_fee: Money | None = asked(
        "Fee for leaving before a contract ends", "currency", unknown="no fee is charged"
    )
    shares_of: Literal["customers", "sales"] = asked(
        "Whether shares of the market are of customers or of purchases", "word"
    )
    share_give_or_take: Share | None = asked(
        "How far off the shares may be", "share", unknown="one point"
    )
    churn_give_or_take: Share | None = asked(
        "How far off churn may be, such as its spread over the last quarters", "share",
        unknown="0.1 point, or a tenth of the lowest churn if that is more",
    )  # fmt: skip
    leaving: Share | None = asked(
        "Customers who leave the whole market in a period (death, move, insolvency)", "share",
        unknown="a fifth of the lowest churn; a twentieth to a half of it",
    )  # fmt: skip
    no_purchase_share: Share | None = asked(
        "Share of occasions on which customers buy from nobody", "share",
        unknown="customers always buy from some firm",
    )  # fmt: skip
    price_response: Share | None = asked(
        "Share of its customers that my firm loses within a year by a price 10 % higher", "share",
        unknown="price elasticity -2.62 (Bijmolt et al. 2005), half to twice as much",
    )  # fmt: skip
    switching_cost: Money | None = asked(
        "What changing the supplier costs a customer in money, time and trouble", "currency",
        unknown="found from churn, together with brand preference",
    )  # fmt: skip
    fit_value: Money | None = asked(
        "What an offer that fits perfectly is worth to a customer, per purchase or period",
        "currency", unknown="15 % of the mean price; half to twice as much",
    )  # fmt: skip
    discount_rate: Share | None = asked(
        "Discount rate of a year", "share", unknown="8 %; 4 to 12 %"
    )
    periods: Annotated[int, Ge(2), Le(1200)] | None = asked(
        "Horizon of the decision", "periods", unknown="three years"
    )
    firms: Annotated[dict[str, FirmAnswers], MinLen(2)] = parameter(doc="Firms, by name")
    moves: dict[str, MoveAnswers] | None = parameter(None, doc="Moves of my firm, by name")

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        """Take an empty answer for none, in the market, its firms and its moves."""
        if not isinstance(given, Mapping):
            return given
        made = {key: value for key, value in given.items() if value is not None}
        for part in ("firms", "moves"):
            if isinstance(made.get(part), Mapping):
                made[part] = {name: _stated(row) for name, row in made[part].items()}
        return made


def _stated(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    return {key: value for key, value in row.items() if value is not None}


@dataclass(frozen=True)
class Question:
    """One question, as the workbook, the form and the terminal show it.

    Attributes
    ----------
    key : str
        Name in the file of answers.
    text, unit : str
    unknown : str
        What is done without an answer; empty: it must be answered.
    kind : {"number", "share", "level", "whole", "word", "text"}
    words : tuple of str
        The answers to choose from, where only some are.
    """

    key: str
    text: str
    unit: str
    unknown: str
    kind: str
    words: tuple[str, ...] = ()


def questions(of: type[Keyed] = Answers) -> tuple[Question, ...]:
    """Return the questions of a market, of a firm or of a move, in their order.

    Parameters
    ----------
    of : type
        :class:`Answers`, :class:`FirmAnswers` or :class:`MoveAnswers`.
    """
    made = []
    for key, info in of.model_fields.items():
        extra = info.json_schema_extra
        if not isinstance(extra, dict) or key in ("firms", "moves"):
            continue
        unit, shown = str(extra["unit"]), str(info.annotation)
        words = tuple(moves()) if key == "move" else _WORDS.get(key, ())
        kind = "number"
        if words:
            kind = "word"
        elif unit in ("name", "label"):
            kind = "text"
        elif unit == "share" or unit.startswith("level"):
            kind = unit.split(maxsplit=1)[0]
        elif "int" in shown:
            kind = "whole"
        unknown = "" if info.is_required() else str(extra["source"])
        made.append(Question(key, str(info.description), unit, unknown, kind, words))
    return tuple(made)


# -- Reading and writing answers -------------------------------------------------------------


def read_answers(given: str | Path | Mapping[str, Any]) -> Answers:
    """Read the answers of a market and check them against each other.

    Parameters
    ----------
    given : str, Path or mapping
        A YAML file, a workbook (``.xlsx``), or what one holds.

    Raises
    ------
    ScenarioError
        With file, line and key (of a workbook: the cell), what was expected and what found.
    """
    where: dict[Keys, Place] = {}
    if isinstance(given, Mapping):
        place = Place("market")
        data: Any = plain(given, place)
    elif str(given).lower().endswith(".xlsx"):
        from cxsim.calibration.market_forms import read_workbook

        data, where = read_workbook(given)
        place = Place(str(given))
    else:
        place = Place(str(given))
        data, where = read_yaml(Path(given))
    source = Source(data, where, place.source, place)
    made = read_as(Answers, data, source)
    problems = list(_problems(made))
    if problems:
        raise refusal(source, problems)
    return made


def _problems(given: Answers) -> Iterator[tuple[Keys, str]]:
    """Yield what does not hold between answers."""
    firms = given.firms
    if given.my_firm not in firms:
        text = f"expected a firm, found {found(given.my_firm)}{hint(given.my_firm, firms)}"
        yield ("my_firm",), text
    total = math.fsum(each.share for each in firms.values())
    if abs(total - 1.0) > 0.005:
        yield ("firms",), f"expected shares that add up to 1, found a sum of {total:.4g}"
    if given.buys == "purchases" and given.purchases_per_year is None:
        yield ("purchases_per_year",), "expected purchases of a customer in a year, found nothing"
    if given.buys == "subscription" and given.no_purchase_share is not None:
        text = "expected nothing with subscriptions (who cancels counts in churn), found a share"
        yield ("no_purchase_share",), text
    subscribed = given.buys == "subscription"
    unused = ("purchases_per_year",) if subscribed else ("contract_months", "exit_fee")
    for key in unused:
        if getattr(given, key) is not None:
            text = f"expected nothing where customers buy by {given.buys}"
            yield (key,), f"{text}, found {getattr(given, key):g}"
    if subscribed and given.exit_fee is not None and given.contract_months is None:
        yield ("contract_months",), "expected months of a contract beside its exit_fee, found none"
    known = {name: churn for name, churn in churns(given).items() if churn is not None}
    for name, churn in known.items():
        if not 0.0 < churn < 1.0:
            yield ("firms", name, "churn"), f"expected a share above 0 and below 1, found {churn:g}"
        elif given.leaving is not None and given.leaving >= churn:
            text = (
                f"expected more than the {given.leaving:g} who leave the whole market, "
                f"found {churn:g}"
            )
            yield ("firms", name, "churn"), text
    if not known:
        yield ("firms",), "expected churn or tenure of at least one firm, found none"
    for name, move in (given.moves or {}).items():
        if move.move is not None:
            of = moves()[move.move]
            if bool(of.size) != (move.size is not None):
                text = f"expected {of.size or 'nothing'}, found {found(move.size)}"
                yield ("moves", name, "size"), text
            if of.needs:
                text = f"expected a move that this market can have, found {found(move.move)}"
                yield ("moves", name, "move"), f"{text} (it needs {of.needs})"
    if given.price_response is not None:
        most = _reconsidering(given)
        if not 0.0 < given.price_response < 0.95 * most:
            text = (
                f"expected a share above 0 and below {0.95 * most:.2g} (of the customers who "
                f"reconsider in a year), found {given.price_response:g}"
            )
            yield ("price_response",), text


def churns(given: Answers) -> dict[str, float | None]:
    """Return churn by firm: as stated, or 1 / tenure; None where neither is known.

    Parameters
    ----------
    given : Answers
    """
    made = {}
    for name, firm in given.firms.items():
        stay = None if firm.tenure is None else 1.0 / firm.tenure
        made[name] = stay if firm.churn is None else firm.churn
    return made


def answers_text(given: Mapping[str, Any] | Answers | None = None) -> str:
    """Return a file of answers as YAML, with every question beside its answer.

    Parameters
    ----------
    given : mapping or Answers, optional
        Answers so far; without them, three firms to fill in.
    """
    raw = given.model_dump(exclude_none=True) if isinstance(given, Answers) else dict(given or {})
    lines = [
        "# Answers about a market. `cxsim market FILE` makes a scenario and targets of it.",
        "# Leave empty what is unknown: it gets a range. Write 0 only where it is nothing.",
    ]
    for each in questions():
        lines += _asked_lines(each, raw.get(each.key), "")
    lines.append("firms:")
    firms = raw.get("firms") or {name: {} for name in ("Alpha", "Beta", "Gamma")}
    for number, (name, row) in enumerate(firms.items()):
        lines.append(f"  {_plain(name)}:")
        for each in questions(FirmAnswers):
            lines += _asked_lines(each, row.get(each.key), "    ", brief=number > 0)
    lines.append("moves:" if raw.get("moves") else "moves:  # of my firm, by name, with these keys")
    for name, row in (raw.get("moves") or {}).items():
        lines.append(f"  {_plain(name)}:")
        for each in questions(MoveAnswers):
            lines += _asked_lines(each, row.get(each.key), "    ", brief=True)
    if not raw.get("moves"):
        lines += [f"  # {each.key}: {each.text} ({each.unit})" for each in questions(MoveAnswers)]
    return "\n".join(lines) + "\n"


def _asked_lines(each: Question, value: Any, indent: str, *, brief: bool = False) -> list[str]:
    unit = " or ".join(each.words) if each.words else each.unit
    unknown = f"; if unknown: {each.unknown}" if each.unknown else "; must be answered"
    shown = "" if value is None else f" {_plain(value)}"
    said = [] if brief else [f"{indent}# {each.text} ({unit}){unknown}"]
    return [*said, f"{indent}{each.key}:{shown}"]


def _plain(value: Any) -> str:
    return to_yaml({"x": value}).split(":", 1)[1].strip()


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


#: Name of the one segment.
_ALL = "All"
_SEGMENT = f"segments.{_ALL}"


#: Own-price elasticity of choice where it is not stated (mean of a meta-analysis).
ELASTICITY = 2.62


def guided_market(given: Answers, *, name: str = "market") -> GuidedMarket:
    """Return the scenario, the targets and the options that answers give.

    Parameters
    ----------
    given : Answers
    name : str
        Name of the scenario.
    """
    firms, per_year = given.firms, PER_YEAR[given.period]
    reconsider = _chance_to_reconsider(given)
    noted: list[Open] = []

    def note(path: str, text: str, taken: float, low: float, high: float, why: str) -> float:
        noted.append(Open(path, text, taken, _round(low), _round(high), why))
        return _round(taken)

    churn = {k: v for k, v in churns(given).items() if v is not None}
    price = math.fsum(each.price for each in firms.values()) / len(firms)
    a = _sensitivity(given, note)
    segment: dict[str, Any] = {"share": 1.0, "price_sensitivity": a}
    segment["purchase_rate"] = reconsider
    if given.buys == "subscription":
        segment["entry_rate"] = 1.0
        if given.contract_months is None:
            low, high = (_months(given, months) for months in (24.0, 6.0))
            why = "no contract stated"
            note(f"{_SEGMENT}.purchase_rate", "chance to reconsider", reconsider, low, high, why)
    elif given.purchases_per_year / per_year > _OFTEN:  # type: ignore[operator]
        segment["volume"] = _round(given.purchases_per_year / per_year / reconsider)  # type: ignore[operator]
    lowest = min(churn.values())
    leaving = given.leaving
    if leaving is None:
        path, why = f"{_SEGMENT}.exit_rate", "a fifth of the lowest churn"
        leaving = note(path, "leaving the market", lowest / 5, lowest / 20, lowest / 2, why)
    segment["exit_rate"] = leaving
    fit = given.fit_value
    why = "nobody stated what a perfect fit is worth"
    if fit is None:
        fit = 0.15 * price
        path = f"{_SEGMENT}.fit_weight"
        note(path, "value of personalization", fit / _GAP, fit / _GAP / 2, fit / _GAP * 2, why)
    segment["fit_weight"] = _round(fit / _GAP)
    for key, share in (("onboarding_effort", 0.15), ("ordering_effort", 0.1)):
        x, path = share * price, f"{_SEGMENT}.{key}"
        segment[key] = note(path, key.replace("_", " "), x, x / 2, 1.5 * x, "not asked; customary")
    segment["switching_cost"] = given.switching_cost or 0.0
    segment["brand_taste_sd"] = _round(1.0 / a)
    rate = given.discount_rate
    yearly = (0.08, 0.04, 0.12) if rate is None else (rate, rate, rate)
    value, low, high = (_round((1.0 + each) ** (1.0 / per_year) - 1.0) for each in yearly)
    if rate is None:
        note("discount_rate", "discount rate per period", value, low, high, "8 % a year")
    quality = _qualities(given, a)
    periods = given.periods or max(2, round(3 * per_year))
    scenario: dict[str, Any] = {
        "name": name,
        "title": f"The market of {given.my_firm}",
        "notes": "Derived from answers about the market by cxsim market: change those, not this.",
        "perspective": {"firm": given.my_firm, "goal": GOALS[given.goal]},
        "periods": periods,
        "period_length": given.period,
        "currency": given.currency,
        "market_size": float(given.customers),
        "discount_rate": value,
        "no_purchase_option": given.no_purchase_share is not None,
        "learning_rate": 1.0,
        "segments": {_ALL: segment},
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
    mine = scenario["firms"][given.my_firm]
    for move in (given.moves or {}).values():
        mine |= moves()[move.move].base if move.move is not None else {}
    scenario["uncertain"] = {each.path: [each.low, each.high] for each in noted}
    costs = tuple(_open_costs(given))
    targets = _targets(given, scenario, a, quality)
    options = _options(given, mine)
    return GuidedMarket(given, scenario, targets, options, (*noted, *costs))


#: Mean squared gap of needs of standard deviation 1 in two dimensions.
_GAP = 2.0


#: Purchases a period beyond which a period's purchases are one of that volume.
_OFTEN = 0.3


def _round(value: float) -> float:
    return float(f"{value:.6g}")


def _months(given: Answers, months: float) -> float:
    """Return the chance to reconsider in a period, once in so many months."""
    return _round(min(1.0, 12.0 / PER_YEAR[given.period] / months))


def _chance_to_reconsider(given: Answers) -> float:
    """Return the chance to be in the market: n, or 1 - e^-n where n purchases are frequent."""
    if given.buys == "subscription":
        return _months(given, given.contract_months or 12.0)
    assert given.purchases_per_year is not None
    n = given.purchases_per_year / PER_YEAR[given.period]
    return _round(n if n <= _OFTEN else 1.0 - math.exp(-n))


def _reconsidering(given: Answers) -> float:
    """Return the share of customers who reconsider at least once in a year."""
    return 1.0 - (1.0 - _chance_to_reconsider(given)) ** PER_YEAR[given.period]


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


def _sensitivity(given: Answers, note: Callable[..., float]) -> float:
    path, text = f"{_SEGMENT}.price_sensitivity", "price sensitivity"
    if given.price_response is None:
        margins = [firm.price * (1.0 - firm.share) for firm in given.firms.values()]
        a = ELASTICITY / (math.fsum(margins) / len(margins))
        why = "nobody stated it, and shares and churn do not show it: elasticity -2.62"
        return note(path, text, a, a / 2, 2 * a, why)
    mine = given.firms[given.my_firm]
    a = price_sensitivity_of(given.price_response, _reconsidering(given), mine.price, mine.share)
    return note(path, text, a, 0.75 * a, 1.33 * a, "from the loss stated for a price 10 % higher")


def _qualities(given: Answers, a: float) -> dict[str, float]:
    """Return the qualities at which logit choice without loyalty gives the shares."""
    first = next(iter(given.firms.values()))
    none = given.no_purchase_share
    made = {}
    for name, firm in given.firms.items():
        odds = firm.share / first.share if none is None else firm.share * (1.0 - none) / none
        level = first.price if none is None else 0.0
        made[name] = _round(firm.price + level + math.log(max(odds, 1e-9)) / a)
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
    made["segment_insight"] = 0.0
    level_a, level_c = made["interaction"], made["customization"]
    if firm.running_cost is not None:
        per_period = firm.running_cost / PER_YEAR[given.period]
        made["capability_cost"] = _round(per_period / (level_a**2 + level_c**2))
    if firm.tailored_unit_cost is not None:
        made["customization_cost"] = _round(firm.tailored_unit_cost / level_c)
    if firm.contact_cost is not None:
        made["interaction_cost"] = _round(firm.contact_cost / level_a)
    if given.buys == "subscription":
        made["billing"] = "subscription"
        if given.contract_months is not None and given.exit_fee is not None:
            length = round(given.contract_months * PER_YEAR[given.period] / 12.0)
            made["contracts"] = {"length": max(1, length), "exit_fee": float(given.exit_fee)}
    return made


#: Costs of a firm that may be left open, and the parameter without which they have a range.
_COSTS = {
    "running_cost": "capability_cost", "tailored_unit_cost": "customization_cost",
    "contact_cost": "interaction_cost",
}  # fmt: skip


def _open_costs(given: Answers) -> Iterator[Open]:
    text = {each.key: each.text for each in questions(FirmAnswers)}
    for name, firm in given.firms.items():
        for key, parameter_ in _COSTS.items():
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
        f"firms.{name}.quality": [_round(quality[name] - reach), _round(quality[name] + reach)]
        for name in free
    }
    if given.switching_cost is None:
        parameters[f"{_SEGMENT}.switching_cost"] = [0.0, _round(8.0 / a)]
    parameters[f"{_SEGMENT}.brand_taste_sd"] = [0.0, _round(4.0 / a)]
    return {"parameters": parameters, "targets": rows}


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


def _options(given: Answers, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the moves of my firm as options of a decision, beside staying as it is."""
    made: dict[str, Any] = {"stay": {}}
    for name, move in (given.moves or {}).items():
        changes = {} if move.move is None else moves()[move.move].changes(own, move.size)
        for key, path in _REACHED.items():
            reached = getattr(move, key)
            if reached is not None:
                plain_ = key in ("recognized_to", "price_to")
                changes[path] = float(reached) if plain_ else level_value(reached)
        terms = {
            "changes": changes, "start": move.start - 1, "build": move.build,
            "one_off": float(move.once),
            "running": _round(move.per_year / PER_YEAR[given.period]),
        }  # fmt: skip
        made[name] = {"programmes": {name: terms}}
    return made


# -- Calibration, and what it leaves open ----------------------------------------------------


@dataclass(frozen=True)
class MarketFit:
    """A guided market, calibrated.

    Attributes
    ----------
    market : GuidedMarket
    result : MomentMatch
    churn : DataFrame
        ``firm, stated, give_or_take, simulated, within``.
    customers : tuple of float
        Customers of all firms at the end of the first and of the last period.
    by_firm : bool
        Whether one switching cost for all could not meet the churn of each, so that every firm
        has a leaving cost of its own.
    """

    market: GuidedMarket
    result: MomentMatch
    churn: pd.DataFrame
    customers: tuple[float, float]
    by_firm: bool

    @property
    def scenario(self) -> Scenario:
        """The calibrated scenario."""
        return self.result.scenario

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
        """Return why simulated churn or the number of customers is off, a sentence each."""
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
        first, last = self.customers
        if abs(last / first - 1.0) > 0.02:
            said.append(
                f"The number of customers moves from {first:,.0f} to {last:,.0f} over the run."
            )
        return tuple(said)


def fit_market(
    market: GuidedMarket,
    *,
    seeds: int = 4,
    jobs: int = 1,
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> MarketFit:
    """Calibrate a guided market to its shares and churn.

    One switching cost for all comes first. Where it cannot meet the churn of each firm, every
    firm gets a leaving cost of its own, and brand preference stays as found.

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
    base = Scenario.from_dict(market.scenario, dict(settings or {}))
    given = market.answers
    rows = market.targets["targets"]

    def matched(start: Scenario, free: Mapping[str, Any]) -> MomentMatch:
        plan = {"parameters": dict(free), "targets": rows}
        return match_moments(plan, base=start, seeds=seeds, jobs=jobs, progress=progress)

    free = market.targets["parameters"]
    result = matched(base, free)
    by_firm = False
    churn = _churn_table(given, result)
    stated = len(churn)
    if not churn["within"].all() and stated > 1:
        path = f"{_SEGMENT}.switching_cost"
        found_here = result.parameters.set_index("path")["estimate"]
        common = given.switching_cost if given.switching_cost is not None else 0.0
        taste = {f"{_SEGMENT}.brand_taste_sd": float(found_here[f"{_SEGMENT}.brand_taste_sd"])}
        highest = 8.0 / market.scenario["segments"][_ALL]["price_sensitivity"]
        own = {f"firms.{name}.leaving_cost": [0.0, _round(highest)] for name in churn["firm"]}
        kept = {key: ends for key, ends in free.items() if key.endswith(".quality")}
        again = matched(base.override({path: common, **taste}), {**kept, **own})
        if again.j < result.j:
            result, by_firm = again, True
            churn = _churn_table(given, result)
    return MarketFit(market, result, churn, _customers(result.scenario), by_firm)


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
