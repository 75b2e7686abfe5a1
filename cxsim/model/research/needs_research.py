"""Needs research: what customers need, estimated by asking them, and moves towards it.

A firm interviews some customers in waves. From their answers it estimates the mean need and the
size of each segment, and how much touchpoints matter. Who takes part teaches the firm its own need.
A firm may picture segments by these estimates only, and may move its standard offer towards them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, sqrt
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge

from cxsim.model.core.learning import learned, precision
from cxsim.model.core.people import scatter
from cxsim.model.customers.perceived_utility import need_perceived, perceptions_differ
from cxsim.model.experience.touchpoints import given_or
from cxsim.model.ledger import Ledger
from cxsim.model.mechanism import Accumulator, Column, Draw, Measure, Mechanism, Pass, scratch, tile
from cxsim.model.research.service_recovery import improves_by_contacts, known_segments
from cxsim.model.research.surveys import (
    estimated_performance,
    squared,
    standard_error,
    weight_of,
)
from cxsim.numerics.draws import normal, uniform
from cxsim.numerics.elementary import log
from cxsim.parameters import Ask, Parameters, parameter

# -- Interviews about needs, and estimates of segments from them ---------------------------------


# --- rules ------------------------------------------------------------------------


def share_error(share: float, answers: float) -> float:
    """Return the standard error of an estimated share, sqrt(p (1 - p) / n).

    Parameters
    ----------
    share : float
        p.
    answers : float
        n, number of answers, above 0.

    Returns
    -------
    float
        Share.
    """
    return sqrt(share * (1.0 - share) / answers)


def pooled_error(weight: float, error: float, error_before: float) -> float:
    """Return the standard error of a weighted mean, sqrt((w e)^2 + ((1 - w) e0)^2).

    Parameters
    ----------
    weight : float
        w, of the new estimate.
    error, error_before : float
        e and e0, standard errors of the new estimate and of the one before.

    Returns
    -------
    float
        In the unit of the estimate.
    """
    return sqrt(squared(weight * error) + squared((1.0 - weight) * error_before))


# --- passes -----------------------------------------------------------------------


def plan_wave(
    clock, needs_sampled, firm_active, firm_surveys_needs_every, firm_surveys_needs_sample
):
    """Set the share of customers that each firm asks about needs; 0 between waves."""
    due = clock[0] % given_or(firm_surveys_needs_every, 1.0) == 0
    asks = due & (firm_active > 0.5)
    needs_sampled[:] = np.where(asks, given_or(firm_surveys_needs_sample, 0.0), 0.0)


def state_needs(n, need, stated_need):
    """Let customers state their needs."""
    for d in range(len(need)):
        for i in range(n):
            stated_need[d, i] = need[d, i]


def interview(
    n, first, n_firms, segment, supplier, stated_need, uncertainty, disclosure, took_part,
    key_needs_asked, key_need_answer, needs_sampled, firm_surveys_needs_response_rate,
    firm_surveys_needs_among, firm_surveys_needs_answer_sd, firm_surveys_needs_informs,
    sum_needs_answers, sum_need_answer, sum_need_answer_square, sum_codesign_resolved,
):  # fmt: skip
    """Interview a share of customers about their needs, and learn from who takes part."""
    for f in range(n_firms):
        for i in range(n):
            took_part[f, i] = 0
        if needs_sampled[f] > 0.0:
            taking_part = needs_sampled[f] * firm_surveys_needs_response_rate[f]
            everybody = firm_surveys_needs_among[f] > 0.5
            for i in range(n):
                if (everybody or supplier[i] == f) and (
                    uniform(key_needs_asked[f], first + i) < taking_part
                ):
                    c = tile(i)
                    g = segment[i]
                    took_part[f, i] = 1
                    sum_needs_answers[c, f, g] += 1.0
                    for d in range(len(stated_need)):
                        answer = scatter(
                            stated_need[d, i],
                            firm_surveys_needs_answer_sd[f],
                            normal(key_need_answer[f, d], first + i),
                        )
                        sum_need_answer[c, f, g, d] += answer
                        sum_need_answer_square[c, f, g, d] += squared(answer)
                    before = uncertainty[f, i]
                    after = learned(
                        before, precision(firm_surveys_needs_informs[f], 1.0, disclosure[f, i])
                    )
                    uncertainty[f, i] = after
                    sum_codesign_resolved[c, f] += before - after


def estimate_segments(
    estimated_need, estimated_need_se, estimated_share, estimated_share_se, total_needs_answers,
    total_need_answer, total_need_answer_square, firm_surveys_needs_cost,
    firm_surveys_prior_answers, segment_need_mean, sum_needs_research_cost, sum_segment_estimate,
    sum_share_estimate, sum_segment_mean_error,
):  # fmt: skip
    """Update firms' estimates of segments by the answers of a wave, and book its cost.

    The first wave is the first estimate; later ones are weighted as answers about performance are.
    """
    answers = total_needs_answers.sum(axis=1)
    sum_needs_research_cost[0] = given_or(firm_surveys_needs_cost, 0.0) * answers
    for f in np.flatnonzero(answers > 0):
        prior_answers = firm_surveys_prior_answers[f]
        for g, n in enumerate(total_needs_answers[f]):
            share = n / answers[f]
            estimated_share[f, g], estimated_share_se[f, g] = renewed(
                estimated_share[f, g], estimated_share_se[f, g], share,
                share_error(share, answers[f]), answers[f], prior_answers,
            )  # fmt: skip
            for d in range(estimated_need.shape[2] if n > 0 else 0):
                mean = total_need_answer[f, g, d] / n
                square = total_need_answer_square[f, g, d] - n * mean * mean
                error = standard_error(square / (n - 1.0), n) if n > 1 else np.nan
                estimated_need[f, g, d], estimated_need_se[f, g, d] = renewed(
                    estimated_need[f, g, d], estimated_need_se[f, g, d], mean, error, n,
                    prior_answers,
                )  # fmt: skip
    sum_segment_estimate[0] = np.stack([estimated_need, estimated_need_se], axis=-1)
    sum_share_estimate[0] = np.stack([estimated_share, estimated_share_se], axis=-1)
    missed = np.sqrt(np.square(estimated_need - segment_need_mean).sum(axis=2))
    known = np.isfinite(missed)
    weights = np.where(known, estimated_share, 0.0)
    total = weights.sum(axis=1)
    sum_segment_mean_error[0] = np.where(
        total > 0.0,
        np.where(known, weights * missed, 0.0).sum(axis=1) / np.where(total > 0.0, total, 1.0),
        np.nan,
    )


def renewed(
    estimate: float, error: float, answer: float, answer_error: float, n: float, n0: float
) -> tuple[float, float]:
    """Return an estimate and its standard error after n answers; the first are the estimate.

    Parameters
    ----------
    estimate, error : float
        Before, NaN where there was none.
    answer, answer_error : float
        Mean of the answers and its standard error.
    n, n0 : float
        Answers, and the weight of the previous estimate in answers.

    Returns
    -------
    estimate, error : float
    """
    if np.isnan(estimate):
        return answer, answer_error
    weight = weight_of(n, n0)
    error = answer_error if np.isnan(error) else error
    answer_error = error if np.isnan(answer_error) else answer_error
    return (
        estimated_performance(estimate, answer, weight),
        pooled_error(weight, answer_error, error),
    )


def _nothing_known(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    by_segment = len(scenario.firms), len(scenario.segments)
    return {
        "estimated_need": np.full((*by_segment, scenario.needs), np.nan),
        "estimated_need_se": np.full((*by_segment, scenario.needs), np.nan),
        "estimated_share": np.full(by_segment, np.nan),
        "estimated_share_se": np.full(by_segment, np.nan),
    }


# --- measures ---------------------------------------------------------------------


def needs_answers(b: Ledger) -> np.ndarray:
    """Interviews about needs in the period, of simulated customers."""
    return b.count("needs_answers").sum(axis=2)


def needs_research_cost(b: Ledger) -> np.ndarray:
    """Cost of interviews about needs in the period."""
    return b.total("needs_research_cost")


def segment_mean_error(b: Ledger) -> np.ndarray:
    """Distance between estimated and actual mean need, mean over segments by estimated size."""
    return b.count("segment_mean_error")


def segment_frame(ledger: Ledger, scenario: Any) -> Any:
    """Return firms' estimates of segments by period and dimension of need.

    Returns
    -------
    DataFrame
        ``period, firm, segment, dimension, need_mean, standard_error, share,
        share_standard_error``; only what was estimated.
    """
    import pandas as pd

    needs, shares = ledger.count("segment_estimate"), ledger.count("share_estimate")
    segments = sorted(scenario.segments)
    rows = [
        (period, ledger.firms[f], segments[g], d, *needs[period, f, g, d], *shares[period, f, g])
        for period, f, g, d in np.argwhere(np.isfinite(needs[..., 0]))
    ]
    columns = ["period", "firm", "segment", "dimension", "need_mean", "standard_error", "share",
               "share_standard_error"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _asks(scenario: Any) -> bool:
    """Return whether a firm does needs research."""
    return any(_researches(firm) for firm in scenario.firms.values())


def _researches(firm: Any) -> bool:
    return firm.surveys is not None and firm.surveys.needs is not None


NEEDS_RESEARCH = Mechanism(
    "needs_research",
    doc="Interviews about needs, from which firms estimate segments",
    tables=("needs_sampled",),
    setup=_nothing_known,
    columns=(
        scratch("stated_need", "Need that the customer states in interviews", ("need",)),
        scratch("took_part", "1 for a customer interviewed about needs", ("firm",), dtype="i1"),
    ),
    draws=(Draw("needs_asked", ("firm",)), Draw("need_answer", ("firm", "need"))),
    accumulators=(
        Accumulator("needs_answers", "Interviews about needs", ("firm", "segment")),
        Accumulator("need_answer", "Needs in answers, summed", ("firm", "segment", "need")),
        Accumulator(
            "need_answer_square", "Squares of needs in answers", ("firm", "segment", "need")
        ),
        Accumulator("codesign_resolved", "Need variance resolved in interviews, summed"),
        Accumulator("needs_research_cost", "Cost of interviews about needs, currency"),
        Accumulator(
            "segment_estimate",
            "Estimated mean need of a segment, and its standard error",
            ("firm", "segment", "need", 2),
        ),
        Accumulator(
            "share_estimate",
            "Estimated share of a segment, and its standard error",
            ("firm", "segment", 2),
        ),
        Accumulator("segment_mean_error", "Distance of estimated from actual mean needs"),
    ),
    passes=(
        Pass(plan_wave, "events", population=True),
        Pass(state_needs, "survey"),
        Pass(interview, "survey", after=("needs_research.state_needs",)),
        Pass(estimate_segments, "close", population=True),
    ),
    measures=(
        Measure("needs_answers", "Interviews about needs", "per period", needs_answers),
        Measure(
            "needs_research_cost",
            "Needs research cost",
            "currency per period",
            needs_research_cost,
            summary="sum",
            cost="profit",
        ),
        Measure(
            "segment_mean_error",
            "Error of estimated segment means",
            "distance",
            segment_mean_error,
            summary="last",
        ),
    ),
    frames={"segment_estimates": segment_frame},
    active=_asks,
)


# -- Customers who misjudge their needs state what they perceive ----------------------------------


def misstate(n, stated_need, self_error):
    """Add customers' errors about their own needs to the needs that they state."""
    for d in range(len(stated_need)):
        for i in range(n):
            stated_need[d, i] = need_perceived(stated_need[d, i], 0.0, self_error[d, i])


MISSTATED_NEEDS = Mechanism(
    "misstated_needs",
    doc="Needs stated by customers who misjudge them",
    passes=(
        Pass(
            misstate,
            "survey",
            after=("needs_research.state_needs",),
            before=("needs_research.interview",),
        ),
    ),
    active=lambda scenario: _asks(scenario) and perceptions_differ(scenario),
)


# -- Importance of touchpoints, as far as customers were asked -------------------------------------


def _importance(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    shape = len(scenario.firms), len(scenario.segments), len(scenario.journey)
    return {"believed_importance": np.ones(shape), "believed_importance_se": np.full(shape, np.nan)}


BELIEVED_IMPORTANCE = Mechanism(
    "believed_importance",
    doc="Importance of touchpoints as firms believe it: equal before anyone was asked",
    setup=_importance,
    active=lambda scenario: (
        scenario.journey is not None and (_asks(scenario) or improves_by_contacts(scenario))
    ),
)


# --- passes -----------------------------------------------------------------------


def ask_importance(
    n, first, n_firms, n_touchpoint, segment, took_part, touch_weight, key_stated_importance,
    needs_sampled, firm_surveys_needs_importance_sd, sum_importance_answer,
    sum_importance_answer_square,
):  # fmt: skip
    """Ask who takes part in needs research how much each touchpoint matters."""
    for f in range(n_firms):
        if needs_sampled[f] > 0.0:
            for i in range(n):
                if took_part[f, i] > 0:
                    g = segment[i]
                    for t in range(n_touchpoint):
                        answer = scatter(
                            touch_weight[g, t],
                            firm_surveys_needs_importance_sd[f],
                            normal(key_stated_importance[f, t], first + i),
                        )
                        sum_importance_answer[tile(i), f, g, t] += answer
                        sum_importance_answer_square[tile(i), f, g, t] += squared(answer)


def estimate_importance(
    believed_importance, believed_importance_se, total_needs_answers, total_importance_answer,
    total_importance_answer_square, firm_surveys_prior_answers, sum_importance_estimate,
):  # fmt: skip
    """Update believed importance by the answers, from equal importance as the estimate before."""
    for f, g in np.argwhere(total_needs_answers > 0):
        n = total_needs_answers[f, g]
        weight = weight_of(n, firm_surveys_prior_answers[f])
        for t in range(believed_importance.shape[2]):
            mean = total_importance_answer[f, g, t] / n
            square = total_importance_answer_square[f, g, t] - n * mean * mean
            error = standard_error(square / (n - 1.0), n) if n > 1 else 0.0
            before = given_or(believed_importance_se[f, g, t], 0.0)
            believed_importance[f, g, t] = estimated_performance(
                believed_importance[f, g, t], mean, weight
            )
            believed_importance_se[f, g, t] = pooled_error(weight, error, before)
    sum_importance_estimate[0] = np.stack([believed_importance, believed_importance_se], axis=-1)


def importance_frame(ledger: Ledger, scenario: Any) -> Any:
    """Return the importance of touchpoints as firms believe it, by period.

    Returns
    -------
    DataFrame
        ``period, firm, segment, touchpoint, importance, standard_error``; only what was asked.
    """
    import pandas as pd

    believed = ledger.count("importance_estimate")
    segments, points = sorted(scenario.segments), list(scenario.journey)
    rows = [
        (period, ledger.firms[f], segments[g], points[t], *believed[period, f, g, t])
        for period, f, g, t in np.argwhere(np.isfinite(believed[..., 1]))
    ]
    columns = ["period", "firm", "segment", "touchpoint", "importance", "standard_error"]
    return pd.DataFrame(rows, columns=columns)


STATED_IMPORTANCE = Mechanism(
    "stated_importance",
    doc="Importance of touchpoints, asked in needs research",
    draws=(Draw("stated_importance", ("firm", "touchpoint")),),
    accumulators=(
        Accumulator(
            "importance_answer", "Stated importance, summed", ("firm", "segment", "touchpoint")
        ),
        Accumulator(
            "importance_answer_square",
            "Squares of stated importance, summed",
            ("firm", "segment", "touchpoint"),
        ),
        Accumulator(
            "importance_estimate",
            "Believed importance of a touchpoint, and its standard error",
            ("firm", "segment", "touchpoint", 2),
        ),
    ),
    passes=(
        Pass(ask_importance, "survey", after=("needs_research.interview",)),
        Pass(estimate_importance, "close", population=True),
    ),
    frames={"stated_importance": importance_frame},
    active=lambda scenario: scenario.journey is not None and _asks(scenario),
)


# -- Firms that know segments by their estimates only ----------------------------------------------


class PictureParameters(Parameters):
    """How a firm knows the needs of segments."""

    segment_needs: Literal["known", "estimated"] = parameter(
        "known",
        doc="Whether the firm knows the mean needs of segments, or has its estimates from needs "
        "research; then segment insight is the share of customers assigned to their own segment",
        fixed=True,
    )


def _asked_for(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, firm in scenario.firms.items():
        if firm.segment_needs == "estimated" and not _researches(firm):
            text = "expected surveys.needs beside estimated, found none"
            yield ("firms", name, "segment_needs"), text


# --- rules ------------------------------------------------------------------------


def assigned(draw: float, segment_insight: float, own: int, other: int) -> int:
    """Return the segment that a firm assigns a customer to: the own one with chance S.

    Parameters
    ----------
    draw : float
        Uniform, of the customer and the firm, for good.
    segment_insight : float
        S, share of customers assigned rightly.
    own, other : int
        The customer's segment, and the one it is mistaken for.

    Returns
    -------
    int
        Number of a segment.
    """
    return own if draw < segment_insight or segment_insight >= 1.0 else other


# --- passes -----------------------------------------------------------------------


def draw_assignment(
    n, first, n_firms, arriving, segment, insight_draw, mistaken_for, key_insight, key_mistaken,
    segment_share,
):  # fmt: skip
    """Draw for newcomers how hard they are to assign, and which segment they are mistaken for.

    Another segment is drawn by a race of exponentials, more often the larger it is.
    """
    for f in range(n_firms):
        for i in range(n):
            if arriving[i]:
                insight_draw[f, i] = uniform(key_insight[f], first + i)
                mistaken_for[f, i] = segment[i]
                soonest = inf
                for g in range(len(segment_share)):
                    if g != segment[i] and segment_share[g] > 0.0:
                        time = -log(uniform(key_mistaken[g, f], first + i)) / segment_share[g]
                        if time < soonest:
                            soonest = time
                            mistaken_for[f, i] = g


def picture_segments(pictured_need, estimated_need, firm_position):
    """Set firms' pictures of segments: estimates, or the own position where nobody was asked."""
    pictured_need[:] = given_or(estimated_need, firm_position[:, None, :])


def see_segments(
    n, n_firms, segment, insight_draw, mistaken_for, centre, pictured_need, firm_segment_needs,
    firm_segment_insight,
):  # fmt: skip
    """Let firms see the estimated mean need of the segment that they assign a customer to."""
    for f in range(n_firms):
        if firm_segment_needs[f] > 0.5:
            for i in range(n):
                g = assigned(
                    insight_draw[f, i], firm_segment_insight[f], segment[i], mistaken_for[f, i]
                )
                for d in range(pictured_need.shape[2]):
                    centre[f, d, i] = pictured_need[f, g, d]


SEGMENT_PICTURE = Mechanism(
    "segment_picture",
    doc="Segments as firms estimate them",
    firm=PictureParameters,
    tables=(("pictured_need", ("firm", "segment", "need")),),
    columns=(
        Column(
            "insight_draw",
            ("firm",),
            doc="Uniform draw: the firm assigns the customer to its own segment where segment "
            "insight is above it",
            ge=0,
            le=1,
        ),
        Column(
            "mistaken_for",
            ("firm",),
            dtype="u2",
            doc="Number of the segment that the firm assigns the customer to otherwise",
        ),
    ),
    draws=(Draw("insight", ("firm",)), Draw("mistaken", ("segment", "firm"))),
    passes=(
        Pass(draw_assignment, "arrive", after=("people.arrive",)),
        Pass(picture_segments, "events", population=True),
        Pass(see_segments, "adjust"),
    ),
    check=_asked_for,
    active=lambda scenario: any(
        firm.segment_needs == "estimated" for firm in scenario.firms.values()
    ),
)


# -- Repositioning: the standard offer moves towards estimated needs -------------------------------


class Reposition(Parameters):
    """When a firm moves its standard offer, towards which segment, how far and at what cost."""

    start: Annotated[int, Ge(0)] = parameter(
        doc="Period at whose end the firm repositions first", unit="period"
    )
    every: Annotated[int, Ge(1)] | None = parameter(
        None, "Periods between repositionings (default: once)", "periods"
    )
    segment: str | None = parameter(
        None,
        doc="Segment towards whose estimated mean need the firm moves (default: the mean of all "
        "estimated segments, by estimated size)",
        fixed=True,
    )
    step: float = parameter(1.0, "Share of the distance that the firm moves at a time", "share")
    fixed_cost: float = parameter(
        0.0, doc="Fixed cost of a repositioning (whole market)", unit="currency", ge=0
    )
    cost: float = parameter(
        0.0,
        doc="Cost of a repositioning by the distance moved (whole market)",
        unit="currency per distance",
        ge=0,
        ask=Ask(free="repositioning"),
    )


class RepositionParameters(Parameters):
    """Repositioning of a firm."""

    reposition: Reposition | None = parameter(
        None, "Repositioning: the standard offer moves towards needs estimated by needs research"
    )


def _check_reposition(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    yield from known_segments(scenario, "reposition")
    for name, firm in scenario.firms.items():
        if firm.reposition is not None and not _researches(firm):
            yield ("firms", name, "reposition"), "expected surveys.needs beside it, found none"


# --- rules ------------------------------------------------------------------------


def moved(position: Any, target: Any, step: float) -> Any:
    """Return a position after a move, p + s (m - p).

    Parameters
    ----------
    position, target : float or ndarray, shape (need,)
        p and m, distance.
    step : float
        s, share of the distance.

    Returns
    -------
    float or ndarray, shape (need,)
        Distance.
    """
    return position + step * (target - position)


def repositioning_price(fixed_cost: float, cost: float, distance: float) -> float:
    """Return the cost of a repositioning, fixed + cost |p' - p|, currency.

    Parameters
    ----------
    fixed_cost : float
        Currency.
    cost : float
        Currency per distance.
    distance : float
        Moved.

    Returns
    -------
    float
        Currency, whole market.
    """
    return fixed_cost + cost * distance


# --- passes -----------------------------------------------------------------------


def reposition(
    clock, aimed_at, estimated_need, estimated_share, firm_active, firm_position,
    firm_reposition_start, firm_reposition_every, firm_reposition_step,
    firm_reposition_fixed_cost, firm_reposition_cost, sum_position, sum_repositioning_cost,
):  # fmt: skip
    """Move firms' standard offers towards estimated needs, with effect from the next period on."""
    sum_position[0] = firm_position
    since = clock[0] - firm_reposition_start
    due = (since == 0) | ((since > 0) & (since % given_or(firm_reposition_every, np.inf) == 0))
    known = np.isfinite(estimated_need).all(axis=2)
    for f in np.flatnonzero(due & (firm_active > 0.5)):
        weights = np.where(known[f] & aimed_at[f], given_or(estimated_share[f], 0.0), 0.0)
        if weights.sum() > 0.0:  # who has not asked has nowhere to move
            needs = np.where(known[f, :, None], estimated_need[f], 0.0)
            target = (weights[:, None] * needs).sum(axis=0) / weights.sum()
            new = moved(firm_position[f], target, firm_reposition_step[f])
            distance = np.sqrt(np.square(new - firm_position[f]).sum())
            sum_repositioning_cost[0, f] = repositioning_price(
                firm_reposition_fixed_cost[f], firm_reposition_cost[f], distance
            )
            firm_position[f] = new


def _aimed_at(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return the segments that each firm moves towards: (firm, segment)."""
    segments = sorted(scenario.segments)
    chosen = [scenario.firms[name].reposition for name in sorted(scenario.firms)]
    return {
        "aimed_at": np.array(
            [
                [each is not None and each.segment in (None, segment) for segment in segments]
                for each in chosen
            ]
        )
    }


# --- measures ---------------------------------------------------------------------


def repositioning_cost(b: Ledger) -> np.ndarray:
    """Cost of the firm's repositioning in the period, whole market."""
    return b.count("repositioning_cost")


def position_frame(ledger: Ledger, scenario: Any) -> Any:
    """Return the standard offers of firms by period and dimension of need.

    Returns
    -------
    DataFrame
        ``period, firm, dimension, position``; distance.
    """
    import pandas as pd

    positions = ledger.count("position")
    rows = [
        (period, ledger.firms[f], d, positions[period, f, d])
        for period, f, d in np.ndindex(positions.shape)
    ]
    return pd.DataFrame(rows, columns=["period", "firm", "dimension", "position"])


REPOSITIONING = Mechanism(
    "repositioning",
    doc="Repositioning towards estimated needs",
    firm=RepositionParameters,
    setup=_aimed_at,
    accumulators=(
        Accumulator("position", "Standard offer; not scaled", ("firm", "need")),
        Accumulator("repositioning_cost", "Cost of repositioning, currency; not scaled"),
    ),
    passes=(
        Pass(reposition, "close", population=True, after=("needs_research.estimate_segments",)),
    ),
    measures=(
        Measure(
            "repositioning_cost",
            "Repositioning cost",
            "currency per period",
            repositioning_cost,
            summary="sum",
            cost="profit",
        ),
    ),
    frames={"positions": position_frame},
    check=_check_reposition,
    active=lambda scenario: any(firm.reposition is not None for firm in scenario.firms.values()),
)
