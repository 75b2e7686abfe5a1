"""Write docs/competition.md and its pictures from real runs. Run with ``make competition``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

import cxsim as cx
from cxsim import plot
from cxsim.runs.measures.frames import equity_changes, profit_statement, service_statement
from cxsim.runs.measures.measure_registry import measures, summarize
from cxsim.strategy.copying import OUTCOMES, copying_effects
from cxsim.strategy.one_to_one import individual_service_cost, profit_map
from cxsim.strategy.targeting_lift import acquisition_lift, service_lift
from cxsim.study.paired_seeds import simulated
from cxsim.study.value_of_lead import estimate
from lab.pages.page import DOCS, Images, table, write

UNITS = {measure.name: measure.unit for measure in measures("firm")}

#: Firms that follow a policy in the figure of paths.
MOVERS = ("Mass", "Niche", "Targeted")

#: The path by way of targeted, alone.
ROAD = [
    {"at": 6, "over": 12, "set": {"firms.ViaTargeted.interaction": 0.8}},
    {"at": 30, "over": 12, "set": {"firms.ViaTargeted.customization": 0.8}},
]

#: Causes of the niche firm's insolvency: expensive variants, little cash, and a credit limit.
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

#: Scenarios of this page, the firm of their claim, and the measures that decide it.
CLAIMS = {
    "baseline_full": (
        "Tailor",
        ("retention_rate", "customer_lifetime_value_present", "net_present_value"),
    ),
    "detergent": ("Mass", ("net_present_value",)),
    "running_shoes": ("Niche", ("net_present_value",)),
    "airline": ("Targeted", ("net_present_value", "retention_rate")),
    "digital_news": ("Tailor", ("net_present_value",)),
    "two_roads_rivals": ("ViaTargeted", ("net_present_value",)),
}


PAGE = """# Rivals: what competition does to the claims

{answer} One-to-one capabilities protect customers with long tenure against a copycat, but not
market share; and they lose money where needs are similar, the value of personalization is low, or
customization is expensive.

Written by `make competition`; do not edit. Results are from runs of shipped scenarios over {seeds}
paired seeds, unless stated otherwise; intervals are 95 % confidence intervals of means. No
parameter was set to support a claim.

## Claims of the scenarios with rivals of their own

The lead of the firm that the claim is about over the best other firm, by measure.

{claims}

## A rival copies the one-to-one firm

`cxsim.strategy.copying.copying_effects`, {tenfold} seeds: the baseline against the same market in
which Mass acquires Tailor's capabilities in month 24, under several conditions. Customers are
*tenured* after 8 purchases.

{copying}

{copied}

The claim that tenured customers stay is refuted if more than a tenth of the lead in retention is
lost. Data portability puts it in doubt, and with complete portability market shares converge. Where
needs drift or the value of personalization is low, there is less of a lead to protect. Newcomers
choose both firms about equally often, so that market shares converge with turnover even where
tenured customers stay.

## When one-to-one loses money

`cxsim.strategy.one_to_one.profit_map`: Tailor with one-to-one service (0.8, 0.8) against the same
firm with mass service (0.1, 0.1), in the market of the baseline; mean profit per month after three
years, {few} seeds.

{paying}

The closed form (`cxsim.analytic.service_worth`): the value of fit at steady-state knowledge plus
the ordering effort saved, less the additional costs of units, contacts and capabilities, per
purchase, times the purchases of mass service. It has the sign of the simulated gain at {agree} of
points, and puts the break-even too high: with one-to-one service at an unchanged price the firm
sells up to twice as much and retains the customers it wins, which a first-order value does not
take into account. It is meant for a firm at its best price. Where Tailor responds so each month
(`best_response`), signs agree at {agree_best} of points:

{paying_best}

The one-to-one firm earns more with the fixed price: the price that is best for one month loses
customers who would have stayed.

## Policies against each other

`cx.tournament`, {few} seeds: Mass and Niche of the baseline follow each policy against each.
`best_response` is a benchmark that knows demand.

{tournament}

Paths of Mass, Niche and Targeted in the capability matrix under the same policies (one run each):

{ways}

## Does it pay back?

`cx.payback`: in the market of `two_roads`, only ViaTargeted builds its capabilities, compared with
a market in which no firm does. {paid} With a cost of customization of 0.5 EUR per unit and a value
of personalization of 2.5 EUR per squared unit of distance, over ten years: {earlier}

{payback}

## Where the money goes, and where customers go

One run of `copycat`.

{waterfall}

{equity}

{flows}

Costs of serving customers individually, in EUR over the run, per customer and month, and per
contact in which the customer was recognized:

{service}

Individual service for all customers or for one segment
(`cxsim.strategy.one_to_one.individual_service_cost`, {seeds} paired seeds): in `sweet_spot`,
Everyone serves both segments individually and Focus one of them.

{focused}

The same firm with and without its focus, all else equal: Focus serving all customers individually,
against Focus as it is.

{focus_dropped}

Focus saves costs per customer, but not the overhead of capabilities, which does not depend on the
number of customers served. The cost per customer is lower, and the cost per recognized contact
higher.

## Which customers firms contact and serve first

`cxsim.strategy.targeting_lift`: mean true value of the selected customers over that of all
eligible customers, {few} seeds; an oracle knows the true value. Contacts of Behavioural in
`segmentation`, selected by attributes of both kinds, as *look-alikes* of customers (predictive
model) or by the mean of the best customers (analytics), over the correlation of attributes with
needs.

{contacted}

{contacts}

Information is necessary, but not sufficient: at a high correlation the mean of the best customers
shows where the offer fits, while a linear model knows only a direction and extrapolates beyond it.

Customers that Everyone of `sweet_spot` would serve with a limited capacity:

{served_first}

Value tiers if it serves a fifth of them, selected by a model (one run):

{pyramid}

## An insolvent firm exits

The baseline with expensive variants, so that Niche becomes insolvent (one run). It makes no further
sales, and its customers choose other firms.

{insolvent}
"""


def shown(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows by column as a Markdown table."""
    return table(list(rows[0]), [list(row.values()) for row in rows])


def said(values: list[float], unit: str, currency: str) -> str:
    """Return a lead and its interval in words."""
    shares = unit.startswith("share")
    texts = [f"{100 * v:+.1f}" if shares else f"{v:+,.3g}" if abs(v) < 1e3 else f"{v:+,.0f}"
             for v in values]  # fmt: skip
    what = "points" if shares else currency
    return f"{texts[0]} {what} ({texts[1]} to {texts[2]})"


def claims(seeds: list[int]) -> str:
    """Return the verdicts on claims: the lead over the best other firm, paired by seed."""
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
    return shown(rows)


def answer(leads: str) -> str:
    """Return how many of the claimed leads hold, counted in their table."""
    counts = {word: leads.count(f"| {word} |") for word in ("holds", "refuted", "open")}
    return (
        f"With rivals, {counts['holds']} of {sum(counts.values())} leads claimed in the scenarios "
        f"below hold, {counts['refuted']} is refuted and {counts['open']} is open."
    )


def copied(found: pd.DataFrame) -> str:
    """Return effects of copying in the market as it is, and the lead lost by condition."""
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
    return f"{shown(rows)}\n\n{shown(lost)}"


def said_points(row: Any) -> str:
    """Return a difference of shares and its interval in percentage points."""
    return f"{100 * row.difference:+.1f} ({100 * row.lower:+.1f} to {100 * row.upper:+.1f})"


def service(run: cx.Run) -> str:
    """Return the costs of individual service."""
    made = service_statement(run.firms, run.scenario)
    for column in made.columns[1:]:
        form = "{:,.2f}" if "per_" in column else "{:,.0f}"
        made[column] = made[column].map(form.format)
    made.columns = [column.replace("_", " ") for column in made.columns]
    return shown(made.to_dict("records"))


def served(found: pd.DataFrame, everybody: str, few: str) -> str:
    """Return the cost of serving all customers individually against a few, with intervals."""
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
    return shown(rows)


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
    return shown(rows)


def insolvent() -> str:
    """Return the time series of a firm that becomes insolvent, and of its customers."""
    run = cx.run("baseline", overrides=BROKE)
    firm = run.firms[run.firms["firm"] == "Niche"].set_index("period")
    gone = int(firm.index[firm["purchases"] == 0][0])
    share = run.firms.pivot(index="period", columns="firm", values="market_share")
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
        f"{shown(rows)}\n\nRevenue less every line of cost differs from profit by at "
        f"most {off:.6f} EUR in any firm's sum over the run."
    )


def main(seeds: int = 20) -> None:
    """Run everything and write the page."""
    picture = Images(DOCS, "competition").add
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
    leads = claims(many)
    text = PAGE.format(
        answer=answer(leads),
        claims=leads,
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
    write(DOCS / "competition.md", text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    main(parser.parse_args().seeds)
