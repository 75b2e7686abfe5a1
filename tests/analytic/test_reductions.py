"""With mechanisms off, the simulation is what closed forms say, and a wrong rule shows.

Each reduction is a market of which everything is known; its numbers may be off by four
standard errors, or by rounding to 32 bits where chance plays no part.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from cxsim.engine.rules import callees, rule_name
from cxsim.model.mechanism_registry import registered
from cxsim.numerics.elementary import normal_quantile
from lab.validation.checks import assert_agrees
from lab.validation.reductions.buying import dirichlet_market, taste_switching
from lab.validation.reductions.choice import known_customers, logit, switching
from lab.validation.reductions.learning import (
    drift,
    forgetting,
    learning,
    learning_when_recognized,
    telling_apart,
)
from lab.validation.reductions.lifetime import (
    customer_lifetime_value,
    perpetual_value,
    realized_value,
)
from lab.validation.reductions.loyalty import binding, collecting, loyal
from lab.validation.reductions.people import deciding, discovering, judged, lived_with
from lab.validation.reductions.survival import cohort_survival
from lab.validation.reductions.telling import asymmetry, diffusion, diffusion_peak

# --- they hold ------------------------------------------------------------------------


@pytest.mark.parametrize("no_purchase", [None, 0.0, 0.9])
@pytest.mark.parametrize("price_sensitivity", [1.0, 0.4])
def test_quality_and_price_alone_make_logit_shares(no_purchase, price_sensitivity):
    assert_agrees(logit(no_purchase=no_purchase, price_sensitivity=price_sensitivity))


@pytest.mark.parametrize("no_purchase", [None, 5.0])
def test_without_price_sensitivity_all_options_are_equally_likely(no_purchase):
    checks = logit(no_purchase=no_purchase, price_sensitivity=0.0)
    options = 3 if no_purchase is None else 4
    assert [check.expected for check in checks] == pytest.approx([1 / options] * len(checks))
    assert_agrees(checks)


def test_a_constant_switching_cost_makes_the_brand_switching_chain():
    assert_agrees(switching())


def test_a_switching_cost_counts_by_price_sensitivity():
    assert_agrees(switching(worth=(1.0, 0.7, 1.6), switching_cost=2.0, price_sensitivity=0.8))


def test_cost_and_bonus_form_are_the_same_chain_without_an_outside_option():
    assert_agrees(switching(form="bonus"))


@pytest.mark.parametrize("form", ["cost", "bonus"])
def test_each_form_is_its_own_chain_with_an_outside_option(form):
    assert_agrees(switching(form=form, no_purchase=0.2, worth=(1.0, 0.7, 0.9)))


@pytest.mark.parametrize("form", ["cost", "bonus"])
def test_each_term_of_a_choice_is_what_the_model_page_says(form):
    assert_agrees(known_customers(form=form))


CASES = {
    "three dimensions": {"dimensions": 3},
    "two dimensions, precise signals": {
        "need_variance": 2.0, "rate": 8.0, "customization": 0.5, "contacts": 3,
    },
    "no customization": {"customization": 0.0},
    "full customization": {"customization": 1.0},
    "no interaction": {"interaction": 0.0, "contacts": 2},
    "off centre, no insight": {"gap": (1.0, -0.5), "segment_insight": 0.0},
    "off centre, some insight": {"gap": (1.0, -0.5), "segment_insight": 0.6},
    "off centre, full insight": {"gap": (1.0, -0.5), "segment_insight": 1.0},
    "one dimension, off centre, no customization": {
        "dimensions": 1, "gap": (2.0,), "segment_insight": 0.6, "customization": 0.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_fit_gap_falls_with_contacts_as_gaussian_updating_says(case):
    assert_agrees(learning(**case))


def test_no_customization_means_that_contacts_do_not_matter():
    after = {check.what: check.obtained for check in learning(customization=0.0)}
    assert after["fit gap after 5"] == pytest.approx(after["fit gap after 1"], rel=1e-12)
    assert after["knowledge after 5"] > after["knowledge after 1"]


def test_only_recognized_contacts_teach_and_only_recognized_customers_are_served():
    assert_agrees(learning_when_recognized())


@pytest.mark.parametrize("recognition", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("knowledge", [0.0, 0.6])
def test_a_firm_tells_customers_apart_by_what_it_knows_of_those_it_recognizes(
    recognition, knowledge
):
    assert_agrees(telling_apart(recognition=recognition, knowledge=knowledge))


@pytest.mark.parametrize("knowledge", [0.8, 0.0])
def test_what_is_known_fades_without_contacts(knowledge):
    assert_agrees(forgetting(knowledge=knowledge))


@pytest.mark.parametrize("precision", [1.0, 4.0])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.8, 1.0])
def test_knowledge_of_drifting_needs_settles_at_the_fixed_point(share, precision):
    assert_agrees(drift(share=share, precision=precision))


@pytest.mark.parametrize(("stay", "exit_rate"), [(0.9, 0.0), (0.95, 0.05)])
@pytest.mark.parametrize("discount_rate", [0.1, 0.01])
def test_constant_margin_and_retention_give_the_lifetime_multiple(stay, exit_rate, discount_rate):
    assert_agrees(
        customer_lifetime_value(stay=stay, exit_rate=exit_rate, discount_rate=discount_rate)
    )


def test_a_customer_who_never_leaves_is_worth_margin_over_discount_rate():
    assert_agrees(perpetual_value())


def test_a_cohort_brings_in_what_its_lifetime_value_says():
    assert_agrees(realized_value())


@pytest.mark.parametrize(("alpha", "beta"), [(0.668, 3.806), (0.704, 1.182)])
def test_customers_who_leave_at_rates_of_their_own_thin_out_like_the_beta_geometric(alpha, beta):
    assert_agrees(cohort_survival(alpha=alpha, beta=beta))


def test_log_gamma_tastes_and_gamma_rates_make_the_nbd_dirichlet_market():
    assert_agrees(dirichlet_market())


def test_customers_of_differing_tastes_look_loyal_as_the_dirichlet_says():
    assert_agrees(taste_switching())


@pytest.mark.parametrize(("members", "quorum"), [(1, 1.0), (2, 0.5), (3, 0.5), (5, 0.6), (6, 1.0)])
def test_a_buying_center_decides_as_counting_votes_says(members, quorum):
    assert_agrees(deciding(members=members, quorum=quorum))


@pytest.mark.parametrize(("rate", "feedback"), [(0.2, 0.5), (0.3, 0.0), (0.6, 1.0)])
def test_what_customers_get_wrong_shrinks_with_every_purchase(rate, feedback):
    assert_agrees(discovering(rate=rate, feedback=feedback))


MEMBERS = partial(lived_with, members=3, member_sd=0.7)


@pytest.mark.parametrize("error", [0.0, 0.6])
@pytest.mark.parametrize("tailoring", ["account", "member"])
def test_an_offer_taught_by_one_need_is_lived_with_at_another(error, tailoring):
    assert_agrees(MEMBERS(error=error, tailoring=tailoring))
    assert_agrees(lived_with(error=error))


def test_an_offer_is_chosen_by_what_people_take_for_their_need_and_lived_with_at_the_need():
    assert_agrees(judged())


CAPPED = partial(collecting, value=0.9)  # points are worth more than what they were given for


@pytest.mark.parametrize("threshold", [0.0, 30.0])
def test_points_are_given_kept_and_redeemed_as_reckoned_by_hand(threshold):
    assert_agrees(collecting(threshold=threshold))
    assert_agrees(CAPPED(threshold=threshold))


@pytest.mark.parametrize("form", ["cost", "bonus"])
@pytest.mark.parametrize("threshold", [0.0, 100.0])
def test_a_balance_holds_customers_once_whether_it_is_redeemed_now_or_later(form, threshold):
    assert_agrees(loyal(form=form, threshold=threshold))


@pytest.mark.parametrize("form", ["cost", "bonus"])
@pytest.mark.parametrize("billing", ["per_purchase", "subscription"])
@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_contract_binds_until_it_ends_and_a_subscription_until_it_is_ended(form, billing, length):
    assert_agrees(binding(form=form, billing=billing, length=length))


def test_advertising_and_word_of_mouth_alone_are_bass_diffusion():
    assert_agrees(diffusion())


def test_diffusion_is_as_uncertain_as_it_is_said_to_be():
    runs = [diffusion(customers=4000, seed=seed) for seed in range(60)]
    off = np.array([[check.off / check.error for check in run[1:15]] for run in runs])
    assert off.std() == pytest.approx(1.0, abs=0.15)
    assert abs(off.mean(axis=0)).max() < 4 / np.sqrt(60)


def test_most_adopt_when_bass_says_as_periods_become_short():
    assert_agrees(diffusion_peak())


@pytest.mark.parametrize("chance", [0.2, 0.5, 0.8])
def test_news_moves_the_chance_to_buy_along_the_logit_curve(chance):
    checks = asymmetry(chance=chance)
    assert_agrees(checks)
    good, bad = (check.obtained for check in checks if " by " in check.what)
    assert (good > -bad) == (chance < 0.5) or chance == 0.5


# --- and would not if a rule were wrong ---------------------------------------------------

WEAK = partial(logit, price_sensitivity=0.4)
SPREAD = partial(logit, no_purchase=-2.0)
OUTSIDE = partial(switching, worth=(1.0, 0.7, 0.9), no_purchase=0.2)
OFF_CENTRE = partial(learning, gap=(1.0, -0.5), segment_insight=0.6)

#: Rule, mistake, the reduction that must notice it, the rule with the mistake.
MISTAKES = [
    ("draws.beta", "everybody leaves at the mean rate", cohort_survival,
     lambda a, b, key, index: a / (a + b)),
    ("people.log_gamma_taste", "tastes are not turned into money", taste_switching,
     lambda log_variate, price_sensitivity: log_variate),
    ("people.purchase_chance", "customers come at two thirds of their rates", dirichlet_market,
     lambda rate: rate / 1.5),
    ("elementary.gumbel", "normal shocks of the same mean and variance", SPREAD,
     lambda u: 0.5772156649015329 + 1.2825498301618641 * normal_quantile(u)),
    ("choice.utility", "chance counts one and a half times", logit,
     lambda a, value, shock: a * value + 1.5 * shock),
    ("choice.utility", "everybody has price sensitivity 1", WEAK,
     lambda a, value, shock: value + shock),
    ("choice.consumer_surplus", "the shock is not turned into money", WEAK,
     lambda value, shock, a, no_purchase: value + shock - no_purchase),
    ("switching.barrier", "no barrier", switching,
     lambda k, h, C, K, there: 0.0),
    ("switching.barrier", "5 % too high", switching,
     lambda k, h, C, K, there: 1.05 * k),
    ("switching.barrier", "teaching is free", known_customers,
     lambda k, h, C, K, there: k),
    ("switching.barrier", "rivals are rewarded", OUTSIDE,
     lambda k, h, C, K, there: -k),
    ("switching.premium_saved", "the premium is forgotten", known_customers,
     lambda volume, price, premium, C, r, K: 0.0),
    ("switching.ordering_effort", "nobody remembers", known_customers,
     lambda u, r, A, K: u),
    ("switching.ordering_effort", "remembering does not take interaction", learning,
     lambda u, r, A, K: u * (1.0 - r * K)),
    ("money.asked", "no personal premium", known_customers,
     lambda price, premium, C, r, K, discount: price * (1.0 - discount)),
    ("money.unit_cost", "customization is free", customer_lifetime_value,
     lambda cost, extra, C: cost),
    ("money.service_cost", "knowing the customer saves nothing", perpetual_value,
     lambda cost, saving, r, K: cost),
    ("offer.prior", "segments look all alike", known_customers,
     lambda p, insight, mean: p),
    ("offer.prior", "full insight", OFF_CENTRE,
     lambda p, insight, mean: mean),
    ("offer.offer_gap", "what was taught is not used", learning,
     lambda x, z, p, q, C, K: (x - p) - C * (q - p)),
    ("offer.offer_gap", "the offer is not bent", known_customers,
     lambda x, z, p, q, C, K: x - p),
    ("offer.noise", "signals without noise", learning,
     lambda C, K, needs, sd: 0.0),
    ("offer.noise", "noise of one dimension only", learning,
     lambda C, K, needs, sd: C * C * K * (1.0 - K) * sd * sd),
    ("offer.squared_gap", "distance is not squared", learning,
     lambda a, b: abs(a - b)),
    ("offer.expected", "everybody is recognized", learning_when_recognized,
     lambda r, seen, unseen: seen),
    ("offer.fit_gap_cost", "per purchase in place of per unit", known_customers,
     lambda volume, weight, fit_gap: weight * fit_gap),
    ("offer.estimate_gap", "everybody is recognized", telling_apart,
     lambda x, q, r, K: (1.0 - K) * (x - q)),
    ("offer.estimate_gap", "what was taught is not used", telling_apart,
     lambda x, q, r, K: x - q),
    ("offer.squared_estimate_error", "signals without noise", telling_apart,
     lambda x, q, sd, r, K: (r * (1.0 - K) ** 2 + 1.0 - r) * (x - q) ** 2),
    ("offer.squared_estimate_error", "everybody is recognized", telling_apart,
     lambda x, q, sd, r, K: (1.0 - K) * ((1.0 - K) * (x - q) ** 2 + K * sd * sd)),
    ("learning.precision", "disclosure does not matter", learning,
     lambda rate, A, w: rate * A),
    ("learning.learned", "certainty does not slow learning", learning,
     lambda P, r: P / (1.0 + r)),
    ("learning.learned", "nothing is learned", drift,
     lambda P, r: P),
    ("learning.decayed", "nothing is forgotten", forgetting,
     lambda P, rate: P),
    ("learning.onboarding_effort", "effort regardless of customization", learning,
     lambda h, C, gain: h * gain),
    ("needs.unresolved_after_drift", "knowledge does not age", drift,
     lambda P, d: P),
    ("needs.unresolved_after_drift", "all knowledge is lost", drift,
     lambda P, d: 1.0),
    ("needs.drifted", "a random walk", drift,
     lambda x, mean, sd, d, z: x + d**0.5 * sd * z),
    ("word_of_mouth.message_probability", "everybody tells a little less", diffusion,
     lambda emotion, d, a, r, v: 0.9 * d),
    ("word_of_mouth.customer_met", "contacts are one and the same", diffusion,
     lambda u, customer, customers: (customer + 1) % customers),
    ("word_of_mouth.reputation_after", "what is told is added up", asymmetry,
     lambda R, valence, weight: R + weight * valence),
    ("word_of_mouth.reputation_after", "nobody listens", asymmetry,
     lambda R, valence, weight: R),
    ("word_of_mouth.value_of_reputation", "reputation is worth nothing", asymmetry,
     lambda worth, R: 0.0),
    ("needs.drifted", "needs stay", drift,
     lambda x, mean, sd, d, z: x),
    ("loyalty_programme.worth_of_points", "a point is worth a unit of money", collecting,
     lambda points, value: points if value > 0.0 else 0.0),
    ("loyalty_programme.redeemable", "no threshold", collecting,
     lambda points, value, threshold, amount: min(points * value, amount)),
    ("loyalty_programme.redeemable", "more than the amount due", CAPPED,
     lambda points, value, threshold, amount: points * value if points >= threshold else 0.0),
    ("loyalty_programme.reduced", "per purchase in place of per unit", collecting,
     lambda price, volume, redemption: price - redemption),
    ("loyalty_programme.earned", "no points", loyal,
     lambda rate, paid: 0.0),
    ("loyalty_programme.balance", "points are not used up", collecting,
     lambda points, used, earned: points + earned),
    ("contracts.exit_fee_due", "contracts bind for ever", partial(binding, length=1),
     lambda left, fee: max(0.0, fee)),
    ("contracts.exit_fee_due", "contracts do not bind", binding,
     lambda left, fee: 0.0),
    ("contracts.ends", "nobody can end a subscription", binding,
     lambda no_purchase, subscribed: False),
    ("contracts.ends", "not buying ends every relationship",
     partial(binding, billing="per_purchase"),
     lambda no_purchase, subscribed: no_purchase),
    ("buying_center.wins", "no quorum", partial(deciding, quorum=0.8),
     lambda votes, rival, members, quorum: votes > rival),
    ("buying_center.wins", "a draw is a win", partial(deciding, members=2, quorum=0.5),
     lambda votes, rival, members, quorum: votes >= quorum * members),
    ("buying_center.wins", "more than the quorum", deciding,
     lambda votes, rival, members, quorum: votes > rival and votes > quorum * members + 1e-9),
    ("needs.initial_ignorance", "needs are spread by 1", discovering,
     lambda error_sd, need_sd: min(1.0, error_sd)),
    ("needs.misjudged", "beliefs are spread wider than needs", discovering,
     lambda need, mean, ignorance, noise: ignorance * noise),
    ("needs.misjudged", "beliefs and needs have nothing to do with each other", discovering,
     lambda need, mean, ignorance, noise: noise - (need - mean)),
    ("needs.remaining_error", "feedback does not help", discovering,
     lambda error, rate, feedback: error * (1.0 - rate)),
    ("needs.remaining_error", "nobody finds out", discovering,
     lambda error, rate, feedback: error),
    ("needs.remaining_error", "beyond the truth",
     partial(discovering, rate=0.6, feedback=1.0),
     lambda error, rate, feedback: error * (1.0 - rate * (1.0 + feedback))),
    ("needs.squared", "not squared", discovering,
     lambda error: error if error > 0.0 else -error),
    ("perceived_utility.need_in_use", "members are alike", MEMBERS,
     lambda x, own: x),
    ("perceived_utility.need_perceived", "members choose alike", judged,
     lambda x, own, error: x + error),
    ("perceived_utility.need_perceived", "customers know what they need", judged,
     lambda x, own, error: x + own),
    ("perceived_utility.need_disclosed", "firms learn the truth", lived_with,
     lambda x, own, error, tailored: x + tailored * own),
    ("perceived_utility.need_disclosed", "members are tailored to whatever the firm", MEMBERS,
     lambda x, own, error, tailored: x + own + error),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "reduction", "broken"),
    [(rule, reduction, broken) for rule, _, reduction, broken in MISTAKES],
    ids=[f"{rule}: {mistake}" for rule, mistake, _, _ in MISTAKES],
)
def test_a_wrong_rule_shows(rule, reduction, broken):
    with pytest.raises(AssertionError, match=r"expected .* obtained"):
        assert_agrees(reduction(rules={rule: broken}))


#: Mechanisms whose every rule a reduction has to vouch for.
REDUCED = {
    "buying_center",
    "choice",
    "contracts",
    "learning",
    "loyalty",
    "money",
    "need_drift",
    "offer",
    "ordering",
    "perceived_utility",
    "reputation",
    "self_discovery",
    "switching",
    "word_of_mouth",
}


def test_every_rule_of_these_mechanisms_was_shown_to_matter():
    rules = set()
    for mechanism in registered():
        waiting = [each.function for each in mechanism.passes if mechanism.name in REDUCED]
        while waiting:
            for callee in callees(waiting.pop()).values():
                waiting.append(callee)
                if "return" in callee.__annotations__:  # without: a part of a pass
                    rules.add(rule_name(callee))
    elsewhere = ("draws.", "elementary.", "mechanism.", "people.", "perception.")
    wanted = {rule for rule in rules if not rule.startswith(elsewhere)}
    assert wanted
    assert wanted == {rule for rule, *_ in MISTAKES if not rule.startswith(elsewhere)}


def test_the_rules_as_they_are_pass_where_wrong_ones_fail():
    for reduction in {reduction for _, _, reduction, _ in MISTAKES}:
        assert_agrees(reduction())
