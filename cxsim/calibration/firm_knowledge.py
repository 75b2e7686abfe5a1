"""What firms know of customers, followed from purchases: the term of learning in a panel logit.

Given the speeds of learning and forgetting, a firm's knowledge of a customer is a function of the
customer's own purchases: the rules are those of :mod:`cxsim.model.core.learning`. What knowledge
is worth, and the two speeds, are parameters of the likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from cxsim.calibration.panel import Panel
from cxsim.model.core.learning import learned

# -- Knowledge along a customer's purchases --------------------------------------------------------


#: Parameters of the speeds: log of the precision of a contact, log odds of forgetting.
FREE = ("log_learning_rate", "logit_forgetting_rate")
#: Speed of learning and of forgetting at which learning is tested, and estimation starts.
FIRST_GUESS = (0.5, 0.05)
#: Weak normal priors of the speeds, mean and standard deviation: where knowledge is worth nothing
#: or the ridge is flat, speeds stay where they are possible.
PRIORS = {
    "log_learning_rate": (log(0.5), 1.5),
    "logit_forgetting_rate": (log(0.05 / 0.95), 1.5),
}
#: Where the logarithms are clamped.
_LOWEST, _HIGHEST = -12.0, 8.0


def bounded(learning_rate: float, forgetting_rate: float) -> tuple[float, float]:
    """Return log precision and log odds of forgetting, finite also for 0 and 1."""
    edge = exp(_LOWEST)
    rate, share = max(learning_rate, edge), min(max(forgetting_rate, edge), 1.0 - edge)
    return log(rate), log(share / (1.0 - share))


@dataclass(frozen=True)
class History:
    """Purchases of each customer in order, as firms learn from them.

    Attributes
    ----------
    firms : int
    choice : ndarray of int, shape (N,)
        Option taken; ``firms`` for no purchase.
    starts : ndarray of int, shape (H,)
        First occasion of each customer.
    gap : ndarray, shape (N,)
        Periods to the customer's next occasion; 1 at the last.
    met : ndarray, shape (N,)
        Chance that the customer was recognized: 0 or 1 where it is known.
    rows : ndarray of int, shape (n,), or None
        Occasions of which knowledge is asked; None: all.
    """

    firms: int
    choice: np.ndarray
    starts: np.ndarray
    gap: np.ndarray
    met: np.ndarray
    rows: np.ndarray | None = None

    @classmethod
    def of(cls, panel: Panel, *, recognition: float = 1.0) -> History:
        """Return the history of a panel.

        Parameters
        ----------
        panel : Panel
            Without periods, a purchase is a period.
        recognition : float
            Chance to be recognized, where the panel has no flags.
        """
        gap = np.ones(panel.occasions)
        if panel.period is not None:
            gap[:-1] = np.diff(panel.period)
            gap[np.append(panel.starts[1:], panel.occasions) - 1] = 1.0
        met = panel.recognized
        if met is None:
            met = np.full(panel.occasions, float(recognition))
        return cls(len(panel.firms), panel.choice, panel.starts, gap, met)

    def take(self, rows: np.ndarray) -> History:
        """Return the same history, of which knowledge is asked at some occasions only.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            Numbers of occasions, no unit.
        """
        return replace(self, rows=rows)

    def knowledge(
        self, log_learning_rate: float, logit_forgetting_rate: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what firms know before each occasion, and its slopes.

        Parameters
        ----------
        log_learning_rate : float
            Log of the precision of a contact, rho.
        logit_forgetting_rate : float
            Log odds of the share of knowledge lost per period, f.

        Returns
        -------
        knowledge, by_rate, by_forgetting : ndarray, shape (F, n)
            K from 0 to 1, and its derivatives by the two parameters. A recognized purchase
            leaves P / (1 + rho P) of the variance unresolved, P = 1 - K; all other knowledge
            loses the share f in the period of the purchase and in each that follows it.
        """
        rate = exp(float(np.clip(log_learning_rate, _LOWEST, _HIGHEST)))
        lost = 1.0 / (1.0 + exp(-float(np.clip(logit_forgetting_rate, _LOWEST, _HIGHEST))))
        counts = np.diff(np.append(self.starts, len(self.choice)))
        order = np.argsort(-counts, kind="stable")  # those with an n-th occasion stand first
        starts, left = self.starts[order], np.cumsum(np.bincount(counts)[::-1])[::-1]
        found = np.zeros((3, self.firms, len(self.choice)))
        # Knowledge, and its derivatives by rho and by f, of each firm and customer.
        k, by_rate, by_lost = np.zeros((3, self.firms, len(starts)))
        for n in range(int(counts.max())):
            active = int(left[n + 1])
            at = starts[:active] + n
            k, by_rate, by_lost = k[:, :active], by_rate[:, :active], by_lost[:, :active]
            found[0][:, at], found[1][:, at], found[2][:, at] = k, by_rate, by_lost
            taken, met = self.choice[at], self.met[at]
            bought = np.flatnonzero(taken < self.firms)
            place = taken[bought], bought
            p, m = 1.0 - k[place], met[bought]
            slope = 1.0 / (1.0 + rate * p) ** 2
            after = (
                m * (1.0 - learned(p, rate)) + (1.0 - m) * (1.0 - lost) * (1.0 - p),
                m * slope * (by_rate[place] + p * p) + (1.0 - m) * (1.0 - lost) * by_rate[place],
                m * slope * by_lost[place]
                + (1.0 - m) * ((1.0 - lost) * by_lost[place] - (1.0 - p)),
            )
            by_lost = (1.0 - lost) * by_lost - k
            k, by_rate = (1.0 - lost) * k, (1.0 - lost) * by_rate
            k[place], by_rate[place], by_lost[place] = after
            quiet = self.gap[at] - 1.0
            keeps = (1.0 - lost) ** quiet
            by_lost = keeps * by_lost - quiet * keeps / (1.0 - lost) * k
            k, by_rate = keeps * k, keeps * by_rate
        # By the logarithms; where they are clamped, nothing changes.
        found[1] *= rate * (_LOWEST < log_learning_rate < _HIGHEST)
        found[2] *= lost * (1.0 - lost) * (_LOWEST < logit_forgetting_rate < _HIGHEST)
        if self.rows is not None:
            found = found[:, :, self.rows]
        return found[0], found[1], found[2]


def known_after(purchases: int, learning_rate: float) -> float:
    """Return what a firm knows after purchases in a row, 1 - 1 / (1 + n rho).

    Nothing is forgotten between them.

    Parameters
    ----------
    purchases : int
        n, from no knowledge.
    learning_rate : float
        rho, precision of one contact.
    """
    return 1.0 - 1.0 / (1.0 + purchases * learning_rate)
