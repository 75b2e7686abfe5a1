"""Goals: the measures that a firm may want more of, and the words by which they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cxsim.parameters import Parameters, parameter


@dataclass(frozen=True)
class Goal:
    """A measure that somebody may want more of.

    Attributes
    ----------
    measure : str
        Name of the measure.
    noun : str
        In sentences.
    word : str
        On the command line (``--goal``); empty for none.
    asked : str
        In the questions about a market; empty for none.
    firms : bool
        Whether it is a firm's, so that a scenario's perspective may have it.
    served : bool
        Whether it counts what a firm does for others, so that its objective may be that.
    """

    measure: str
    noun: str
    word: str = ""
    asked: str = ""
    firms: bool = True
    served: bool = False


#: All goals; the first is the default.
GOALS = (
    Goal("net_present_value", "profit", "profit", "profit"),
    Goal("profit", "profit"),
    Goal("market_share", "market share", "share", "market share"),
    Goal("customers", "number of customers", "customers", "customers", served=True),
    Goal("purchases", "number of purchases", "purchases", served=True),
    Goal("revenue", "revenue", "revenue", served=True),
    Goal("retention_rate", "retention", "retention", "retention"),
    Goal("customer_equity", "customer equity", asked="customer value"),
    Goal("customer_lifetime_value_new", "customer lifetime value", "CLV"),
    Goal("consumer_surplus", "consumer surplus", "surplus", firms=False),
)

#: The goal of those who name none.
DEFAULT = GOALS[0].measure

#: Measures by the words of the command line.
BY_WORD = {goal.word: goal.measure for goal in GOALS if goal.word}

#: The same without goals that are no firm's.
OF_FIRMS = {goal.word: goal.measure for goal in GOALS if goal.word and goal.firms}

#: Measures by the words of the questions about a market.
BY_QUESTION = {goal.asked: goal.measure for goal in GOALS if goal.asked}

if TYPE_CHECKING:
    Measure = str
    Served = str
    Asked = str
else:
    #: Types of a perspective's goal, of an objective's, and of the answer about it.
    Measure = Literal[tuple(goal.measure for goal in GOALS if goal.firms)]
    Served = Literal[tuple(goal.measure for goal in GOALS if goal.served)]
    Asked = Literal[tuple(BY_QUESTION)]


def noun_of(measure: str) -> str:
    """Return what a goal is called in sentences; another measure has its name.

    Parameters
    ----------
    measure : str
    """
    return next((goal.noun for goal in GOALS if goal.measure == measure), measure)


class Objective(Parameters):
    """A goal other than profit, and the loss that the firm may make for it."""

    goal: Served = parameter(
        "customers", "Measure that the firm maximizes within its budget", fixed=True
    )
    budget: float = parameter(
        0.0,
        "Largest loss per period (whole market), paid by a budget or endowment; assumption",
        "currency per period",
        ge=0,
        fixed=True,
    )


def word_of(measure: str) -> str:
    """Return the word of the command line for a goal, or its name in plain words.

    Parameters
    ----------
    measure : str

    Examples
    --------
    >>> word_of("market_share"), word_of("customer_equity")
    ('share', 'customer equity')
    """
    words = {each: word for word, each in BY_WORD.items()}
    return words.get(measure, measure).replace("_", " ")
