"""What a scenario says beside its firms' and segments' parameters: texts, size, start, events."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from cxsim.parameters import Ask, Parameters, parameter
from cxsim.scenario.claim_rule import parse_rule

__all__ = ["TEXTS", "Condition", "Event", "Initial", "World"]

#: Fields that say something to readers and nothing to the simulation.
TEXTS = ("name", "title", "description", "claim", "refuted_by", "test", "notes")


class Initial(Parameters):
    """A firm's customers at the start."""

    share: float = parameter(
        0.0, doc="Share of all customers who are the firm's", unit="share", ge=0, le=1, fixed=True
    )
    tenure: int = parameter(
        0, doc="Purchases each of them has made since joining", unit="purchases", ge=0, fixed=True
    )
    knowledge: float = parameter(
        0.0, doc="What the firm knows of each of them", unit="share", ge=0, lt=1, fixed=True
    )


class Event(Parameters):
    """A change at a period, or spread evenly over several."""

    at: int = parameter(doc="Period of the change", unit="period", ge=0, fixed=True)
    over: int = parameter(
        0,
        doc="Periods until a number has moved all the way, by equal steps (0: at once)",
        unit="periods",
        ge=0,
        fixed=True,
    )
    set: dict[str, Any] = parameter(
        doc="New values by dotted path; * stands for every firm or segment",
        min_length=1,
        fixed=True,
    )
    label: str = parameter("", doc="What happened, for figures", fixed=True)


class Condition(Parameters):
    """One thing that has to hold where a claim does, as a rule that can be evaluated."""

    says: str = parameter(doc="What has to hold, in words", min_length=1, fixed=True)
    rule: str = parameter(
        doc="The same as a comparison of measures: retention.Tailor > retention.others",
        min_length=1,
        fixed=True,
    )
    window: Literal["run", "last_year", "last_period", "after_event"] = parameter(
        "run",
        doc="Periods that count: all, those of the last year, the last one, those from the first "
        "event on",
        fixed=True,
    )
    runs: dict[str, dict[str, Any]] = parameter(
        {},
        doc="Other runs that the rule speaks of: overrides of the scenario, by name",
        fixed=True,
    )

    @field_validator("rule")
    @classmethod
    def _is_a_rule(cls, value: str) -> str:
        parse_rule(value)
        return value


class Labels(Parameters):
    """What tables and figures call things that this market calls otherwise."""

    customer: str = parameter(
        "customer", doc="Word for a customer (patient, donor, voter, child/children)", fixed=True
    )
    purchase: str = parameter(
        "purchase", doc="Word for a purchase (treatment, donation, vote, enrolment)", fixed=True
    )
    price: str = parameter("price", doc="Word for a price (fee, co-payment, tuition)", fixed=True)


class World(Parameters):
    """What holds for the market as a whole."""

    name: str = parameter("", doc="Short name (default: that of the file)", fixed=True)
    title: str = parameter("", doc="One line for headings", fixed=True)
    description: str = parameter("", doc="What the scenario is about", fixed=True)
    claim: str = parameter("", doc="The claim it puts to the test", fixed=True)
    refuted_by: str = parameter("", doc="What result would refute the claim", fixed=True)
    test: tuple[Condition, ...] = parameter(
        (), doc="What refuted_by says, as rules: the claim holds where all of them do", fixed=True
    )
    notes: str = parameter("", doc="How its numbers were chosen", fixed=True)
    periods: int = parameter(
        60, doc="Periods reported", unit="periods", ge=1, le=100_000, fixed=True, ask=Ask()
    )
    period_length: str = parameter("month", doc="What one period is", fixed=True)
    warm_up: int = parameter(
        0,
        doc="Periods simulated before the first one and not reported",
        unit="periods",
        ge=0,
        le=100_000,
        fixed=True,
    )
    customers: int = parameter(
        2000,
        doc="Customers simulated; more of them sharpen the results and change nothing else",
        unit="customers",
        ge=1,
        le=1_000_000_000,
        fixed=True,
    )
    market_size: float = parameter(
        100_000.0,
        doc="Customers in the whole market, for which money is reported",
        unit="customers",
        gt=0,
        le=1e12,
        fixed=True,
        ask=Ask(),
    )
    needs: int = parameter(2, doc="Dimensions of need", unit="dimensions", ge=1, le=8, fixed=True)
    matrix_threshold: float = parameter(
        0.5,
        doc="Where the capability matrix divides low from high",
        unit="share",
        ge=0,
        le=1,
        fixed=True,
    )
    currency: str = parameter("EUR", doc="Label of the currency", fixed=True)
    labels: Labels = parameter(
        Labels(),
        doc="Words of tables and figures; an irregular plural follows a stroke (child/children)",
        fixed=True,
    )
