"""When a recommendation is called robust: one definition, shown wherever the word is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["BEST_IN", "DEFINITION", "Grounds", "objections", "robust"]

#: Share of the futures in which a robust option is the best one.
BEST_IN = 0.8

DEFINITION = (
    "Robust: the mean lead is above zero beyond chance, the option is best in at least "
    f"{100 * BEST_IN:.0f} % of the futures, no listed uncertainty turns the choice within its "
    "range, the horizon does not either, and no cost was left unstated or assumed."
)


@dataclass(frozen=True)
class Grounds:
    """What a recommendation rests on.

    Attributes
    ----------
    lead_lower : float
        Lower end of the interval of the mean lead over the next best option.
    best_share : float
        Share of the futures in which the option is the best one.
    turned_by : tuple of str
        Uncertainties that turn the choice within their range, each in words.
    horizon : str
        How the horizon turns it, in words; empty if it does not.
    unstated : tuple of str
        What costs nothing, or a guess, because nobody stated its cost.
    assumed : tuple of str
        What has a cost that was assumed in place of one that is known.
    """

    lead_lower: float
    best_share: float
    turned_by: tuple[str, ...] = ()
    horizon: str = ""
    unstated: tuple[str, ...] = ()
    assumed: tuple[str, ...] = field(default=())


def objections(grounds: Grounds) -> list[str]:
    """Return what speaks against calling a recommendation robust, in words; empty for nothing.

    Parameters
    ----------
    grounds : Grounds

    Examples
    --------
    >>> objections(Grounds(1.0, 0.9))
    []
    >>> objections(Grounds(1.0, 0.69))
    ['it is best in 69 % of the futures only']
    """
    said = []
    if not grounds.lead_lower > 0.0:
        said.append("its mean lead may be chance")
    if grounds.best_share < BEST_IN:
        said.append(f"it is best in {100 * grounds.best_share:.0f} % of the futures only")
    said += grounds.turned_by
    if grounds.horizon:
        said.append(grounds.horizon)
    if grounds.unstated:
        said.append(f"no cost is stated for {_and(grounds.unstated)}")
    if grounds.assumed:
        said.append(f"the cost of {_and(grounds.assumed)} is assumed")
    return said


def robust(grounds: Grounds) -> bool:
    """Return whether a recommendation is robust, as :data:`DEFINITION` says.

    Parameters
    ----------
    grounds : Grounds
    """
    return not objections(grounds)


def _and(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
