"""Values nobody can change afterwards."""

from __future__ import annotations

from typing import Any, NoReturn

from pydantic import BaseModel

__all__ = ["FrozenDict", "freeze", "thaw"]


class FrozenDict(dict[Any, Any]):
    """A mapping that refuses to change."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a scenario cannot be changed: use scenario.override({path: value})")

    __setitem__ = __delitem__ = _refuse
    __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def __copy__(self) -> FrozenDict:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenDict:
        return self

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def freeze(value: Any) -> Any:
    """Return ``value`` with mappings frozen and lists made tuples, models included in place."""
    if isinstance(value, BaseModel):
        # The models are frozen already; only what they hold is put in its final form.
        for name, held in value.__dict__.items():
            value.__dict__[name] = freeze(held)
        return value
    if isinstance(value, dict):
        return FrozenDict({key: freeze(held) for key, held in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(freeze(held) for held in value)
    return value


def thaw(value: Any) -> Any:
    """Return a plain copy: dictionaries, lists, texts, numbers (models become dictionaries)."""
    if isinstance(value, BaseModel):
        return {name: thaw(held) for name, held in value.__dict__.items()}
    if isinstance(value, dict):
        return {key: thaw(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [thaw(held) for held in value]
    return value
