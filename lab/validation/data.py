"""Published counts that rows are checked against."""

from __future__ import annotations

__all__ = ["SURVIVORS"]

#: Customers left of 1,000 after 0, 1, ... 12 years, by group (Fader & Hardie 2007).
SURVIVORS = {
    "High End": (1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394),
    "Regular": (1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173),
}
