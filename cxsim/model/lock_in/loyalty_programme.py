"""Loyalty programmes: points for purchases, redeemed as a discount with the same firm.

Points have value only with the firm that issued them. They are forfeited when the customer
moves to another firm, or has no supplier any more. A customer counts points at their face value:
the points of a purchase add to the value of every firm with a programme, and the balance is a
financial switching cost towards every other firm (or, in the bonus form of switching costs, adds
to the value of the supplier). A redemption lowers the price paid and uses up points, so the
choice does not count it twice. Consumer surplus counts points when they are redeemed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.model.mechanism import (
    Accumulator,
    Column,
    Measure,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.parameters import Parameters, parameter


class LoyaltyProgramme(Parameters):
    """Terms of a firm's loyalty programme."""

    points_per_currency: float = parameter(
        1.0, "Points issued per amount paid", "points per currency", ge=0
    )
    point_value: float = parameter(0.01, "Discount for one point", "currency per point", ge=0)
    redemption_threshold: float = parameter(
        0.0, "Balance at which all points are redeemed", "points", ge=0
    )


class FirmParameters(Parameters):
    """The loyalty programme of a firm."""

    loyalty_programme: LoyaltyProgramme | None = parameter(
        None, "Loyalty programme: points for purchases, forfeited by customers who switch"
    )


# --- rules ------------------------------------------------------------------------


def worth_of_points(points: float, point_value: float) -> float:
    """Return the value of points with the firm that issued them, n v; 0 without a programme.

    Parameters
    ----------
    points : float
        n, points.
    point_value : float
        v, currency per point; NaN without a programme.

    Returns
    -------
    float
        Currency.
    """
    return points * point_value if point_value > 0.0 else 0.0


def redeemable(points: float, point_value: float, threshold: float, amount: float) -> float:
    """Return the discount at the next purchase, at most the amount due.

    Parameters
    ----------
    points : float
        Balance, points.
    point_value : float
        Currency per point.
    threshold : float
        Fewest points that can be redeemed.
    amount : float
        Due for the purchase, currency.

    Returns
    -------
    float
        Currency; 0 below the threshold.
    """
    if points >= threshold:
        return min(worth_of_points(points, point_value), amount)
    return 0.0


def reduced(price: float, volume: float, redemption: float) -> float:
    """Return the price per unit after a redemption, max(0, p - R / v).

    Parameters
    ----------
    price : float
        p, currency per unit.
    volume : float
        v, units.
    redemption : float
        R, currency.

    Returns
    -------
    float
        Currency per unit.
    """
    return max(0.0, price - redemption / volume)


def earned(points_per_currency: float, paid: float) -> float:
    """Return the points issued for an amount paid; 0 without a programme.

    Parameters
    ----------
    points_per_currency : float
        NaN without a programme.
    paid : float
        Amount paid, currency.

    Returns
    -------
    float
        Points.
    """
    return points_per_currency * paid if points_per_currency > 0.0 else 0.0


def balance(points: float, used: float, earned: float) -> float:
    """Return the points after a purchase, max(0, n - used) + earned.

    Parameters
    ----------
    points : float
        n, before it.
    used, earned : float
        Points redeemed and issued.

    Returns
    -------
    float
        Points.
    """
    return max(0.0, points - used) + earned


# --- passes -----------------------------------------------------------------------


def expire(n, arriving, points, issuer, firm_loyalty_programme_point_value, sum_points_expired):
    """Delete the points of customers who leave the market."""
    for i in range(n):
        if arriving[i] and points[i] > 0.0:
            f = issuer[i]
            sum_points_expired[tile(i), f] += worth_of_points(
                points[i], firm_loyalty_programme_point_value[f]
            )
            points[i] = 0.0


def redeem(
    n, supplier, points, issuer, units, price_asked, redemption, at_stake, open_option,
    firm_loyalty_programme_point_value, firm_loyalty_programme_redemption_threshold,
):  # fmt: skip
    """Lower the price of customers with enough points; store the value of the balance."""
    for i in range(n):
        s = supplier[i]
        redemption[i] = 0.0
        at_stake[i] = 0.0
        if s >= 0 and points[i] > 0.0 and issuer[i] == s and open_option[s, i]:
            at_stake[i] = worth_of_points(points[i], firm_loyalty_programme_point_value[s])
            redemption[i] = redeemable(
                points[i],
                firm_loyalty_programme_point_value[s],
                firm_loyalty_programme_redemption_threshold[s],
                units[s, i] * price_asked[s, i],
            )
            if redemption[i] > 0.0:
                price_asked[s, i] = reduced(price_asked[s, i], units[s, i], redemption[i])


def anticipate(
    n, n_firms, supplier, volume, units, price_asked, redemption, at_stake, points_term, value,
    market_switching_cost_form, firm_loyalty_programme_point_value,
    firm_loyalty_programme_points_per_currency,
):  # fmt: skip
    """Add the value of points that a purchase would earn, use up or forfeit."""
    bonus = market_switching_cost_form[0] > 0.5
    for f in range(n_firms):
        for i in range(n):
            term = worth_of_points(
                earned(
                    firm_loyalty_programme_points_per_currency[f], volume[i] * price_asked[f, i]
                ),
                firm_loyalty_programme_point_value[f],
            )
            if f == supplier[i]:
                if redemption[i] > 0.0:
                    term -= redemption[i] * (volume[i] / units[f, i])
                term += at_stake[i] if bonus else 0.0
            else:
                term -= 0.0 if bonus else at_stake[i]
            points_term[f, i] = term
        for e in range(len(value)):
            for i in range(n):
                value[e, f, i] += points_term[f, i]


def count_redeemed_points(n, buyer, seller, points_term, experienced_utility):
    """Count points in experienced utility when redeemed (in the price), not when anticipated."""
    for k in range(listed(n, buyer)):
        experienced_utility[buyer[k]] -= points_term[seller[k], buyer[k]]


def earn(
    n, buyer, seller, supplier, units, price_asked, redemption, points, issuer,
    firm_loyalty_programme_point_value, firm_loyalty_programme_points_per_currency,
    sum_redemptions, sum_points_issued, sum_points_forfeited,
):  # fmt: skip
    """Add points to a buyer's balance, or start a new balance with another firm."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        c = tile(i)
        more = earned(
            firm_loyalty_programme_points_per_currency[f], units[f, i] * price_asked[f, i]
        )
        used = 0.0
        if f == supplier[i]:
            if redemption[i] > 0.0:
                used = redemption[i] / firm_loyalty_programme_point_value[f]
                sum_redemptions[c, f] += redemption[i]
        elif points[i] > 0.0:
            lost = issuer[i]
            sum_points_forfeited[c, lost] += worth_of_points(
                points[i], firm_loyalty_programme_point_value[lost]
            )
            points[i] = 0.0
        sum_points_issued[c, f] += worth_of_points(more, firm_loyalty_programme_point_value[f])
        points[i] = balance(points[i], used, more)
        issuer[i] = f


def update_liability(
    n, supplier, points, issuer, forfeited, firm_loyalty_programme_point_value,
    sum_points_lapsed, sum_points_liability,
):  # fmt: skip
    """Add up outstanding points; customers without a supplier have forfeited theirs."""
    for i in range(n):
        if points[i] > 0.0:
            f = issuer[i]
            worth = worth_of_points(points[i], firm_loyalty_programme_point_value[f])
            if supplier[i] == f:
                forfeited[i] += worth
                sum_points_liability[tile(i), f] += worth
            else:
                sum_points_lapsed[tile(i), f] += worth
                points[i] = 0.0


# --- measures ---------------------------------------------------------------------


def redemptions(b: Any) -> np.ndarray:
    """Value of points redeemed in the period; already deducted from prices paid and revenue."""
    return b.total("redemptions")


def points_issued(b: Any) -> np.ndarray:
    """Value of points issued in the period."""
    return b.total("points_issued")


def points_forfeited(b: Any) -> np.ndarray:
    """Value of points forfeited in the period by customers who switched, cancelled or left."""
    return b.total("points_forfeited") + b.total("points_lapsed") + b.total("points_expired")


def points_liability(b: Any) -> np.ndarray:
    """Value of points outstanding at the end of the period; not deducted from profit."""
    return b.total("points_liability")


_PER_PERIOD = "currency per period"


def _total(name: str, doc: str) -> Accumulator:
    return Accumulator(name, f"{doc}, currency")


LOYALTY = Mechanism(
    "loyalty",
    doc="Loyalty programmes",
    firm=FirmParameters,
    columns=(
        Column("points", doc="Balance of points with the firm that issued them", ge=0),
        Column("issuer", dtype="i2", doc="Number of the firm that issued the points"),
        scratch("redemption", "Discount at the supplier, currency"),
        scratch("at_stake", "Value of the balance, currency"),
        scratch("points_term", "Value of points in an option, currency", ("firm",)),
    ),
    accumulators=(
        _total("redemptions", "Points redeemed"),
        _total("points_issued", "Points issued"),
        _total("points_forfeited", "Points of customers who switched"),
        _total("points_lapsed", "Points of customers without a supplier any more"),
        _total("points_expired", "Points of customers who left the market"),
        _total("points_liability", "Points liability"),
    ),
    passes=(
        Pass(expire, "leave", after=("people.leave",)),
        Pass(redeem, "ask", after=("money.ask",)),
        Pass(anticipate, "add", after=("money.price",), term="loyalty points"),
        Pass(count_redeemed_points, "pay", after=("choice.buy", "choice.note_experienced_utility")),
        Pass(earn, "update"),
        Pass(
            update_liability,
            "account",
            after=("switching.identical_rival",),
            before=("switching.count",),
        ),
    ),
    measures=(
        Measure.of(
            redemptions, "Points redeemed (deducted from revenue)", _PER_PERIOD, summary="sum"
        ),
        Measure.of(points_issued, "Points issued", _PER_PERIOD, summary="sum"),
        Measure.of(points_forfeited, "Points forfeited", _PER_PERIOD, summary="sum"),
        Measure.of(points_liability, "Points liability", "currency", summary="last"),
    ),
    active=lambda scenario: any(f.loyalty_programme is not None for f in scenario.firms.values()),
)
