"""The claims: what each says, by which number a run is judged, and what the literature warns of."""

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
    """One thing that a claim says, and the number that decides it.

    Attributes
    ----------
    says : str
    rule : str
        The number in words; it has to be above 0.
    margin : callable
    unit : str
    assumed : str
        Why the answer follows from what the model assumes, where it does: then no run can
        refute or support it, and the page says so in place of a verdict.
    """

    says: str
    rule: str
    margin: Margin
    unit: str
    assumed: str = ""


@dataclass(frozen=True)
class Claim:
    """A claim, the study that tests it, and what the literature says against it.

    Attributes
    ----------
    says : str
    study : str
        Name of the file in ``params/studies/claims``.
    warns : str
    parts : tuple of Part
    by_construction : str
        What the model assumes that bears on the answer.
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
        f"lifetime value at {more} % over that at {less} %, less 1.75",
        lambda r: r("customer_lifetime_value_present.Only", f"{more} %", over=(0, 20))
        / r("customer_lifetime_value_present.Only", f"{less} %", over=(0, 20)) - 1.75,
        "times",
        "lifetime value is m r / (1 + d - r) by definition: the answer is arithmetic",
    )  # fmt: skip


CLAIMS = (
    Claim(
        "One-to-one keeps customers longer and earns more from them.",
        "one_to_one",
        "It loses money where needs are alike, fit weighs little, or customizing costs more than "
        "fit is worth; a well-segmented niche can beat it.",
        (
            Part("it keeps customers longer", "Tailor's retention less that of the best other firm",
                 lead("retention_rate", "Tailor", *OTHERS), "share a month"),
            Part("a customer is worth more", "Tailor's lifetime value of a customer, last period, "
                 "less that of the best other firm",
                 lead("customer_lifetime_value_present", "Tailor", *OTHERS), "EUR"),
            Part("the firm earns more", "Tailor's net present value less that of the best other "
                 "firm, within the horizon", lead("net_present_value", "Tailor", *OTHERS), "EUR"),
            Part("it earns more in the long run", "the same with the last year's profit for ever",
                 lead("net_present_value_perpetuity", "Tailor", *OTHERS), "EUR"),
        ),
        "All four firms have the same quality and price; costs are assumptions.",
        map="one_to_one",
    ),
    Claim(
        "A rival that copies the capabilities does not win customers who are in a learning "
        "relationship.",
        "copycat",
        "Tenured customers stay for a while; newcomers split evenly; shares converge; with "
        "portable profiles it fails.",
        (
            Part("the lead in retention stands", "a tenth of Tailor's lead in retention over Mass "
                 "had nobody copied, less what the copy costs Tailor's retention; months 24-59",
                 kept("retention_rate", AFTER), "share a month"),
            Part("tenured customers stay, for a year", "the same among customers with 4 purchases "
                 "and more, months 24-35", kept("retention_long_tenured", YEAR_AFTER),
                 "share a month"),
            Part("the copycat's share stays below", "Tailor's share less Mass's in the last year",
                 lambda r: r("market_share.Tailor", over=LAST) - r("market_share.Mass", over=LAST),
                 "share"),
        ),
        "That knowledge is lost with a move is the model's mechanism; how much it protects is not.",
    ),
    Claim(
        "Targeted service without customization builds no re-specification cost.",
        "targeted",
        "So it is by construction; but remembered orders and points can hold customers more "
        "strongly.",
        (
            Part("there is next to no re-specification cost", "a tenth of what leaving Tailor "
                 "costs in teaching anew, less what leaving Targeted does",
                 lambda r: 0.1 * (r("switching_procedural.Tailor") - 2.4)
                 - (r("switching_procedural.Targeted") - 2.4), "EUR",
                 "the effort is proportional to customization by assumption: it is less than a "
                 "tenth of Tailor's where customization is, about .08"),
            Part("so nothing holds its customers", "Mass's retention less Targeted's: it is not "
                 "below 0 if nothing holds them",
                 lambda r: r("retention_rate.Mass") - r("retention_rate.Targeted"),
                 "share a month"),
        ),
        "The effort of teaching anew is teaching effort x customization x knowledge.",
    ),
    Claim(
        "Cost to serve falls and margin is protected with tenure.",
        "tenure_margin",
        "Reinartz & Kumar (2002): no evidence in 16,000 customers of four firms.",
        (
            Part("a purchase brings more with tenure", "Curator's margin of a purchase with 4 "
                 "purchases and more, less that with up to 3; months 24-59; no saving in service",
                 rise("margin", "Curator", AFTER, "no saving"), "USD",
                 "without a saving in service nothing in a purchase's margin depends on tenure: "
                 "the difference is zero"),
            Part("it does if serving the known is cheaper", "the same, where serving a customer "
                 "who is fully known costs a third less",
                 rise("margin", "Curator", AFTER, "saving"), "USD",
                 "that service of known customers is cheaper is what this part assumes"),
            Part("customers of long standing stay more", "Curator's retention, likewise, no saving",
                 rise("retention", "Curator", AFTER, "no saving"), "share a month"),
            Part("a customer brings more than elsewhere", "Curator's contribution a customer less "
                 "Broad's, last year",
                 lambda r: per_customer(r, "Curator") - per_customer(r, "Broad"), "USD a month"),
        ),
        "Cost to serve falls by service_saving x knowledge, 0 unless a scenario says so.",
    ),
    Claim(
        "Five points more retention nearly double profit.",
        "five_points",
        "From 90 to 95 % at a discount rate of 10 % they add 40.7 %.",
        (_nearly(60, 65), _nearly(75, 80), _nearly(90, 95)),
        "Margin and retention are constant; *nearly doubles* is read as 1.75 times or more.",
    ),
    Claim(
        "Bad word of mouth weighs more than good.",
        "bad_word",
        "Reversed where the purchase is less likely than not (East, Hammond & Lomax 2008).",
        (
            Part("a bad message weighs more", "fall of the chance to buy from InHouse by one bad "
                 "message about it, less the rise by a good one",
                 lambda r: r("effect_of_negative_message.InHouse")
                 - r("effect_of_positive_message.InHouse"), "share"),
            Part("more is lost by word than won", "purchases that bad reputations cost less those "
                 "that good ones bring, over both firms",
                 lambda r: sum(r(f"purchases_lost_by_word_of_mouth.{f}")
                               - r(f"purchases_gained_by_word_of_mouth.{f}")
                               for f in ("InHouse", "Outsourced")), "purchases"),
        ),
        "Good and bad messages weigh the same when heard; losses are felt 2.25 times as strongly. "
        "A first study, of equal firms, was all on one side of a chance of one half to buy, and "
        "bad messages weighed less at every point; the firm's quality was made a factor for that.",
    ),
    Claim(
        "Eight of ten would pay up to 25 % more for a better experience.",
        "eight_of_ten",
        "Of those willing (85 %), 55 % would pay 10 % more, 27 % 15 %, 10 % 25 %; what people "
        "say is no purchase.",
        (
            Part("eight of ten would pay 25 % more", "share of customers to whom the best "
                 "experience they know is worth 25 % of the price more than their supplier's, "
                 "less .8", lambda r: worth(25)(r) - 0.8, "share"),
            _willing(10, 0.55), _willing(15, 0.27), _willing(25, 0.10),
        ),
        "Worth is what experience adds to a choice, not what a survey is told.",
    ),
    Claim(
        "Firms are blind to the experience they deliver, and one that listens earns more.",
        "blind_firms",
        "Bain (2005): 80 % of firms say superior, 8 % of customers agree.",
        (
            Part("a firm that does not listen stays blind", "Believer's perception gap at the end "
                 "less .5 points of 10", lambda r: r("perception_gap.Believer") - 0.5, "points"),
            Part("listening opens its eyes", "Believer's perception gap less Listener's",
                 lambda r: r("perception_gap.Believer") - r("perception_gap.Listener"), "points"),
            Part("listening pays", "Listener's net present value less Believer's",
                 lambda r: r("net_present_value.Listener") - r("net_present_value.Believer"),
                 "EUR"),
        ),
        "How blind firms are to begin with is a factor, not a result.",
    ),
    Claim(
        "Loyalty programmes create loyalty.",
        "points",
        "Only weak excess loyalty (Sharp & Sharp 1997).",
        (
            Part("customers stay more", "Collector's retention with points less without, no rival "
                 "matching, months 0-59",
                 lambda r: r("retention_rate.Collector", "unmatched", over=(0, 60))
                 - r("retention_rate.Collector", "no points", over=(0, 60)), "share a month",
                 "points are money that a customer forfeits by leaving and takes into account at "
                 "every purchase: that they hold customers is assumed, how strongly is not"),
            Part("by a point a month or more", "the same less .01",
                 lambda r: r("retention_rate.Collector", "unmatched", over=(0, 60))
                 - r("retention_rate.Collector", "no points", over=(0, 60)) - 0.01,
                 "share a month"),
            Part("more than with 5 % off the price", "Collector's retention with points less that "
                 "with a price 5 % lower and no points",
                 lambda r: r("retention_rate.Collector", "unmatched", over=(0, 60))
                 - r("retention_rate.Collector", "5 % off", over=(0, 60)), "share a month"),
            Part("it pays", "Collector's net present value with points less without",
                 lambda r: r("net_present_value.Collector", "unmatched")
                 - r("net_present_value.Collector", "no points"), "EUR"),
            Part("once matched, points lose more than knowledge", "part of its lead in retention "
                 "that Collector loses, less the part that Tailor loses, times both leads; last "
                 "year", matched, "squared share"),
        ),
        "Points are money to customers, all of it is forfeited by those who move, and everybody "
        "takes it into account at every purchase.",
    ),
    Claim(
        "Tailoring to the individual always helps.",
        "buying_groups",
        "In buying groups individual tailoring lowered consensus by 59 % (Gartner 2024); 81 % of "
        "single deciders would buy, 31 % of groups of six (CEB).",
        (
            Part("more groups agree", "share of buying centers that agree with offers tailored to "
                 "each member less that with offers to the account",
                 lambda r: r("market.consensus_rate", "to each member")
                 - r("market.consensus_rate", "to the account"), "share"),
            Part("the tailoring supplier earns more", "Partner's net present value, likewise",
                 lambda r: r("net_present_value.Partner", "to each member")
                 - r("net_present_value.Partner", "to the account"), "kEUR"),
            Part("fewer buy the more decide", "first purchases where one decides less those where "
                 "six do", lambda r: r("market.first_purchase_rate", "one member")
                 - r("market.first_purchase_rate", "six members"), "share"),
        ),
        "Members vote and do not talk; nobody defends what was promised to it.",
    ),
    Claim(
        "Needs-based segmentation discriminates best.",
        "segmentation",
        "Make it an output: variance of needs explained by each base.",
        (
            Part("segments of needs explain most of needs", "variance of needs explained by "
                 "segments less that by the better kind of attributes",
                 lambda r: r("market.need_variance_explained_segment")
                 - np.maximum(r("market.need_variance_explained_behavioural"),
                              r("market.need_variance_explained_firmographic")), "share"),
            Part("they find the best prospects", "lift of NeedsBased's contacts less that of the "
                 "better of the two others",
                 lead("acquisition_lift", "NeedsBased", "Behavioural", "Firmographic"), "times"),
        ),
        "Segments are those from which needs were drawn; no firm has to find them first.",
    ),
    Claim(
        "Retention rises with tenure.",
        "tenure",
        "It may be pure sorting: freeze learning and compare.",
        (
            Part("it rises where firms learn", "Tailor's retention with 4 purchases and more less "
                 "that with up to 3; months 24-59",
                 rise("retention", "Tailor", AFTER, "learning"), "share a month"),
            Part("it rises where nobody learns: sorting", "the same, with learning frozen",
                 rise("retention", "Tailor", AFTER, "frozen"), "share a month"),
            Part("learning adds to it", "the first less the second",
                 lambda r: rise("retention", "Tailor", AFTER, "learning")(r)
                 - rise("retention", "Tailor", AFTER, "frozen")(r), "share a month"),
        ),
        "With learning frozen nothing about a customer changes with tenure.",
    ),
)  # fmt: skip
