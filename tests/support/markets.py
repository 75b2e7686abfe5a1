"""Small markets for tests, as mappings of a scenario file."""

from __future__ import annotations

from typing import Any

from cxsim.scenario import Scenario
from lab.validation.markets import firm, market

__all__ = ["ADD_ON", "bought_units", "firm", "lively", "market", "valued"]


def lively(**world: Any) -> Scenario:
    """Return a market in which every core mechanism does something."""
    capabilities = {"Mass": (0.1, 0.1), "Niche": (0.2, 0.9), "Tailor": (0.9, 0.8)}
    return market(
        firms={
            name: firm(
                interaction=interaction,
                customization=customization,
                identification=0.8,
                segment_insight=0.5,
                forgetting_rate=0.02,
                personal_premium=0.05,
                unit_cost=4.0,
                customization_cost=1.0,
                interaction_cost=0.5,
                cost_to_serve=0.4,
                service_saving=0.1,
                promotions={"chance": 0.3, "depth": 0.2, "display_value": 0.5},
            )
            for name, (interaction, customization) in capabilities.items()
        },
        segments={
            "Near": {
                "share": 0.6,
                "need_mean": [-0.5, 0.0],
                "need_sd": 0.8,
                "price_sensitivity": 0.4,
                "price_sensitivity_cv": 0.3,
                "brand_taste_sd": 1.0,
                "fit_weight": 1.0,
                "ordering_effort": 1.0,
                "onboarding_effort": 2.0,
                "switching_cost": 1.0,
                "disclosure": 0.8,
                "purchase_rate": 0.7,
                "exit_rate": 0.05,
                "no_purchase_value": -1.0,
            },
            "Far": {
                "share": 0.4,
                "need_mean": [1.5, 0.5],
                "need_sd": 0.5,
                "price_sensitivity": 0.3,
                "brand_taste": "log_gamma",
                "brand_taste_shape": 0.7,
                "fit_weight": 0.5,
                "ordering_effort": 0.5,
                "onboarding_effort": 1.0,
                "switching_cost": 0.5,
                "purchase_rate": 0.9,
                "purchase_rate_shape": 1.5,
                "exit_rate_beta": [0.7, 4.0],
                "volume": 2.0,
            },
        },
        no_purchase_option=True,
        **world,
    )


ADD_ON = {"price": 3.0, "margin": 1.0, "base_chance": 0.1, "known_chance": 0.6}


def valued(**changes: Any) -> Scenario:
    """Return a lively market in which firms rank, contact and offer in every way."""
    return lively(periods=8).override(
        {
            "attributes": {"firmographic": 0.6, "behavioural": 0.3},
            "firms.Mass.value_tiers": {"contact_capacity": 0.5},
            "firms.Niche.value_tiers": {"contact_capacity": 0.5, "goes_to": "analytics"},
            "firms.Tailor.value_tiers": {
                "contact_capacity": 0.4,
                "goes_to": "predictive",
                "refit_every": 3,
                "individual_cost": 0.3,
            },
            "firms.Mass.acquisition": {"contacts": 0.05, "rest": 0},
            "firms.Niche.acquisition": {"contacts": 0.1, "targeting": "analytics", "rest": 1},
            "firms.Tailor.acquisition": {
                "contacts": 0.1,
                "targeting": "predictive",
                "refit_every": 2,
                "trial_discount": 0.3,
                "cost_per_contact": 0.2,
            },
            "firms.Tailor.next_best_offer": ADD_ON,
            "segments.*.contact_tolerance": 0.1,
            **changes,
        }
    )


def bought_units(simulation: Any) -> Any:
    """Return the units of each customer's purchase in the last period (needs probe "panel")."""
    if any(mechanism.name == "volume_response" for mechanism in simulation.mechanisms):
        return simulation.customers("panel_units").astype(float)
    tables = simulation.workspace.tables
    return tables.arrays["segment_volume"][simulation.customers("segment")]
