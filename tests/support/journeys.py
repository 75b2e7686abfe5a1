"""Markets with a journey, for tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from markets import firm, lively, market

from cxsim.model.experience.perception import CLUSTERS
from cxsim.model.experience.touchpoints import JOURNEY_STAGES

JOURNEY = {
    "site": {"stage": "discover", "channel": "web", "visit_rate": 0.4},
    "store": {"stage": "buy", "channel": "shop", "visit_rate": 0.8, "importance": 2.0},
    "product": {"stage": "use", "channel": "home", "visit_rate": 0.5},
    "hotline": {"stage": "support", "channel": "phone", "visit_rate": 0.2},
    "renewal": {"stage": "renew", "channel": "web", "visit_rate": 0.3},
}


def services(mean: float = 6.0, sd: float = 1.5, **others: Any) -> dict[str, dict[str, Any]]:
    """Return what a firm is like at every touchpoint of the journey."""
    return {name: {"mean": mean, "sd": sd, **others} for name in JOURNEY}


def lived(**changes: Any) -> Any:
    """Return a market in which every part of the journey does something."""
    return lively(journey=JOURNEY, expectation_spillover=0.1).override(
        {
            "firms.*.touchpoints": services(cost=0.2),
            "firms.Tailor.touchpoints": services(7.0, run_by="partner"),
            "firms.*.channel_integration": 0.6,
            "firms.Mass.brand_promise": 8.0,
            "segments.*.experience_value": 4.0,
            "segments.*.spend_response": 0.3,
            "segments.Far.journey": {"hotline": {"visit_rate": 0.9, "importance": 3.0}},
            **changes,
        }
    )


def heard(**changes: Any) -> Any:
    """Return the market lived in, with firms that listen, improve and make up."""
    programmes = {
        "deep_dive": {"every": 2, "sample": 0.3, "cost": 5.0},
        "event_based": {"sample": 0.5, "response_rate": 0.6, "cost": 0.5},
        "tracking": {"sample": 0.4, "response_rate": 0.8, "cost": 1.0},
    }
    return lived().override(
        {
            "firms.*.improvement": {"budget": 2000.0},
            "firms.*.touchpoints.site.blind_spot": 2.0,
            "firms.Tailor.surveys": {**programmes, "response_bias": -0.5},
            "firms.Tailor.recovery": {"threshold": 5.0, "cost": 3.0},
            "firms.Niche.surveys": {"deep_dive": {"every": 3}},
            **changes,
        }
    )


def duel(stage: str = "use", periods: int = 8, **changes: Any) -> Any:
    """Return a market of two like firms, one touchpoint, and no chance in how it performs."""
    point = {"place": {"stage": stage, "visit_rate": 1.0}}
    return market(
        firms={name: firm(touchpoints={"place": {"mean": 6.0, "sd": 0.0}}) for name in "AB"},
        journey=point,
        periods=periods,
        customers=500,
    ).override(changes)


numbers = st.floats(0, 1)
scores = st.floats(0, 10)


def touchpoints():
    return st.fixed_dictionaries(
        {
            "stage": st.sampled_from(JOURNEY_STAGES),
            "channel": st.sampled_from(["web", "shop"]),
            "visit_rate": numbers,
            "importance": st.floats(0, 3),
            "informs": st.just(0.0) | st.floats(0, 2),
            "staffed": st.booleans(),
        }
    )


def lead_on(draw: Any, place: dict[str, Any], later: dict[str, dict[str, Any]]) -> None:
    """Let purchases be given up at a touchpoint, or bad contacts lead to a later one."""
    if place["stage"] == "buy":
        place |= {"required": True, "abandonment": draw(numbers)}
    after = [name for name, each in later.items() if each["stage"] in ("use", "support")]
    if after:
        place |= {"triggers": draw(st.sampled_from(after)), "trigger_chance": draw(numbers)}


def emotion_effects():
    effect = st.fixed_dictionaries(
        {"worth": st.floats(-5, 5), "lapse": numbers, "service_cost": st.floats(0, 5)}
    )
    return st.dictionaries(st.sampled_from(CLUSTERS), effect)


@st.composite
def journeys(draw: Any, firms: list[str], segments: list[str]) -> dict[str, Any]:
    """Draw changes that give a scenario a journey."""
    names = draw(st.lists(st.sampled_from("pqrst"), min_size=1, unique=True))
    places = {name: draw(touchpoints()) for name in names}
    if draw(st.booleans()):
        for k, place in enumerate(places.values()):
            lead_on(draw, place, {name: places[name] for name in names[k + 1 :]})
    changes: dict[str, Any] = {
        "journey": places,
        "neutral": draw(scores.filter(lambda score: score > 0.0)),
        "performance_weight": draw(st.floats(0, 2)),
        "loss_aversion": draw(st.floats(0, 3)),
        "experience_memory": draw(numbers),
        "expectation_adaptation": draw(numbers),
        "expectation_spillover": draw(numbers),
        "repeat_penalty": draw(st.floats(0, 5)),
        "emotion_effects": draw(emotion_effects()),
        "initial_trust": draw(numbers),
        "trust_adaptation": draw(numbers),
        "trust_scale": draw(st.floats(0.01, 1)),
        "trust_loss": draw(numbers),
        "trust_tolerance": draw(st.floats(0, 5)),
    }
    for name in firms:
        met = draw(st.lists(st.sampled_from(names), unique=True))
        changes[f"firms.{name}.touchpoints"] = {
            place: {
                "mean": draw(st.none() | scores),
                "sd": draw(st.none() | st.floats(0, 3)),
                "interaction_weight": draw(st.just(1.0) | st.floats(0, 3)),
                "cost": draw(numbers),
            }
            for place in met
        }
        changes[f"firms.{name}.brand_promise"] = draw(st.none() | scores)
        changes[f"firms.{name}.channel_integration"] = draw(numbers)
        if draw(st.booleans()):
            changes[f"firms.{name}.surveys"] = {
                "deep_dive": draw(
                    st.none()
                    | st.fixed_dictionaries(
                        {"every": st.integers(1, 3), "sample": st.none() | numbers}
                    )
                ),
                "event_based": {
                    "sample": draw(numbers),
                    "response_rate": draw(numbers),
                    "cost": draw(numbers),
                },
                "tracking": draw(st.none() | st.fixed_dictionaries({"sample": numbers})),
                "response_bias": draw(st.floats(-2, 2)),
                "prior_answers": draw(st.floats(0, 30)),
            }
            changes[f"firms.{name}.recovery"] = draw(
                st.none() | st.fixed_dictionaries({"threshold": scores, "effect": numbers})
            )
        if draw(st.booleans()):
            changes[f"firms.{name}.improvement"] = {
                "budget": draw(st.floats(0, 1e5)),
                "rule": draw(st.sampled_from(["importance", "contacts"])),
                "segment": draw(st.none() | st.sampled_from(segments)),
            }
        if draw(st.booleans()):
            parts = ("processes", "attitudes", "communication", "evaluation")
            changes[f"firms.{name}.organization"] = {part: draw(numbers) for part in parts}
    for name in segments:
        changes[f"segments.{name}.experience_value"] = draw(st.floats(-2, 9))
        changes[f"segments.{name}.spend_response"] = draw(st.floats(-3, 3))
        changes[f"segments.{name}.trust_weight"] = draw(st.just(0.0) | numbers)
        changes[f"segments.{name}.volume_response_experience"] = draw(
            st.just(0.0) | st.floats(-3, 3)
        )
        if draw(st.booleans()):
            changes[f"segments.{name}.journey"] = {names[0]: {"visit_rate": draw(numbers)}}
    return changes
