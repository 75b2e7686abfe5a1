"""A what-if question: a scenario, what is changed in it, and whether a rival copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cxsim.scenario import Scenario

__all__ = ["Question"]

#: What a rival copies.
COPIED = ("interaction", "customization")


@dataclass(frozen=True)
class Question:
    """What if: some parameters are others, and a rival copies the firm in focus.

    Attributes
    ----------
    base : Scenario
    firm : str
        The firm in focus.
    changes : mapping of str to float
        New values by dotted path.
    copycat : str
        The rival who copies; empty for nobody.
    copies_at : int
        Period in which it has copied both capabilities.
    """

    base: Scenario
    firm: str
    changes: Mapping[str, float] = field(default_factory=dict)
    copycat: str = ""
    copies_at: int = 24

    def set(self, path: str, value: float) -> Question:
        """Return the question with one more change, or one less if it is the base's own value."""
        changes = {k: v for k, v in self.changes.items() if k != path}
        if value != self.base.value(path):
            changes[path] = value
        return replace(self, changes=changes)

    @property
    def asks_nothing(self) -> bool:
        """Whether nothing is changed."""
        return not self.changes and not self.copycat

    def scenario(self, name: str = "what-if") -> Scenario:
        """Return the scenario that the question describes."""
        overrides: dict[str, Any] = {"name": name, **self.changes}
        if self.copycat:
            overrides["events"] = [self._copying()]
        return self.base.override(overrides)

    def _copying(self) -> dict[str, Any]:
        values = {
            f"firms.{self.copycat}.{what}": self.changes.get(
                f"firms.{self.firm}.{what}", self.base.value(f"firms.{self.firm}.{what}")
            )
            for what in COPIED
        }
        label = f"{self.copycat} copies {self.firm}"
        return {"at": min(self.copies_at, self.base.periods - 1), "set": values, "label": label}

    def words(self) -> str:
        """Return the question as a sentence."""
        said = []
        for path, value in self.changes.items():
            _, firm, name = path.split(".", 2)
            what = f"{firm}'s {name.replace('_', ' ')}"
            said.append(f"{what} {value:g} instead of {self.base.value(path):g}")
        if self.copycat:
            said.append(
                f"{self.copycat} copying {self.firm} in {self.base.period_length} {self.copies_at}"
            )
        return "With " + ", ".join(said) if said else "As it is"
