"""What a scenario calls things: a period, its currency, customers, purchases and prices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

__all__ = ["PLAIN", "Words"]

#: Words that a scenario's ``labels`` replace, with their plurals.
_NAMED = {"customer": "customers", "purchase": "purchases", "price": "prices"}


@dataclass(frozen=True)
class Words:
    """What the scenario calls a period and its currency; no currency if nobody said.

    ``customer``, ``purchase`` and ``price`` are its labels for these: one word, or singular and
    plural with a stroke between them (``"child/children"``).
    """

    period: str = "period"
    currency: str = ""
    customer: str = "customer"
    purchase: str = "purchase"
    price: str = "price"

    @classmethod
    def of(cls, said: Mapping[Any, Any]) -> Words:
        """Return the words that the ``attrs`` of a frame give."""
        named = {"period": said.get("period_length"), **{k: said.get(k) for k in _OTHERS}}
        return cls(**{name: str(word) for name, word in named.items() if word})

    def attrs(self) -> dict[str, str]:
        """Return what a frame has to say in its ``attrs``."""
        own = {k: v for k, v in asdict(self).items() if k in _NAMED and v != k}
        return {"period_length": self.period, "currency": self.currency, **own}

    @cached_property
    def _renamed(self) -> dict[str, str]:
        renamed: dict[str, str] = {}
        for word, plural in _NAMED.items():
            one, _, many = getattr(self, word).partition("/")
            if one != word:
                renamed |= {word: one, plural: many or _plural(one)}
        return renamed

    def say(self, text: str, *, keep: Iterable[str] = ()) -> str:
        """Return a text with customers, purchases and prices called by their labels.

        Parameters
        ----------
        text : str
        keep : iterable of str
            Names in which nothing is replaced: those of firms and scenarios.

        Examples
        --------
        >>> Words(customer="patient").say("Customers won from other customers")
        'Patients won from other patients'
        """
        if not self._renamed:
            return text
        names = sorted((re.escape(name) for name in keep if name), key=len, reverse=True)
        known = "|".join(map(re.escape, self._renamed))
        pattern = "|".join([*(f"(?:{name})" for name in names), rf"\b(?P<word>{known})\b"])

        def replaced(match: re.Match[str]) -> str:
            found = match.group("word")
            if found is None:
                return match.group()
            said = self._renamed[found.lower()]
            return said[:1].upper() + said[1:] if found[:1].isupper() else said

        return re.sub(pattern, replaced, text, flags=re.IGNORECASE)


#: What things are called if nobody said.
PLAIN = Words()

_OTHERS = [field.name for field in fields(Words) if field.name != "period"]


def _plural(word: str) -> str:
    """Return the plural of a regular English noun."""
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(s|x|ch|sh)$", word) else f"{word}s"
