"""Limits on what browsers may send: sizes, and requests a second."""

from __future__ import annotations

import time

__all__ = ["ADDRESS_RATE", "LARGEST", "RATE", "SEAT_RATE", "Allowance"]

#: Largest request and message, bytes.
LARGEST = 16384

#: Messages a second that one page may send.
RATE = 10.0

#: Requests a second of one seat, whose members have several pages, and of one address.
SEAT_RATE, ADDRESS_RATE = 40.0, 100.0


class Allowance:
    """What may still be sent: so many requests a second, of which three seconds can be saved.

    Parameters
    ----------
    rate : float
        Requests a second.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._left, self._at = rate, 3 * rate, time.monotonic()

    def take(self) -> bool:
        """Take one, and return whether there was one."""
        now = time.monotonic()
        self._left = min(3 * self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
