"""How a sweep goes: what is done, what failed, and how much of the time was simulation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Report"]


@dataclass
class Report:
    """How a sweep went.

    Attributes
    ----------
    total : int
        Runs of the study (or of the shard).
    stored : int
        Of these, runs that were in the store already.
    done, failed : int
        Runs done now; those of them that failed, took too long or killed their worker.
    seconds : float
        Of the sweep, from the first chunk to the last file.
    simulating : float
        Spent inside simulations, over all workers.
    workers : int
    deaths : int
        How often workers died.
    """

    total: int = 0
    stored: int = 0
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    simulating: float = 0.0
    workers: int = 1
    deaths: int = 0
    superseded: str = ""
    rounds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def overhead(self) -> float:
        """Workers' time that was not spent inside simulations, over the time that was."""
        if self.simulating <= 0:
            return float("nan")
        return self.workers * self.seconds / self.simulating - 1.0

    def sentence(self) -> str:
        """Return the report in words."""
        text = f"{self.done:,} runs in {self.seconds:,.1f} s on {self.workers} workers"
        if self.simulating > 0.2:  # in less, to start the workers is nearly all there is
            text += f", overhead {100 * self.overhead:.0f} % of the time inside simulations"
        if self.stored:
            text += f"; {self.stored:,} were stored already"
        if self.superseded:
            text += f"; {self.superseded}"
        if self.failed:
            text += f"; {self.failed:,} failed"
        if self.deaths:
            text += f"; workers died {self.deaths:,} times"
        return text
