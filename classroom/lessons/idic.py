"""Lesson 3: identify, differentiate, interact, customize; one step missing at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classroom import widgets
from classroom.case import Case, Estimate, once, with_unit
from classroom.plan import Exercise, Plan, Question, firm_table, frame_of, sweep
from cxsim.charts import number
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

BROKEN = {
    "NoIdentify": "Identify",
    "NoDifferentiate": "Differentiate",
    "NoInteract": "Interact",
    "NoCustomize": "Customize",
}
DISTANCES = (0.0, 0.5, 1.0, 1.5, 2.0)


def market(case: Case) -> Scenario:
    """Return the market of broken loops with the student's cost of customizing."""
    return _market(case)


def _market(case: Case, **more: Any) -> Scenario:
    cost = case.variant.pick("customization cost", 1.5, [1.0, 2.0, 2.5])
    return case.market("broken_loop", {"firms.*.customization_cost": cost, **more})


def varied(case: Case) -> dict[str, str]:
    """Return what is the student's own."""
    firm: Any = market(case).firms["Whole"]
    return {"Customizing a unit completely costs": with_unit(firm.customization_cost, "EUR")}


def _mean(case: Case, measure: str, firm: str) -> float:
    return float(case.values(market(case), measure, firm).mean())


# -- results ---------------------------------------------------------------------------


def without_identify(case: Case) -> Estimate:
    """Return the share of the firm that recognizes nobody, against the whole firm's, in percent."""
    return case.percent(market(case), "share", "NoIdentify", "Whole")


def without_customize(case: Case) -> Estimate:
    """Return what the firm that does not customize earns, against the whole firm, in percent."""
    return case.percent(market(case), "net_present_value", "NoCustomize", "Whole")


def worth_lost(case: Case) -> Estimate:
    """Return what NoIdentify's customers are worse off than Whole's, EUR per purchase."""
    here = market(case)
    weight = float(next(iter(here.segments.values())).fit_weight)
    fit = case.values(here, "misfit", "NoIdentify") - case.values(here, "misfit", "Whole")
    ease = case.values(here, "hassle", "NoIdentify") - case.values(here, "hassle", "Whole")
    return Estimate.over(weight * fit + ease)


def cheapest(case: Case) -> tuple[str, ...]:
    """Return the step whose lack costs the smallest share, and any that may be level with it."""
    here = market(case)
    best = max(BROKEN, key=lambda firm: _mean(case, "share", firm))
    level = [f for f in BROKEN if f != best and not case.between(here, "share", best, f).sure]
    return tuple(BROKEN[firm] for firm in (best, *level))


def know_nothing(case: Case) -> str:
    """Return the two steps without which a firm knows nothing of its customers."""
    return " and ".join(s for f, s in BROKEN.items() if not _mean(case, "knowledge", f) > 0)


def _why_identify(case: Case) -> str:
    kept = [_mean(case, "knowledge", firm) for firm in ("NoIdentify", "NoInteract", "Whole")]
    lost = worth_lost(case)
    return (
        f"a firm that recognizes nobody learns nothing: knowledge {number(100 * kept[0])} % "
        f"(Whole {number(100 * kept[2])} %), however well it interacts. To its customers that is "
        f"{number(lost.value)} EUR a purchase in fit and effort. The firm that does not interact "
        f"knows as little ({number(100 * kept[1])} %)."
    )


def _why_customize(case: Case) -> str:
    here: Any = market(case).firms["Whole"]
    saved = here.customization_cost * here.customization
    share = case.percent(market(case), "share", "NoCustomize", "Whole")
    fixed = here.capability_cost * here.customization**2
    return (
        f"NoCustomize sells {number(-share.value)} % less, but saves {number(saved)} EUR on every "
        f"unit and {number(fixed)} EUR a month for the capability. Its customers are worse served; "
        "its books need not show it."
    )


# -- exhibits --------------------------------------------------------------------------


def scorecard(case: Case) -> str:
    """Show how far each firm gets in each step."""
    names = ("recognized", "differentiated", "learned", "misfit_removed")
    return firm_table(case, market(case), names, "The four steps, one measure each")


def table(case: Case) -> str:
    """Show what customers get, and whom they buy from."""
    names = ("knowledge", "misfit", "hassle", "share")
    return firm_table(case, market(case), names, "What follows from it")


def losses(case: Case) -> Any:
    """Draw what each missing step costs, in share and in money."""
    from cxsim.charts import estimates

    here = market(case)
    made = []
    for measure, label in (
        ("share", "Share of purchases against the whole firm (%)"),
        ("net_present_value", "Net present value against the whole firm (%)"),
    ):
        rows = {
            f"without {step.lower()}": case.percent(here, measure, firm, "Whole")
            for firm, step in BROKEN.items()
        }
        sure = [name for name, each in rows.items() if each.upper < 0]
        what = "customers" if measure == "share" else "money"
        title = f"A missing step surely costs {what} in {len(sure)} of {len(rows)} cases"
        made.append(estimates(frame_of(rows), label=label, title=title))
    gap = case.between(here, "share", "NoIdentify", "NoInteract", times=100)
    told = widgets.surprise(
        "To customers, a firm that listens to everybody and recognizes nobody is all but the same "
        "as a firm that does not listen: their shares differ by "
        f"{gap.text('points', signed=True)}. It only pays more for it. "
        "The four steps are no list but a loop."
    )
    return [told, *made]


@once
def by_distance(case: Case) -> dict[str, list[tuple[float, Estimate]]]:
    """Return shares kept of the whole firm's, by how far apart the two segments' needs are."""
    found: dict[str, list[tuple[float, Estimate]]] = {
        f"No {s.lower()}": [] for s in BROKEN.values()
    }
    for distance in DISTANCES:
        here = _market(
            case,
            **{
                "segments.Comfort.need_mean": [-distance, 0.0],
                "segments.Performance.need_mean": [distance, 0.0],
            },
        )
        for firm, step in BROKEN.items():
            each = case.percent(here, "share", firm, "Whole")
            kept = Estimate(100 + each.value, 100 + each.lower, 100 + each.upper)
            found[f"No {step.lower()}"].append((2 * distance, kept))
    return found


def counter(case: Case) -> Any:
    """Draw when a step can be done without."""
    from cxsim.charts import response

    found = by_distance(case)
    free = [name.removeprefix("No ") for name, each in found.items() if each[0][1].lower > 90]
    said = " or ".join(free)
    title = (
        f"Where segments need the same, a firm that does not {said} surely keeps more than 90 %"
        if free else "No step can be left out, even where segments need the same"
    )  # fmt: skip
    figure = response(
        sweep(found), by="Distance between what the two segments need",
        label="Share kept of the whole firm's (%)", title=title, mark=(2.0, "this market"),
        note="Means over paired seeds with 95 % intervals. The claim is refuted above 90 %.",
        size=(8.6, 5.0),
    )  # fmt: skip
    said = widgets.note(
        "To differentiate is a shortcut: a firm that can tell segments apart serves a new customer "
        "well before it knows anything else. Where segments do not differ there is nothing to tell "
        "apart, and a firm that interacts and customizes learns from each customer what it needs."
    )
    return [figure, said]


# -- exercises -------------------------------------------------------------------------


def _worth_solution(case: Case) -> str:
    weight = float(next(iter(market(case).segments.values())).fit_weight)
    both = ("NoIdentify", "Whole")
    m, h = ([_mean(case, what, firm) for firm in both] for what in ("misfit", "hassle"))
    return (
        f"{number(weight)} × ({number(m[0])} − {number(m[1])}) + ({number(h[0])} − {number(h[1])})"
        f" = {number(worth_lost(case).value)} EUR. The first part is fit, the second the effort "
        "of an order from a firm that does not remember."
    )


def _worth_mistakes(case: Case) -> Mapping[Any, str]:
    weight = float(next(iter(market(case).segments.values())).fit_weight)
    fit = _mean(case, "misfit", "NoIdentify") - _mean(case, "misfit", "Whole")
    ease = _mean(case, "hassle", "NoIdentify") - _mean(case, "hassle", "Whole")
    return {
        weight * fit: "You left out the effort of an order.",
        ease: "You left out the fit.",
        fit + ease: "Misfit is in squared units of distance: what is one unit worth in EUR?",
        weight * (fit + ease): "The effort of an order is in EUR already.",
    }


def _cheapest_solution(case: Case) -> str:
    rows = {s: case.percent(market(case), "share", f, "Whole") for f, s in BROKEN.items()}
    said = ", ".join(f"{step.lower()} {number(each.value)} %" for step, each in rows.items())
    return f"{' or '.join(cheapest(case))}. Share against the whole firm without each step: {said}."


def _cheapest_mistakes(case: Case) -> Mapping[Any, str]:
    return {
        step: f"Without it a firm sells {number(-rows.value)} % less than the whole firm. One of "
        "the others costs less."
        for firm, step in BROKEN.items()
        for rows in [case.percent(market(case), "share", firm, "Whole")]
    }


def _nothing_solution(case: Case) -> str:
    spent = {f: _mean(case, "contact_cost", f) / 1e3 for f in ("NoIdentify", "NoInteract")}
    return (
        f"{know_nothing(case)}. Without either the other is worth nothing: what is said in a "
        "contact is of use only to a firm that knows who said it. To customers the two firms are "
        "the same; NoIdentify earns less, because it pays for contacts "
        f"({number(spent['NoIdentify'])} thousand EUR over the five years, NoInteract "
        f"{number(spent['NoInteract'])}) that leave nothing behind."
    )


PAIRS = (
    "Identify and Interact",
    "Identify and Customize",
    "Differentiate and Interact",
    "Interact and Customize",
)


PLAN = Plan(
    name="03_idic",
    title="Identify, differentiate, interact, customize: break the loop",
    minutes=60,
    market=market,
    varied=varied,
    questions=(
        Question(
            "identify",
            "share without identify, against the whole firm",
            "Whole does all four steps. NoIdentify interacts and customizes as well as Whole but "
            "cannot recognize a customer who comes back. Compared with Whole's, its share of "
            "purchases …",
            unit="%",
            largest=100,
            step=1,
            result=without_identify,
            why=_why_identify,
            signs=("is lower", "is about the same", "is higher"),
        ),
        Question(
            "customize",
            "earnings without customize, against the whole firm",
            "NoCustomize recognizes customers and listens, but sells everybody the same product. "
            "Compared with Whole, what it <i>earns</i> over five years (net present value) …",
            unit="%",
            largest=100,
            step=1,
            result=without_customize,
            why=_why_customize,
            signs=("is lower", "is about the same", "is higher"),
            valued=lambda case: ((market(case), "NoCustomize"), (market(case), "Whole")),
        ),
    ),
    exhibits={"scorecard": scorecard, "table": table, "losses": losses, "counter": counter},
    exercises=(
        Exercise(
            "A",
            "What are NoIdentify's customers worse off than Whole's, in EUR per purchase? A "
            "squared unit of misfit costs a customer 1.5 EUR; the effort of an order is in EUR. "
            "To two places.",
            answer=worth_lost,
            solution=_worth_solution,
            unit="EUR",
            tolerance=0.03,
            mistakes=_worth_mistakes,
            hint="Difference of misfits times 1.5 EUR, plus difference of efforts.",
        ),
        Exercise(
            "B",
            "The lack of which step costs the <i>smallest</i> share of purchases?",
            answer=cheapest,
            solution=_cheapest_solution,
            choices=tuple(BROKEN.values()),
            mistakes=_cheapest_mistakes,
        ),
        Exercise(
            "C",
            "Without either of which two steps does a firm know nothing at all of its customers, "
            "so that to them the two firms are the same?",
            answer=know_nothing,
            solution=_nothing_solution,
            choices=PAIRS,
            hint="Look for a knowledge of 0 % in the table, twice.",
        ),
    ),
)
