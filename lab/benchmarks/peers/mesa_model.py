"""The market as a Mesa model: one agent per customer, one per firm, plain attributes.

Written as a Mesa user would who has read Mesa's tutorial and best practices: agents
with Python numbers and short lists, ``agents.do``, random numbers from ``model.rng``,
a ``DataCollector``. Customers do not see each other within a period, so their order
does not matter and shuffling them is spared.
"""

from __future__ import annotations

import math
from typing import Any

import mesa
import numpy as np

from lab.benchmarks.peers import FEW, MORE, plain, tenure_band

__all__ = ["MesaMarket"]


def ratio(top: float, bottom: float) -> float:
    """Return top / bottom, NaN where there is nothing to divide by."""
    return top / bottom if bottom else math.nan


class Firm(mesa.Agent):
    """A firm: its offer, its costs, and the books of the current period."""

    def __init__(self, model: MesaMarket, number: int, parameters: Any):
        super().__init__(model)
        self.number = number
        self.price = parameters.price
        self.quality = parameters.quality
        self.position = parameters.position or [0.0] * model.needs
        self.interaction = parameters.interaction
        self.customization = parameters.customization
        self.identification = parameters.identification
        self.segment_insight = parameters.segment_insight
        self.forgetting_rate = parameters.forgetting_rate
        self.cost_of_sale = (
            parameters.unit_cost
            + parameters.customization_cost * parameters.customization
            + parameters.interaction_cost * parameters.interaction
            + parameters.cost_to_serve
        )
        self.capability_cost = parameters.capability_cost * (
            parameters.interaction**2 + parameters.customization**2
        )
        self.open_books()

    def open_books(self) -> None:
        """Start a period."""
        self.sales = self.held = self.lost = self.customers = 0
        self.knowledge_total = self.procedural_total = self.relational_total = 0.0
        self.gone = self.won = self.contacts_recognized = 0
        self.effort_total = self.hassle_total = self.switching_squares = 0.0
        self.misfit_total = self.standard_total = 0.0
        self.held_by_knowledge, self.kept_by_knowledge = [0] * 5, [0] * 5
        self.held_by_tenure, self.kept_by_tenure = [0] * 6, [0] * 6

    # what is reported, under the names of the simulator's measures

    @property
    def market_share(self) -> float:
        """Share of the purchases from firms."""
        return ratio(self.sales, self.model.sales)

    @property
    def stayed(self) -> float:
        """Share of the customers before the choice who were not lost to a rival."""
        return ratio(self.held - self.lost, self.held)

    @property
    def customer_knowledge(self) -> float:
        """Mean knowledge of the firm's customers."""
        return ratio(self.knowledge_total, self.customers)

    @property
    def switching_procedural(self) -> float:
        """Mean procedural switching cost."""
        return ratio(self.procedural_total, self.customers)

    @property
    def switching_relational(self) -> float:
        """Mean relational switching cost."""
        return ratio(self.relational_total, self.customers)

    @property
    def revenue(self) -> float:
        """Revenue of the whole market's period."""
        return self.sales * self.price * self.model.scale

    @property
    def contribution(self) -> float:
        """Revenue less the costs that purchases cause."""
        return self.revenue - self.sales * self.cost_of_sale * self.model.scale

    @property
    def profit(self) -> float:
        """Revenue less all costs."""
        return self.contribution - self.capability_cost

    @property
    def customers_acquired(self) -> float:
        """Customers won, in the whole market."""
        return self.won * self.model.scale

    @property
    def customers_left_market(self) -> float:
        """Customers who left the market for good, in the whole market."""
        return self.gone * self.model.scale

    @property
    def recognition_rate(self) -> float:
        """Share of contacts in which the customer was recognized."""
        return ratio(self.contacts_recognized, self.sales)

    @property
    def onboarding_effort(self) -> float:
        """Mean onboarding effort, per purchase."""
        return ratio(self.effort_total, self.sales)

    @property
    def ordering_effort(self) -> float:
        """Mean effort of an order."""
        return ratio(self.hassle_total, self.sales)

    @property
    def fit_gap(self) -> float:
        """Mean expected fit gap of the firm's customers."""
        return ratio(self.misfit_total, self.customers)

    @property
    def fit_gap_closed(self) -> float:
        """Share of the standard offer's fit gap that customization removes."""
        return 1.0 - ratio(self.misfit_total, self.standard_total)

    @property
    def switching_cost_sd(self) -> float:
        """Standard deviation of switching costs over the firm's customers."""
        mean = self.switching_procedural + self.switching_relational
        return math.sqrt(max(0.0, ratio(self.switching_squares, self.customers) - mean**2))

    @property
    def customer_lifetime_value_present(self) -> float:
        """Projected lifetime value of a customer, by what the firm knows of it."""
        stayed = 1.0 - ratio(self.gone, self.gone + self.held)
        margin = ratio(self.contribution / self.model.scale, self.customers)
        total = 0.0
        for held, kept in zip(self.held_by_knowledge, self.kept_by_knowledge, strict=True):
            if held:
                r = kept / held * stayed
                total += held * margin * r / (1.0 + self.model.discount_rate - r)
        return ratio(total, self.held)


class Customer(mesa.Agent):
    """A customer with needs, tastes, a supplier, and firms that know it more or less."""

    def __init__(self, model: MesaMarket):
        super().__init__(model)
        self.segment = model.segments[model.rng.choice(len(model.segments), p=model.shares)]
        self.arrive()

    def arrive(self) -> None:
        """Become somebody new of the same segment, whom no firm knows."""
        model, rng, segment = self.model, self.model.rng, self.segment
        self.need_means = segment.need_mean or [0.0] * model.needs
        self.need = [rng.normal(mean, segment.need_sd) for mean in self.need_means]
        spread = math.sqrt(math.log(1.0 + segment.price_sensitivity_cv**2))
        self.price_sensitivity = segment.price_sensitivity * math.exp(
            rng.normal(-0.5 * spread**2, spread)
        )
        self.tastes = [rng.normal(0.0, segment.brand_taste_sd) for _ in model.firms]
        self.uncertainty = [1.0] * len(model.firms)
        self.supplier: Firm | None = None
        self.tenure = 0
        self.enjoyed = 0.0

    def misfit(self, firm: Firm, knowledge: float) -> float:
        """Return the squared distance of what a firm that recognizes the customer offers."""
        bend = firm.customization
        total = bend**2 * knowledge * (1.0 - knowledge) * len(self.need) * self.segment.need_sd**2
        for need, mean, position in zip(self.need, self.need_means, firm.position, strict=True):
            prior = position + firm.segment_insight * (mean - position)
            belief = (1.0 - knowledge) * prior + knowledge * need
            total += (need - position - bend * (belief - position)) ** 2
        return total

    def expected_misfit(self, firm: Firm, knowledge: float) -> float:
        """Return the mean fit gap over being recognized or not."""
        chance = firm.identification
        return chance * self.misfit(firm, knowledge) + (1.0 - chance) * self.misfit(firm, 0.0)

    def hassle(self, firm: Firm) -> float:
        """Return the effort of ordering, less what a firm that remembers takes away."""
        knowledge = 1.0 - self.uncertainty[firm.number]
        return self.segment.ordering_effort * (
            1.0 - firm.identification * firm.interaction * knowledge
        )

    def switching_cost(self, firm: Firm) -> float:
        """Return what stands between the customer and a rival of its supplier."""
        if self.supplier is None or firm is self.supplier:
            return 0.0
        known = self.uncertainty[firm.number] - self.uncertainty[self.supplier.number]
        teaching = self.segment.onboarding_effort * firm.customization * max(0.0, known)
        return self.segment.switching_cost + teaching

    def worth(self, firm: Firm) -> float:
        """Return what an offer is worth in money."""
        fit = self.expected_misfit(firm, 1.0 - self.uncertainty[firm.number])
        return (
            firm.quality
            - firm.price
            + self.tastes[firm.number]
            - self.segment.fit_weight * fit
            - self.hassle(firm)
            - self.switching_cost(firm)
        )

    def choose(self) -> Firm | None:
        """Return the firm of highest utility, None for the no-purchase option."""
        shocks = self.model.rng.gumbel(size=len(self.model.firms) + 1).tolist()
        best = self.price_sensitivity * self.segment.no_purchase_value + shocks.pop()
        choice = None
        for firm, shock in zip(self.model.firms, shocks, strict=True):
            utility = self.price_sensitivity * self.worth(firm) + shock
            if utility > best:
                best, choice = utility, firm
        self.enjoyed = best / self.price_sensitivity - self.segment.no_purchase_value
        return choice

    def teach(self, firm: Firm) -> float:
        """Tell the firm about the need; return the effort."""
        told = self.model.learning_rate * firm.interaction * self.segment.disclosure
        before = self.uncertainty[firm.number]
        after = before / (1.0 + told * before)
        self.uncertainty[firm.number] = after
        return self.segment.onboarding_effort * firm.customization * (before - after)

    def step(self) -> None:
        """Live through one period."""
        rng = self.model.rng
        if rng.random() < self.segment.exit_rate:
            if self.supplier is not None:
                self.supplier.gone += 1
            self.arrive()
        before = self.supplier
        shopping = rng.random() < self.segment.purchase_rate
        choice = self.choose() if shopping else None
        if before is not None:
            before.held += 1
            if choice is not None and choice is not before:
                before.lost += 1
        if self.model.thorough:
            self.count(shopping, choice)
        taught = None
        if choice is not None:
            choice.sales += 1
            if rng.random() < choice.identification:
                taught = choice
                effort = self.teach(choice)
                choice.contacts_recognized += 1
                choice.effort_total += effort
                self.enjoyed -= effort
        for firm in self.model.firms:
            if firm is not taught:
                unsure = self.uncertainty[firm.number]
                self.uncertainty[firm.number] = unsure + firm.forgetting_rate * (1.0 - unsure)
        if choice is not None:
            self.tenure = self.tenure + 1 if choice is before else 1
            self.supplier = choice
        if shopping:
            self.model.surplus += self.enjoyed * self.model.scale
        if self.supplier is not None:
            self.report(self.supplier)

    def count(self, shopping: bool, choice: Firm | None) -> None:
        """Count who came from where and took what, who stayed, and what ordering was like."""
        before = self.supplier
        if shopping:
            origin = 0 if before is None else before.number + 1
            taken = len(self.model.firms) if choice is None else choice.number
            self.model.flows[origin][taken] += 1
        if choice is not None:
            choice.hassle_total += self.hassle(choice)
            self.enjoyed += self.switching_cost(choice)  # what was anticipated gives way
            if choice is not before:
                choice.won += 1
                if before is not None:
                    self.enjoyed -= self.segment.switching_cost  # to what was borne
        if before is not None:
            band = min(4, int(5.0 * (1.0 - self.uncertainty[before.number])))
            age = tenure_band(self.tenure)
            before.held_by_knowledge[band] += 1
            before.held_by_tenure[age] += 1
            if choice is None or choice is before:
                before.kept_by_knowledge[band] += 1
                before.kept_by_tenure[age] += 1

    def report(self, firm: Firm) -> None:
        """Let the supplier take down what it knows and what leaving it would cost."""
        segment = self.segment
        knowledge = 1.0 - self.uncertainty[firm.number]
        procedural = (
            segment.switching_cost + segment.onboarding_effort * firm.customization * knowledge
        )
        misfit = self.expected_misfit(firm, knowledge)
        fit_lost = segment.fit_weight * (self.misfit(firm, 0.0) - misfit)
        relational = fit_lost + segment.ordering_effort - self.hassle(firm)
        firm.customers += 1
        firm.knowledge_total += knowledge
        firm.procedural_total += procedural
        firm.relational_total += relational
        if self.model.thorough:
            firm.switching_squares += (procedural + relational) ** 2
            firm.misfit_total += misfit
            for need, position in zip(self.need, firm.position, strict=True):
                firm.standard_total += (need - position) ** 2


class MesaMarket(mesa.Model):
    """The market.

    Parameters
    ----------
    scenario : Scenario
        Where the parameters come from.
    measures : {"few", "all"}
    rng : int, optional
        Seed.
    """

    def __init__(self, scenario: Any, *, measures: str = "all", rng: int | None = None):
        super().__init__(rng=rng)
        plain(scenario)
        self.thorough = measures == "all"
        self.needs = scenario.needs
        self.learning_rate = scenario.learning_rate
        self.discount_rate = scenario.discount_rate
        self.scale = scenario.market_size / scenario.customers
        self.segments = list(scenario.segments.values())
        self.shares = [segment.share for segment in self.segments]
        self.firms = [Firm(self, k, p) for k, p in enumerate(scenario.firms.values())]
        Customer.create_agents(self, scenario.customers)
        self.measured = (*FEW, *MORE) if self.thorough else FEW
        self.datacollector = mesa.DataCollector(
            model_reporters={"consumer_surplus": "surplus", "flows": "flows"},
            agenttype_reporters={Firm: {name: name for name in self.measured}},
        )

    @property
    def sales(self) -> int:
        """Purchases from all firms."""
        return sum(firm.sales for firm in self.firms)

    def step(self) -> None:
        """Move the market by one period."""
        self.surplus = 0.0
        self.flows = [[0] * (len(self.firms) + 1) for _ in range(len(self.firms) + 1)]
        self.agents_by_type[Firm].do("open_books")
        self.agents_by_type[Customer].do("step")
        self.datacollector.collect(self)

    def history(self) -> dict[str, np.ndarray]:
        """Return each measure by period and firm, in the scenario's order of firms."""
        frame = self.datacollector.get_agenttype_vars_dataframe(Firm)
        return {name: frame[name].unstack().to_numpy(float) for name in self.measured}

    def surpluses(self) -> np.ndarray:
        """Return consumer surplus by period."""
        return np.array(self.datacollector.model_vars["consumer_surplus"])
