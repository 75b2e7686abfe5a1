"""Acquisition: firms contact prospects, and offer them a trial discount."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from cxsim.model.ledger import ratio
from cxsim.model.mechanism import (
    Accumulator,
    Column,
    Draw,
    Measure,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.model.targeting.differentiation import best, best_of, is_there, likeness, log_odds
from cxsim.model.targeting.value_tiers import lift, room
from cxsim.model.word_of_mouth.awareness import counts
from cxsim.numerics.draws import uniform
from cxsim.parameters import Ask, Parameters, parameter

# -- Measures of acquisition: contacts, costs, customers acquired, targeting lift ---------------


def acquisition_contacts(b: Any) -> np.ndarray:
    """Contacts in the period with prospects, who were not customers of the firm."""
    return b.total("acquisition_contacts")


def acquisition_spend(b: Any) -> np.ndarray:
    """Cost of the period's acquisition contacts."""
    return b.total("acquisition_contacts") * np.nan_to_num(b.firm("acquisition_cost_per_contact"))


def customers_acquired_by_contact(b: Any) -> np.ndarray:
    """Customers acquired in the period in which they were contacted."""
    return b.total("customers_acquired_by_contact")


def trial_discounts(b: Any) -> np.ndarray:
    """Trial discounts of the period; already deducted from prices paid and revenue."""
    return b.total("trial_discounts")


def customer_acquisition_cost(b: Any) -> np.ndarray:
    """Cost of contacts and trial discounts in the period per customer acquired by contact.

    It should not exceed the CLV of a new customer.
    """
    return ratio(acquisition_spend(b) + trial_discounts(b), customers_acquired_by_contact(b))


def acquisition_lift(b: Any) -> np.ndarray:
    """Mean true value of the prospects contacted in the period over that of all prospects."""
    everybody = b.count("value_prospects"), b.count("prospects")
    return lift(b.count("value_contacted"), b.count("acquisition_contacts"), *everybody)


def acquisition_lift_oracle(b: Any) -> np.ndarray:
    """Targeting lift if the firm knew true values; random targeting has a lift of 1."""
    everybody = b.count("value_prospects"), b.count("prospects")
    return lift(b.count("value_best_prospects"), b.count("acquisition_contacts"), *everybody)


_PER_PERIOD = "currency per period"


MEASURES = (
    Measure.of(acquisition_contacts, "Acquisition contacts", "per period"),
    Measure.of(acquisition_spend, "Acquisition spend", _PER_PERIOD, summary="sum", cost="profit"),
    Measure.of(customers_acquired_by_contact, "Customers acquired by contact", "per period"),
    Measure.of(
        trial_discounts, "Trial discounts (deducted from revenue)", _PER_PERIOD, summary="sum"
    ),
    Measure.of(
        customer_acquisition_cost, "Customer acquisition cost (CAC)", "currency per customer"
    ),
    Measure.of(acquisition_lift, "Targeting lift, contacts", "times chance"),
    Measure.of(acquisition_lift_oracle, "Targeting lift, contacts, oracle", "times chance"),
)


# -- Acquisition: contacts with prospects, and trial discounts


RANDOM, ANALYTICS, PREDICTIVE = range(3)


ALL, LAPSED = range(2)


BOTH, FIRMOGRAPHIC, BEHAVIOURAL, SEGMENT = range(4)


#: Share of its customers that a firm counts as its best.
BEST = 0.2


class Acquisition(Parameters):
    """Target group, frequency, discount and cost of acquisition contacts."""

    contacts: float = parameter(
        0.0,
        doc="Share of prospects (customers of others or of none) that the firm contacts",
        unit="per period",
        ge=0,
        le=1,
    )
    prospects: Literal["all", "lapsed"] = parameter(
        "all",
        doc="Who is contacted: all customers of others or of none, or those of them who bought "
        "from the firm before (win-back)",
    )
    targeting: Literal["random", "analytics", "predictive"] = parameter(
        "random",
        doc="Order of prospects: at random; nearest to the mean attributes of the fifth "
        "of its customers with the highest contribution; or most likely to be its customers by a "
        "logistic regression on attributes (look-alikes)",
    )
    by: Literal["both", "firmographic", "behavioural", "segment"] = parameter(
        "both", "Basis of targeting: attributes of both kinds or of one, or the segment of needs"
    )
    refit_every: int = parameter(
        12, "Periods between fits of the look-alike model", "periods", ge=1
    )
    rest: int = parameter(6, doc="Periods before a contact is repeated", unit="periods", ge=0)
    trial_discount: float = parameter(
        0.0,
        doc="Trial discount on a first purchase in the period of the contact; with lapsed "
        "prospects on their return",
        unit="share of price",
        ge=0,
        le=1,
    )
    cost_per_contact: float = parameter(
        0.0,
        doc="Cost of an acquisition contact",
        unit="currency per contact",
        ge=0,
        ask=Ask(free="acquisition contacts"),
    )


class FirmParameters(Parameters):
    """Acquisition by a firm."""

    acquisition: Acquisition | None = parameter(
        None, "Acquisition: contacts with customers of other firms or of none"
    )


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return arrays for the look-alike model of each firm: coefficients, period of the fit."""
    traits = max(2 * int(scenario.needs), len(scenario.segments))
    return {"look_alike": np.zeros((len(scenario.firms), traits + 2))}


def _check(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, firm in scenario.firms.items():
        rule = firm.acquisition
        if rule is None or rule.targeting == "random":
            continue
        path = ("firms", name, "acquisition", "targeting")
        if scenario.attributes is None and rule.by != "segment":
            text = f"expected attributes: beside it, or random, found {rule.targeting!r}"
            yield path, text
        if rule.targeting == "predictive" and not is_there():
            text = "expected scikit-learn for 'predictive' (pip install 'cxsim[study]'), found none"
            yield path, text


# --- rules ------------------------------------------------------------------------


def trial_price(price: float, discount: float) -> float:
    """Return the price of a first purchase after the trial discount, p (1 - d).

    Parameters
    ----------
    price : float
        p, currency per unit.
    discount : float
        d, share of the price.

    Returns
    -------
    float
        Currency per unit.
    """
    return price * (1.0 - discount)


def are_prospects(customer: np.ndarray, bought_before: np.ndarray, lapsed_only: bool) -> np.ndarray:
    """Return whom a firm may contact to acquire or to win back a customer.

    Parameters
    ----------
    customer : ndarray of bool, shape (customers,)
        Whether the firm is the supplier.
    bought_before : ndarray of bool, shape (customers,)
        Whether each has bought from the firm.
    lapsed_only : bool
        Whether the firm contacts those alone who did.

    Returns
    -------
    ndarray of bool, shape (customers,)
    """
    return ~customer & (bought_before | (not lapsed_only))


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, last_contact):
    """Reset contacts of newcomers."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                last_contact[f, i] = -1000000


def draw_prospects(n, first, n_firms, target_draw, key_target):
    """Draw each customer's random rank with every firm."""
    for f in range(n_firms):
        for i in range(n):
            target_draw[f, i] = uniform(key_target[f], first + i)


def observed_traits(segment, segments, firmographic, behavioural, by):
    """Return the basis of targeting: attributes, or a 1 for the segment.

    Parameters
    ----------
    segment : ndarray, shape (customers,)
        Numbers of segments.
    segments : int
        How many there are.
    firmographic, behavioural : ndarray, shape (need, customers)
        Standardized attributes.
    by : int
        Number of the basis.

    Returns
    -------
    ndarray, shape (traits, customers)
        Without a unit.
    """
    if by == SEGMENT:
        return (segment == np.arange(segments)[:, None]).astype(np.float64)
    kinds = {BOTH: (firmographic, behavioural), FIRMOGRAPHIC: (firmographic,)}
    return np.concatenate(kinds.get(int(by), (behavioural,))).astype(np.float64)


def ranking_score(traits, own, earned, targeting, every, now, model):
    """Return the scores by which a firm ranks prospects; None without information.

    Parameters
    ----------
    traits : ndarray, shape (traits, customers)
        As :func:`observed_traits` returns them.
    own : ndarray of bool, shape (customers,)
        Whether each is a customer of the firm.
    earned : ndarray, shape (customers,)
        Contribution margin so far, currency.
    targeting : int
        Number of the method.
    every, now : int
        Periods between fits, and the period.
    model : ndarray, shape (traits + 2,)
        A coefficient for each trait, then whether it was fitted, and in which period; rewritten.

    Returns
    -------
    ndarray, shape (customers,)
        Higher is better; without a unit.
    """
    if targeting == ANALYTICS:
        hers = np.flatnonzero(own)
        top = hers[best(earned[hers].astype(np.float64), room(BEST, len(hers)))]
        return likeness(traits, traits[:, top]) if len(top) else None
    if model[-2] == 0 or now - model[-1] >= every:
        found = log_odds(traits, own)
        if found is not None:
            model[: len(found)] = found
            model[-2:] = 1.0, now
    return model[: len(traits)] @ traits if model[-2] > 0 else None


def contact(
    n_firms, clock, segment, supplier, target_draw, earned, frequency, firmographic, behavioural,
    true_value, contacted, last_contact, look_alike, firm_active, segment_share,
    firm_acquisition_contacts, firm_acquisition_prospects, firm_acquisition_targeting,
    firm_acquisition_by, firm_acquisition_refit_every,
    firm_acquisition_rest, sum_prospects, sum_acquisition_contacts, sum_value_prospects,
    sum_value_contacted, sum_value_best_prospects,
):  # fmt: skip
    """Rank each firm's prospects, and contact the first of them."""
    now = clock[0]
    contacted[:] = 0
    for f in range(n_firms):
        if np.isnan(firm_acquisition_contacts[f]) or firm_active[f] < 0.5:
            continue
        own = supplier == f
        lapsed = firm_acquisition_prospects[f] == LAPSED
        others = are_prospects(own, frequency[f] > 0, lapsed)
        rested = now - last_contact[f] > firm_acquisition_rest[f]
        pool = np.flatnonzero(others & rested)
        many = min(len(pool), room(firm_acquisition_contacts[f], int(others.sum())))
        score = None
        if firm_acquisition_targeting[f] != RANDOM and many > 0:
            traits = observed_traits(
                segment, len(segment_share), firmographic, behavioural, firm_acquisition_by[f]
            )
            score = ranking_score(
                traits, own, earned[f], firm_acquisition_targeting[f],
                firm_acquisition_refit_every[f], now, look_alike[f],
            )  # fmt: skip
        lots = -target_draw[f][pool]
        chosen = pool[best(lots, many) if score is None else best_of(score[pool], lots, many)]
        contacted[f, chosen] = 1
        last_contact[f, chosen] = now
        truth = true_value[f].astype(np.float64)
        sum_prospects[0, f] = len(pool)
        sum_acquisition_contacts[0, f] = many
        sum_value_prospects[0, f] = truth[pool].sum()
        sum_value_contacted[0, f] = truth[chosen].sum()
        sum_value_best_prospects[0, f] = truth[pool[best(truth[pool], many)]].sum()


def contact_unprofiled(
    n_firms, clock, segment, supplier, target_draw, earned, frequency, true_value, contacted,
    last_contact, look_alike, firm_active, segment_share, firm_acquisition_contacts,
    firm_acquisition_prospects, firm_acquisition_targeting, firm_acquisition_by,
    firm_acquisition_refit_every, firm_acquisition_rest, sum_prospects,
    sum_acquisition_contacts, sum_value_prospects, sum_value_contacted, sum_value_best_prospects,
):  # fmt: skip
    """Contact prospects at random or by segment, where customers show no attributes."""
    none = np.empty((0, len(supplier)), dtype=np.float32)
    contact(
        n_firms, clock, segment, supplier, target_draw, earned, frequency, none, none, true_value,
        contacted, last_contact, look_alike, firm_active, segment_share, firm_acquisition_contacts,
        firm_acquisition_prospects, firm_acquisition_targeting, firm_acquisition_by,
        firm_acquisition_refit_every, firm_acquisition_rest, sum_prospects,
        sum_acquisition_contacts, sum_value_prospects, sum_value_contacted,
        sum_value_best_prospects,
    )  # fmt: skip


def offer_trial(
    n, n_firms, contacted, frequency, price_asked, trial, firm_acquisition_trial_discount,
    firm_acquisition_prospects,
):  # fmt: skip
    """Apply the discount to contacted prospects: of a first purchase, or of a return."""
    for f in range(n_firms):
        share = firm_acquisition_trial_discount[f]
        lapsed = firm_acquisition_prospects[f] == LAPSED
        for i in range(n):
            offered = (contacted[f, i] > 0) & ((frequency[f, i] == 0) | lapsed)
            lower = trial_price(price_asked[f, i], share) if offered else price_asked[f, i]
            trial[f, i] = price_asked[f, i] - lower
            price_asked[f, i] = lower


def count(
    n, buyer, seller, supplier, contacted, trial, units, sum_customers_acquired_by_contact,
    sum_trial_discounts,
):  # fmt: skip
    """Count contacted prospects who became customers, and their trial discounts."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        if contacted[f, i] and supplier[i] != f:
            sum_customers_acquired_by_contact[tile(i), f] += 1.0
            sum_trial_discounts[tile(i), f] += units[f, i] * trial[f, i]


def make_aware(n, n_firms, contacted, aware):
    """Make contacted prospects aware of the firm."""
    for f in range(n_firms):
        for i in range(n):
            aware[f, i] = aware[f, i] | contacted[f, i]


def _active(scenario: Any) -> bool:
    return any(f.acquisition is not None for f in scenario.firms.values())


def _described(scenario: Any) -> bool:
    return _active(scenario) and scenario.attributes is not None


ACQUISITION = Mechanism(
    "acquisition",
    doc="Acquisition contacts with prospects",
    firm=FirmParameters,
    columns=(
        Column("target_draw", ("firm",), doc="Random draw for targeting, by firm"),
        Column(
            "contacted", ("firm",), "i1", shared=True, doc="1 for a customer contacted this period"
        ),
        Column("last_contact", ("firm",), "i4", shared=True, doc="Period of the last contact"),
        scratch("trial", "Trial discount, currency per unit", ("firm",)),
    ),
    setup=_setup,
    draws=(Draw("target", ("firm",), stream="raffle"),),
    accumulators=(
        Accumulator("prospects", "Prospects who could be contacted"),
        Accumulator("acquisition_contacts", "Contacts with prospects"),
        Accumulator("value_prospects", "True value of all prospects, currency"),
        Accumulator("value_contacted", "True value of prospects contacted, currency"),
        Accumulator(
            "value_best_prospects",
            "True value of as many prospects of highest true value, currency",
        ),
        Accumulator(
            "customers_acquired_by_contact", "Customers acquired in the period of the contact"
        ),
        Accumulator("trial_discounts", "Trial discounts, already deducted from revenue, currency"),
    ),
    check=_check,
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(draw_prospects, "contact"),
        Pass(
            contact_unprofiled,
            "contact",
            population=True,
            after=("acquisition.draw_prospects", "true_value.compute_true_value"),
        ),
        Pass(offer_trial, "ask", after=("money.ask",)),
        Pass(count, "pay", after=("choice.buy",)),
    ),
    measures=MEASURES,
    active=_active,
)


TARGETING = Mechanism(
    "targeting",
    doc="Targeting of prospects by observable attributes",
    passes=(Pass(contact, "contact", population=True, replaces="acquisition.contact_unprofiled"),),
    active=_described,
)


ACQUISITION_AWARENESS = Mechanism(
    "acquisition_awareness",
    doc="Awareness by acquisition contacts",
    passes=(Pass(make_aware, "contact", after=("acquisition.contact_unprofiled",)),),
    active=lambda scenario: _active(scenario) and counts(scenario),
)
