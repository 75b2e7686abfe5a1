"""Surveys, from which a firm estimates its performance with sampling error.

Three programmes: deep dives ask some customers about all touchpoints they met, at intervals;
event-based surveys ask right after a contact; tracking surveys ask about the firm as a whole.
Not all customers answer. Perceived performance changes by answers only. A fourth programme, about
needs, is in :mod:`cxsim.model.research.needs_research`.

Without surveys a firm's perceived performance is its design: performance of its touchpoints at the
start plus its blind spot. Experience of customers does not change it.
"""

from __future__ import annotations

from math import inf, sqrt
from typing import Any, Literal

import numpy as np

from cxsim.model.experience.perception import emotion_cluster
from cxsim.model.experience.touchpoints import default_sample, given_or
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import Accumulator, Draw, Measure, Mechanism, Pass, scratch, tile
from cxsim.numerics.draws import uniform
from cxsim.parameters import Ask, Parameters, group_in, parameter

# -- Surveys: estimates of performance with sampling error --------------------------------------


class Programme(Parameters):
    """Sample, response rate and cost of a survey programme."""

    sample: float | None = parameter(
        None,
        doc="Share of customers or contacts asked (default: 0.05, or as the organization's "
        "evaluation implies)",
        unit="share",
    )
    response_rate: float = parameter(
        0.3, "Response rate: chance that a customer with neutral experience answers", "share"
    )
    cost: float = parameter(
        0.0,
        doc="Cost of asking",
        unit="currency per customer or contact asked",
        ge=0,
        ask=Ask(free="surveys"),
    )


class DeepDive(Programme):
    """Survey about every touchpoint that customers met in the period."""

    every: int = parameter(6, doc="Periods between deep dives", unit="periods", ge=1)


class NeedsSurvey(Parameters):
    """Waves of interviews about needs and about what matters on the journey."""

    sample: float = parameter(0.05, "Share of customers asked in a wave", "share")
    response_rate: float = parameter(
        0.3, "Response rate: chance that a customer who is asked takes part", "share"
    )
    cost: float = parameter(
        0.0, "Cost of an interview", "currency per answer", ge=0, ask=Ask(free="needs research")
    )
    every: int = parameter(12, doc="Periods between waves", unit="periods", ge=1)
    among: Literal["customers", "market"] = parameter(
        "customers", "Whether the firm asks its own customers or all customers of the market"
    )
    answer_sd: float = parameter(
        0.5,
        doc="Standard deviation of an answer around the need that the customer perceives, in each "
        "dimension",
        unit="distance",
        ge=0,
    )
    importance_sd: float = parameter(
        0.5,
        doc="Standard deviation of the stated importance of a touchpoint around its importance",
        ge=0,
    )
    informs: float = parameter(
        0.0,
        doc="Co-design: precision, relative to the prior, of what a customer who takes part tells "
        "the firm of its own need at full data sharing",
        ge=0,
    )


class Surveys(Parameters):
    """Survey programmes of a firm."""

    deep_dive: DeepDive | None = parameter(
        None, "Deep dive: at intervals a share of customers is asked about all touchpoints"
    )
    event_based: Programme | None = parameter(
        None, "Event-based survey: a share of contacts is followed by a question about it"
    )
    tracking: Programme | None = parameter(
        None,
        doc="Tracking survey: every period a share of customers is asked about the firm as a whole",
    )
    needs: NeedsSurvey | None = parameter(
        None, "Needs research: at intervals a share of customers is interviewed about needs"
    )
    response_bias: float = parameter(
        0.0,
        doc="Response bias: relative increase of the chance to answer per unit of experience; "
        "below 0 dissatisfied customers answer more often",
    )
    prior_answers: float = parameter(
        10.0, "Weight of the previous estimate, in answers", "answers", ge=0
    )


#: Survey programmes about performance by name, in the order of their axis.
PROGRAMMES = tuple(
    name
    for name, field in Surveys.model_fields.items()
    if issubclass(group_in(field.annotation) or Parameters, Programme)
)


DEEP_DIVE, EVENT_BASED, TRACKING = map(PROGRAMMES.index, ("deep_dive", "event_based", "tracking"))


class FirmParameters(Parameters):
    """Surveys of a firm."""

    surveys: Surveys | None = parameter(
        None, "Surveys (default: none; perceived performance is the design)"
    )


SURVEY_PROGRAMMES = Mechanism(
    "survey_programmes",
    doc="Survey programmes of firms",
    firm=FirmParameters,
    active=lambda scenario: any(firm.surveys is not None for firm in scenario.firms.values()),
)


# --- rules ------------------------------------------------------------------------


def response_chance(response_rate: float, bias: float, experience: float) -> float:
    """Return the chance that a customer who is asked answers, rate (1 + b E).

    Parameters
    ----------
    response_rate : float
        Chance at neutral experience.
    bias : float
        b, response bias: above 0 satisfied customers answer more often.
    experience : float
        E, about -1 to 1.

    Returns
    -------
    float
        Probability, between 0 and 1.
    """
    return max(0.0, min(1.0, response_rate * (1.0 + bias * experience)))


def squared(answer: float) -> float:
    """Return the square of an answer.

    Parameters
    ----------
    answer : float
        Score or experience.

    Returns
    -------
    float
        Its square.
    """
    return answer * answer


def weight_of(answers: float, prior_answers: float) -> float:
    """Return the weight of new answers against the previous estimate, n / (n + n0).

    Parameters
    ----------
    answers : float
        n, number of new answers.
    prior_answers : float
        n0, weight of the previous estimate, in answers.

    Returns
    -------
    float
        Share.
    """
    return answers / (answers + prior_answers)


def estimated_performance(perceived_performance: float, answer: float, weight: float) -> float:
    """Return the estimate of performance after answers, b + w (y - b).

    Parameters
    ----------
    perceived_performance : float
        b, the estimate before, score 0-10.
    answer : float
        y, mean of the answers, score 0-10.
    weight : float
        w, of the answers (:func:`weight_of`).

    Returns
    -------
    float
        Score.
    """
    return perceived_performance + weight * (answer - perceived_performance)


def standard_error(variance: float, answers: float) -> float:
    """Return the standard error of the mean of a sample, sd / sqrt(n).

    Parameters
    ----------
    variance : float
        sd^2 over answers, squared unit of an answer.
    answers : float
        n, number of answers, above 0.

    Returns
    -------
    float
        Unit of an answer.
    """
    return sqrt(max(0.0, variance) / answers)


# --- passes -----------------------------------------------------------------------


def plan(
    clock, sampled, response_rate, asking_cost, firm_active, firm_organization_evaluation,
    firm_surveys_deep_dive_every, firm_surveys_deep_dive_sample,
    firm_surveys_event_based_sample, firm_surveys_tracking_sample,
    firm_surveys_deep_dive_response_rate, firm_surveys_event_based_response_rate,
    firm_surveys_tracking_response_rate, firm_surveys_deep_dive_cost,
    firm_surveys_event_based_cost, firm_surveys_tracking_cost,
):  # fmt: skip
    """Set the share of customers that each programme asks this period; 0 without a programme.

    Parameters of the programmes are put side by side, in the order of :data:`PROGRAMMES`.
    """
    samples = np.column_stack(
        [
            firm_surveys_deep_dive_sample,
            firm_surveys_event_based_sample,
            firm_surveys_tracking_sample,
        ]
    )
    response_rate[:] = np.column_stack(
        [
            firm_surveys_deep_dive_response_rate,
            firm_surveys_event_based_response_rate,
            firm_surveys_tracking_response_rate,
        ]
    )
    costs = np.column_stack(
        [
            firm_surveys_deep_dive_cost,
            firm_surveys_event_based_cost,
            firm_surveys_tracking_cost,
        ]
    )
    asking_cost[:] = given_or(costs, 0.0)
    asks = np.isfinite(response_rate) & (firm_active > 0.5)[:, None]
    asks[:, DEEP_DIVE] &= clock[0] % given_or(firm_surveys_deep_dive_every, 1.0) == 0
    usual = default_sample(given_or(firm_organization_evaluation, 0.5))[:, None]
    sampled[:] = np.where(asks, given_or(samples, usual), 0.0)


def interview(
    n, first, n_firms, supplier, experience, interviewed, key_interviewed, sampled,
    response_rate, firm_surveys_response_bias, sum_asked,
):  # fmt: skip
    """Draw the customers interviewed in deep dives."""
    diving = False
    for f in range(n_firms):
        diving = diving or sampled[f, DEEP_DIVE] > 0.0
    for i in range(n):
        interviewed[i] = 0
    if not diving:
        return
    for i in range(n):
        s = supplier[i]
        if s < 0:
            continue
        u = uniform(key_interviewed[s], first + i)
        if u < sampled[s, DEEP_DIVE]:
            sum_asked[tile(i), s, DEEP_DIVE] += 1.0
            answers = response_chance(
                response_rate[s, DEEP_DIVE], firm_surveys_response_bias[s], experience[s, i]
            )
            interviewed[i] = u < sampled[s, DEEP_DIVE] * answers


def record_response(
    n, first, n_touchpoint, supplier, visitors, visitor, score, experience, interviewed, complaint,
    key_asked, sampled, response_rate, firm_surveys_response_bias, sum_asked,
    sum_survey_responses, sum_answer, sum_answer_square,
):  # fmt: skip
    """Ask after a share of contacts, and record answers from there and from interviews."""
    for i in range(n):
        complaint[i] = inf
    for t in range(n_touchpoint):
        for k in range(visitors[t, 0]):
            i = visitor[t, k]
            s = supplier[i]
            told = interviewed[i] > 0
            if sampled[s, EVENT_BASED] > 0.0:
                u = uniform(key_asked[t, s], first + i)
                if u < sampled[s, EVENT_BASED]:
                    sum_asked[tile(i), s, EVENT_BASED] += 1.0
                    answers = response_chance(
                        response_rate[s, EVENT_BASED],
                        firm_surveys_response_bias[s],
                        experience[s, i],
                    )
                    if u < sampled[s, EVENT_BASED] * answers:
                        told = True
                        complaint[i] = min(complaint[i], score[t, k])
            if told:
                c = tile(i)
                y = score[t, k]
                sum_survey_responses[c, s, t] += 1.0
                sum_answer[c, s, t] += y
                sum_answer_square[c, s, t] += squared(y)


def update_estimates(
    perceived_performance, perceived_performance_se, total_survey_responses, total_answer,
    total_answer_square, total_asked, asking_cost, firm_surveys_prior_answers, sum_survey_cost,
):  # fmt: skip
    """Update firms' estimates of performance by the answers, and book the cost of surveys."""
    sum_survey_cost[0] = (asking_cost * total_asked).sum(axis=1)
    for f, t in np.argwhere(total_survey_responses > 0):
        n = total_survey_responses[f, t]
        mean = total_answer[f, t] / n
        variance = (total_answer_square[f, t] - n * mean * mean) / (n - 1.0) if n > 1 else 0.0
        weight = weight_of(n, firm_surveys_prior_answers[f])
        perceived_performance[f, t] = estimated_performance(
            perceived_performance[f, t], mean, weight
        )
        error = standard_error(variance, n)
        before = max(0.0, perceived_performance_se[f, t])
        perceived_performance_se[f, t] = sqrt(
            (weight * error) ** 2 + ((1.0 - weight) * before) ** 2
        )


# --- measures ---------------------------------------------------------------------


def survey_cost(b: Any) -> np.ndarray:
    """Cost of the firm's surveys in the period."""
    return b.total("survey_cost")


def _axes(scenario: Any) -> dict[str, tuple[str, ...]]:
    return {"programme": PROGRAMMES}


SURVEYS = Mechanism(
    "surveys",
    doc="Surveys of customers",
    tables=tuple(
        (name, ("firm", "programme")) for name in ("sampled", "response_rate", "asking_cost")
    ),
    axes=_axes,
    columns=(
        scratch("interviewed", "1 for a customer who gives an interview", dtype="i1"),
        scratch(
            "complaint",
            "Worst performance that the customer reported after a contact, else infinity",
        ),
    ),
    draws=(Draw("interviewed", ("firm",)), Draw("asked", ("touchpoint", "firm"))),
    accumulators=(
        Accumulator("asked", "Customers or contacts asked, by programme", ("firm", "programme")),
        Accumulator("survey_responses", "Answers about a touchpoint", ("firm", "touchpoint")),
        Accumulator("answer", "Performance in answers, summed", ("firm", "touchpoint")),
        Accumulator(
            "answer_square", "Squares of performance in answers, summed", ("firm", "touchpoint")
        ),
        Accumulator("survey_cost", "Cost of surveys, currency"),
    ),
    passes=(
        Pass(plan, "events", population=True),
        Pass(interview, "join", after=("journey.visit",)),
        Pass(record_response, "join", after=("surveys.interview",)),
        Pass(update_estimates, "close", population=True),
    ),
    measures=(
        Measure.of(survey_cost, "Survey cost", "currency per period", summary="sum", cost="profit"),
    ),
    active=lambda scenario: (
        scenario.journey is not None
        and any(firm.surveys is not None for firm in scenario.firms.values())
    ),
)


# -- Perceived performance: a firm's estimate of its touchpoints --------------------------------


# --- passes -----------------------------------------------------------------------


def perceive_as_designed(perceived_performance, performance, firm_touchpoints_blind_spot):
    """Set each firm's perceived performance to its design, before surveys."""
    if np.isnan(perceived_performance).any():
        perceived_performance[:] = given_or(
            perceived_performance, performance + firm_touchpoints_blind_spot
        )


def report(
    perceived_performance, perceived_performance_se, performance, total_contacts, total_score,
    market_journey_importance, sum_perceived_performance, sum_perceived_performance_se,
    sum_underlying_performance, sum_perception_gap,
):  # fmt: skip
    """Store perceived performance, and its gap to actual performance in contacts."""
    sum_perceived_performance[0] = perceived_performance
    sum_perceived_performance_se[0] = perceived_performance_se
    sum_underlying_performance[0] = performance
    contacts = total_contacts.sum(axis=2)
    met = contacts > 0
    gaps = perceived_performance - total_score.sum(axis=2) / np.where(met, contacts, 1.0)
    weights = market_journey_importance * met
    total = weights.sum(axis=1)
    gap = np.where(met, weights * gaps, 0.0).sum(axis=1)
    sum_perception_gap[0] = np.where(total > 0, gap / np.where(total > 0, total, 1.0), np.nan)


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    shape = len(scenario.firms), len(scenario.journey)
    return {
        "perceived_performance": np.full(shape, np.nan),
        "perceived_performance_se": np.full(shape, np.nan),
    }


# --- measures ---------------------------------------------------------------------


def perception_gap(b: Any) -> np.ndarray:
    """Perceived less actual performance in the period, mean over touchpoints by importance."""
    return b.count("perception_gap")


PERCEIVED_PERFORMANCE = Mechanism(
    "perceived_performance",
    doc="Perceived performance of firms",
    setup=_setup,
    accumulators=(
        Accumulator(
            "perceived_performance", "Performance perceived by the firm", ("firm", "touchpoint")
        ),
        Accumulator(
            "perceived_performance_se",
            "Standard error of the survey results",
            ("firm", "touchpoint"),
        ),
        Accumulator(
            "underlying_performance",
            "Expected performance of the touchpoint",
            ("firm", "touchpoint"),
        ),
        Accumulator("perception_gap", "Perceived less actual performance, weighted by importance"),
    ),
    passes=(
        Pass(perceive_as_designed, "events", population=True, after=("touchpoints.set_up",)),
        Pass(
            report,
            "close",
            population=True,
            before=("surveys.update_estimates", "improvement.improve"),
        ),
    ),
    measures=(Measure.of(perception_gap, "Perception gap", "score 0-10", summary="last"),),
    active=lambda scenario: scenario.journey is not None,
)


# -- Tracking surveys: experience and net promoter score with standard errors -------------------


# --- rules ------------------------------------------------------------------------


def promoter_error(promoters: float, detractors: float, answers: float) -> float:
    """Return the standard error of a net promoter score, sqrt((p + d - (p - d)^2) / n).

    Parameters
    ----------
    promoters, detractors : float
        p and d, shares of the answers.
    answers : float
        n, number of answers, above 0.

    Returns
    -------
    float
        Share.
    """
    net = promoters - detractors
    return sqrt(max(0.0, promoters + detractors - net * net) / answers)


# --- passes -----------------------------------------------------------------------


def track(
    n, first, n_firms, supplier, experience, key_tracked, sampled, response_rate,
    firm_surveys_response_bias, market_emotion_cut_points, sum_asked, sum_tracked,
):  # fmt: skip
    """Ask a share of customers about their experience of the firm as a whole."""
    tracking = False
    for f in range(n_firms):
        tracking = tracking or sampled[f, TRACKING] > 0.0
    if not tracking:
        return
    for i in range(n):
        s = supplier[i]
        if s < 0:
            continue
        u = uniform(key_tracked[s], first + i)
        if u < sampled[s, TRACKING]:
            c = tile(i)
            e = experience[s, i]
            sum_asked[c, s, TRACKING] += 1.0
            answers = response_chance(response_rate[s, TRACKING], firm_surveys_response_bias[s], e)
            if u < sampled[s, TRACKING] * answers:
                feeling = emotion_cluster(
                    e,
                    market_emotion_cut_points[0, 0],
                    market_emotion_cut_points[0, 1],
                    market_emotion_cut_points[0, 2],
                )
                sum_tracked[c, s, 0] += 1.0
                sum_tracked[c, s, 1] += e
                sum_tracked[c, s, 2] += squared(e)
                sum_tracked[c, s, 3] += feeling == 3
                sum_tracked[c, s, 4] += feeling == 0


# --- measures ---------------------------------------------------------------------


def survey_responses(b: Any) -> np.ndarray:
    """Answers to the firm's tracking survey in the period, of simulated customers."""
    return b.count("tracked")[:, :, 0]


def surveyed_experience(b: Any) -> np.ndarray:
    """Mean experience of the firm over the respondents of its tracking survey in the period."""
    return ratio(b.count("tracked")[:, :, 1], survey_responses(b))


def surveyed_experience_se(b: Any) -> np.ndarray:
    """Standard error of surveyed experience, sd / sqrt(n) over respondents."""
    n, mean = survey_responses(b), surveyed_experience(b)
    square = ratio(b.count("tracked")[:, :, 2], n)
    variance = ratio(np.maximum(square - mean * mean, 0.0) * n, np.where(n > 1, n - 1, 0))
    return np.sqrt(ratio(variance, n))


def surveyed_net_promoter_score(b: Any) -> np.ndarray:
    """Share of advocates less share of detractors among respondents in the period."""
    tracked = b.count("tracked")
    return ratio(tracked[:, :, 3] - tracked[:, :, 4], survey_responses(b))


def surveyed_net_promoter_score_se(b: Any) -> np.ndarray:
    """Standard error of the surveyed net promoter score, sqrt((p + d - (p - d)^2) / n)."""
    tracked, n = b.count("tracked"), survey_responses(b)
    p, d = ratio(tracked[:, :, 3], n), ratio(tracked[:, :, 4], n)
    return np.sqrt(ratio(np.maximum(p + d - (p - d) ** 2, 0.0), n))


TRACKING_SURVEY = Mechanism(
    "tracking_survey",
    doc="Tracking surveys about the firm as a whole",
    draws=(Draw("tracked", ("firm",)),),
    accumulators=(
        Accumulator(
            "tracked",
            "Answers about the firm, their sum, sum of squares, advocates and detractors",
            ("firm", 5),
        ),
    ),
    passes=(Pass(track, "survey"),),
    measures=(
        Measure.of(survey_responses, "Tracking survey responses", "per period"),
        Measure.of(surveyed_experience, "Surveyed experience", "experience"),
        Measure.of(surveyed_experience_se, "Standard error of surveyed experience", "experience"),
        Measure.of(surveyed_net_promoter_score, "Surveyed net promoter score", "share"),
        Measure.of(surveyed_net_promoter_score_se, "Standard error of surveyed NPS", "share"),
    ),
    active=SURVEYS.active,
)
