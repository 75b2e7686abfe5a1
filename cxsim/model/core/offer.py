"""The offer: what a firm believes a customer needs, and how well what it offers fits."""

from __future__ import annotations

from cxsim.model.mechanism import Column, Mechanism, Pass, Total, chunk
from cxsim.parameters import Ask, Parameters, parameter


class SegmentParameters(Parameters):
    """What fit and quantity mean to a segment."""

    volume: float = parameter(1.0, doc="Units bought per purchase", unit="units", gt=0)
    fit_weight: float = parameter(
        0.0,
        doc="What a squared unit of distance from the need costs the customer, per unit",
        unit="currency per squared distance",
        ge=0,
        ask=Ask(beside=("customization",)),
    )


class FirmParameters(Parameters):
    """Where a firm's offer stands and how far it can be bent."""

    position: tuple[float, ...] | None = parameter(
        None,
        doc="The standard offer, by dimension of need (default: the origin)",
        unit="distance",
        axes=("need",),
    )
    quality: float = parameter(
        0.0, doc="What a unit is worth to any customer", unit="currency per unit"
    )
    customization: float = parameter(
        0.0,
        doc="How far the offer can be bent towards what the firm believes a customer needs",
        unit="share",
        ge=0,
        le=1,
    )
    segment_insight: float = parameter(
        0.0,
        doc="Differentiate: how far the firm tells segments and their needs apart",
        unit="share",
        ge=0,
        le=1,
        ask=Ask(beside=("customization",)),
    )


# --- rules ------------------------------------------------------------------------


def prior(position: float, segment_insight: float, need_mean: float) -> float:
    """Return what a firm takes a member of the segment to need, before knowing more."""
    return position + segment_insight * (need_mean - position)


def miss(
    judged: float,
    taught: float,
    position: float,
    prior: float,
    customization: float,
    knowledge: float,
) -> float:
    """Return by how much the mean offer misses a need, in one dimension.

    The offer is the standard product bent towards the firm's belief,
    p + C (mu - p), with mu = (1 - K) q + K z on average over what was heard.
    ``judged`` is where the offer is judged (x), ``taught`` what was told (z).
    """
    return (judged - position) - customization * (
        (1.0 - knowledge) * (prior - position) + knowledge * (taught - position)
    )


def noise(customization: float, knowledge: float, needs: float, need_sd: float) -> float:
    """Return the misfit from acting on noisy signals, C^2 K (1 - K) D sd^2."""
    return customization * customization * knowledge * (1.0 - knowledge) * needs * need_sd * need_sd


def expected(recognition: float, recognized: float, unrecognized: float) -> float:
    """Return the mean over being recognized or not."""
    return recognition * recognized + (1.0 - recognition) * unrecognized


def misfit_cost(volume: float, fit_weight: float, misfit: float) -> float:
    """Return what the misfit of a purchase costs the customer, currency."""
    return volume * fit_weight * misfit


def picture_miss(need: float, prior: float, recognition: float, knowledge: float) -> float:
    """Return by how much a firm's mean picture misses a need, (1 - r K) (x - q)."""
    return (1.0 - recognition * knowledge) * (need - prior)


def square_error(
    need: float, prior: float, need_sd: float, recognition: float, knowledge: float
) -> float:
    """Return the mean squared error of a firm's picture of a need, in one dimension.

    The picture is q, unless the customer is recognized: then (1 - K) q + K x on average over
    noise of variance K (1 - K) sd^2.
    """
    unknown = 1.0 - knowledge
    gap = (need - prior) * (need - prior)
    seen = unknown * (unknown * gap + knowledge * need_sd * need_sd)
    return recognition * seen + (1.0 - recognition) * gap


def square(a: float, b: float) -> float:
    """Return the squared difference."""
    return (a - b) * (a - b)


def misfits(n, need, spread, standard, guess, bend, known, seen, unseen):
    """Reckon the misfit of each customer's offer from one firm, if recognized and if not.

    Dimension by dimension: the innermost loops have no branch and run over several
    customers at a time. ``standard`` is the
    firm's standard offer and ``guess`` its prior.
    """
    for i in range(n):
        unseen[i] = 0.0
        seen[i] = noise(bend[i], known[i], len(need), spread[i])
    for d in range(len(need)):
        for i in range(n):
            x = need[d, i]
            p = standard[d, i]
            q = guess[d, i]
            unseen[i] += square(miss(x, x, p, q, bend[i], 0.0), 0.0)
            seen[i] += square(miss(x, x, p, q, bend[i], known[i]), 0.0)


# --- passes -----------------------------------------------------------------------


def prepare(
    n, n_firms, segment, volume, centre, spread, fit_weight, customization, segment_volume,
    segment_need_mean, segment_need_sd, segment_fit_weight, firm_customization,
):  # fmt: skip
    """What the segment says of a customer, and how far each firm bends its offer."""
    for i in range(n):
        g = segment[i]
        volume[i] = segment_volume[g]
        spread[i] = segment_need_sd[g]
        fit_weight[i] = segment_fit_weight[g]
    for d in range(len(centre)):
        for i in range(n):
            centre[d, i] = segment_need_mean[segment[i], d]
    for f in range(n_firms):
        for i in range(n):
            customization[f, i] = firm_customization[f]


def fit(
    n, n_firms, need, centre, spread, fit_weight, recognition, customization, knowledge_shown,
    volume, seen, unseen, misfit, value, firm_position, firm_segment_insight,
):  # fmt: skip
    """Take what the offer's misfit costs off its worth, dimension by dimension.

    The innermost loops run over customers without a branch, several at a time.
    """
    for f in range(n_firms):
        for i in range(n):
            unseen[i] = 0.0
            seen[i] = noise(customization[f, i], knowledge_shown[f, i], len(need), spread[i])
        for d in range(len(need)):
            p = firm_position[f, d]
            insight = firm_segment_insight[f]
            for i in range(n):
                x = need[d, i]
                q = prior(p, insight, centre[d, i])
                unseen[i] += square(miss(x, x, p, q, customization[f, i], 0.0), 0.0)
                seen[i] += square(miss(x, x, p, q, customization[f, i], knowledge_shown[f, i]), 0.0)
        for i in range(n):
            misfit[f, i] = expected(recognition[f, i], seen[i], unseen[i])
        for e in range(len(value)):
            for i in range(n):
                value[e, f, i] -= misfit_cost(volume[i], fit_weight[i], misfit[f, i])


def quality(n, n_firms, volume, value, firm_quality, display):
    """Add the worth of the product to anybody."""
    for e in range(len(value)):
        for f in range(n_firms):
            worth = firm_quality[f] + display[f]
            for i in range(n):
                value[e, f, i] += volume[i] * worth


def taste(n, n_firms, brand_taste, volume, value):
    """Add the customer's lasting taste for the firm."""
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] += volume[i] * brand_taste[f, i]


def hold(
    n, need, supplier, uncertainty, recognition, customization, centre, held, recognized, bend,
    known, standard, guess, firm_position, firm_segment_insight,
):  # fmt: skip
    """Note what each customer's supplier knows, offers and takes it to need, for later passes."""
    for i in range(n):
        held[i] = max(0, supplier[i])  # who has no supplier is reckoned with the first, uncounted
    for i in range(n):
        recognized[i] = recognition[held[i], i]
        bend[i] = customization[held[i], i]
        known[i] = 1.0 - uncertainty[held[i], i]
    for d in range(len(need)):
        for i in range(n):
            p = firm_position[held[i], d]
            standard[d, i] = p
            guess[d, i] = prior(p, firm_segment_insight[held[i]], centre[d, i])


def count(
    n, need, supplier, recognized, bend, known, spread, standard, guess, seen, unseen,
    misfit_now, misfit_standard, sum_misfit, sum_misfit_standard,
):  # fmt: skip
    """Add up how well firms would serve their customers."""
    misfits(n, need, spread, standard, guess, bend, known, seen, unseen)
    for i in range(n):
        misfit_now[i] = expected(recognized[i], seen[i], unseen[i])
        misfit_standard[i] = 0.0
    for d in range(len(need)):
        for i in range(n):
            misfit_standard[i] += square(need[d, i], standard[d, i])
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            c = chunk(i)
            sum_misfit[c, s] += misfit_now[i]
            sum_misfit_standard[c, s] += misfit_standard[i]


def tell_apart(
    n, need, supplier, recognized, known, spread, guess, picture_error, need_square,
    sum_picture_error, sum_need_square, sum_need, sum_picture_miss,
):  # fmt: skip
    """Add up needs, and by how much firms' pictures of their customers miss them."""
    for i in range(n):
        picture_error[i] = 0.0
        need_square[i] = 0.0
    for d in range(len(need)):
        for i in range(n):
            picture_error[i] += square_error(
                need[d, i], guess[d, i], spread[i], recognized[i], known[i]
            )
            need_square[i] += square(need[d, i], 0.0)
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            c = chunk(i)
            sum_picture_error[c, s] += picture_error[i]
            sum_need_square[c, s] += need_square[i]
            for d in range(len(need)):
                sum_need[c, s, d] += need[d, i]
                sum_picture_miss[c, s, d] += picture_miss(
                    need[d, i], guess[d, i], recognized[i], known[i]
                )


OFFER = Mechanism(
    "offer",
    doc="The offer and its fit",
    core=True,
    segment=SegmentParameters,
    firm=FirmParameters,
    columns=(
        Column("volume", (), "f8", kept=False, doc="Units bought per purchase"),
        Column(
            "customization",
            ("firm",),
            "f8",
            kept=False,
            doc="How far the firm bends its offer for the customer",
        ),
        Column("misfit_now", (), "f8", kept=False, doc="Misfit of the supplier's next offer"),
        Column("centre", ("need",), "f8", kept=False, doc="Mean need of the customer's segment"),
        Column("spread", (), "f8", kept=False, doc="Spread of needs in the customer's segment"),
        Column("fit_weight", (), "f8", kept=False, doc="What a squared unit of misfit costs"),
        Column("recognized", (), "f8", kept=False, doc="Chance that the supplier recognizes"),
        Column("bend", (), "f8", kept=False, doc="How far the supplier bends its offer"),
        Column("standard", ("need",), "f8", kept=False, doc="Standard offer of the supplier"),
        Column(
            "guess", ("need",), "f8", kept=False, doc="What the supplier takes the segment to need"
        ),
        Column("misfit_standard", (), "f8", kept=False, doc="Misfit of the standard offer"),
        Column(
            "picture_error", (), "f8", kept=False, doc="Squared error of the supplier's picture"
        ),
        Column("need_square", (), "f8", kept=False, doc="Squared length of the need"),
        Column("seen", (), "f8", kept=False, doc="Misfit if recognized, of the firm at hand"),
        Column("unseen", (), "f8", kept=False, doc="Misfit if not recognized"),
        Column("misfit", ("firm",), "f8", kept=False, doc="Expected misfit of the offer"),
    ),
    totals=(
        Total("misfit", doc="Expected misfit of customers' suppliers, summed over customers"),
        Total("misfit_standard", doc="Misfit of the standard offer, summed over customers"),
        Total("picture_error", doc="Squared error of suppliers' pictures of needs, over customers"),
        Total("need_square", doc="Squared length of needs, summed over customers"),
        Total("need", ("firm", "need"), doc="Needs, summed over customers"),
        Total(
            "picture_miss", ("firm", "need"), doc="Needs less suppliers' pictures, over customers"
        ),
    ),
    passes=(
        Pass(prepare, "prepare"),
        Pass(quality, "add", term="quality"),
        Pass(taste, "add", term="brand taste"),
        Pass(fit, "add", term="fit"),
        Pass(hold, "account"),
        Pass(count, "account", after=("offer.hold",)),
        Pass(tell_apart, "account", after=("offer.hold",)),
    ),
)
