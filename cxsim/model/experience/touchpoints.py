"""Touchpoints of the customer journey, their frequency, and each firm's performance there.

A firm may be described by four scores, 0 to 1, rather than touchpoint by touchpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np

from cxsim.messages import hint
from cxsim.model.mechanism import Mechanism, Pass
from cxsim.parameters import Ask, Parameters, parameter

# -- Touchpoints, their frequency, and each firm's performance there ----------------------------


#: Stages of a journey; a touchpoint's number is its place here.
JOURNEY_STAGES = ("discover", "buy", "use", "support", "renew")


class Touchpoint(Parameters):
    """A place where customers meet firms."""

    stage: Literal["discover", "buy", "use", "support", "renew"] = parameter(
        "use",
        doc="Stage of the journey. discover: on search, at any firm that could be bought "
        "from; buy: with a purchase; renew: with a purchase from the supplier one has; use and "
        "support: in any period, at the supplier",
        fixed=True,
    )
    channel: str = parameter("", "Channel of the touchpoint (store, web, phone, ...)", fixed=True)
    visit_rate: float = parameter(0.5, "Chance of a visit on each occasion", "share")
    importance: float = parameter(1.0, doc="Weight in the experience of the whole journey", ge=0)
    informs: float = parameter(
        0.0,
        doc="How much a recognized contact tells the firm about a customer, relative to a purchase",
        ge=0,
    )
    required: bool = parameter(
        False,
        doc="Whether a purchase may be given up here; stage buy only",
        fixed=True,
    )
    abandonment: float = parameter(
        0.0,
        doc="Chance to give up the purchase in a contact with performance 0; falls linearly to 0 "
        "at neutral performance; of required touchpoints only",
        unit="share",
    )
    triggers: str = parameter(
        "",
        doc="Later touchpoint of the stage use or support that bad contacts here lead to",
        fixed=True,
    )
    trigger_chance: float = parameter(
        0.0,
        doc="Chance of that visit after a contact with performance 0; falls linearly to 0 at "
        "neutral performance",
        unit="share",
    )
    staffed: bool = parameter(True, doc="Whether the touchpoint is staffed by people", fixed=True)


class MarketParameters(Parameters):
    """The journey that customers make with firms."""

    journey: dict[str, Touchpoint] | None = parameter(
        None, "Touchpoints by name, in the order of the journey", axes=("touchpoint",), min_length=1
    )


class Habit(Parameters):
    """Visits and importance of a touchpoint that differ in a segment."""

    visit_rate: float | None = parameter(None, "Chance of a visit on each occasion", "share")
    importance: float | None = parameter(
        None, "Weight in the experience of the whole journey", ge=0
    )


class SegmentParameters(Parameters):
    """The customer journey of a segment where it differs."""

    journey: dict[str, Habit] = parameter(
        {}, "Differences from the journey of the market, by touchpoint", axes=("touchpoint",)
    )


class Service(Parameters):
    """Performance and cost of a firm at a touchpoint."""

    mean: float | None = parameter(
        None,
        doc="Mean performance (default: 5, or as the organization's attitudes imply)",
        unit="score 0-10",
        ge=0,
        le=10,
    )
    sd: float | None = parameter(
        None,
        doc="Standard deviation of performance between contacts (default: 1.5, or as the "
        "organization's processes imply)",
        unit="score 0-10",
        ge=0,
    )
    run_by: Literal["own", "partner"] = parameter(
        "own",
        doc="Whether the firm or a partner runs it; customers attribute both to the firm",
        fixed=True,
    )
    cost: float = parameter(
        0.0, "Cost of a contact", "currency per contact", ge=0, ask=Ask(free="touchpoint {}")
    )
    interaction_weight: float = parameter(
        1.0,
        doc="Interaction in a contact relative to the firm's other touchpoints; the mean over "
        "visits is the firm's interaction",
        ge=0,
    )
    blind_spot: float = parameter(
        0.0,
        doc="Blind spot: perceived less actual performance as long as no survey corrects it",
        unit="score 0-10",
    )


class FirmParameters(Parameters):
    """Touchpoints of a firm."""

    touchpoints: dict[str, Service] = parameter(
        {},
        doc="Performance by touchpoint; customers do not meet the firm at those left out",
        axes=("touchpoint",),
    )


def _axes(scenario: Any) -> dict[str, tuple[str, ...]]:
    return {"touchpoint": tuple(scenario.journey)}


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return each touchpoint's stage, channel and trigger as numbers, and firms' touchpoints."""
    touchpoints = list(scenario.journey.values())
    channels = sorted({t.channel for t in touchpoints})
    firms = [scenario.firms[name] for name in sorted(scenario.firms)]
    places = list(scenario.journey)
    triggered = [places.index(t.triggers) if t.triggers else -1 for t in touchpoints]
    return {
        "touch_stage": np.array([JOURNEY_STAGES.index(t.stage) for t in touchpoints]),
        "touch_channel": np.array([channels.index(t.channel) for t in touchpoints]),
        "touch_staffed": np.array([float(t.staffed) for t in touchpoints]),
        "touch_triggers": np.array(triggered),
        "touch_triggered": np.array([t in triggered for t in range(len(touchpoints))]),
        "met_at": np.array([[name in f.touchpoints for name in scenario.journey] for f in firms]),
    }


def _known_names(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for section, key in (("segments", "journey"), ("firms", "touchpoints")):
        for owner, group in getattr(scenario, section).items():
            yield from _unknown(getattr(group, key), scenario.journey, (section, owner, key))
    yield from _steps(scenario)


def _given(
    scenario: Any, touchpoint: str, name: str
) -> Iterator[tuple[tuple[str | int, ...], float]]:
    """Yield path and value of a touchpoint's parameter at the start and in events."""
    yield ("journey", touchpoint, name), getattr(scenario.journey[touchpoint], name)
    for number, event in enumerate(scenario.events):
        path = f"journey.{touchpoint}.{name}"
        if isinstance(event.set.get(path), int | float):
            yield ("events", number, "set", path), float(event.set[path])


def _steps(scenario: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Check required touchpoints, and that triggers lead to later ones: so there is no circle."""
    journey = scenario.journey or {}
    names = list(journey)
    for k, (name, each) in enumerate(journey.items()):
        path = ("journey", name)
        if each.required and each.stage != "buy":
            text = f"expected a touchpoint of the stage buy, found one of the stage {each.stage}"
            yield (*path, "required"), text
        for key, value in _given(scenario, name, "abandonment"):
            if value > 0.0 and not each.required:
                yield key, f"expected 0 unless {name} is required, found {value:g}"
        for key, value in _given(scenario, name, "trigger_chance"):
            if value > 0.0 and not each.triggers:
                yield key, f"expected 0 unless {name} triggers a visit, found {value:g}"
        if each.triggers:
            after = [n for n in names[k + 1 :] if journey[n].stage in ("use", "support")]
            if each.triggers not in after:
                found = f"found {each.triggers!r}{hint(each.triggers, after)}"
                text = f"expected a later touchpoint of the stage use or support, {found}"
                yield (*path, "triggers"), text
    if getattr(scenario, "neutral", 1.0) <= 0.0:
        for name, each in journey.items():
            if each.required or each.triggers:
                yield ("neutral",), f"expected more than 0 beside journey.{name}, found 0"
                return


def _unknown(
    given: Any, journey: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if given and journey is None:
        yield path, "expected none without a journey, found some"
        return
    for name in given:
        if name not in journey:
            known = ", ".join(journey)
            yield (*path, name), f"expected a touchpoint of the journey ({known}), found {name!r}"


def given_or(value: Any, otherwise: Any) -> Any:
    """Return numbers, or others where none (NaN) are given; element by element.

    Parameters
    ----------
    value : ndarray
        NaN where none is given.
    otherwise : ndarray
        Of a shape that fits that of ``value``.

    Returns
    -------
    ndarray
        Of the common shape.
    """
    return np.where(np.isnan(value), otherwise, value)


# --- passes -----------------------------------------------------------------------


def set_up(
    met_at, gained, performance, unevenness, promise, touch_chance, touch_most, touch_weight,
    touch_staffed,
    market_journey_visit_rate, market_journey_importance, segment_journey_visit_rate,
    segment_journey_importance, firm_active, firm_touchpoints_mean, firm_touchpoints_sd,
    firm_organization_processes, firm_organization_attitudes, firm_organization_communication,
    firm_brand_promise,
):  # fmt: skip
    """Set every firm's performance at every touchpoint this period, and the chances of visits."""
    rates = given_or(segment_journey_visit_rate, market_journey_visit_rate)
    there = met_at & (firm_active > 0.5)[:, None]
    touch_chance[:] = rates.T[:, :, None] * there.T[:, None, :]
    touch_most[:] = touch_chance.max(axis=(1, 2))
    touch_weight[:] = given_or(segment_journey_importance, market_journey_importance)
    attitudes = given_or(firm_organization_attitudes, 0.5)[:, None]
    usual = default_performance(attitudes, touch_staffed)
    performance[:] = np.where(met_at, given_or(firm_touchpoints_mean, usual) + gained, np.nan)
    usual = default_spread(given_or(firm_organization_processes, 0.5))[:, None]
    unevenness[:] = given_or(firm_touchpoints_sd, usual)
    weights = market_journey_importance * met_at
    total = weights.sum(axis=1)
    average = np.where(met_at, weights * performance, 0.0).sum(axis=1) / np.where(total, total, 1.0)
    communication = given_or(firm_organization_communication, 1.0)
    promise[:] = given_or(
        firm_brand_promise, default_promise(np.where(total, average, 5.0), communication)
    )


TOUCHPOINTS = Mechanism(
    "touchpoints",
    doc="Touchpoints of firms",
    market=MarketParameters,
    segment=SegmentParameters,
    firm=FirmParameters,
    tables=(
        "promise",
        ("performance", ("firm", "touchpoint")),
        ("unevenness", ("firm", "touchpoint")),
        ("gained", ("firm", "touchpoint")),
        ("touch_chance", ("touchpoint", "segment", "firm")),
        ("touch_most", ("touchpoint",)),
        ("touch_weight", ("segment", "touchpoint")),
    ),
    setup=_setup,
    axes=_axes,
    check=_known_names,
    passes=(Pass(set_up, "events", population=True),),
    active=lambda scenario: scenario.journey is not None,
)


# -- Organization: how a firm is run decides what its touchpoints are like unless they say so


class Organization(Parameters):
    """Scores of an organization's ability to deliver an experience."""

    processes: float = parameter(
        0.5,
        doc="Reliability of processes: 2 (1 - processes / 2) is the default spread of "
        "performance at a touchpoint",
        unit="score 0-1",
        ge=0,
        le=1,
    )
    attitudes: float = parameter(
        0.5,
        doc="Attitudes of staff: 5 + 4 (attitudes - 1/2) is the default "
        "performance where people work",
        unit="score 0-1",
        ge=0,
        le=1,
    )
    communication: float = parameter(
        0.5,
        doc="Truthfulness of communication: mean of touchpoints plus "
        "2 (1 - communication) is the default promise",
        unit="score 0-1",
        ge=0,
        le=1,
    )
    evaluation: float = parameter(
        0.5,
        doc="Seriousness of evaluation: evaluation / 10 is the default share of customers "
        "and contacts that surveys ask",
        unit="score 0-1",
        ge=0,
        le=1,
    )


class OrganizationParameters(Parameters):
    """The organization of a firm."""

    organization: Organization | None = parameter(
        None,
        doc="Scores that set defaults for touchpoints and surveys "
        "(default: 0.5 each, and a promise that is kept)",
    )


# --- rules ------------------------------------------------------------------------


def default_performance(attitudes: Any, staffed: Any) -> Any:
    """Return the default performance of a touchpoint, 5 + 4 t (a - 1/2), score 0-10.

    Parameters
    ----------
    attitudes : float or ndarray, shape (firm, 1)
        a, attitudes of staff, score 0-1.
    staffed : float or ndarray, shape (touchpoint,)
        t, 1 where people work, else 0.

    Returns
    -------
    float or ndarray, shape (firm, touchpoint)
        Score.
    """
    return 5.0 + staffed * 4.0 * (attitudes - 0.5)


def default_spread(processes: Any) -> Any:
    """Return the default standard deviation of performance at a touchpoint, 2 (1 - p / 2), score.

    Parameters
    ----------
    processes : float or ndarray, shape (firm,)
        p, reliability of processes, score 0-1.

    Returns
    -------
    float or ndarray, shape (firm,)
        Score.
    """
    return 2.0 * (1.0 - 0.5 * processes)


def default_promise(performance: Any, communication: Any) -> Any:
    """Return the default brand promise, y + 2 (1 - c), score 0-10.

    Parameters
    ----------
    performance : float or ndarray, shape (firm,)
        y, mean performance over touchpoints, weighted by importance, score 0-10.
    communication : float or ndarray, shape (firm,)
        c, truthfulness of communication, score 0-1.

    Returns
    -------
    float or ndarray, shape (firm,)
        Score.
    """
    return performance + 2.0 * (1.0 - communication)


def default_sample(evaluation: Any) -> Any:
    """Return the default share of customers or contacts that a survey asks, e / 10.

    Parameters
    ----------
    evaluation : float or ndarray, shape (firm,)
        e, seriousness of evaluation, score 0-1.

    Returns
    -------
    float or ndarray, shape (firm,)
        Share.
    """
    return 0.1 * evaluation


ORGANIZATION = Mechanism(
    "organization",
    doc="Organization of a firm",
    firm=OrganizationParameters,
    active=lambda scenario: scenario.journey is not None,
)
