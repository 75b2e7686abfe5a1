"""Write docs/competition.md and its pictures from real runs. Run with ``make competition``."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import cxsim as cx
from cxsim import plot
from cxsim.runs.measures.frames import equity_changes, profit_statement, service_statement
from cxsim.runs.measures.measure_registry import measures, summarize
from cxsim.strategy.copying import OUTCOMES, copying_effects
from cxsim.strategy.one_to_one import individual_service_cost, profit_map
from cxsim.strategy.targeting_lift import acquisition_lift, service_lift
from cxsim.study.paired_seeds import simulated
from cxsim.study.value_of_lead import estimate
from lab.pages import DOCS

FOLDER = DOCS / "images" / "competition"

UNITS = {measure.name: measure.unit for measure in measures("firm")}

#: Who follows a policy in the figure of ways.
MOVERS = ("Mass", "Niche", "Targeted")

#: The road by way of targeted, alone.
ROAD = [
    {"at": 6, "over": 12, "set": {"firms.ViaTargeted.interaction": 0.8}},
    {"at": 30, "over": 12, "set": {"firms.ViaTargeted.customization": 0.8}},
]

#: What breaks the niche firm: dear variants, little cash, and a limit to what it can owe.
BROKE = {
    "firms.Niche.customization_cost": 12.0,
    "firms.Niche.initial_cash": 100_000.0,
    "firms.Niche.credit_limit": 200_000.0,
}

ROADMAP = {
    "name": "roadmap",
    "targets": [{"at": 12, "over": 12, "interaction": 0.8, "customization": 0.8}],
}
POLICIES = {
    "fixed": {},
    "copies the leader": {"capability": "imitate"},
    "tries capabilities": {"capability": "adaptive"},
    "builds one-to-one": {"capability": ROADMAP},
    "tries prices": {"pricing": "adaptive"},
    "best response": {"pricing": "best_response"},
}

#: Scenarios of this page, the firm of their claim, and the measures on which it stands.
CLAIMS = {
    "baseline_full": ("Tailor", ("retention", "lifetime_value_present", "net_present_value")),
    "detergent": ("Mass", ("net_present_value",)),
    "running_shoes": ("Niche", ("net_present_value",)),
    "airline": ("Targeted", ("net_present_value", "retention")),
    "two_roads_rivals": ("ViaTargeted", ("net_present_value",)),
}


PAGE = """# Rivals: what competition does to the claims

Written by `make competition`; do not edit. Every number is from runs of scenarios that ship, over
{seeds} paired seeds where nothing else is said; intervals are 95 % intervals of means. Nothing was
tuned: where a claim is refuted it says so.

## Claims of the scenarios with rivals of their own

The lead of the firm that the claim is about over the best other firm, by measure.

{claims}

## A rival copies the one-to-one firm

`cxsim.strategy.copying.copying_effects`, {tenfold} seeds: the baseline against the same market in
which Mass acquires Tailor's capabilities in month 24, under several conditions. Customers are
*tenured* after 8 purchases.

{copying}

{copied}

The claim that tenured customers stay is put at a tenth of the lead in retention lost. Portable
profiles put it in doubt, and with whole profiles shares converge altogether. Where needs
drift or fit counts little there is less of a lead to begin with: the claim has nothing to
protect. Newcomers are shared about evenly, so that shares converge with turnover also where the
tenured stay.

## When one-to-one loses money

`cxsim.strategy.one_to_one.profit_map`: Tailor with one-to-one service (0.8, 0.8) against the same
firm with mass service (0.1, 0.1), in the market of the baseline; mean profit per month after three
years, {few} seeds.

{paying}

The closed form (`cxsim.analytic.service_worth`): the value of fit at steady-state knowledge plus
the hassle saved, against what units, contacts and capabilities cost more, per purchase, times the
purchases of mass service. It has the sign of the simulated gain at {agree} of points, and
puts the break-even too high: with one-to-one service at an unchanged price the firm sells
up to twice as much and keeps whom it wins, which a first-order value does not reckon with.
It is meant for a firm at its best price. Where Tailor responds so each month (`best_response`),
signs agree at {agree_best} of points:

{paying_best}

Of the two, the fixed price earns the one-to-one firm more: the best price of the month
gives up customers who would have stayed.

## Policies against each other

`cx.tournament`, {few} seeds: Mass and Niche of the baseline play each policy against each.
`best_response` is a benchmark that knows demand.

{tournament}

Where the same policies take Mass, Niche and Targeted in the capability matrix (one run each):

{ways}

## Does it pay back?

`cx.payback`: in the market of `two_roads`, ViaTargeted builds its capabilities, nobody else does,
compared with a market in which nobody does. {paid} Where customizing costs 0.5 EUR a
unit and fit is worth 2.5 EUR per squared distance, over ten years: {earlier}

{payback}

## Where the money goes, and where customers go

One run of `copycat`.

{waterfall}

{equity}

{flows}

What it costs to serve customers individually, in EUR over the run, per customer and month, and
per contact in which the customer was recognized:

{service}

Serving everybody or a focused few (`cxsim.strategy.one_to_one.individual_service_cost`,
{seeds} paired seeds): in `sweet_spot`, Everyone serves both segments individually and Focus one of
them.

{focused}

The same firm with and without its focus, all else equal: Focus serving everybody against Focus as
it is.

{focus_dropped}

Focusing saves on customers, not on capabilities, which cost the same however few are served: a
customer costs less, a contact in which the customer is recognized costs more.

## Whom firms contact and serve first

`cxsim.strategy.targeting_lift`: what those chosen are truly worth over what all are worth who could
have been, {few} seeds; an oracle knows the truth. *Look-alikes* of customers, found by a model,
against describing the best customers: contacts of Behavioural in `segmentation`, going by
attributes of both kinds, by how far these tell of needs.

{contacted}

{contacts}

Information is needed, and is not enough: at a high correlation the mean of the best customers
says where the offer fits, while a model knows a direction only and goes on past it.

Whom Everyone of `sweet_spot` would serve if it could serve only some:

{served_first}

Value tiers when it serves a fifth, chosen by a model (one run):

{pyramid}

## An insolvent firm leaves

The baseline with dear variants, so that Niche goes broke (one run). Nobody buys from it again, and
its customers choose anew.

{insolvent}
"""


def table(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table."""
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def picture(figure: Figure, name: str) -> str:
    """Save a figure and return what shows it in Markdown."""
    plot.save(figure, FOLDER / f"{name}.png")
    return f"![{plot.alternative_text(figure)}](images/competition/{name}.png)"


def said(values: list[float], unit: str, currency: str) -> str:
    """Return a lead and its interval in words."""
    shares = unit.startswith("share")
    texts = [f"{100 * v:+.1f}" if shares else f"{v:+,.3g}" if abs(v) < 1e3 else f"{v:+,.0f}"
             for v in values]  # fmt: skip
    what = "points" if shares else currency
    return f"{texts[0]} {what} ({texts[1]} to {texts[2]})"


def claims(seeds: list[int]) -> str:
    """Return which claims hold: the lead over the best other firm, paired by seed."""
    rows = []
    for name, (firm, wanted) in CLAIMS.items():
        scenario = cx.load(name)
        (found,) = simulated({name: scenario}, summarize, seeds).values()
        for measure in wanted:
            values = {f: np.array([run[f][measure] for run in found]) for f in scenario.firms}
            rival = max((f for f in values if f != firm), key=lambda f: values[f].mean())
            lead = estimate(values[firm] - values[rival])
            ends = [lead.mean, lead.lower, lead.upper]
            rows.append(
                {
                    "scenario": f"`{name}`",
                    "measure": measure.replace("_", " "),
                    "firm": firm,
                    "best other": rival,
                    "lead": said(ends, UNITS[measure], scenario.currency),
                    "claim": {1: "holds", -1: "refuted", 0: "open"}[lead.sign],
                }
            )
    return table(pd.DataFrame(rows))


def copied(found: pd.DataFrame) -> str:
    """Return what copying does as it stands, and the part of the lead lost by condition."""
    first = found[found["condition"] == found["condition"].iloc[0]]
    rows = [
        {
            "outcome": row.label,
            "without": f"{100 * row.without:.1f}",
            "with the copy": f"{100 * row.copied:.1f}",
            "difference, points": said_points(row),
        }
        for row in first.itertuples()
        if row.outcome in OUTCOMES
    ]
    lost = [
        {
            "condition": row.condition,
            "lead in retention lost": "no lead to lose" if np.isnan(row.difference)
            else f"{100 * row.difference:.0f} % ({100 * row.lower:.0f} to {100 * row.upper:.0f})",
        }
        for row in found[found["outcome"] == "lost"].itertuples()
    ]  # fmt: skip
    return f"{table(pd.DataFrame(rows))}\n\n{table(pd.DataFrame(lost))}"


def said_points(row: Any) -> str:
    """Return a difference of shares and its interval in percentage points."""
    return f"{100 * row.difference:+.1f} ({100 * row.lower:+.1f} to {100 * row.upper:+.1f})"


def service(run: cx.Run) -> str:
    """Return what individual service costs."""
    made = service_statement(run.firms, run.scenario)
    for column in made.columns[1:]:
        form = "{:,.2f}" if "per_" in column else "{:,.0f}"
        made[column] = made[column].map(form.format)
    made.columns = [column.replace("_", " ") for column in made.columns]
    return table(made)


def served(found: pd.DataFrame, everybody: str, few: str) -> str:
    """Return what serving everybody costs against serving a few, with intervals."""
    rows = []
    for row in found.to_dict("records"):
        form = "{:,.2f}" if row["line"].startswith("per_") else "{:,.0f}"
        signed = form.replace(":", ":+")
        rows.append(
            {
                "EUR over the run": row["label"].lower(),
                everybody: form.format(row["everybody"]),
                few: form.format(row["few"]),
                "difference": signed.format(row["difference"]),
                "95 % interval": " to ".join(signed.format(row[end]) for end in ("lower", "upper")),
            }
        )
    return table(pd.DataFrame(rows))


def gained(lifts: pd.DataFrame) -> str:
    """Return by how much look-alikes beat describing the best customers, by correlation."""
    rows = [
        {
            "correlation": f"{row.correlation:g}",
            "lift of look-alikes less that of the best described": f"{row.lift:+.2f}",
            "95 % interval": f"{row.lower:+.2f} to {row.upper:+.2f}",
        }
        for row in lifts[lifts["rule"] == "predictive - analytics"].itertuples()
    ]
    return table(pd.DataFrame(rows))


def insolvent() -> str:
    """Return the course of a firm that goes broke, and of its customers."""
    run = cx.run("baseline", overrides=BROKE)
    firm = run.firms[run.firms["firm"] == "Niche"].set_index("period")
    gone = int(firm.index[firm["purchases"] == 0][0])
    share = run.firms.pivot(index="period", columns="firm", values="share")
    profit = profit_statement(run.firms)
    lines = profit[profit["line"] != "profit"].groupby("firm")["amount"].sum()
    off = (lines - run.firms.groupby("firm")["profit"].sum()).abs().max()
    rows = [
        {
            "month": t,
            "cash of Niche, EUR": f"{firm['cash'][t]:,.0f}",
            "its customers": f"{firm['customers'][t]:,.0f}",
            "its purchases": f"{firm['purchases'][t]:,.0f}",
            **{
                f"share of {n}": f"{100 * share[n][t]:.0f} %"
                for n in ("Mass", "Targeted", "Tailor")
            },
        }
        for t in (gone - 2, gone - 1, gone, gone + 1, 59)
    ]
    return (
        f"{table(pd.DataFrame(rows))}\n\nRevenue less every line of cost differs from profit by at "
        f"most {off:.6f} EUR in any firm's sum over the run."
    )


def main(seeds: int = 20) -> None:
    """Run everything and write the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    many, few = list(range(seeds)), list(range(max(2, seeds // 2)))
    baseline = cx.load("baseline")
    one = cx.run("copycat", seed=0)
    played = cx.tournament(baseline, POLICIES, players=("Mass", "Niche"), seeds=few)
    still = cx.load("two_roads").override({"replace_events": []})
    built = still.override({"events": ROAD})
    paid = cx.payback(still, built, firm="ViaTargeted", seeds=many)
    cheap = {"firms.*.customization_cost": 0.5, "segments.*.fit_weight": 2.5, "periods": 120}
    earlier = cx.payback(
        still.override(cheap), built.override(cheap), firm="ViaTargeted", seeds=many
    )
    ways = pd.concat(
        [
            cx.run(baseline.override({f"firms.{n}.policy": p for n in MOVERS})).firms.assign(
                policy=k
            )
            for k, p in POLICIES.items()
            if "pricing" not in p
        ]
    )
    copies = copying_effects(seeds=10 * seeds)
    pays = profit_map(seeds=few)
    best = profit_map(
        seeds=few[:3], pricing="best_response", need_variance=(0.1, 0.6, 1.1, 1.6),
        fit_weight=(0.0, 1.0, 1.75, 2.5),
    )  # fmt: skip
    both = {"firms.Behavioural.acquisition.by": "both"}
    contacts = acquisition_lift("segmentation", "Behavioural", seeds=len(few), overrides=both)
    sweet = cx.load("sweet_spot")
    tiers = {"contact_capacity": 0.2, "goes_to": "predictive", "individual_cost": 0.5}
    some = cx.run(sweet.override({"firms.Everyone.value_tiers": tiers}), seed=0)
    wide = sweet.override({"firms.Focus.value_tiers.focus": None})
    focused = individual_service_cost(sweet, firm="Everyone", other="Focus", seeds=many)
    dropped = individual_service_cost(wide, sweet, firm="Focus", seeds=many)
    text = PAGE.format(
        claims=claims(many),
        copying=picture(plot.copying_effects(copies), "copying"),
        copied=copied(copies),
        paying=picture(plot.one_to_one_profit_map(pays), "paying"),
        agree=f"{100 * pays['agree'].mean():.0f} %",
        paying_best=picture(plot.one_to_one_profit_map(best), "paying_best"),
        agree_best=f"{100 * best['agree'].mean():.0f} %",
        tournament=picture(plot.policy_tournament(played), "tournament"),
        ways=picture(plot.capability_paths(ways), "ways"),
        payback=picture(plot.payback_curve(earlier), "payback"),
        paid=paid.sentence("month"),
        earlier=earlier.sentence("month"),
        waterfall=picture(plot.profit_waterfall(profit_statement(one.firms)), "waterfall"),
        equity=picture(plot.customer_equity_drivers(equity_changes(one.firms)), "equity"),
        flows=picture(plot.customer_flows(one.brand_switching), "flows"),
        service=service(one),
        focused=served(focused, "Everyone", "Focus"),
        focus_dropped=served(dropped, "serving everybody", "as it is"),
        contacted=picture(plot.targeting_lift(contacts), "contacts"),
        contacts=gained(contacts),
        served_first=picture(
            plot.targeting_lift(service_lift(sweet, "Everyone", seeds=len(few))), "service"
        ),
        pyramid=picture(plot.value_tiers(some.frame("tiers"), show=["Everyone"]), "tiers"),
        insolvent=insolvent(),
        seeds=seeds,
        tenfold=10 * seeds,
        few=len(few),
    )
    (DOCS / "competition.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    main(parser.parse_args().seeds)
