"""The claims: their parts, the numbers that decide them, and doubts in the literature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.validation.claims.margins import (
    AFTER,
    LAST,
    OTHERS,
    YEAR_AFTER,
    Margin,
    kept,
    lead,
    matched,
    per_customer,
    rise,
    worth,
)

__all__ = ["CLAIMS", "Claim", "Part"]


@dataclass(frozen=True)
class Part:
    """A part of a claim, and the number that decides it.

    Attributes
    ----------
    says : str
    rule : str
        The number in words; it has to be above 0.
    margin : callable
    unit : str
    assumed : str
        Why the answer follows from assumptions of the model, if it does: then no run can
        refute or support it, and the page says so in place of a verdict.
    """

    says: str
    rule: str
    margin: Margin
    unit: str
    assumed: str = ""


@dataclass(frozen=True)
class Claim:
    """A claim, the study that tests it, and doubts in the literature.

    Attributes
    ----------
    says : str
    study : str
        Name of the file in ``params/studies/claims``.
    warns : str
    parts : tuple of Part
    by_construction : str
        Assumptions of the model that affect the answer.
    map : str
        Name of a study in ``params/studies/claims/maps`` that answers the claim by a map, which
        then comes first; empty if there is none.
    """

    says: str
    study: str
    warns: str
    parts: tuple[Part, ...]
    by_construction: str
    map: str = ""


def _willing(share: int, said: float) -> Part:
    return Part(
        f"{100 * 0.85 * said:.0f} % or more would pay {share} % more",
        f"share of customers to whom the best experience they know is worth {share} % of the price "
        f"more than their supplier's, less {said:g} of 85 %",
        lambda r: worth(share)(r) - 0.85 * said,
        "share",
    )


def _nearly(less: int, more: int) -> Part:
    return Part(
        f"from {less} to {more} %",
        f"CLV at {more} % over that at {less} %, less 1.75",
        lambda r: r("customer_lifetime_value_present.Only", f"{more} %", over=(0, 20))
        / r("customer_lifetime_value_present.Only", f"{less} %", over=(0, 20)) - 1.75,
        "times",
        "the CLV is m r / (1 + d - r) by definition: the answer is arithmetic",
    )  # fmt: skip


CLAIMS = (
    Claim(
        "One-to-one service has a higher retention and earns more from customers.",
        "one_to_one",
        "It loses money where needs are similar, the value of personalization is low, or "
        "customization costs more than that value; a well-segmented niche firm can beat it.",
        (
            Part("it has a higher retention", "Tailor's retention less that of the best other firm",
                 lead("retention_rate", "Tailor", *OTHERS), "share a month"),
            Part("its customers have a higher CLV", "Tailor's CLV per present customer in the last "
                 "period, less that of the best other firm",
                 lead("customer_lifetime_value_present", "Tailor", *OTHERS), "EUR"),
            Part("the firm earns more", "Tailor's net present value less that of the best other "
                 "firm, within the horizon", lead("net_present_value", "Tailor", *OTHERS), "EUR"),
            Part("it earns more in the long run", "the same plus the last year's profit in "
                 "perpetuity", lead("net_present_value_perpetuity", "Tailor", *OTHERS), "EUR"),
        ),
        "All four firms have the same quality and price; costs are assumptions.",
        map="one_to_one",
    ),
    Claim(
        "A rival that copies the capabilities does not win customers who are in a learning "
        "relationship.",
        "copycat",
        "Customers with long tenure stay for a while; newcomers choose both firms about equally "
        "often; market shares converge; with data portability the claim fails.",
        (
            Part("the lead in retention remains", "a tenth of Tailor's lead in retention over Mass "
                 "without the copy, less the loss of Tailor's retention by the copy; months 24-59",
                 kept("retention_rate", AFTER), "share a month"),
            Part("tenured customers stay, for a year", "the same among customers with 4 or more "
                 "purchases, months 24-35", kept("retention_long_tenured", YEAR_AFTER),
                 "share a month"),
            Part("the copycat's market share stays below", "Tailor's market share less Mass's in "
                 "the last year",
                 lambda r: r("market_share.Tailor", over=LAST) - r("market_share.Mass", over=LAST),
                 "share"),
        ),
        "The model assumes that a customer who switches leaves the firm's knowledge behind. How "
        "much this protects the firm is a result.",
    ),
    Claim(
        "Targeted service without customization builds no re-specification cost.",
        "targeted",
        "This holds by construction, but a saved ordering effort and loyalty points can create "
        "stronger lock-in.",
        (
            Part("there is hardly any re-specification cost", "a tenth of the re-specification "
                 "cost of Tailor's customers, less that of Targeted's",
                 lambda r: 0.1 * (r("switching_procedural.Tailor") - 2.4)
                 - (r("switching_procedural.Targeted") - 2.4), "EUR",
                 "the effort is proportional to customization by assumption: it is less than a "
                 "tenth of Tailor's if customization is below about .08"),
            Part("so its customers are not locked in", "Mass's retention less Targeted's, which is "
                 "not below 0 without lock-in",
                 lambda r: r("retention_rate.Mass") - r("retention_rate.Targeted"),
                 "share a month"),
        ),
        "The effort at a new firm is onboarding effort x customization x knowledge.",
    ),
    Claim(
        "Cost to serve falls and margin is protected with tenure.",
        "tenure_margin",
        "Reinartz & Kumar (2002): no evidence in 16,000 customers of four firms.",
        (
            Part("the margin per purchase rises with tenure", "Curator's margin per purchase of "
                 "customers with 4 or more purchases, less that with up to 3; months 24-59; no "
                 "saving in service cost",
                 rise("margin", "Curator", AFTER, "no saving"), "USD",
                 "without a saving in service cost the margin of a purchase does not depend on "
                 "tenure: the difference is zero"),
            Part("it does if service of known customers is cheaper", "the same, with a service "
                 "cost that is a third lower for a fully known customer",
                 rise("margin", "Curator", AFTER, "saving"), "USD",
                 "this part assumes that service of known customers is cheaper"),
            Part("retention rises with tenure", "the same for Curator's retention, without a "
                 "saving in service cost",
                 rise("retention", "Curator", AFTER, "no saving"), "share a month"),
            Part("a customer contributes more than at Broad", "Curator's contribution per customer "
                 "less Broad's, last year",
                 lambda r: per_customer(r, "Curator") - per_customer(r, "Broad"), "USD a month"),
        ),
        "Service cost falls by service_saving x knowledge, which is 0 unless a scenario sets it.",
    ),
    Claim(
        "Five points more retention nearly double profit.",
        "five_points",
        "From 90 to 95 % at a discount rate of 10 % they add 40.7 %.",
        (_nearly(60, 65), _nearly(75, 80), _nearly(90, 95)),
        "Margin and retention are constant; *nearly doubles* is taken as 1.75 times or more.",
    ),
    Claim(
        "Negative word of mouth weighs more than positive.",
        "bad_word",
        "Reversed where the purchase is less likely than not (East, Hammond & Lomax 2008).",
        (
            Part("a negative message weighs more", "fall of the purchase probability at InHouse by "
                 "one negative message about it, less the rise by a positive one",
                 lambda r: r("effect_of_negative_message.InHouse")
                 - r("effect_of_positive_message.InHouse"), "share"),
            Part("word of mouth loses more purchases than it gains", "purchases lost by negative "
                 "reputations less those gained by positive ones, over both firms",
                 lambda r: sum(r(f"purchases_lost_by_word_of_mouth.{f}")
                               - r(f"purchases_gained_by_word_of_mouth.{f}")
                               for f in ("InHouse", "Outsourced")), "purchases"),
        ),
        "Positive and negative messages have the same weight; losses count 2.25 times in "
        "perception. In a first study, of equal firms, purchase probabilities lay on one side of "
        "one half, and negative messages weighed less at every point. The firm's quality was made "
        "a factor for that reason.",
    ),
    Claim(
        "Eight of ten would pay up to 25 % more for a better experience.",
        "eight_of_ten",
        "Of those willing (85 %), 55 % would pay 10 % more, 27 % 15 %, 10 % 25 %; stated "
        "willingness to pay is not a purchase.",
        (
            Part("eight of ten would pay 25 % more", "share of customers to whom the best "
                 "experience they know is worth 25 % of the price more than their supplier's, "
                 "less .8", lambda r: worth(25)(r) - 0.8, "share"),
            _willing(10, 0.55), _willing(15, 0.27), _willing(25, 0.10),
        ),
        "The value of experience is its effect on choice, and not an answer in a survey.",
    ),
    Claim(
        "Firms overestimate the experience they deliver, and those with surveys earn more.",
        "blind_firms",
        "Bain (2005): 80 % of firms say superior, 8 % of customers agree.",
        (
            Part("a firm without surveys keeps its perception gap", "Believer's perception gap at "
                 "the end less .5 points of 10",
                 lambda r: r("perception_gap.Believer") - 0.5, "points"),
            Part("surveys reduce the perception gap", "Believer's perception gap less Listener's",
                 lambda r: r("perception_gap.Believer") - r("perception_gap.Listener"), "points"),
            Part("surveys pay", "Listener's net present value less Believer's",
                 lambda r: r("net_present_value.Listener") - r("net_present_value.Believer"),
                 "EUR"),
        ),
        "The initial perception gap of firms is a factor, and not a result.",
    ),
    Claim(
        "Loyalty programmes create loyalty.",
        "points",
        "Only weak excess loyalty (Sharp & Sharp 1997).",
        (
            Part("retention is higher", "Collector's retention with points less that without, no "
                 "rival matching, months 0-59",
                 lambda r: r("retention_rate.Collector", "unmatched", over=(0, 60))
                 - r("retention_rate.Collector", "no points", over=(0, 60)), "share a month",
                 "points are money that a customer forfeits by switching and takes into account at "
                 "every purchase: the lock-in is assumed, and its strength is a result"),
            Part("by a point a month or more", "the same less .01",
                 lambda r: r("retention_rate.Collector", "unmatched", over=(0, 60))
                 - r("retention_rate.Collector", "no points", over=(0, 60)) - 0.01,
                 "share a month"),
            Part("more than with 5 % off the price", "Collector's retention with points less that "
                 "with a price 5 % lower and no points",
                 lambda r: r("retention_rate.Collector", "unmatched", over=(0, 60))
                 - r("retention_rate.Collector", "5 % off", over=(0, 60)), "share a month"),
            Part("it pays", "Collector's net present value with points less that without",
                 lambda r: r("net_present_value.Collector", "unmatched")
                 - r("net_present_value.Collector", "no points"), "EUR"),
            Part("once matched, points lose more than knowledge", "part of its lead in retention "
                 "that Collector loses, less the part that Tailor loses, times both leads; last "
                 "year", matched, "squared share"),
        ),
        "Points are money to customers. Those who switch forfeit all of it, and customers take it "
        "into account at every purchase.",
    ),
    Claim(
        "Tailoring to the individual always helps.",
        "buying_groups",
        "In buying groups individual tailoring lowered consensus by 59 % (Gartner 2024); 81 % of "
        "single deciders would buy, 31 % of groups of six (CEB).",
        (
            Part("more buying centers agree", "share of buying centers that agree with offers "
                 "tailored to each member less that with offers to the account",
                 lambda r: r("market.consensus_rate", "to each member")
                 - r("market.consensus_rate", "to the account"), "share"),
            Part("the tailoring supplier earns more", "the same for Partner's net present value",
                 lambda r: r("net_present_value.Partner", "to each member")
                 - r("net_present_value.Partner", "to the account"), "kEUR"),
            Part("larger buying centers buy less often", "first purchases where one member "
                 "decides less those where six do",
                 lambda r: r("market.first_purchase_rate", "one member")
                 - r("market.first_purchase_rate", "six members"), "share"),
        ),
        "Members vote and do not talk; no member defends promises made to it.",
    ),
    Claim(
        "Needs-based segmentation discriminates best.",
        "segmentation",
        "It has to be a result: the variance of needs explained by each base.",
        (
            Part("segments of needs explain most of the variance of needs", "variance of needs "
                 "explained by segments less that by the better kind of attributes",
                 lambda r: r("market.need_variance_explained_segment")
                 - np.maximum(r("market.need_variance_explained_behavioural"),
                              r("market.need_variance_explained_firmographic")), "share"),
            Part("they find the best prospects", "targeting lift of NeedsBased's contacts less "
                 "that of the better of the two others",
                 lead("acquisition_lift", "NeedsBased", "Behavioural", "Firmographic"), "times"),
        ),
        "Segments are those from which needs were drawn; no firm has to find them first.",
    ),
    Claim(
        "Retention rises with tenure.",
        "tenure",
        "It may be sorting of customers alone: freeze learning and compare.",
        (
            Part("it rises where firms learn", "Tailor's retention of customers with 4 or more "
                 "purchases less that with up to 3; months 24-59",
                 rise("retention", "Tailor", AFTER, "learning"), "share a month"),
            Part("it rises without learning (sorting)", "the same, with learning frozen",
                 rise("retention", "Tailor", AFTER, "frozen"), "share a month"),
            Part("learning adds to it", "the first less the second",
                 lambda r: rise("retention", "Tailor", AFTER, "learning")(r)
                 - rise("retention", "Tailor", AFTER, "frozen")(r), "share a month"),
        ),
        "With learning frozen, customers do not change with tenure.",
    ),
)  # fmt: skip
