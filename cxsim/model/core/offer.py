"""The offer of a firm to a customer, and its fit gap: distance between need and offer."""

from __future__ import annotations

from typing import Any

from cxsim.model.mechanism import Accumulator, Mechanism, Pass, scratch, tile
from cxsim.parameters import Ask, Parameters, parameter


class SegmentParameters(Parameters):
    """Volume of a purchase and value of personalization of a segment."""

    volume: float = parameter(1.0, doc="Units bought per purchase", unit="units", gt=0)
    fit_weight: float = parameter(
        0.0,
        doc="Value of personalization: loss in value to the customer per unit of fit gap",
        unit="currency per squared distance",
        ge=0,
        ask=Ask(beside=("customization",)),
    )


class FirmParameters(Parameters):
    """Standard offer, quality, customization and segment insight of a firm."""

    position: tuple[float, ...] | None = parameter(
        None,
        doc="Position of the standard offer, by dimension of need (default: the origin)",
        unit="distance",
        axes=("need",),
    )
    quality: float = parameter(0.0, "Value of a unit to every customer", "currency per unit")
    customization: float = parameter(
        0.0, "How far the offer can be adapted to the firm's estimate of a customer's need", "share"
    )
    segment_insight: float = parameter(
        0.0,
        doc="How far the firm distinguishes segments and their needs (differentiate)",
        unit="share",
        ask=Ask(beside=("customization",)),
    )


# --- rules ------------------------------------------------------------------------


def prior(position: float, segment_insight: float, need_mean: float) -> float:
    """Return the firm's prior estimate of the need of a member of the segment, q = p + S (m - p).

    Parameters
    ----------
    position : float
        p, standard offer in one dimension of need, distance.
    segment_insight : float
        S, how far the firm distinguishes segments, share.
    need_mean : float
        m, mean need of the segment, distance.

    Returns
    -------
    float
        Distance.
    """
    return position + segment_insight * (need_mean - position)


def offer_gap(
    perceived: float,
    disclosed: float,
    position: float,
    prior: float,
    customization: float,
    knowledge: float,
) -> float:
    """Return by how much the mean offer misses a need, in one dimension.

    The offer is the standard product adapted towards the firm's estimate, p + C (mu - p), with mu =
    (1 - K) q + K z on average over signals; the gap is x less it.

    Parameters
    ----------
    perceived : float
        x, need at which the offer is seen, distance.
    disclosed : float
        z, need that the customer reports, distance.
    position : float
        p, standard offer, distance.
    prior : float
        q, the firm's estimate before any signal, distance.
    customization : float
        C, share.
    knowledge : float
        K, share.

    Returns
    -------
    float
        Distance, signed.
    """
    return (perceived - position) - customization * (
        (1.0 - knowledge) * (prior - position) + knowledge * (disclosed - position)
    )


def noise(customization: float, knowledge: float, needs: float, need_sd: float) -> float:
    """Return the fit gap from acting on noisy signals, C^2 K (1 - K) D sd^2.

    Parameters
    ----------
    customization : float
        C, share.
    knowledge : float
        K, share.
    needs : float
        D, number of dimensions of need.
    need_sd : float
        sd, standard deviation of needs in the segment, distance.

    Returns
    -------
    float
        Squared distance.
    """
    return customization * customization * knowledge * (1.0 - knowledge) * needs * need_sd * need_sd


def expected(recognition: float, recognized: float, unrecognized: float) -> float:
    """Return the expected value over being recognized or not, r v + (1 - r) v'.

    Parameters
    ----------
    recognition : float
        r, chance to be recognized.
    recognized : float
        v, value if recognized.
    unrecognized : float
        v', value if not.

    Returns
    -------
    float
        In the unit of the values.
    """
    return recognition * recognized + (1.0 - recognition) * unrecognized


def fit_gap_cost(volume: float, fit_weight: float, fit_gap: float) -> float:
    """Return the loss in value from the fit gap of a purchase, v b G, currency.

    Quadratic distance after d'Aspremont, Gabszewicz & Thisse (1979).

    Parameters
    ----------
    volume : float
        v, units per purchase.
    fit_weight : float
        b, value of personalization, currency per squared distance.
    fit_gap : float
        G, squared distance.

    Returns
    -------
    float
        Currency per purchase.
    """
    return volume * fit_weight * fit_gap


def estimate_gap(need: float, prior: float, recognition: float, knowledge: float) -> float:
    """Return by how much a firm's mean estimate misses a need, (1 - r K) (x - q).

    Parameters
    ----------
    need : float
        x, distance.
    prior : float
        q, estimate before any signal, distance.
    recognition : float
        r, chance to be recognized.
    knowledge : float
        K, share.

    Returns
    -------
    float
        Distance, signed.
    """
    return (1.0 - recognition * knowledge) * (need - prior)


def squared_estimate_error(
    need: float, prior: float, need_sd: float, recognition: float, knowledge: float
) -> float:
    """Return the mean squared error of a firm's estimate of a need, in one dimension.

    The estimate is q, unless the customer is recognized: then (1 - K) q + K x on average over
    noise of variance K (1 - K) sd^2.

    Parameters
    ----------
    need : float
        x, distance.
    prior : float
        q, estimate before any signal, distance.
    need_sd : float
        sd, standard deviation of needs in the segment, distance.
    recognition : float
        Chance to be recognized.
    knowledge : float
        K, share.

    Returns
    -------
    float
        Squared distance.
    """
    unknown = 1.0 - knowledge
    gap = (need - prior) * (need - prior)
    if_recognized = unknown * (unknown * gap + knowledge * need_sd * need_sd)
    return recognition * if_recognized + (1.0 - recognition) * gap


def squared_gap(a: float, b: float) -> float:
    """Return the squared difference, (a - b)^2.

    Parameters
    ----------
    a, b : float
        Distance.

    Returns
    -------
    float
        Squared distance.
    """
    return (a - b) * (a - b)


def gap_along(need, disclosed, position, prior, customization, knowledge):
    """Return the fit gap of the mean offer in one dimension, without the part of :func:`noise`.

    Parameters
    ----------
    need, disclosed, position, prior : float
        As for :func:`offer_gap`, distance.
    customization, knowledge : float
        C and K, shares.

    Returns
    -------
    float
        Squared distance.
    """
    return squared_gap(offer_gap(need, disclosed, position, prior, customization, knowledge), 0.0)


def fit_gaps(
    n, need, spread, standard_offer, prior_need, customized, knowledge, gap_recognized,
    gap_unrecognized,
):  # fmt: skip
    """Compute the fit gap of each customer's offer from one firm, if recognized and if not.

    Dimension by dimension: the innermost loops have no branch and run over several customers at a
    time.

    Parameters
    ----------
    n : int
        Customers.
    need : ndarray, shape (need, n)
        x, distance.
    spread : ndarray, shape (n,)
        Standard deviation of needs in the customer's segment, distance.
    standard_offer : ndarray, shape (need, n)
        p, standard offer of the customer's firm, distance.
    prior_need : ndarray, shape (need, n)
        q, the firm's prior estimate for the segment, distance.
    customized : ndarray, shape (n,)
        C, share.
    knowledge : ndarray, shape (n,)
        K, share.
    gap_recognized, gap_unrecognized : ndarray, shape (n,)
        Where the results are written, squared distance.
    """
    for i in range(n):
        gap_unrecognized[i] = 0.0
        gap_recognized[i] = noise(customized[i], knowledge[i], len(need), spread[i])
    for d in range(len(need)):
        for i in range(n):
            x = need[d, i]
            p = standard_offer[d, i]
            q = prior_need[d, i]
            gap_unrecognized[i] += gap_along(x, x, p, q, customized[i], 0.0)
            gap_recognized[i] += gap_along(x, x, p, q, customized[i], knowledge[i])


# --- passes -----------------------------------------------------------------------


def prepare(
    n, n_firms, segment, volume, units, centre, spread, fit_weight, customization, segment_volume,
    segment_need_mean, segment_need_sd, segment_fit_weight, firm_customization,
):  # fmt: skip
    """Copy parameters of the segment to customers, and set each firm's customization and units."""
    for i in range(n):
        g = segment[i]
        volume[i] = segment_volume[g]
        spread[i] = segment_need_sd[g]
        fit_weight[i] = segment_fit_weight[g]
    for picture in range(len(centre)):
        for d in range(segment_need_mean.shape[1]):
            for i in range(n):
                centre[picture, d, i] = segment_need_mean[segment[i], d]
    for f in range(n_firms):
        for i in range(n):
            customization[f, i] = firm_customization[f]
            units[f, i] = volume[i]


def fit(
    n, n_firms, need, centre, spread, fit_weight, recognition, customization, knowledge_shown,
    volume, gap_recognized, gap_unrecognized, fit_gap, value, firm_position,
    firm_segment_insight,
):  # fmt: skip
    """Subtract the loss from the fit gap from the value of an offer, dimension by dimension.

    The innermost loops run over customers without a branch, several at a time.
    """
    for f in range(n_firms):
        picture = min(f, len(centre) - 1)
        for i in range(n):
            gap_unrecognized[i] = 0.0
            gap_recognized[i] = noise(
                customization[f, i], knowledge_shown[f, i], len(need), spread[i]
            )
        for d in range(len(need)):
            p = firm_position[f, d]
            insight = firm_segment_insight[f]
            for i in range(n):
                x = need[d, i]
                q = prior(p, insight, centre[picture, d, i])
                gap_unrecognized[i] += gap_along(x, x, p, q, customization[f, i], 0.0)
                gap_recognized[i] += gap_along(
                    x, x, p, q, customization[f, i], knowledge_shown[f, i]
                )
        for i in range(n):
            fit_gap[f, i] = expected(recognition[f, i], gap_recognized[i], gap_unrecognized[i])
        for e in range(len(value)):
            for i in range(n):
                value[e, f, i] -= fit_gap_cost(volume[i], fit_weight[i], fit_gap[f, i])


def quality(n, n_firms, volume, value, firm_quality, display):
    """Add the quality of the product to its value."""
    for e in range(len(value)):
        for f in range(n_firms):
            worth = firm_quality[f] + display[f]
            for i in range(n):
                value[e, f, i] += volume[i] * worth


def taste(n, n_firms, brand_taste, volume, value):
    """Add the customer's brand preference for the firm."""
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] += volume[i] * brand_taste[f, i]


def note_supplier(
    n, need, supplier, uncertainty, recognition, customization, centre, supplier_or_zero,
    recognized, customized, supplier_knowledge, standard_offer, prior_need,
    firm_position, firm_segment_insight,
):  # fmt: skip
    """Store the supplier's knowledge, offer and estimate for each customer, for later passes."""
    for i in range(n):
        # customers without a supplier: computed with the first firm, not counted
        supplier_or_zero[i] = max(0, supplier[i])
    for i in range(n):
        recognized[i] = recognition[supplier_or_zero[i], i]
        customized[i] = customization[supplier_or_zero[i], i]
        supplier_knowledge[i] = 1.0 - uncertainty[supplier_or_zero[i], i]
    for d in range(len(need)):
        for i in range(n):
            p = firm_position[supplier_or_zero[i], d]
            standard_offer[d, i] = p
            prior_need[d, i] = prior(p, firm_segment_insight[supplier_or_zero[i]], centre[0, d, i])
    if len(centre) > 1:
        for d in range(len(need)):
            for i in range(n):
                s = supplier_or_zero[i]
                prior_need[d, i] = prior(
                    standard_offer[d, i], firm_segment_insight[s], centre[s, d, i]
                )


def count(
    n, supplier, fit_gap_next_offer, fit_gap_standard, sum_fit_gap, sum_fit_gap_standard,
):  # fmt: skip
    """Add up the fit gaps of the firms' offers to their customers."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            c = tile(i)
            sum_fit_gap[c, s] += fit_gap_next_offer[i]
            sum_fit_gap_standard[c, s] += fit_gap_standard[i]


def count_estimate_gaps(
    n, need, supplier, recognized, supplier_knowledge, spread, prior_need, estimate_error,
    need_square, sum_estimate_error, sum_need_square, sum_need, sum_estimate_gap,
):  # fmt: skip
    """Add up needs, and the errors of firms' estimates of them."""
    for i in range(n):
        estimate_error[i] = 0.0
        need_square[i] = 0.0
    for d in range(len(need)):
        for i in range(n):
            estimate_error[i] += squared_estimate_error(
                need[d, i], prior_need[d, i], spread[i], recognized[i], supplier_knowledge[i]
            )
            need_square[i] += squared_gap(need[d, i], 0.0)
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            c = tile(i)
            sum_estimate_error[c, s] += estimate_error[i]
            sum_need_square[c, s] += need_square[i]
            for d in range(len(need)):
                sum_need[c, s, d] += need[d, i]
                sum_estimate_gap[c, s, d] += estimate_gap(
                    need[d, i], prior_need[d, i], recognized[i], supplier_knowledge[i]
                )


def _axes(scenario: Any) -> dict[str, tuple[str, ...]]:
    """Return one picture of segments for all firms, or one for each where a firm estimates it."""
    estimated = any(firm.segment_needs == "estimated" for firm in scenario.firms.values())
    return {"picture": tuple(sorted(scenario.firms)) if estimated else ("all",)}


OFFER = Mechanism(
    "offer",
    doc="The offer and its fit",
    core=True,
    segment=SegmentParameters,
    firm=FirmParameters,
    axes=_axes,
    columns=(
        scratch("volume", "Units per purchase that the customer has in mind when it chooses"),
        scratch("units", "Units that a purchase from the firm comes to", ("firm",)),
        scratch("customization", "Customization of the firm's offer to the customer", ("firm",)),
        scratch("fit_gap_next_offer", "Fit gap of the supplier's next offer"),
        scratch(
            "centre",
            "Mean need of the customer's segment, as all firms or as each firm pictures it",
            ("picture", "need"),
        ),
        scratch("spread", "Spread of needs in the customer's segment"),
        scratch("fit_weight", "Loss in value per unit of fit gap, currency"),
        scratch("recognized", "Chance that the supplier recognizes the customer"),
        scratch("customized", "Customization of the supplier's offer"),
        scratch("standard_offer", "Standard offer of the supplier", ("need",)),
        scratch("prior_need", "Supplier's prior estimate of the need of the segment", ("need",)),
        scratch("fit_gap_standard", "Fit gap of the standard offer"),
        scratch("estimate_error", "Squared error of the supplier's estimate"),
        scratch("need_square", "Squared length of the need"),
        scratch("gap_recognized", "Fit gap of the present firm if it recognizes the customer"),
        scratch("gap_unrecognized", "Fit gap of the present firm if it does not"),
        scratch("fit_gap", "Expected fit gap of the offer", ("firm",)),
    ),
    accumulators=(
        Accumulator("fit_gap", "Expected fit gap of customers' suppliers, summed over customers"),
        Accumulator("fit_gap_standard", "Fit gap of the standard offer, summed over customers"),
        Accumulator(
            "estimate_error",
            "Squared error of suppliers' estimates of needs, summed over customers",
        ),
        Accumulator("need_square", "Squared length of needs, summed over customers"),
        Accumulator("need", "Needs, summed over customers", ("firm", "need")),
        Accumulator(
            "estimate_gap",
            "Needs less suppliers' estimates, summed over customers",
            ("firm", "need"),
        ),
    ),
    passes=(
        Pass(prepare, "prepare"),
        Pass(quality, "add", term="quality"),
        Pass(taste, "add", term="brand taste"),
        Pass(fit, "add", term="fit"),
        Pass(note_supplier, "account"),
        Pass(count, "account", after=("switching.note_fit_gaps",)),
        Pass(count_estimate_gaps, "account", after=("offer.note_supplier",)),
    ),
)
