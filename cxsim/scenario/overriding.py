"""Other values for a scenario, by dotted path."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from cxsim.scenario.calendar import ADD, REPLACE, Entry, added, fitted, periods_of
from cxsim.scenario.loading import Source, plain
from cxsim.scenario.messages import Place, Problem, ScenarioError, found
from cxsim.scenario.paths import put, resolve
from cxsim.scenario.schema import Schema
from cxsim.scenario.yaml_text import YamlError, parse

__all__ = ["Overrides", "overridden", "parse_override", "split_overrides"]

#: New values by dotted path, or texts ``PATH=VALUE``.
Overrides = Mapping[str, Any] | Iterable[str]

_OVERRIDE = Place("override")


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``PATH=VALUE`` as on the command line; the value is read as YAML.

    Raises
    ------
    ScenarioError
        If there is no ``=`` or the value is not YAML.

    Examples
    --------
    >>> parse_override("firms.Tailor.price=12")
    ('firms.Tailor.price', 12)
    """
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals or not path:
        message = f"expected PATH=VALUE (firms.Tailor.price=12), found {found(text)}"
        raise ScenarioError(Problem(_OVERRIDE, (), message))
    try:
        return path, parse(value).value
    except YamlError as problem:
        raise ScenarioError(Problem(_OVERRIDE, (path,), problem.reason)) from None


def split_overrides(text: str) -> list[str]:
    """Return overrides that stand in one text, with commas or new lines between them.

    Commas within brackets and quotation marks belong to a value.

    Examples
    --------
    >>> split_overrides("firms.Tailor.price=12, segments.All.need_mean=[1, 2]")
    ['firms.Tailor.price=12', 'segments.All.need_mean=[1, 2]']
    """
    parts, start, depth, quote, before = [], 0, 0, "", "="
    for position, character in enumerate(text):
        if quote:
            closes = character == quote and (quote == "'" or before != "\\")
            quote = "" if closes else quote
        elif character in "\"'" and before in "=,[{:":  # elsewhere it is an apostrophe
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character in ",\n" and depth <= 0:
            parts.append(text[start:position])
            start = position + 1
        before = before if character == " " and not quote else character
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def overridden(schema: Schema, source: Source, overrides: Overrides) -> Source:
    """Return a source with values put in by dotted path.

    ``events`` adds events, ``replace_events`` replaces all; where ``periods`` shortens the
    run, events that were there before and come after its end are left out.
    """
    if isinstance(overrides, str):
        overrides = split_overrides(overrides)
    if isinstance(overrides, Mapping):
        pairs = list(overrides.items())
    else:
        pairs = [parse_override(text) for text in overrides]
    raw, where, late = source.raw, dict(source.where), source.late
    before, stated = periods_of(raw), set[int]()
    for path, given in pairs:
        value = plain(given, _OVERRIDE, (str(path),))
        if path in (ADD, REPLACE):
            value = schema.root.whole({ADD: value})[ADD]
            new = [Entry(event, {(): _OVERRIDE}) for event in value] if _is_list(value) else value
            replace = path == REPLACE
            raw, where, numbers = added(raw, where, new, replace=replace, place=_OVERRIDE, key=path)
            late = () if replace else late
            stated = {*(() if replace else stated), *numbers}
            continue
        needs = raw.get("needs", 2)
        needs = needs if isinstance(needs, int) and 1 <= needs <= 8 else 1
        for target in resolve(schema.root, raw, path, _OVERRIDE):
            firms = tuple(raw["firms"]) if isinstance(raw.get("firms"), Mapping) else ()
            try:
                at = target.spec.whole(value)
                raw = put(raw, target.keys, at, schema.root, needs=needs, firms=firms)
            except LookupError as error:
                raise ScenarioError(Problem(_OVERRIDE, (path,), error.args[0])) from None
            depth = len(target.keys)
            where = {keys: at for keys, at in where.items() if keys[:depth] != target.keys}
            where[target.keys] = _OVERRIDE
            if target.keys[0] == ADD and isinstance(target.keys[1], int):
                stated.add(target.keys[1])
    if before is not None:
        raw, where, late = fitted(raw, where, late, before=before, stated=stated)
    return dataclasses.replace(source, raw=raw, where=where, late=late)


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple)
