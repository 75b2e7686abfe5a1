"""Policies of the package: roadmap, imitation, trial and error, answers to prices, benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Literal

from cxsim.analytic.prices import loyalty_prices, posted_prices
from cxsim.firms.policy import (
    CapabilityPolicy,
    FirmInformation,
    PolicyError,
    PricingPolicy,
    Public,
    Trial,
)
from cxsim.parameters import Parameters, parameter

# -- Capabilities by a roadmap of targets --------------------------------------------------------


_CAPABILITIES = CapabilityPolicy.sets

#: The axes of the capability matrix, in the order in which they are tried.
AXES = ("interaction", "customization")


class Target(Parameters):
    """A target of the roadmap; capabilities that it does not name stay."""

    at: int = parameter(doc="Period of the first step", unit="period", ge=0)
    over: int = parameter(0, "Periods to the target, in equal steps (0: at once)", "periods", ge=0)
    interaction: float | None = parameter(None, "Target of interaction", "share")
    customization: float | None = parameter(None, "Target of customization", "share")
    identification: float | None = parameter(None, "Target of the recognition rate", "share")
    segment_insight: float | None = parameter(None, "Target of segment insight", "share")


class Roadmap(CapabilityPolicy):
    """Follow a roadmap of capability targets, in the order given."""

    targets: tuple[Target, ...] = parameter(doc="Targets with their periods", min_length=1)

    def begin(self) -> None:
        """Start without a target under way."""
        self.starts: dict[int, dict[str, float]] = {}

    def decide(self, known: FirmInformation) -> dict[str, float]:
        """Return the capabilities that targets under way set for the period."""
        decided: dict[str, float] = {}
        for number, target in enumerate(self.targets):
            if not target.at <= known.period <= target.at + target.over:
                continue
            goals = {name: getattr(target, name) for name in _CAPABILITIES}
            goals = {name: goal for name, goal in goals.items() if goal is not None}
            start = self.starts.setdefault(number, {n: float(known.own[n]) for n in goals})
            done = (known.period - target.at) / target.over if target.over else 1.0
            for name, goal in goals.items():
                decided[name] = goal if done == 1.0 else start[name] + (goal - start[name]) * done
        return decided


# -- Capabilities by imitation of the market leader ----------------------------------------------


class Imitate(CapabilityPolicy):
    """Copy the capabilities of the rival with the largest market share, if above the own.

    Market shares are public, profits are not. The copy lags by `lag` periods: it is of the leader's
    capabilities at that time. Customer knowledge of the leader cannot be copied.
    """

    lag: int = parameter(6, doc="Lag of the copy", unit="periods", ge=0)
    pace: float = parameter(
        1.0, "Share of the distance to the leader covered per period", "share", gt=0, le=1
    )

    def begin(self) -> None:
        """Start without observations."""
        self.seen: list[dict[str, Public]] = []

    def get_state(self) -> dict[str, Any]:
        """Return the observations, as plain data."""
        seen = [{name: asdict(public) for name, public in then.items()} for then in self.seen]
        return {**super().get_state(), "seen": seen}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from the observations."""
        super().set_state(state)
        self.seen = [
            {name: Public(**facts) for name, facts in then.items()} for then in state["seen"]
        ]

    def decide(self, known: FirmInformation) -> dict[str, float] | None:
        """Return capabilities moved towards those of the leader ``lag`` periods ago."""
        self.seen.append(dict(known.public))
        if len(self.seen) <= self.lag:
            return None
        then = self.seen.pop(0)
        shares = {n: p.share for n, p in then.items() if p.active and p.share == p.share}
        if not shares:
            return None
        leader = max(shares, key=lambda name: (shares[name], name == known.firm))
        if leader == known.firm or not known.public[leader].active:
            return None
        goal = then[leader]
        own = {name: float(known.own[name]) for name in ("interaction", "customization")}
        if self.pace == 1.0:
            return {name: getattr(goal, name) for name in own}
        return {n: value + self.pace * (getattr(goal, n) - value) for n, value in own.items()}


# -- Capabilities that answer those of rivals ----------------------------------------------------


def built(start: float, aim: float, periods: int, over: int) -> float:
    """Return the level of a capability that is built in equal steps.

    Parameters
    ----------
    start, aim : float
        Level before, and when it is built, share.
    periods : int
        Periods since the start, the first step included.
    over : int
        Steps.
    """
    return aim if periods >= over else start + (aim - start) * periods / over


class Answer(CapabilityPolicy):
    """Build a capability once a rival has built it, up to that rival's level.

    A rise of the best rival's interaction or customization by `notice` is answered. Building
    starts `lag` periods later and takes `over` periods. Until it is done, no further rise of that
    capability is answered. Rivals' capabilities are public; their customer knowledge is not.
    """

    lag: int = parameter(6, doc="Periods from a rival's rise to the start", unit="periods", ge=0)
    over: int = parameter(6, "Periods in which the answer is built", "periods", ge=1)
    notice: float = parameter(0.1, "Smallest rise that is answered", "share", gt=0, le=1)

    def begin(self) -> None:
        """Start without observations."""
        self.level: dict[str, float] = {}
        self.under_way: dict[str, tuple[int, float, float]] = {}

    def decide(self, known: FirmInformation) -> dict[str, float]:
        """Return the capabilities that are being built."""
        decided = {}
        for name in AXES:
            own = float(known.own[name])
            best = max((getattr(rival, name) for rival in known.rivals.values()), default=0.0)
            risen = best - self.level.setdefault(name, best) >= self.notice
            if name not in self.under_way and risen and best > own:
                self.under_way[name] = (known.period + self.lag, own, best)
            if name not in self.under_way:
                continue
            start, before, aim = self.under_way[name]
            periods = known.period - start + 1
            if periods >= 1:
                decided[name] = built(before, aim, periods, self.over)
            if periods >= self.over:
                self.level[name] = aim
                del self.under_way[name]
        return decided


# -- Capabilities by trial and error -------------------------------------------------------------


class AdaptiveCapability(CapabilityPolicy):
    """Try a step of one capability, then of the other, and keep steps that raise the own profit.

    A firm with an objective keeps those that raise what it maximizes, within its budget.

    One-off costs of a step are spread over `payback` periods. Learning relationships take time, so
    a step is observed for `patience` periods.
    """

    step: float = parameter(0.1, doc="Size of a step", unit="share", gt=0, le=1)
    patience: int = parameter(
        6, "Periods for which a step is observed before the next", "periods", ge=1
    )
    payback: int = parameter(
        24, "Periods over which one-off costs of a step are spread", "periods", ge=1
    )

    def begin(self) -> None:
        """Start without a trial."""
        self.trials: dict[str, Trial] = {}
        self.turn = 0
        self.watched = 0

    def get_state(self) -> dict[str, Any]:
        """Return the state of the trial, as plain data."""
        trials = {name: trial.state() for name, trial in self.trials.items()}
        return {**super().get_state(), "trials": trials}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from the state of a trial."""
        super().set_state(state)
        self.trials = {name: Trial.of(trial) for name, trial in state["trials"].items()}

    def decide(self, known: FirmInformation) -> dict[str, float] | None:
        """Return the changed capability, if one changes."""
        own = {name: float(known.own[name]) for name in AXES}
        if any(name not in self.trials or self.trials[name].value != own[name] for name in AXES):
            # The first period, or somebody else has set a capability: begin anew from here.
            self.trials = {
                name: Trial(own[name], 1 if known.uniform(k) < 0.5 else -1)
                for k, name in enumerate(AXES)
            }
            self.watched = 0
            return None
        self.watched += 1
        if self.watched < self.patience:
            return None
        self.watched = 0
        last = slice(-self.patience, None)
        once = known.books["capability_investment"][last]
        running = known.books["profit"][last] + once
        trial = self.trials[AXES[self.turn]]
        value = trial.next(known.gained(running, once.sum() / self.payback), self._away)
        changed = {AXES[self.turn]: value}
        if value == trial.kept:  # a step was taken back, or none is left: the other one is next
            self.turn = 1 - self.turn
        return changed

    def _away(self, value: float, way: int) -> float:
        return min(1.0, max(0.0, value + way * self.step))


# -- Benchmark: the profit-maximizing price of the period, with known demand ---------------------


_DOUBLINGS = 60


class BestResponse(PricingPolicy):
    """Charge the price that maximizes this period's expected profit, given rivals' prices.

    A benchmark: it knows the demand of every customer. It solves the first-order condition

        sum of rate P dpaid/dp + rate dP/dp margin = 0

    over customers in their present state, climbing from the present price. It ignores
    later periods. With awareness, it decides before this period's advertising, and ignores
    customers reached by it.

    References
    ----------
    Berry (1994), Estimating discrete-choice models of product differentiation.
    """

    information = "full"
    solves_for_profit = True

    def decide(self, known: FirmInformation) -> float | None:
        """Return the price; None where no customer would buy at any price near.

        Where expected purchases round to zero, the derivative is zero too, without a peak. Steps
        that end there are halved until some customers buy.
        """
        from scipy.optimize import brentq

        def gain(price: float) -> float:
            return float(known.market.at(known.firm, price).gain)

        start = float(known.own["price"])
        here = known.market.at(known.firm, start)
        # The margin implied by present demand is a good guess, and mostly a step too far.
        step = here.gain / -here.response if here.response < 0.0 else max(start, 1.0)
        if abs(here.gain) <= 1e-14 * here.purchases or here.purchases == 0.0:
            return None
        near, far = start, start
        for _ in range(_DOUBLINGS):
            near, far, step = far, max(0.0, far + step), 2.0 * step
            there = known.market.at(known.firm, far)
            while there.purchases == 0.0 and far - near > 1e-9 * far:
                far = 0.5 * (near + far)
                there = known.market.at(known.firm, far)
            # Signs are compared, since a product of gains among few purchases rounds to zero.
            if there.gain == 0.0 or (there.gain > 0.0) != (here.gain > 0.0):
                return float(brentq(gain, near, far, xtol=1e-12, rtol=1e-12))
            if far == 0.0:
                return 0.0
        raise PolicyError("expected demand that some price ends, found none")

    def refuses(self, scenario: Any) -> str | None:
        """Refuse buying centers, whose votes are not a logit, and payments other than prices.

        Points, redemptions, exit fees, trial discounts, cross-selling and subscribers who pay
        without choosing are not in the condition that is solved. Nor is there a best price for
        customers without price sensitivity or without an alternative.
        """
        for name, segment in scenario.segments.items():
            if segment.share > 0 and segment.purchase_rate > 0 and segment.price_sensitivity == 0:
                return (
                    "expected customers whom prices move, or there is no best price, found a "
                    f"price_sensitivity of 0 (segments.{name})"
                )
        if len(scenario.firms) == 1 and not scenario.no_purchase_option:
            return (
                "expected a rival or a no-purchase option, or there is no best price, found one "
                "firm alone (no_purchase_option: true lets customers buy from nobody)"
            )
        for each in scenario.mechanisms:
            if each.name in ("loyalty", "contracts", "acquisition", "next_best_offer"):
                return f"expected customers who pay prices only, found {each.doc.lower()}"
        members = max(each.members(scenario) for each in scenario.mechanisms)
        if members > 1:
            return f"expected accounts of one member each, found {members}"
        return None


# -- Benchmark: Markov-perfect prices of two forward-looking firms ------------------------------


#: What events may change: the game is solved for the parameters as they stand.
_MAY_CHANGE = {
    "quality", "unit_cost", "customization_cost", "interaction_cost", "cost_to_serve",
    "switching_cost", "no_purchase_value", "capability_cost",
}  # fmt: skip


class Farsighted(PricingPolicy):
    """Charge the Markov-perfect price of a duopoly whose customers have switching costs.

    A benchmark: it knows demand and how customers are split between the two firms, which is
    the state of the game (:func:`cxsim.analytic.posted_prices`), and assumes that its
    rival plays the same game. With ``buyers: one`` there is a single customer (``customers: 1``),
    and each firm's price depends on who is the supplier (:func:`cxsim.analytic.loyalty_prices`).
    """

    information = "full"
    solves_for_profit = True

    discount_factor: float | None = parameter(
        None,
        doc="Discount factor of the next period (default: 1 / (1 + discount_rate))",
        unit="1",
        ge=0,
        lt=1,
    )
    buyers: Literal["many", "one"] = parameter(
        "many", "Many customers at one posted price, or a single customer (customers: 1)"
    )

    def decide(self, known: FirmInformation) -> float:
        """Return the price, given the split of customers between the firms."""
        market = known.market
        (rival,) = (name for name in known.public if name != known.firm)
        base = market.base()
        if base[None] > 0.0:
            raise PolicyError(
                "expected a supplier for every customer (initial shares that sum to 1), found "
                f"none for {base[None]:.4g} of them"
            )
        if not known.public[rival].active or not known.public[known.firm].active:
            raise PolicyError("expected both firms in the market, found one")
        segment = f"segments.{market.segments[0]}"
        volume = market.value(f"{segment}.volume")
        sensitivity = market.value(f"{segment}.price_sensitivity")
        loyalty = sensitivity * market.value(f"{segment}.switching_cost")
        ahead = self.discount_factor
        if ahead is None:
            ahead = 1.0 / (1.0 + market.value("discount_rate"))
        costs = [_cost(market, firm, volume) for firm in (known.firm, rival)]
        try:
            if self.buyers == "one":
                asked = loyalty_prices(
                    loyalty,
                    price_sensitivity=sensitivity * volume,
                    discount_factor=ahead,
                    cost=costs[0],
                )
                return float(asked.own if base[known.firm] == 1.0 else asked.rival)
            no_purchase = market.value(f"{segment}.no_purchase_value") / volume
            game = posted_prices(
                loyalty,
                base=base[known.firm],
                price_sensitivity=sensitivity * volume,
                discount_factor=ahead,
                cost=costs,
                quality=[market.value(f"firms.{firm}.quality") for firm in (known.firm, rival)],
                no_purchase=no_purchase if market.value("no_purchase_option") > 0.5 else None,
                form="bonus" if market.value("switching_cost_form") > 0.5 else "cost",
                purchase_rate=market.value(f"{segment}.purchase_rate"),
            )
        except ValueError as error:
            raise PolicyError(str(error)) from error
        return float(game.own)

    def refuses(self, scenario: Any) -> str | None:
        """Refuse every market but the one that is solved, naming what differs."""
        found = list(_in_the_way(scenario))
        if self.buyers == "one":
            found += _more_than_one(scenario)
        if not found:
            return None
        return (
            "expected two firms and one segment of customers alike, without fit, tastes, learning, "
            f"exits or other mechanisms, found {', '.join(found)}"
        )


def _cost(market: Any, firm: str, volume: float) -> float:
    """Return the unit cost of a firm without customer knowledge."""

    def of(name: str) -> float:
        return float(market.value(f"firms.{firm}.{name}"))

    unit = of("unit_cost") + of("customization_cost") * of("customization")
    return unit + (of("interaction_cost") * of("interaction") + of("cost_to_serve")) / volume


def _in_the_way(scenario: Any) -> Iterator[str]:
    """Return features of the market that the game lacks."""
    if len(scenario.firms) != 2:
        yield f"{len(scenario.firms)} firms"
    if len(scenario.segments) != 1:
        yield f"{len(scenario.segments)} segments"
    yield from (
        f"mechanism {each.name}"
        for each in scenario.mechanisms
        if not each.core and each.name != "policies"
    )
    for segment in scenario.segments.values():
        for name in (
            "fit_weight",
            "ordering_effort",
            "brand_taste_mean",
            "brand_taste_sd",
            "price_sensitivity_cv",
            "exit_rate",
        ):
            value = getattr(segment, name)
            values = value.values() if isinstance(value, dict) else [value]
            if any(each != 0 for each in values):
                yield name
        if segment.brand_taste != "normal":
            yield f"brand_taste {segment.brand_taste}"
        for name in ("exit_rate_beta", "purchase_rate_shape"):
            if getattr(segment, name) is not None:
                yield name
        if segment.price_sensitivity == 0 or segment.purchase_rate == 0:
            yield "customers whom no price moves"
        told = scenario.learning_rate * segment.disclosure
        if told > 0 and any(each.interaction > 0 for each in scenario.firms.values()):
            yield "learning (interaction)"
    if any(start.knowledge > 0 for start in scenario.initial.values()):
        yield "initial knowledge"
    if any(each.promotions.chance > 0 for each in scenario.firms.values()):
        yield "promotions"
    changed = {str(change.keys[0]) for change in scenario.changes} - _MAY_CHANGE
    yield from (f"an event that sets {name}" for name in sorted(changed))


def _more_than_one(scenario: Any) -> list[str]:
    """Return features of the market that the game over a single buyer lacks."""
    found = []
    if scenario.customers != 1:
        found.append(f"{scenario.customers} customers (buyers: one)")
    if scenario.no_purchase_option:
        found.append("a no-purchase option (buyers: one)")
    if any(segment.purchase_rate != 1 for segment in scenario.segments.values()):
        found.append("a purchase_rate below 1 (buyers: one)")
    names = ("quality", "unit_cost", "customization_cost", "interaction_cost", "cost_to_serve")
    if len({tuple(getattr(each, name) for name in names) for each in scenario.firms.values()}) > 1:
        found.append("firms that differ (buyers: one)")
    return found


# -- Prices by trial and error, from the own profit only -----------------------------------------


class AdaptivePricing(PricingPolicy):
    """Try a step of the price, and keep it if the own profit rises.

    Every `patience` periods the mean profit at the present price is taken. Investments in
    capabilities are excluded, since they do not depend on the price. A firm with an objective keeps
    steps that raise what it maximizes, within its budget.
    """

    step: float = parameter(0.02, doc="Size of a step", unit="share of price", gt=0, lt=1)
    patience: int = parameter(
        3, "Periods for which a price is observed before the next", "periods", ge=1
    )

    def begin(self) -> None:
        """Start without a trial."""
        self.trial: Trial | None = None
        self.watched = 0

    def get_state(self) -> dict[str, Any]:
        """Return the state of the trial, as plain data."""
        trial = None if self.trial is None else self.trial.state()
        return {**super().get_state(), "trial": trial}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from the state of a trial."""
        super().set_state(state)
        self.trial = None if state["trial"] is None else Trial.of(state["trial"])

    def decide(self, known: FirmInformation) -> float | None:
        """Return the price, if it changes."""
        price = float(known.own["price"])
        if self.trial is None or price != self.trial.value:
            # The first period, or somebody else has set the price: begin anew from here.
            self.trial = Trial(price, 1 if known.uniform() < 0.5 else -1)
            self.watched = 0
            return None
        self.watched += 1
        if self.watched < self.patience:
            return None
        self.watched = 0
        last = slice(-self.patience, None)
        profit = known.books["profit"][last] + known.books["capability_investment"][last]
        return self.trial.next(known.gained(profit), lambda p, way: p * (1.0 + way * self.step))


# -- Prices that answer those of rivals ----------------------------------------------------------


#: Costs in a firm's books that purchases cause.
VARIABLE_COSTS = ("cost_of_goods_sold", "contact_cost", "service_cost")


def price_floor(price: float, cost: float, revenue: float) -> float:
    """Return the price at which a period's purchases would have paid their own cost.

    Parameters
    ----------
    price : float
        Price asked in the period, currency per unit.
    cost : float
        Cost of goods, contacts and service of the period, currency.
    revenue : float
        Revenue of the period before promotions, currency; above 0.

    Returns
    -------
    float
        Currency per unit.
    """
    return price * cost / revenue


def answering_price(target: float, floor: float, list_price: float) -> float:
    """Return the price of a firm that goes along with a rival: not below floor, not above list.

    Parameters
    ----------
    target : float
        Price with which it would answer, currency per unit.
    floor : float
        Its lowest price, currency per unit.
    list_price : float
        Its price without rivals, currency per unit.
    """
    return min(list_price, max(floor, target))


class Match(PricingPolicy):
    """Charge the lowest price of comparable rivals, but no less than a floor.

    The list price, which the scenario or an event states, is never exceeded. Prices of rivals are
    answered `lag` periods after they can be seen, which is once the period's events have happened.
    Without a stated floor, it is the price that would just have paid for goods, contacts and
    service in the last period with sales, by the firm's own books. Before there was one, and where
    no rival is comparable, the firm asks its list price.
    """

    lag: int = parameter(1, doc="Periods before a rival's price is answered", unit="periods", ge=0)
    within: float = parameter(
        1.0,
        "Largest difference in interaction, and in customization, of a comparable rival",
        "share",
        ge=0,
        le=1,
    )
    floor: float | None = parameter(
        None, "Lowest price (default: variable cost per unit sold)", "currency per unit", ge=0
    )

    def begin(self) -> None:
        """Start without observations."""
        self.seen: list[float | None] = []
        self.list_price: float | None = None
        self.asked: float | None = None
        self.cost: float | None = self.floor

    def decide(self, known: FirmInformation) -> float:
        """Return the price that answers the lowest one seen ``lag`` periods ago."""
        self._learn_cost(known)
        price = float(known.own["price"])
        if self.list_price is None or price != self.asked:
            self.list_price = price  # the first period, or an event has set the price
        self.seen.append(self._lowest(known))
        lowest = self.seen.pop(0) if len(self.seen) > self.lag else None
        if lowest is None or self.cost is None:
            self.asked = self.list_price
        else:
            self.asked = answering_price(self.answer(lowest), self.cost, self.list_price)
        return self.asked

    def answer(self, lowest: float) -> float:
        """Return the answer to the lowest price of comparable rivals, currency per unit."""
        return lowest

    def _lowest(self, known: FirmInformation) -> float | None:
        """Return the lowest price of comparable rivals, None without one."""
        prices = [
            rival.price
            for rival in known.rivals.values()
            if all(abs(getattr(rival, name) - known.own[name]) <= self.within for name in AXES)
        ]
        return min(prices, default=None)

    def _learn_cost(self, known: FirmInformation) -> None:
        """Take the floor from the last period's books, if they have sales."""
        if self.floor is not None or self.asked is None:
            return
        revenue = known.last("revenue") + known.last("discounts")
        if revenue > 0.0:
            cost = sum(known.last(name) for name in VARIABLE_COSTS)
            self.cost = price_floor(self.asked, cost, revenue)


class Undercut(Match):
    """Charge less than the lowest price of comparable rivals, but no less than a floor.

    All else is as with :class:`Match`.
    """

    by: float = parameter(0.02, "Part by which the lowest price is undercut", "share", gt=0, lt=1)

    def answer(self, lowest: float) -> float:
        """Return a price below the lowest one of comparable rivals, currency per unit."""
        return lowest * (1.0 - self.by)


# -- Prices for the relationship: invest while customers are unknown, harvest once they are known --


def relationship_price(list_price: float, knowledge: float, invest: float, harvest: float) -> float:
    """Return the price of a firm whose customers are known to a degree.

    Parameters
    ----------
    list_price : float
        Price that the scenario or an event states, currency per unit.
    knowledge : float
        Mean knowledge of the firm's customers, share.
    invest : float
        Discount where nothing is known of them, share of the list price.
    harvest : float
        Premium where all is known of them, share of the list price.

    Returns
    -------
    float
        Currency per unit.
    """
    return list_price * (1.0 - invest * (1.0 - knowledge) + harvest * knowledge)


class Relationship(PricingPolicy):
    """Charge less while customers are unknown, and more the better the firm knows them.

    Knowledge is the mean over its customers at the end of the last period, by the firm's own books;
    the list price is that of the scenario or of the last event.
    """

    invest: float = parameter(
        0.1, doc="Discount where customers are unknown", unit="share of price", ge=0, lt=1
    )
    harvest: float = parameter(
        0.1, doc="Premium where customers are known", unit="share of price", ge=0
    )

    def begin(self) -> None:
        """Start without a price."""
        self.list_price: float | None = None
        self.asked: float | None = None

    def decide(self, known: FirmInformation) -> float | None:
        """Return the price; None while the firm has no customers of whom it could know anything."""
        price = float(known.own["price"])
        if self.list_price is None or price != self.asked:
            self.list_price = price  # the first period, or an event has set the price
        knowledge = known.last("customer_knowledge")
        if knowledge != knowledge:
            self.asked = price
            return None
        self.asked = relationship_price(self.list_price, knowledge, self.invest, self.harvest)
        return self.asked
