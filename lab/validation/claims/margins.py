"""Numbers that decide claims, one a run: above 0 a claim holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.validation.claims.runs import Runs

__all__ = [
    "AFTER", "LAST", "OTHERS", "YEAR_AFTER", "Margin", "kept", "lead", "matched", "per_customer",
    "rise", "worth",
]  # fmt: skip

#: Months after a copy in period 24, the first year of them, and the last year.
AFTER, YEAR_AFTER, LAST = (24, 60), (24, 36), (48, 60)

#: The firms of the baseline beside the one-to-one firm.
OTHERS = ("Mass", "Niche", "Targeted")

#: Margin by which a part of a claim holds in each run: above 0 it holds.
Margin = Callable[[Runs], np.ndarray]


def lead(measure: str, firm: str, *others: str) -> Margin:
    """Return the lead of a firm over the best of others in the same run."""
    return lambda r: r(f"{measure}.{firm}") - np.max([r(f"{measure}.{o}") for o in others], axis=0)


def kept(measure: str, over: tuple[int, int]) -> Margin:
    """A tenth of Tailor's lead over Mass had nobody copied, less what the copy costs Tailor."""

    def margin(r: Runs) -> np.ndarray:
        alone = r(f"{measure}.Tailor", "alone", over=over)
        lead = alone - r(f"{measure}.Mass", "alone", over=over)
        return 0.1 * lead - (alone - r(f"{measure}.Tailor", "copied", over=over))

    return margin


def matched(r: Runs) -> np.ndarray:
    """Return the part of its lead that Collector loses once matched, less Tailor's; times both."""

    def lead_of(firm: str, strategy: str) -> np.ndarray:
        own = r(f"retention_rate.{firm}", strategy, over=LAST)
        return own - r(f"retention_rate.Matches{firm}", strategy, over=LAST)

    points, tailor = lead_of("Collector", "unmatched"), lead_of("Tailor", "unmatched")
    points_lost = points - lead_of("Collector", "matched")
    return points_lost * tailor - (tailor - lead_of("Tailor", "matched")) * points


def worth(share: int) -> Callable[[Runs], np.ndarray]:
    """Return the share of all customers to whom the best experience is worth so many percent."""
    firms = ("Broad", "Genre", "Talker", "Curator")

    def mean(r: Runs) -> np.ndarray:
        customers = np.array([r(f"customers.{firm}") for firm in firms])
        shares = np.array([r(f"experience_premium_{share}.{firm}") for firm in firms])
        return (np.where(customers > 0, shares, 0.0) * customers).sum(axis=0) / customers.sum(
            axis=0
        )

    return mean


def rise(measure: str, firm: str, over: tuple[int, int], strategy: str | None = None) -> Margin:
    """Return long-standing customers' value less recent ones'."""

    def margin(r: Runs) -> np.ndarray:
        long = r(f"{measure}_long_tenured.{firm}", strategy, over=over)
        return long - r(f"{measure}_new.{firm}", strategy, over=over)

    return margin


def per_customer(r: Runs, firm: str) -> np.ndarray:
    """Return a firm's contribution per customer and month in the last year."""
    return r(f"contribution_margin.{firm}", over=LAST) / r(f"customers.{firm}", over=LAST)
