"""A market from what its managers know: questions, and the scenario and targets that answers give.

One model states all questions. The workbook, the form of the notebook and the questions in the
terminal are made from it, and answers are kept in one YAML file. A number that is left out is never
zero: it stays open with a range, or the market is refused without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import BeforeValidator, Field, model_validator

from cxsim.calibration.targets import PER_YEAR
from cxsim.messages import Place, found, hint
from cxsim.model.mechanism_registry import BY_QUESTION, Asked
from cxsim.parameters import parameter
from cxsim.scenario.display import moves
from cxsim.scenario.fields import Keyed
from cxsim.scenario.loading import Source, plain, read_yaml
from cxsim.scenario.validation import Keys, read_as, refusal

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


def size_of(value: Any) -> Any:
    """Return a size of a move, which may be a share in per cent: 0.03 or ``3 %``."""
    return share_of(value) if isinstance(value, str) and value.strip().endswith("%") else value


Share = Annotated[float, BeforeValidator(share_of), Ge(0), Le(1)]
Money = Annotated[float, Ge(0)]
Size = Annotated[float, BeforeValidator(size_of), Gt(0)]
Positive = Annotated[float, Gt(0)]
Level = Annotated[int, Ge(1), Le(5)]
Score = Annotated[float, Ge(0), Le(10)]
Nps = Annotated[float, BeforeValidator(share_of), Ge(-1), Le(1)]


def asked(question: str, unit: str = "1", *, unknown: str = "", more: bool = False) -> Any:
    """Declare a question: it must be answered unless it says what holds without an answer.

    Parameters
    ----------
    question : str
    unit : str
        In words; ``currency`` and ``period`` stand for those of the market.
    unknown : str
        What is done without an answer; empty: there is no market without one.
    more : bool
        Whether a form keeps it closed until somebody asks for more.
    """
    extra: dict[str, Any] = {"unit": unit, "source": unknown or "must be answered", "more": more}
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
        "Yearly cost of running today what talks, adapts and recognized describe",
        "currency per year",
        unknown="from nothing to twice the customary cost, in every decision",
    )  # fmt: skip
    tailored_unit_cost: Money | None = asked(
        "Extra cost of one unit as adapted today", "currency per unit",
        unknown="from nothing to twice the customary cost, in every decision", more=True,
    )  # fmt: skip
    contact_cost: Money | None = asked(
        "Cost of one personal contact as of today", "currency per contact",
        unknown="from nothing to twice the customary cost, in every decision", more=True,
    )  # fmt: skip
    service_score: Score | None = asked(
        "Satisfaction with contacts with its service, 0 to 10 (where service_contacts is answered)",
        "score 0 to 10", unknown="found from nps; without that, 5", more=True,
    )  # fmt: skip
    service_cost: Money | None = asked(
        "Cost of one contact with its service", "currency per contact",
        unknown="from nothing to twice the customary cost, in every decision", more=True,
    )  # fmt: skip
    nps: Nps | None = asked(
        "Net promoter score, such as 0.2 or 20 % (where service_contacts is answered)", "nps",
        unknown="no target", more=True,
    )  # fmt: skip
    known: Share | None = asked(
        "Share of all customers who know the firm", "share", unknown="everybody knows it", more=True
    )
    share_1: Share | None = asked(
        "Its share a year ago", "share", unknown="not compared", more=True
    )
    share_2: Share | None = asked(
        "Its share two years ago", "share", unknown="not compared", more=True
    )
    share_3: Share | None = asked(
        "Its share three years ago", "share", unknown="not compared", more=True
    )


class SegmentAnswers(Keyed):
    """What is known of a group of customers who want something else than others."""

    called: ClassVar[str] = "a segment"
    share: Share = asked("Share of the customers", "share")
    different: Money | None = asked(
        "What an offer made for the average customer is worth less to it than one made for the "
        "segment, per purchase or period", "currency", unknown="it wants what the average wants",
    )  # fmt: skip
    price_response: Share | None = asked(
        "Share of it that a firm of average price loses within a year by a price 10 % higher",
        "share", unknown="that of the market",
    )  # fmt: skip
    fit_value: Money | None = asked(
        "What an offer that fits perfectly is worth to it, per purchase or period", "currency",
        unknown="that of the market",
    )  # fmt: skip


class MoveAnswers(Keyed):
    """A move of the firm that decides, or of a rival: what it changes and what it costs."""

    called: ClassVar[str] = "a move"
    move: str | None = asked(
        "Name in the menu of moves", "move", unknown="it reaches what is stated beside it"
    )
    size: Size | None = asked(
        "Size of a move of the menu, in its own unit", "see the menu", unknown="it has none"
    )
    unit_cost: Money | None = asked(
        "Unit cost of a move of the menu", "currency, see the menu", unknown="it has none"
    )
    firm: str | None = asked("Firm that makes the move", "name", unknown="my firm")
    start: Annotated[int, Ge(1)] | None = asked(
        "First period of building (1 is the first)", "period",
        unknown="it answers another move",
    )  # fmt: skip
    in_answer_to: str | None = asked(
        "Name of the move that it answers", "name", unknown="it is made whatever others do"
    )
    delay: Annotated[int, Ge(0)] | None = asked(
        "Time between the start of the move that it answers and its own", "periods",
        unknown="it answers no move",
    )  # fmt: skip
    build: Annotated[int, Ge(0)] = asked("Time until it works", "periods")
    once: Money | None = asked(
        "Cost of building it, once", "currency",
        unknown="no recommendation before it is stated, unless it is a rival's",
    )  # fmt: skip
    per_year: Money | None = asked(
        "Cost of running it", "currency per year",
        unknown="no recommendation before it is stated, unless it is a rival's",
    )  # fmt: skip
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
            near = hint(self.move, menu, listed=20)
            raise ValueError(f"move: expected a move, found {found(self.move)}{near}")
        if self.move is None and not any(getattr(self, name) is not None for name in REACHED):
            known = ", ".join(["move", *REACHED])
            raise ValueError(f"expected one of {known}, found none: it changes nothing")
        answers = self.in_answer_to is not None
        if answers != (self.delay is not None) or answers == (self.start is not None):
            raise ValueError("expected start, or in_answer_to and delay, found neither or more")
        return self


#: What a move may reach, and the firm's parameter.
REACHED = {
    "talks_to": "interaction", "adapts_to": "customization", "recognized_to": "identification",
    "insight_to": "segment_insight", "price_to": "price",
}  # fmt: skip


#: Questions with a choice of answers.
_WORDS = {
    "goal": tuple(BY_QUESTION), "period": tuple(PER_YEAR), "buys": ("subscription", "purchases"),
    "shares_of": ("customers", "sales"),
}  # fmt: skip


class Answers(Keyed):
    """All that is asked of a market."""

    called: ClassVar[str] = "a market"
    my_firm: str = asked("The firm that decides, and that every answer is about", "name")
    goal: Asked = asked("What it wants more of", "word")
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
        unknown="found from churn, together with brand preference", more=True,
    )  # fmt: skip
    fit_value: Money | None = asked(
        "What an offer that fits perfectly is worth to a customer, per purchase or period",
        "currency", unknown="15 % of the mean price; half to twice as much", more=True,
    )  # fmt: skip
    service_contacts: Share | None = asked(
        "Share of a firm's customers who have a contact with its service in a period", "share",
        unknown="no contacts with service: no satisfaction, no service recovery, no outsourcing",
        more=True,
    )  # fmt: skip
    service_value: Money | None = asked(
        "What contacts with service that score 8 instead of 5 are worth to a customer, per "
        "purchase or period (where service_contacts is answered)", "currency",
        unknown="5 % of the mean price; from nothing to twice as much", more=True,
    )  # fmt: skip
    discount_rate: Share | None = asked(
        "Discount rate of a year", "share", unknown="8 %; 4 to 12 %", more=True
    )
    periods: Annotated[int, Ge(2), Le(1200)] | None = asked(
        "Horizon of the decision", "periods", unknown="three years"
    )
    firms: Annotated[dict[str, FirmAnswers], MinLen(2)] = parameter(doc="Firms, by name")
    segments: Annotated[dict[str, SegmentAnswers], MinLen(2)] | None = parameter(
        None, doc="Segments, by name; without them all customers are one"
    )
    moves: dict[str, MoveAnswers] | None = parameter(
        None, doc="Moves of my firm and of rivals, by name"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        """Take an empty answer for none, in the market and in its tables."""
        if not isinstance(given, Mapping):
            return given
        made = {key: value for key, value in given.items() if value is not None}
        for part in TABLES:
            if isinstance(made.get(part), Mapping):
                made[part] = {name: _stated(row) for name, row in made[part].items()}
        return made


#: Answers that are tables, a row for each name: what a row is called, and its questions.
TABLES: dict[str, tuple[str, type[Keyed]]] = {
    "firms": ("Firm", FirmAnswers),
    "segments": ("Segment", SegmentAnswers),
    "moves": ("Move", MoveAnswers),
}


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
    more : bool
        Whether a form keeps it closed until somebody asks for more.
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
    more: bool = False


def questions(of: type[Keyed] = Answers) -> tuple[Question, ...]:
    """Return the questions of a market, or of a row of one of its tables, in their order.

    Parameters
    ----------
    of : type
        :class:`Answers`, or one of those in :data:`TABLES`.
    """
    made = []
    for key, info in of.model_fields.items():
        extra = info.json_schema_extra
        if not isinstance(extra, dict) or key in TABLES:
            continue
        unit, shown = str(extra["unit"]), str(info.annotation)
        menu = tuple(name for name, each in moves().items() if not each.missing)
        words = menu if key == "move" else _WORDS.get(key, ())
        kind = "number"
        if words:
            kind = "word"
        elif unit in ("name", "label"):
            kind = "text"
        elif unit in ("share", "nps") or unit.startswith("level"):
            kind = "share" if unit == "nps" else unit.split(maxsplit=1)[0]
        elif "int" in shown:
            kind = "whole"
        unknown = "" if info.is_required() else str(extra["source"])
        made.append(
            Question(key, str(info.description), unit, unknown, kind, words, bool(extra["more"]))
        )
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
    yield from _of_segments(given)
    yield from _of_service(given)
    yield from _of_history(given)
    for name in given.moves or {}:
        yield from _of_move(given, name)
    if given.price_response is not None and (subscribed or given.purchases_per_year):
        most = reconsidering(given)
        if not 0.0 < given.price_response < 0.95 * most:
            text = (
                f"expected a share above 0 and below {0.95 * most:.2g} (of the customers who "
                f"reconsider in a year), found {given.price_response:g}"
            )
            yield ("price_response",), text


def _of_segments(given: Answers) -> Iterator[tuple[Keys, str]]:
    """Yield what does not hold of segments."""
    segments = given.segments or {}
    if not segments or (given.buys == "purchases" and given.purchases_per_year is None):
        return
    total = math.fsum(each.share for each in segments.values())
    if abs(total - 1.0) > 0.005:
        yield ("segments",), f"expected shares that add up to 1, found a sum of {total:.4g}"
    most = 0.95 * reconsidering(given)
    for name, each in segments.items():
        if each.price_response is not None and not 0.0 < each.price_response < most:
            text = f"expected a share above 0 and below {most:.2g} (of those who reconsider)"
            keys = ("segments", name, "price_response")
            yield keys, f"{text}, found {each.price_response:g}"
        fit = given.fit_value if each.fit_value is None else each.fit_value
        if each.different and fit == 0:
            text = "expected nothing where fit is worth nothing"
            yield ("segments", name, "different"), f"{text}, found {each.different:g}"


#: Questions of a firm that suppose contacts with service.
_SERVICE = ("service_score", "service_cost", "nps")


def _of_service(given: Answers) -> Iterator[tuple[Keys, str]]:
    """Yield answers about service that cannot be without contacts with it, or together."""
    for name, firm in given.firms.items():
        for key in _SERVICE:
            if given.service_contacts is None and getattr(firm, key) is not None:
                text = "expected service_contacts of the market beside it, found none"
                yield ("firms", name, key), text
        if firm.nps is not None and firm.service_score is not None:
            text = "expected service_score or nps (the other follows from it), found both"
            yield ("firms", name, "nps"), text
    if given.service_contacts is None and given.service_value is not None:
        yield ("service_value",), "expected service_contacts beside it, found none"


def _of_history(given: Answers) -> Iterator[tuple[Keys, str]]:
    """Yield earlier shares that do not add up, or that only some firms have."""
    for years in (1, 2, 3):
        key = f"share_{years}"
        stated = [getattr(each, key) for each in given.firms.values()]
        known = [each for each in stated if each is not None]
        if known and len(known) < len(stated):
            yield ("firms",), f"expected {key} of every firm or of none, found {len(known)}"
        elif known and abs(math.fsum(known) - 1.0) > 0.005:
            total = math.fsum(known)
            yield ("firms",), f"expected {key} that adds up to 1, found a sum of {total:.4g}"


#: Answers by which a market has what a move needs.
_PROVIDED = {"journey": "service_contacts", "word_of_mouth.awareness": "known"}


def _of_move(given: Answers, name: str) -> Iterator[tuple[Keys, str]]:
    """Yield what does not hold of a move."""
    all_moves = given.moves or {}
    move = all_moves[name]
    keys: Keys = ("moves", name)
    whose = given.my_firm if move.firm is None else move.firm
    if whose not in given.firms:
        yield (*keys, "firm"), f"expected a firm, found {found(whose)}{hint(whose, given.firms)}"
    if move.in_answer_to is not None:
        others = {key: each for key, each in all_moves.items() if key != name}
        answered = others.get(move.in_answer_to)
        if answered is None:
            near = hint(move.in_answer_to, others)
            text = f"expected another move, found {found(move.in_answer_to)}{near}"
            yield (*keys, "in_answer_to"), text
        elif answered.start is None:
            text = "expected a move with a start of its own, found an answer"
            yield (*keys, "in_answer_to"), text
    if move.move is None:
        return
    if move.move == "advertising" and (move.start or 3) < 3:
        text = f"expected 3 or more (awareness as it is today comes first), found {move.start}"
        yield (*keys, "start"), text
    of = moves()[move.move]
    if of.missing:
        text = f"expected a move that the model has, found {found(move.move)} ({of.missing})"
        yield (*keys, "move"), text
        return
    for key, what in (("size", of.size), ("unit_cost", of.cost)):
        if bool(what) != (getattr(move, key) is not None):
            stated = getattr(move, key)
            shown = "none" if stated is None else found(stated)
            yield (*keys, key), f"expected {what or 'nothing'}, found {shown}"
    for path, what in of.needs.items():
        answer = _PROVIDED[path]
        held = [given, *given.firms.values()]
        if all(getattr(each, answer, None) is None for each in held):
            text = f"expected {answer} to be answered ({what}; {move.move} needs it), found none"
            yield (*keys, "move"), text


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


#: Purchases a period beyond which a period's purchases are one of that volume.
OFTEN = 0.3


def chance_to_reconsider(given: Answers) -> float:
    """Return the chance to be in the market: n, or 1 - e^-n where n purchases are frequent.

    Parameters
    ----------
    given : Answers
        Subscribers reconsider once in the months of a contract, or in twelve.
    """
    if given.buys == "subscription":
        return once_in(given, given.contract_months or 12.0)
    assert given.purchases_per_year is not None
    n = given.purchases_per_year / PER_YEAR[given.period]
    return rounded(n if n <= OFTEN else 1.0 - math.exp(-n))


def once_in(given: Answers, months: float) -> float:
    """Return the chance in a period of what happens once in so many months.

    Parameters
    ----------
    given : Answers
    months : float
    """
    return rounded(min(1.0, 12.0 / PER_YEAR[given.period] / months))


def reconsidering(given: Answers) -> float:
    """Return the share of customers who reconsider at least once in a year.

    Parameters
    ----------
    given : Answers
    """
    return 1.0 - (1.0 - chance_to_reconsider(given)) ** PER_YEAR[given.period]


def rounded(value: float) -> float:
    """Return a number with six digits, as files hold it.

    Parameters
    ----------
    value : float
    """
    return float(f"{value:.6g}")
