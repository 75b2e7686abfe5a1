"""A market in which every mechanism takes part."""

from __future__ import annotations

from typing import Any

from journeys import heard

POINTS = {"points_per_currency": 1.0, "point_value": 0.05, "redemption_threshold": 15}
ROADMAP = {"name": "roadmap", "targets": [{"at": 1, "over": 2, "interaction": 0.9}]}

#: A segment whose accounts decide together cannot lack what the others have.
TOGETHER = {"members": 3, "member_need_sd": 0.5, "quorum": 0.5, "tailoring": "member"}


def everything(**changes: Any) -> Any:
    """A market in which every mechanism takes part."""
    talk = {
        "network": "small_world",
        "message_rate": {"destroying": 0.6, "attention": 0.2, "advocacy": 0.4},
        "awareness": True,
    }
    return heard(
        **{
            "customers": 160,
            "periods": 8,
            "word_of_mouth": talk,
            "initial": {"Mass": {"share": 0.4, "tenure": 3, "knowledge": 0.2}},
            "segments.*.reputation_value": 2.0,
            "firms.*.advertising_reach": 0.6,
            "firms.*.advertising_cost": 5000.0,
            "profile_portability": 0.3,
            "segments.*.need_drift": 0.05,
            "self_discovery": {"initial_error_sd": 0.45, "discovery_rate": 0.3},
            "segments.Far.buying_center": TOGETHER,
            "firms.Tailor.organization": {"processes": 0.8},
            "attributes": {"firmographic": 0.4, "behavioural": 0.6},
            "segments.*.contact_tolerance": 0.5,
            "segments.*.contact_reserve": 1.0,
            "segments.Near.trust_weight": 0.7,
            "trust_tolerance": 1.0,
            "segments.*.volume_response_experience": 0.5,
            "segments.*.volume_response_knowledge": 0.4,
            "segments.Far.wallet": 2.5,
            "firms.Tailor.value_tiers": {
                "contact_capacity": 0.5,
                "goes_to": "predictive",
                "refit_every": 2,
                "individual_cost": 0.4,
            },
            "firms.Niche.value_tiers": {"contact_capacity": 0.8, "focus": ["Near"]},
            "firms.Tailor.service_levels": {"key": {"share": 0.2, "interaction": 1.3}},
            "firms.Tailor.account_managers": {"managers": 20.0, "cost": 4.0},
            "firms.Mass.acquisition": {
                "contacts": 0.3,
                "trial_discount": 0.3,
                "cost_per_contact": 0.5,
            },
            "firms.Tailor.acquisition": {
                "contacts": 0.2,
                "targeting": "predictive",
                "refit_every": 2,
                "cost_per_contact": 0.5,
            },
            "firms.Tailor.next_best_offer": {
                "price": 3.0,
                "margin": 1.0,
                "base_chance": 0.1,
                "known_chance": 0.6,
                "experience_response": 0.3,
            },
            "firms.Mass.loyalty_programme": POINTS,
            "firms.Tailor.loyalty_programme": POINTS,
            "firms.Niche.contracts": {"length": 3, "exit_fee": 4.0},
            "firms.Niche.billing": "subscription",
            "firms.Tailor.leaving_cost": 1.5,
            "segments.Near.entry_rate": 0.6,
            "firms.*.capability_cost": 2000.0,
            "firms.*.capability_investment": 50000.0,
            "firms.Mass.policy": {"capability": ROADMAP, "pricing": "adaptive"},
            "firms.Niche.policy": {"capability": "imitate"},
            "firms.*.insolvency_periods": 2,
            "journey.site.informs": 0.3,
            "journey.hotline.informs": 1.0,
            "firms.Tailor.touchpoints.hotline.interaction_weight": 2.0,
            "journey.store.required": True,
            "journey.store.abandonment": 0.8,
            "journey.product.triggers": "hotline",
            "journey.product.trigger_chance": 0.7,
            "segments.Near.retry": 0.6,
            "emotion_effects": {
                "destroying": {"worth": -1.0, "lapse": 0.1, "service_cost": 0.5},
                "advocacy": {"worth": 0.5},
            },
            "firms.*.capability_costs.identification": {"fixed": 500.0, "per_customer": 0.1},
            "firms.Tailor.surveys.needs": {"every": 2, "sample": 0.6, "cost": 5.0, "informs": 0.4},
            "firms.Tailor.segment_needs": "estimated",
            "firms.Tailor.improvement.rule": "contacts",
            "firms.Niche.surveys.needs": {"every": 1, "sample": 0.4, "among": "market"},
            "firms.Niche.reposition": {"start": 2, "every": 3, "step": 0.5, "cost": 3000.0},
            "firms.Tailor.programmes.training": {
                "changes": {"organization.processes": 0.9, "identification": 0.95},
                "start": 2,
                "build": 3,
                "one_off": 9000.0,
                "running": 300.0,
                "retire": 7,
            },
            **changes,
        }
    )
