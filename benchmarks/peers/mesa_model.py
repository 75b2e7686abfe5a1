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

from benchmarks.peers import MEASURES, plain

__all__ = ["MesaMarket"]


class Firm(mesa.Agent):
    """A firm: its offer, its costs, and the books of the current period."""

    def __init__(self, model: MesaMarket, number: int, name: str, parameters: Any):
        super().__init__(model)
        self.number = number
        self.name = name
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

    def sell(self) -> None:
        """Serve one purchase."""
        self.sales += 1

    def record(self, knowledge: float, procedural: float, relational: float) -> None:
        """Take down what one customer means to the firm at the end of the period."""
        self.customers += 1
        self.knowledge_total += knowledge
        self.procedural_total += procedural
        self.relational_total += relational

    def per_customer(self, total: float) -> float:
        """Return a total per customer."""
        return total / self.customers if self.customers else math.nan

    @property
    def share(self) -> float:
        """Share of the purchases from firms."""
        return self.sales / self.model.sales if self.model.sales else math.nan

    @property
    def retention(self) -> float:
        """Share of the customers before the choice who were not lost to a rival."""
        return 1.0 - self.lost / self.held if self.held else math.nan

    @property
    def knowledge(self) -> float:
        """Mean knowledge of the firm's customers."""
        return self.per_customer(self.knowledge_total)

    @property
    def switching_procedural(self) -> float:
        """Mean procedural switching cost."""
        return self.per_customer(self.procedural_total)

    @property
    def switching_relational(self) -> float:
        """Mean relational switching cost."""
        return self.per_customer(self.relational_total)

    @property
    def revenue(self) -> float:
        """Revenue of the whole market's period."""
        return self.sales * self.price * self.model.scale

    @property
    def profit(self) -> float:
        """Revenue less all costs."""
        return self.revenue - self.sales * self.cost_of_sale * self.model.scale - (
            self.capability_cost
        )


class Customer(mesa.Agent):
    """A customer with needs, tastes, a supplier, and firms that know it more or less."""

    def __init__(self, model: MesaMarket):
        super().__init__(model)
        self.arrive()

    def arrive(self) -> None:
        """Become somebody new, whom no firm knows."""
        model, rng = self.model, self.model.rng
        self.segment = segment = model.segments[rng.choice(len(model.segments), p=model.shares)]
        means = segment.need_mean or [0.0] * model.needs
        self.need_means = means
        self.need = [rng.normal(mean, segment.need_sd) for mean in means]
        spread = math.sqrt(math.log(1.0 + segment.price_sensitivity_cv**2))
        self.price_sensitivity = segment.price_sensitivity * math.exp(
            rng.normal(-0.5 * spread**2, spread)
        )
        self.tastes = [rng.normal(0.0, segment.brand_taste_sd) for _ in model.firms]
        self.uncertainty = [1.0] * len(model.firms)
        self.supplier: Firm | None = None

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
        """Return the mean misfit over being recognized or not."""
        recognized = firm.identification
        return recognized * self.misfit(firm, knowledge) + (1.0 - recognized) * self.misfit(
            firm, 0.0
        )

    def effort_saved(self, firm: Firm, knowledge: float) -> float:
        """Return the effort of ordering that a firm which remembers takes away."""
        return self.segment.hassle * firm.identification * firm.interaction * knowledge

    def switching_cost(self, firm: Firm) -> float:
        """Return what stands between the customer and a rival of its supplier."""
        if self.supplier is None or firm is self.supplier:
            return 0.0
        known = self.uncertainty[firm.number] - self.uncertainty[self.supplier.number]
        teaching = self.segment.teaching_effort * firm.customization * max(0.0, known)
        return self.segment.switching_cost + teaching

    def worth(self, firm: Firm) -> float:
        """Return what an offer is worth in money."""
        knowledge = 1.0 - self.uncertainty[firm.number]
        return (
            firm.quality
            - firm.price
            + self.tastes[firm.number]
            - self.segment.fit_weight * self.expected_misfit(firm, knowledge)
            - self.segment.hassle
            + self.effort_saved(firm, knowledge)
            - self.switching_cost(firm)
        )

    def choose(self) -> Firm | None:
        """Return the firm of highest utility, None for the outside option."""
        shocks = self.model.rng.gumbel(size=len(self.model.firms) + 1).tolist()
        best = self.price_sensitivity * self.segment.outside_value + shocks.pop()
        choice = None
        for firm, shock in zip(self.model.firms, shocks, strict=True):
            utility = self.price_sensitivity * self.worth(firm) + shock
            if utility > best:
                best, choice = utility, firm
        return choice

    def teach(self, firm: Firm) -> None:
        """Tell the firm about the need."""
        told = self.model.learning_rate * firm.interaction * self.segment.disclosure
        before = self.uncertainty[firm.number]
        self.uncertainty[firm.number] = before / (1.0 + told * before)

    def step(self) -> None:
        """Live through one period."""
        rng, segment = self.model.rng, self.segment
        if rng.random() < segment.turnover:
            self.arrive()
            segment = self.segment
        if self.supplier is not None:
            self.supplier.held += 1
        choice = self.choose() if rng.random() < segment.purchase_rate else None
        taught = None
        if choice is not None:
            choice.sell()
            if rng.random() < choice.identification:
                self.teach(choice)
                taught = choice
        for firm in self.model.firms:
            if firm is not taught:
                unsure = self.uncertainty[firm.number]
                self.uncertainty[firm.number] = unsure + firm.forgetting_rate * (1.0 - unsure)
        if choice is not None and choice is not self.supplier:
            if self.supplier is not None:
                self.supplier.lost += 1
            self.supplier = choice
        if self.supplier is not None:
            self.report(self.supplier)

    def report(self, firm: Firm) -> None:
        """Let the supplier take down what leaving it would cost."""
        knowledge = 1.0 - self.uncertainty[firm.number]
        segment = self.segment
        procedural = (
            segment.switching_cost + segment.teaching_effort * firm.customization * knowledge
        )
        fit = self.expected_misfit(firm, 0.0) - self.expected_misfit(firm, knowledge)
        relational = segment.fit_weight * fit + self.effort_saved(firm, knowledge)
        firm.record(knowledge, procedural, relational)


class MesaMarket(mesa.Model):
    """The market.

    Parameters
    ----------
    scenario : Scenario
        Where the parameters come from.
    rng : int, optional
        Seed.
    """

    def __init__(self, scenario: Any, *, rng: int | None = None):
        super().__init__(rng=rng)
        plain(scenario)
        self.needs = scenario.needs
        self.learning_rate = scenario.learning_rate
        self.scale = scenario.market_size / scenario.customers
        self.segments = list(scenario.segments.values())
        self.shares = [segment.share for segment in self.segments]
        self.firms = [
            Firm(self, number, name, parameters)
            for number, (name, parameters) in enumerate(scenario.firms.items())
        ]
        Customer.create_agents(self, scenario.customers)
        self.datacollector = mesa.DataCollector(
            model_reporters={"sales": "sales"},
            agenttype_reporters={Firm: {name: name for name in MEASURES}},
        )

    @property
    def sales(self) -> int:
        """Purchases from all firms."""
        return sum(firm.sales for firm in self.firms)

    def step(self) -> None:
        """Move the market by one period."""
        self.agents_by_type[Firm].do("open_books")
        self.agents_by_type[Customer].do("step")
        self.datacollector.collect(self)

    def history(self) -> dict[str, np.ndarray]:
        """Return each measure by period and firm, in the scenario's order of firms."""
        frame = self.datacollector.get_agenttype_vars_dataframe(Firm)
        return {name: frame[name].unstack().to_numpy(float) for name in MEASURES}
