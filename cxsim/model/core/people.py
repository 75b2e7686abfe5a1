"""Customers: segments, needs, price sensitivity, brand preferences, exit rates, initial state."""

from __future__ import annotations

from math import inf
from typing import Any, Literal

import numpy as np

from cxsim.model.mechanism import Accumulator, Column, Draw, Mechanism, Pass, listed, scratch, tile
from cxsim.numerics.draws import beta, gamma, log_gamma, lognormal, normal, uniform
from cxsim.numerics.elementary import exp, log
from cxsim.parameters import Ask, ByFirm, Parameters, parameter

# -- Segments, needs, price sensitivity, brand preferences and exit rates -----------------------


class MarketParameters(Parameters):
    """When a customer counts as lapsed; used in measures only, not in any rule."""

    lapse_after: float = parameter(
        4.0,
        doc="Mean intervals between occasions to buy without a purchase after which a customer "
        "counts as lapsed",
        unit="intervals",
        fixed=True,
        gt=0,
        source="hiatus heuristic, Wuebben & Wangenheim 2008; the number is an assumption",
    )


class SegmentParameters(Parameters):
    """Distributions of customers' attributes in a segment."""

    share: float = parameter(
        doc="Share of customers in the segment; shares sum to 1", unit="share", fixed=True
    )
    need_mean: tuple[float, ...] | None = parameter(
        None,
        doc="Mean need, by dimension (default: the origin)",
        unit="distance",
        axes=("need",),
        newcomers=True,
    )
    need_sd: float = parameter(
        1.0,
        doc="Standard deviation of needs around their mean, in each dimension",
        unit="distance",
        newcomers=True,
        ge=0,
    )
    price_sensitivity: float = parameter(
        1.0,
        doc="Price sensitivity: weight of money relative to the random part of utility, mean of a "
        "lognormal; at 0 choice is random",
        unit="1 / currency",
        newcomers=True,
        ge=0,
        source="Train & Weeks 2005 (scale of utility in money)",
        ask=Ask(),
    )
    price_sensitivity_cv: float = parameter(
        0.0,
        doc="Coefficient of variation of the price sensitivity across customers",
        newcomers=True,
        ge=0,
    )
    brand_taste_mean: ByFirm = parameter(
        0.0,
        doc="Mean brand preference of the segment for a firm, beside the quality that all see",
        unit="currency per unit",
        axes=("firm",),
        newcomers=True,
        source="Kamakura & Russell 1989 (intercepts of segments)",
    )
    brand_taste_sd: ByFirm = parameter(
        0.0,
        doc="Standard deviation of brand preferences across customers",
        unit="currency per unit",
        axes=("firm",),
        newcomers=True,
        ge=0,
    )
    brand_taste: Literal["normal", "log_gamma"] = parameter(
        "normal",
        doc="Distribution of brand preferences; log_gamma gives the NBD-Dirichlet market",
        newcomers=True,
    )
    brand_taste_shape: ByFirm = parameter(
        1.0,
        doc="Shape of log-gamma brand preferences, ln Gamma(shape, 1) / price sensitivity",
        axes=("firm",),
        newcomers=True,
        gt=0,
    )
    purchase_rate: float = parameter(
        1.0,
        doc="Chance of being in the market in a period; with a shape, the mean purchase rate",
        unit="per period",
        newcomers=True,
        ge=0,
        ask=Ask(),
    )
    purchase_rate_shape: float | None = parameter(
        None,
        doc="Shape of a gamma distribution of purchase rates; chance = 1 - exp(-rate)",
        newcomers=True,
        gt=0,
    )
    exit_rate: float = parameter(
        0.0,
        doc="Chance of leaving the market; a newcomer of the same segment follows",
        unit="per period",
        newcomers=True,
        ge=0,
        le=1,
        ask=Ask(instead="exit_rate_beta"),
    )
    exit_rate_beta: tuple[float, float] | None = parameter(
        None,
        doc="Beta distribution (alpha, beta) of the chance to leave, in place of exit_rate",
        axes=(2,),
        newcomers=True,
        source="Fader & Hardie 2007",
    )


LARGEST_TASTE = 1e30


#: In place of a segment's number: a place without a customer so far.
UNASSIGNED = 65535


# --- rules ------------------------------------------------------------------------


def scatter(mean: float, sd: float, z: float) -> float:
    """Return a normal variate of given mean and standard deviation from a standard one, m + sd z.

    Parameters
    ----------
    mean : float
        m.
    sd : float
        Standard deviation, in the unit of the mean.
    z : float
        Standard normal variate.

    Returns
    -------
    float
        In the unit of the mean.
    """
    return mean + sd * z


def log_gamma_taste(log_variate: float, price_sensitivity: float) -> float:
    """Return a log-gamma brand preference in money, ln Gamma(shape, 1) / price sensitivity.

    Limited to 32-bit numbers: without a limit, a customer with almost no price sensitivity would
    value a brand infinitely.

    With it choices over many purchases follow the NBD-Dirichlet (Goodhardt, Ehrenberg & Chatfield
    1984).

    Parameters
    ----------
    log_variate : float
        ln of a Gamma(shape, 1) variate.
    price_sensitivity : float
        a, 1 / currency.

    Returns
    -------
    float
        Currency per unit; 0 where a is 0.
    """
    if price_sensitivity > 0.0:
        return max(-LARGEST_TASTE, min(LARGEST_TASTE, log_variate / price_sensitivity))
    return 0.0


def purchase_chance(rate: float) -> float:
    """Return the chance of at least one purchase occasion in a period at a Poisson rate, 1 - e^-l.

    Parameters
    ----------
    rate : float
        l, occasions per period.

    Returns
    -------
    float
        Probability per period.
    """
    return 1.0 - exp(-rate)


def has_lapsed(silent: float, purchase_rate: float, lapse_after: float) -> bool:
    """Return whether a customer has lapsed.

    It has if ``silent`` periods without a purchase exceed the given number of mean intervals
    between the customer's occasions to buy.

    The hiatus heuristic (Wuebben & Wangenheim 2008): silent x rate >= limit.

    Parameters
    ----------
    silent : float
        Periods since the last purchase from any firm.
    purchase_rate : float
        Chance of an occasion to buy, per period.
    lapse_after : float
        Limit, in mean intervals between occasions.

    Returns
    -------
    bool
    """
    return silent * purchase_rate >= lapse_after


# --- passes -----------------------------------------------------------------------


def leave(
    n, first, clock, exit_rate, supplier, purchase_rate, last_bought, arriving, key_leave,
    market_lapse_after, sum_left, sum_left_active,
):  # fmt: skip
    """Draw the customers who leave the market; newcomers take their places."""
    key = key_leave[0]
    for i in range(n):
        arriving[i] = 1 if uniform(key, first + i) < exit_rate[i] else 0
    for i in range(n):
        if arriving[i]:
            s = supplier[i]
            sum_left[tile(i), s + 1] += 1.0
            silent = clock[0] - 1 - last_bought[i]
            if s >= 0 and not has_lapsed(silent, purchase_rate[i], market_lapse_after[0]):
                sum_left_active[tile(i), s] += 1.0


def arrive(
    n, first, clock, arriving, segment, need, price_sensitivity, brand_taste, purchase_rate,
    exit_rate, entry_period, supplier, tenure,
    key_segment, key_need, key_price_sensitivity, key_brand_taste, key_purchase_rate, key_exit_rate,
    segment_share, segment_need_mean, segment_need_sd, segment_price_sensitivity,
    segment_price_sensitivity_cv, segment_brand_taste, segment_brand_taste_mean,
    segment_brand_taste_sd, segment_brand_taste_shape, segment_purchase_rate,
    segment_purchase_rate_shape, segment_exit_rate, segment_exit_rate_beta,
):  # fmt: skip
    """Draw the attributes of newcomers, who have no supplier.

    Customers at the start draw a segment by a race of exponentials, so that a further segment
    takes customers from the others and moves none between them. Later newcomers belong to the
    segment of the customer replaced, so that segments keep their sizes.
    """
    for i in range(n):
        if arriving[i] == 0:
            continue
        who = first + i
        entry_period[i] = clock[0]
        supplier[i] = -1
        tenure[i] = 0
        if segment[i] == UNASSIGNED:
            segment[i] = 0
            soonest = inf
            for s in range(len(segment_share)):
                if segment_share[s] > 0.0:
                    time = -log(uniform(key_segment[s], who)) / segment_share[s]
                    if time < soonest:
                        soonest = time
                        segment[i] = s
        g = segment[i]
        for d in range(len(key_need)):
            need[d, i] = scatter(
                segment_need_mean[g, d], segment_need_sd[g], normal(key_need[d], who)
            )
        price_sensitivity[i] = lognormal(
            segment_price_sensitivity[g],
            segment_price_sensitivity_cv[g],
            key_price_sensitivity[0],
            who,
        )
        for f in range(len(key_brand_taste)):
            if segment_brand_taste[g] == 0.0:
                brand_taste[f, i] = segment_brand_taste_mean[g, f]
                if segment_brand_taste_sd[g, f] > 0.0:
                    brand_taste[f, i] = scatter(
                        segment_brand_taste_mean[g, f],
                        segment_brand_taste_sd[g, f],
                        normal(key_brand_taste[f], who),
                    )
            else:
                brand_taste[f, i] = segment_brand_taste_mean[g, f] + log_gamma_taste(
                    log_gamma(segment_brand_taste_shape[g, f], key_brand_taste[f], who),
                    price_sensitivity[i],
                )
        shape = segment_purchase_rate_shape[g]
        if shape > 0.0:
            rate = gamma(shape, segment_purchase_rate[g], key_purchase_rate[0], who)
            purchase_rate[i] = purchase_chance(rate)
        else:
            purchase_rate[i] = segment_purchase_rate[g]
        alpha = segment_exit_rate_beta[g, 0]
        if alpha > 0.0:
            exit_rate[i] = beta(alpha, segment_exit_rate_beta[g, 1], key_exit_rate[0], who)
        else:
            exit_rate[i] = segment_exit_rate[g]


PEOPLE = Mechanism(
    "people",
    doc="Segments, heterogeneous customers, exit rates",
    core=True,
    market=MarketParameters,
    segment=SegmentParameters,
    columns=(
        Column("segment", dtype="u2", fill=UNASSIGNED, doc="Number of the segment"),
        Column("need", ("need",), doc="Need of the customer"),
        Column("price_sensitivity", doc="Utility per unit of currency", ge=0),
        Column("brand_taste", ("firm",), doc="Brand preference for a firm, currency per unit"),
        Column("purchase_rate", doc="Chance of being in the market in a period", ge=0, le=1),
        Column("exit_rate", doc="Chance of leaving the market in a period", ge=0, le=1),
        Column("entry_period", dtype="i4", doc="Period of arrival"),
        Column("supplier", dtype="i2", fill=-1, doc="Number of the supplier, -1 for none"),
        Column("tenure", dtype="i4", doc="Purchases since last joining the supplier", ge=0),
        Column(
            "arriving",
            dtype="i1",
            state=False,
            fill=1,
            doc="1 for a newcomer of this period, and for all customers at the start",
        ),
    ),
    draws=(
        Draw("leave"),
        Draw("segment", ("segment",)),
        Draw("need", ("need",)),
        Draw("price_sensitivity"),
        Draw("brand_taste", ("firm",)),
        Draw("purchase_rate"),
        Draw("exit_rate", stream="turnover"),
    ),
    accumulators=(
        Accumulator(
            "left", "Customers who left the market, by previous supplier", ("previous_supplier",)
        ),
        Accumulator("left_active", "Active customers among them"),
    ),
    passes=(Pass(leave, "leave"), Pass(arrive, "arrive")),
)


# -- Initial state: suppliers, tenure and knowledge at the start --------------------------------


def _start(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return initial shares (the last: no supplier), tenure and knowledge by firm."""
    names = sorted(scenario.firms)
    given = scenario.initial

    def stated(field: str) -> list[float]:
        return [getattr(given[name], field) if name in given else 0 for name in names]

    share = stated("share")
    return {
        "initial_share": np.array([*share, max(0.0, 1.0 - sum(share))]),
        "initial_tenure": np.array(stated("tenure"), dtype=np.int64),
        "initial_knowledge": np.array(stated("knowledge"), dtype=np.float64),
    }


def begin(
    n, first, n_firms, clock, supplier, tenure, last_bought, uncertainty, key_initial,
    initial_share, initial_tenure, initial_knowledge,
):  # fmt: skip
    """Draw initial suppliers by a race of exponentials, so that shares hold on average."""
    for i in range(n):
        soonest = inf
        winner = n_firms
        for f in range(n_firms + 1):
            if initial_share[f] > 0.0:
                time = -log(uniform(key_initial[f], first + i)) / initial_share[f]
                if time < soonest:
                    soonest = time
                    winner = f
        if winner < n_firms:
            supplier[i] = winner
            tenure[i] = initial_tenure[winner]
            last_bought[i] = clock[0]
            uncertainty[winner, i] = 1.0 - initial_knowledge[winner]


INITIAL_STATE = Mechanism(
    "initial_state",
    doc="Customer shares, tenure and knowledge at the start",
    core=True,
    draws=(Draw("initial", ("option",)),),
    setup=_start,
    passes=(Pass(begin, "begin"),),
    active=lambda scenario: bool(scenario.initial),
)


# -- Retention and activity, by knowledge and by tenure -----------------------------------------


#: Labels of the tenure bands: purchases since joining the supplier.
TENURE_BANDS = ("1", "2-3", "4-7", "8-15", "16-31", "32+")


#: Activities of customers with a supplier in a period, by number.
ACTIVITY = ("stays active", "goes to a rival", "lapses", "comes back", "is lapsed already")


# --- rules ------------------------------------------------------------------------


def knowledge_band(knowledge: float) -> int:
    """Return the number of the knowledge band, 0 to 4.

    Parameters
    ----------
    knowledge : float
        K, share.

    Returns
    -------
    int
        Five bands of equal width.
    """
    band = int(knowledge * 5.0)
    return min(4, band)


def tenure_band(tenure: int) -> int:
    """Return the number of the tenure band, 0 (one purchase) to 5 (32 and more).

    Parameters
    ----------
    tenure : int
        Purchases since the customer joined the supplier, the first counted.

    Returns
    -------
    int
        Bands begin at 1, 2, 4, 8, 16 and 32 purchases.
    """
    return (tenure > 1) + (tenure > 3) + (tenure > 7) + (tenure > 15) + (tenure > 31)


def activity_of(repeats: bool, buys: bool, lapsed_before: bool, lapsed_now: bool) -> int:
    """Return the number of a customer's activity: an index of :data:`ACTIVITY`.

    Parameters
    ----------
    repeats : bool
        Buys from its supplier in the period.
    buys : bool
        Buys from any firm in the period.
    lapsed_before, lapsed_now : bool
        Whether the customer counted as lapsed at the start of the period, and at its end.

    Returns
    -------
    int
    """
    if lapsed_before:
        return 3 if repeats else 4
    if repeats:
        return 0
    if buys:
        return 1
    return 2 if lapsed_now else 0


# --- passes -----------------------------------------------------------------------


def count(
    n, n_firms, supplier, choice, tenure, supplier_knowledge, stays, knowledge_bands, tenure_bands,
    sum_stay,
):  # fmt: skip
    """Count customers with a supplier before the choice, and those who keep it."""
    for i in range(n):
        c = choice[i]
        stays[i] = 1 if (c == supplier[i]) | (c == -1) | (c == n_firms) else 0
        knowledge_bands[i] = knowledge_band(supplier_knowledge[i])
        tenure_bands[i] = tenure_band(tenure[i])
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_stay[tile(i), s, stays[i], knowledge_bands[i], tenure_bands[i]] += 1.0


def activity(
    n, n_firms, clock, supplier, choice, purchase_rate, last_bought, fate, market_lapse_after,
    sum_activity,
):  # fmt: skip
    """Count customers who stay active, churn to a rival, lapse, return or stay lapsed."""
    for i in range(n):
        c = choice[i]
        silent = clock[0] - last_bought[i]
        before = has_lapsed(silent - 1, purchase_rate[i], market_lapse_after[0])
        now = has_lapsed(silent, purchase_rate[i], market_lapse_after[0])
        fate[i] = activity_of(c == supplier[i], (c >= 0) & (c < n_firms), before, now)
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_activity[tile(i), s, fate[i]] += 1.0


def repeat(n, buyer, seller, supplier, tenure_bands, sum_repeats):
    """Count purchases from the supplier, by tenure before them."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        if seller[k] == supplier[i]:
            sum_repeats[tile(i), seller[k], tenure_bands[i]] += 1.0


RETENTION_BANDS = Mechanism(
    "retention_bands",
    doc="Retention by knowledge and by tenure",
    core=True,
    columns=(
        scratch("stays", "1 for a customer who keeps the supplier", dtype="i4"),
        scratch("knowledge_bands", "Number of the knowledge band", dtype="i4"),
        scratch("tenure_bands", "Number of the tenure band", dtype="i4"),
        scratch("fate", "Number of the customer's activity", dtype="i4"),
    ),
    accumulators=(
        Accumulator(
            "stay",
            "Customers before the choice, by retention, knowledge band and tenure band",
            ("firm", 2, 5, 6),
        ),
        Accumulator(
            "activity",
            "Customers before the choice, by activity: stays active, goes to a rival, lapses, "
            "comes back, is lapsed already",
            ("firm", 5),
        ),
        Accumulator("repeats", "Purchases from the supplier, by tenure band", ("firm", 6)),
    ),
    passes=(
        Pass(count, "pay"),
        Pass(activity, "pay", after=("retention_bands.count",)),
        Pass(repeat, "pay", after=("retention_bands.count", "choice.buy")),
    ),
)
