"""Writes a scenario file from estimates, with their standard errors and their source."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml.comments import CommentedMap

from cxsim.calibration.estimate import Z95, Estimates, first_shares, scenario_tastes
from cxsim.calibration.latent_classes import LatentClasses
from cxsim.calibration.learning import Learning, Stated, learning_parameters
from cxsim.calibration.panel import CalibrationError, Cuts, Panel, price_cuts
from cxsim.calibration.price_endogeneity import RESIDUAL
from cxsim.files.whole import whole_file
from cxsim.scenario import Scenario
from cxsim.scenario.yaml_text import to_yaml

# -- A scenario file from estimates, with their standard errors and their source ------------


def scenario_text(
    panel: Panel,
    estimates: Estimates,
    *,
    initial_purchases: str,
    form: str,
    alike: Estimates | None = None,
    control: tuple[float, float] | None = None,
    elasticity: float | None = None,
    warnings: Sequence[str] = (),
    title: str | None = None,
    learning: tuple[Learning, Stated] | None = None,
    classes: LatentClasses | None = None,
) -> str:
    """Return a scenario file of the market that a panel was estimated on.

    Parameters
    ----------
    panel : Panel
    estimates : Estimates
        With tastes.
    initial_purchases, form
        As they were estimated.
    alike : Estimates, optional
        Without tastes, for the notes.
    control : (float, float), optional
        Loyalty after shuffling and its error, utils: see :func:`supported_loyalty`.
    elasticity : float, optional
        Mean own-price elasticity, for the notes.
    warnings : sequence of str
        Sentences that open the file as comments, and the notes.
    title : str, optional
    learning : (Learning, Stated), optional
        Learning to write, and what was stated of it. All other estimates then are those that
        were estimated together with it.
    classes : LatentClasses, optional
        Classes of customers, which become segments in place of one whose tastes differ.

    Raises
    ------
    CalibrationError
        If a price sensitivity is not above zero: utility cannot be stated in money.
    """
    if learning is not None and learning[0].estimates is not None:
        estimates = learning[0].estimates
    of_classes = (
        [] if classes is None else [(f" of {n}", classes.of_class(n)) for n in classes.names]
    )
    for whose, each in [("", estimates), *of_classes]:
        a, se = float(each.values["price_sensitivity"]), each.error("price_sensitivity")
        if not a > 0.0:
            raise CalibrationError(
                f"{panel.source}: expected a price sensitivity{whose} above 0, found {a:.3g} "
                f"(se {se:.2g}): higher prices seem to raise purchases, so that utility cannot be "
                "stated in money (a feature that moves with prices may be missing)"
            )
    unit = panel.currency
    data = CommentedMap()
    data["title"] = title or f"A market calibrated to {panel.source}"
    data["description"] = _block(
        f"{len(panel.firms)} firms as estimated from {panel.occasions} purchase occasions of "
        f"{panel.customers} customers. Inputs that a panel does not contain (needs, fit, customer "
        "knowledge, costs) are absent. Add them to study the effects of interaction or "
        "customization."
    )
    data["claim"] = "Repeat purchase rate and market shares are those of the panel."
    data["refuted_by"] = (
        "The repeat purchase rate or a market share of a run differs from the panel's by more than "
        "two standard errors."
    )
    data["test"] = _test(panel)
    notes = _notes(
        panel, estimates, initial_purchases=initial_purchases, alike=alike, control=control,
        elasticity=elasticity, warnings=warnings,
    )  # fmt: skip
    if classes is not None:
        notes = " ".join([notes, *class_notes(panel, classes, initial_purchases)])
    data["notes"] = _block(notes)
    data["periods"] = 24
    data["period_length"] = panel.period_length
    rate = purchase_rate(panel)
    if initial_purchases != "use":
        data["warm_up"] = int(np.ceil(60 / rate))
        data.yaml_add_eol_comment("first purchases are not reported", "warm_up")
    data["customers"] = 2000
    data["currency"] = unit
    if form != "cost":
        data["switching_cost_form"] = form
    if panel.no_purchase:
        data["no_purchase_option"] = True
    if classes is None:
        data["segments"] = CommentedMap({_ALL: _segment(panel, estimates, rate, control)})
    else:
        reduced = _spurious(estimates, control)
        data["segments"] = _class_segments(panel, classes, reduced)
    data["firms"] = _firms(panel, estimates, classes)
    if learning is not None:
        _put_learning(data, estimates, *learning, no_purchase=panel.no_purchase)
    text = _COMMENT.sub(r"\1  # ", to_yaml(data))
    said = "".join(f"{_comment(each)}\n" for each in warnings)
    return f"# Written by cxsim calibrate from {_clean(panel.source)}.\n{said}{text}"


#: A number and the comment after it, which the emitter sets in columns of its own.
_COMMENT = re.compile(r"^(\s*[^\s:#]+: -?[\d.e+-]+) +# ", re.MULTILINE)


#: The one segment of a calibrated market.
_ALL = "All"


def write_scenario(text: str, path: str | Path) -> Path:
    """Write the text of a scenario file, whole or not at all, and return its path.

    Raises
    ------
    ScenarioError
        If the scenario would not be read again.
    OSError
        If it cannot be written.
    """
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
        Scenario.load(draft)  # what would not be read is not written
    return Path(path)


def _clean(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", text)


def _block(text: str) -> str:
    """Return a text in lines that stand below their key."""
    return textwrap.fill(text, 88, break_on_hyphens=False)


def _comment(text: str) -> str:
    """Return a text as lines of a comment."""
    return textwrap.fill(
        _clean(text), 98, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False
    )


# -- The loyalty that the data support ---------------------------------------------------------


#: Share of loyalty left in a random order of purchases from which on most of it does not come
#: from the order, so that it is not loyalty but brand preference that the model did not find.
MOSTLY_SPURIOUS = 0.5


def mostly_spurious(loyalty: float, shuffled: float, error: float) -> bool:
    """Return whether most of the loyalty is there in a random order of purchases, too.

    What is left must be statistically significant: a small loyalty has noise of its size.

    Parameters
    ----------
    loyalty, shuffled : float
        As bought and in random order, utils.
    error : float
        Standard error of ``shuffled``.
    """
    return shuffled > MOSTLY_SPURIOUS * loyalty > 0.0 and shuffled > Z95 * error


def supported_loyalty(
    estimates: Estimates, control: tuple[float, float] | None
) -> tuple[float, float]:
    """Return the value of the loyalty that the data support, with its standard error.

    It is the estimate, unless most of it is there in a random order of purchases. Then it is
    the difference: that part of loyalty which comes with the order. Shuffled purchases of
    loyal customers look like strong preferences, so that the difference is a lower bound.

    Parameters
    ----------
    estimates : Estimates
    control : (float, float) or None
        Loyalty in random order and its error, utils.

    Returns
    -------
    value, error : float
        Currency; below 0 where a random order shows more loyalty. The two estimates count as
        independent.
    """
    loyalty = float(estimates.values["loyalty"])
    if control is None or not mostly_spurious(loyalty, *control):
        return estimates.worth({"loyalty": 1.0})
    values = estimates.values.copy()
    values["loyalty"] = loyalty - control[0]
    value, error = replace(estimates, values=values).worth({"loyalty": 1.0})
    return value, float(np.hypot(error, control[1] / estimates.values["price_sensitivity"]))


def _test(panel: Panel) -> list[CommentedMap]:
    """Return the rules of the claim: results within two standard errors of the panel's."""
    rate, error = panel.repeat_purchase_rate()
    found = [
        ("the repeat purchase rate", "1 - market.brand_switching_rate", float(rate), float(error))
    ]
    bought = (panel.choice < len(panel.firms)).astype(float)
    total = np.add.reduceat(bought, panel.starts)
    for number, firm in enumerate(panel.firms):
        taken = np.add.reduceat((panel.choice == number).astype(float), panel.starts)
        share = taken.sum() / total.sum()
        # A ratio over customers, whose purchases are alike.
        apart = (taken - share * total).std(ddof=1) * np.sqrt(len(total)) / total.sum()
        name = (
            f"market_share.{firm}" if firm.isidentifier() else f"market_share[{json.dumps(firm)}]"
        )
        found.append((f"{firm}'s market share", name, float(share), float(apart)))
    return [
        CommentedMap(
            says=f"{what} is the panel's, {value:.3f}, within two standard errors",
            rule=f"abs({measure} - {value:.4f}) <= {2 * error:.4f}",
        )
        for what, measure, value, error in found
        if np.isfinite(error)
    ]


def _notes(
    panel: Panel,
    estimates: Estimates,
    *,
    initial_purchases: str,
    alike: Estimates | None,
    control: tuple[float, float] | None,
    elasticity: float | None,
    warnings: Sequence[str],
) -> str:
    loyalty, error = estimates.worth({"loyalty": 1.0})
    share = 100.0 / estimates.mean_price if estimates.mean_price else float("nan")
    said = [
        *warnings,
        f"Source: {panel.source}.",
        "Panel logit by simulated maximum likelihood with independent normal brand preferences",
        f"({estimates.draws} Sobol draws, {estimates.occasions} occasions,",
        f"{estimates.customers} customers, log-likelihood {estimates.loglikelihood:.1f},",
        f"McFadden's rho squared {estimates.rho_squared:.3f});",
        "standard errors from the Hessian, those of amounts by the delta method.",
        _FIRST_PURCHASES[initial_purchases],
        f"Loyalty is {estimates.values['loyalty']:.3g} utils",
        f"(se {estimates.error('loyalty'):.2g}; robust over customers",
        f"{estimates.error('loyalty', robust=True):.2g}), worth {loyalty:.3g} {panel.currency}",
        f"(se {error:.2g}), {share * loyalty:.1f} % of the mean price.",
    ]
    if loyalty < 0.0:
        said.append("It is below zero; the scenario's switching cost is 0.")
    if alike is not None:
        said.append(
            f"Without brand preferences it would be {alike.values['loyalty']:.3g} utils: brand "
            "preference mistaken for loyalty."
        )
    if control is not None:
        said.append(
            f"With each customer's purchases in random order it is {control[0]:.2g} "
            f"(se {control[1]:.2g})."
        )
        if mostly_spurious(float(estimates.values["loyalty"]), *control):
            said.append(
                "The scenario's switching cost is the difference only, the part of loyalty that "
                "comes with the order of purchases (a lower bound)."
            )
    if RESIDUAL in estimates.values.index:
        said.append(
            "Prices are corrected for demand by a control function; errors are clustered by period."
        )
    if elasticity is not None:
        said.append(f"The mean own-price elasticity is {elasticity:.2f}.")
    said.append(
        "A regular and a cut price stand for the prices of each firm; cuts are drawn independently."
    )
    if not panel.no_purchase:
        said.append(
            "Only differences in quality matter, because customers always buy; the quality of the "
            "firm with most purchases is set to its price."
        )
    return " ".join(said)


#: What was made of first purchases.
_FIRST_PURCHASES = {
    "wooldridge": "Each customer's first purchase conditions the rest, and may raise the worth of "
    "its firm (Wooldridge 2005); brand preferences and qualities are those of all customers.",
    "equation": "First purchases have an equation of their own (Heckman 1981).",
    "use": "First purchases are used, without a term for loyalty.",
    "drop": "Each customer's first purchase conditions the rest.",
}


def purchase_rate(panel: Panel) -> float:
    """Return occasions per customer and period; 1 where a period is a purchase.

    Periods count from a customer's first occasion to the end of the panel. They include the
    last gap, whose end is not observed, or short gaps would count too much.
    """
    if panel.period is None:
        return 1.0
    watched = float((panel.period.max() - panel.period[panel.starts]).sum())
    again = float((panel.counts - 1).sum())
    return float(np.clip(again / watched, 1e-6, 1.0)) if watched > 0 else 1.0


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def _put(where: CommentedMap, key: str, value: float, comment: str) -> None:
    """Put a rounded value under a key, with a comment beside it."""
    where[key] = _rounded(value)
    where.yaml_add_eol_comment(_clean(comment), key)


def _segment(
    panel: Panel, estimates: Estimates, rate: float, control: tuple[float, float] | None
) -> CommentedMap:
    segment = CommentedMap()
    segment["share"] = 1.0
    a, error = float(estimates.values["price_sensitivity"]), estimates.error("price_sensitivity")
    said = "se" if panel.stated is None else "stated, se"
    _put(segment, "price_sensitivity", a, f"1 / {panel.currency}, {said} {error:.2g}")
    if "price_sensitivity_spread" in estimates.values.index:
        value, error = estimates.of(lambda v: np.sqrt(np.expm1(v["price_sensitivity_spread"] ** 2)))
        _put(segment, "price_sensitivity_cv", value, f"se {error:.2g}")
    loyalty, error = supported_loyalty(estimates, control)
    said = f"{panel.currency}, se {error:.2g}"
    if control is not None and mostly_spurious(float(estimates.values["loyalty"]), *control):
        said += "; without what a random order of purchases shows"
    _put(segment, "switching_cost", max(loyalty, 0.0), said)
    tastes = CommentedMap()
    for name in panel.firms:
        value, error = estimates.of(_taste(panel, name))
        _put(tastes, name, value, f"{panel.currency}, se {error:.2g}")
    segment["brand_taste_sd"] = tastes
    what = "by definition" if panel.period is None else "occasions per customer and period"
    _put(segment, "purchase_rate", rate, what)
    segment["need_sd"] = 0.0
    return segment


def _taste(panel: Panel, firm: str) -> Callable[[pd.Series], float]:
    """Return the standard deviation of preference for a firm, currency, as a function."""
    first, place = first_shares(panel), panel.firms.index(firm)

    def of(values: pd.Series) -> float:
        tastes = scenario_tastes(values, panel.firms, first, no_purchase=panel.no_purchase)
        return float(tastes[place] / values["price_sensitivity"])

    return of


def _put_learning(
    data: CommentedMap, estimates: Estimates, found: Learning, stated: Stated, *, no_purchase: bool
) -> None:
    """Put the estimated learning into a scenario, with what was stated of it."""
    rate, forgetting = found.speeds
    worth, a = float(estimates.values["learning"]), float(estimates.values["price_sensitivity"])
    made = learning_parameters(worth, rate, forgetting, a, stated)
    segment = data["segments"][_ALL]
    data.insert(list(data).index("segments"), "learning_rate", _rounded(made["learning_rate"]))
    _put(segment, "disclosure", made["disclosure"], "stated")
    _put(segment, stated.through, made[stated.through], f"{data['currency']}, from what is stated")
    for firm in data["firms"].values():
        _put(firm, "forgetting_rate", made["forgetting_rate"], "per period")
        for name in ("interaction", "identification", "customization"):
            if name in made:
                _put(firm, name, made[name], "stated")
        if no_purchase and stated.through == "ordering_effort":
            # Intercepts are worths to customers of whom firms know nothing: less the effort.
            firm["quality"] = _rounded(firm["quality"] + made["ordering_effort"])


def _firms(
    panel: Panel, estimates: Estimates, classes: LatentClasses | None = None
) -> CommentedMap:
    firms = CommentedMap()
    offers = offers_of(panel, estimates if classes is None else classes.of_class(classes.names[0]))

    def worth(weights: Mapping[str, float]) -> tuple[float, float]:
        if classes is None:
            return estimates.worth(weights)
        return classes.estimates.of(lambda values: float(class_mean(classes, values, weights)))

    of = "" if classes is None else "mean over classes, "
    for k, (name, offer) in enumerate(zip(panel.firms, offers, strict=True)):
        firm = CommentedMap()
        value, error = worth(offer.weights) if offer.weights else (0.0, 0.0)
        said = f"{of}se {error:.2g}" if offer.weights else "set to the price"
        _put(firm, "quality", offer.level + value, f"{panel.currency}, {said}")
        said = f"regular; mean {np.nanmean(panel.price[k]):.4g}"
        _put(firm, "price", offer.cuts.price, f"{panel.currency}, {said}")
        if offer.cuts.chance > 0.0:
            promotions = CommentedMap()
            promotions["chance"] = _rounded(offer.cuts.chance)
            promotions["depth"] = _rounded(offer.cuts.depth)
            if offer.display:
                value, error = worth(offer.display)
                comment = f"{', '.join(offer.display)} while running, {of}se {error:.2g}"
                _put(promotions, "display_value", value, comment)
            firm["promotions"] = promotions
        firms[name] = firm
    return firms


# -- Classes of customers become segments --------------------------------------------------------


def class_worths(
    classes: LatentClasses, values: pd.Series, weights: Mapping[str, float]
) -> np.ndarray:
    """Return what a sum of utils is worth to each class, currency, shape (K,).

    Parameters
    ----------
    classes : LatentClasses
    values : Series
        Of all parameters, utils.
    weights : mapping of str to float
        Weight of each parameter of a class in the sum.
    """
    worth = [
        sum(weight * values[f"{key}.{name}"] for key, weight in weights.items())
        / values[f"price_sensitivity.{name}"]
        for name in classes.names
    ]
    return np.array(worth, dtype=float)


def class_mean(classes: LatentClasses, values: pd.Series, weights: Mapping[str, float]) -> float:
    """Return the mean of :func:`class_worths` over customers, currency.

    Parameters
    ----------
    classes : LatentClasses
    values : Series
        Of all parameters, utils.
    weights : mapping of str to float
    """
    return float(classes.shares(values) @ class_worths(classes, values, weights))


def _spurious(estimates: Estimates, control: tuple[float, float] | None) -> float:
    """Return utils of loyalty that do not come with the order of purchases, where it is most."""
    if control is None or not mostly_spurious(float(estimates.values["loyalty"]), *control):
        return 0.0
    return control[0]


def _class_segments(panel: Panel, classes: LatentClasses, reduced: float) -> CommentedMap:
    """Return a segment for each class; ``reduced`` utils of its loyalty are left out."""
    segments = CommentedMap()
    offers = offers_of(panel, classes.of_class(classes.names[0]))
    rates, left = class_rates(panel, classes), 1.0
    for k, name in enumerate(classes.names):
        segment, one = CommentedMap(), classes.of_class(name)
        share, error = classes.share(k)
        last = k == len(classes.names) - 1
        share = left if last else round(share, 4)
        left = round(left - share, 4)
        _put(segment, "share", share, f"se {error:.2g}")
        a, error = float(one.values["price_sensitivity"]), one.error("price_sensitivity")
        _put(segment, "price_sensitivity", a, f"1 / {panel.currency}, se {error:.2g}")
        value, error = one.worth({"loyalty": 1.0})
        said = f"{panel.currency}, se {error:.2g}"
        if reduced:
            value -= reduced / a
            said += "; without what a random order of purchases shows"
        _put(segment, "switching_cost", max(value, 0.0), said)
        preferences = CommentedMap()
        for firm, offer in zip(panel.firms, offers, strict=True):
            if not offer.weights:
                preferences[firm] = 0.0
                continue

            def apart(v: pd.Series, k: int = k, of: Mapping[str, float] = offer.weights) -> float:
                return float(class_worths(classes, v, of)[k]) - class_mean(classes, v, of)

            value, error = classes.estimates.of(apart)
            _put(preferences, firm, value, f"{panel.currency}, se {error:.2g}")
        segment["brand_taste_mean"] = preferences
        what = "by definition" if panel.period is None else "occasions per customer and period"
        _put(segment, "purchase_rate", rates[k], what)
        segment["need_sd"] = 0.0
        segments[name] = segment
    return segments


def class_rates(panel: Panel, classes: LatentClasses) -> np.ndarray:
    """Return occasions per customer and period by class, shape (K,); as :func:`purchase_rate`.

    Customers count with their chances of belonging to a class.

    Parameters
    ----------
    panel : Panel
    classes : LatentClasses
    """
    if panel.period is None:
        return np.ones(len(classes.names))
    watched = (panel.period.max() - panel.period[panel.starts])[classes.customers]
    again = (panel.counts - 1)[classes.customers]
    weighted = classes.posterior.T @ np.column_stack([again, watched]).astype(float)
    rates = weighted[:, 0] / np.maximum(weighted[:, 1], 1e-12)
    return np.asarray(np.clip(rates, 1e-6, 1.0))


_CLASSES = (
    "Segments are latent classes (Kamakura & Russell 1989), within which customers do not differ: "
    "they stand in place of normal brand preferences. A firm's quality is the mean over classes, "
    "brand_taste_mean the difference of a class."
)


def class_notes(panel: Panel, classes: LatentClasses, initial_purchases: str) -> list[str]:
    """Return sentences on the classes, and on what segments of a scenario cannot hold of them.

    Parameters
    ----------
    panel : Panel
    classes : LatentClasses
    initial_purchases : str
        As they were estimated.
    """
    one = classes.of_class(classes.names[0])
    said = [_CLASSES]
    if initial_purchases == "wooldridge" and len(classes.names) > 1:
        said.append(
            "Shares of classes are estimated given the firm of the first purchase, and are "
            "written as those of all customers."
        )
    if any(offer.display for offer in offers_of(panel, one)):
        said.append(
            "Not held by segments: classes respond differently to a promotion's display; the "
            "scenario has the mean over classes."
        )
    return said


# -- What firms offer, as sums of estimated parameters: for the scenario and for draws of it ---


@dataclass(frozen=True)
class Offer:
    """A firm's prices and the value of its offer.

    Attributes
    ----------
    cuts : Cuts
        Regular and cut price.
    level : float
        Currency; quality is ``level`` plus the value of ``weights``.
    weights, display : mapping of str to float
        Weights of estimated parameters: in quality, and in the effect of a promotion.
    """

    cuts: Cuts
    level: float
    weights: Mapping[str, float]
    display: Mapping[str, float]


def offers_of(panel: Panel, estimates: Estimates) -> list[Offer]:
    """Return each firm's offer, in the panel's order.

    Quality is the firm's intercept plus the value of its features while no promotion runs.
    Without a no-purchase option only differences matter, and the quality of the firm without
    an intercept is set to its regular price.
    """
    names = estimates.values.index
    cuts = [price_cuts(prices) for prices in panel.price]
    base = next((k for k, n in enumerate(panel.firms) if f"intercept.{n}" not in names), None)

    features = {name: each for name, each in panel.features.items() if name != RESIDUAL}

    def shown(k: int, *, during: bool) -> dict[str, float]:
        which = (cuts[k].cut == during) & panel.available[k]
        return {name: float(values[k][which].mean()) for name, values in features.items()}

    usual = [shown(k, during=False) for k in range(len(panel.firms))]
    if "first_purchase" in names:  # what it adds to the mean worth of each firm
        for k, share in enumerate(first_shares(panel)):
            usual[k]["first_purchase"] = float(share)
    offers = []
    for k, name in enumerate(panel.firms):
        weights = dict(usual[k])
        if f"intercept.{name}" in names:
            weights[f"intercept.{name}"] = 1.0
        if base is not None:
            weights |= {each: weights[each] - usual[base][each] for each in usual[base]}
        display = {}
        if cuts[k].chance > 0.0 and features:
            during = shown(k, during=True)
            display = {each: during[each] - usual[k][each] for each in during}
        level = 0.0 if base is None else cuts[base].price
        offers.append(Offer(cuts[k], level, {} if k == base else weights, display))
    return offers


def sample(
    panel: Panel,
    estimates: Estimates,
    count: int,
    *,
    seed: int = 0,
    control: tuple[float, float] | None = None,
    classes: LatentClasses | None = None,
) -> pd.DataFrame:
    """Draw scenario parameters from the estimates' normal distribution.

    Parameters
    ----------
    panel : Panel
    estimates : Estimates
    count : int
    seed : int
    control : (float, float), optional
        Loyalty in random order and its error, utils: see :func:`supported_loyalty`.
    classes : LatentClasses, optional
        Classes that the scenario has as segments.

    Returns
    -------
    DataFrame
        A column per dotted path, a row per draw. Price sensitivities are kept above zero
        (draws below are drawn again), switching costs at zero or above.
    """
    rng = np.random.default_rng(seed)
    if classes is not None:
        return _sampled_classes(panel, classes, count, rng, _spurious(estimates, control))
    names = list(estimates.values.index)
    values = _drawn(estimates, count, rng, ["price_sensitivity"])
    a = values["price_sensitivity"]

    def worth(weights: Mapping[str, float]) -> pd.Series:
        return sum((w * values[n] for n, w in weights.items()), 0.0 * a) / a

    loyalty = worth({"loyalty": 1.0})
    if control is not None and mostly_spurious(float(estimates.values["loyalty"]), *control):
        loyalty -= rng.normal(*control, count) / a
    columns = {
        "segments.All.price_sensitivity": a,
        "segments.All.switching_cost": loyalty.clip(lower=0.0),
    }
    if "price_sensitivity_spread" in names:
        spread = values["price_sensitivity_spread"]
        columns["segments.All.price_sensitivity_cv"] = np.sqrt(np.expm1(spread**2))
    first = first_shares(panel)
    rows = values.to_dict("records")
    tastes = np.array(
        [scenario_tastes(r, panel.firms, first, no_purchase=panel.no_purchase) for r in rows]
    )
    for k, (name, offer) in enumerate(zip(panel.firms, offers_of(panel, estimates), strict=True)):
        columns[f"segments.All.brand_taste_sd.{name}"] = tastes[:, k] / a
        if offer.weights:
            columns[f"firms.{name}.quality"] = offer.level + worth(offer.weights)
        if offer.display:
            columns[f"firms.{name}.promotions.display_value"] = worth(offer.display)
    return pd.DataFrame(columns)


def _drawn(
    estimates: Estimates, count: int, rng: np.random.Generator, positive: Sequence[str]
) -> pd.DataFrame:
    """Return normal draws of parameters, some of which are above zero."""
    names = list(estimates.values.index)
    where = [names.index(name) for name in positive]
    kept = np.empty((0, len(names)))
    while len(kept) < count:
        drawn = rng.multivariate_normal(estimates.values, estimates.covariance, count)
        kept = np.vstack([kept, drawn[(drawn[:, where] > 0.0).all(axis=1)]])
    return pd.DataFrame(kept[:count], columns=names)


def _sampled_classes(
    panel: Panel, classes: LatentClasses, count: int, rng: np.random.Generator, reduced: float
) -> pd.DataFrame:
    """Return draws of a scenario whose segments are classes."""
    names = classes.names
    sensitivities = [f"price_sensitivity.{name}" for name in names]
    values = _drawn(classes.estimates, count, rng, sensitivities)
    offers = offers_of(panel, classes.of_class(names[0]))
    rows = []
    for _, row in values.iterrows():
        shares = np.round(classes.shares(row), 6)
        shares[-1] = 1.0 - shares[:-1].sum()
        said = {}
        for k, name in enumerate(names):
            a = row[f"price_sensitivity.{name}"]
            if len(names) > 1:
                said[f"segments.{name}.share"] = shares[k]
            said[f"segments.{name}.price_sensitivity"] = a
            loyalty = max(row[f"loyalty.{name}"] - reduced, 0.0)
            said[f"segments.{name}.switching_cost"] = loyalty / a
        for firm, offer in zip(panel.firms, offers, strict=True):
            if offer.weights:
                worth = class_worths(classes, row, offer.weights)
                mean = float(shares @ worth)
                said[f"firms.{firm}.quality"] = offer.level + mean
                for k, name in enumerate(names):
                    said[f"segments.{name}.brand_taste_mean.{firm}"] = worth[k] - mean
            if offer.display:
                path = f"firms.{firm}.promotions.display_value"
                said[path] = class_mean(classes, row, offer.display)
        rows.append(said)
    return pd.DataFrame(rows)
