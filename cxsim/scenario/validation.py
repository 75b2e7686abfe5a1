"""Validation of scenarios, with pydantic's errors in plain words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from cxsim.messages import MISSING, Problem, ScenarioError, found, hint, nearest
from cxsim.parameters import Parameters
from cxsim.scenario.fields import Keyed, Spec, spec_of, words_for
from cxsim.scenario.loading import Source
from cxsim.scenario.paths import unknown_key
from cxsim.scenario.schema import Schema
from cxsim.scenario.yaml_text import plain_scalar

# -- Pydantic's errors in plain words, with range and unit of the parameter ---------------------


Keys = tuple[str | int, ...]


Found = list[tuple[Keys, str]]


#: Largest number of a scenario. Columns hold 32 bits, and so squares up to 1e38.
MOST = 1e15


#: A group's own validator may begin its message with the parameter it speaks of.
_KEYED = re.compile(r"((\w+)(?:\.\d+)?): (.*)", re.DOTALL)


#: Problems that are explained in full: finding the nearest name takes a while.
EXPLAINED = 50


_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def validate(
    model: type[Parameters], raw: Any, spec: Spec, *, needs: int | None = None
) -> tuple[Any, Found]:
    """Validate plain data.

    Parameters
    ----------
    model : type of Parameters
        What the data should become.
    raw
        Plain data: dictionaries, tuples, scalars.
    spec : Spec
        The same as ``model``, in words.
    needs : int, optional
        Dimensions of need, for messages.

    Returns
    -------
    model : Parameters or None
        None if there are problems.
    problems : list of (keys, text)
        In the order of the parameters.
    """
    try:
        made = model.model_validate(raw)
    except ValidationError as error:
        return None, _explained(error, raw, spec, needs)
    beyond = list(_beyond(raw))
    return (None, beyond) if beyond else (made, [])


_Model = TypeVar("_Model", bound=Keyed)


def read_as(
    model: type[_Model],
    raw: Any,
    source: Source,
    keys: Keys = (),
    context: Mapping[str, Any] | None = None,
) -> _Model:
    """Return the content of a file as a model.

    Parameters
    ----------
    model : type of Keyed
    raw
        Plain data.
    source : Source
        Where they were written.
    keys : tuple of str or int
        Under which keys.
    context : mapping, optional
        What the model's own validators need to know.

    Raises
    ------
    ScenarioError
        With all problems found.
    """
    try:
        return model.model_validate(raw, context=dict(context or {}))
    except ValidationError as error:
        problems = _explained(error, raw, spec_of(model), None)
    raise refusal(source, [((*keys, *inner), text) for inner, text in problems])


def refusal(source: Source, problems: Found) -> ScenarioError:
    """Return the error of problems, with their places and in the order of these.

    Parameters
    ----------
    source : Source
    problems : list of (tuple, str)
        Keys, and what is wrong there.

    Returns
    -------
    ScenarioError
    """
    told = [Problem(source.at(keys), keys, text) for keys, text in problems]
    return ScenarioError(sorted(told, key=lambda problem: problem.place.order))


def wrong(source: Source, keys: Keys, text: str) -> ScenarioError:
    """Return the error of the one value at ``keys``.

    Parameters
    ----------
    source : Source
    keys : tuple of str or int
    text : str
        ``expected ..., found ...``.

    Returns
    -------
    ScenarioError
    """
    return refusal(source, [(keys, text)])


class _Wrong(NamedTuple):
    """One problem: of which value, under which keys it is told, and what was probably meant."""

    keys: Keys
    text: str
    told: Keys
    meant: Keys | None = None


def _explained(error: ValidationError, raw: Any, spec: Spec, needs: int | None) -> Found:
    # Without the input: pydantic cannot show every value there is.
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    if spec.called is not None:  # an unknown key may be why another one is missing
        errors.sort(key=lambda each: each["type"] != "extra_forbidden")
    problems: dict[Keys, _Wrong] = {}
    absent: set[Keys] = set()
    for each in errors[:EXPLAINED]:
        made = _problem(each["type"], each["loc"], each["msg"], raw, spec, needs)
        problems.setdefault(made.keys, made)
        if each["type"] == "missing":
            absent.add(made.keys)
    for each in errors[EXPLAINED:]:
        problems.setdefault(each["loc"], _Wrong(each["loc"], each["msg"], each["loc"]))
    # Where a value may be one thing or another, what is wrong inside it says more than
    # that it is not the other; and a misspelt key is not missing as well.
    hidden = {keys[:length] for keys in problems for length in range(len(keys))}
    hidden |= absent & {each.meant for each in problems.values()}
    return [(each.told, each.text) for keys, each in problems.items() if keys not in hidden]


def _beyond(raw: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield numbers whose squares and products columns and totals could not hold."""
    if isinstance(raw, (int, float)) and not -MOST <= raw <= MOST:
        yield keys, f"expected a number from -{MOST:g} to {MOST:g}, found {found(raw)}"
    elif isinstance(raw, dict):
        for key, value in raw.items():
            yield from _beyond(value, (*keys, key))
    elif isinstance(raw, tuple):
        for number, value in enumerate(raw):
            yield from _beyond(value, (*keys, number))


def _problem(
    kind: str, loc: tuple[Any, ...], message: str, raw: Any, spec: Spec, needs: int | None
) -> _Wrong:
    """Return one of pydantic's errors in words."""
    keys: Keys = ()
    value = raw
    for part in loc[:-1] if kind == "missing" else loc:
        if spec.tagged is not None and part in spec.tagged:
            spec = spec.tagged[part]
        elif isinstance(value, dict) and spec.fields is not None and part in spec.fields:
            spec, value, keys = spec.fields[part], value.get(part, MISSING), (*keys, part)
        elif isinstance(value, dict) and spec.values is not None and part in value:
            spec, value, keys = spec.values, value[part], (*keys, part)
        elif isinstance(value, tuple) and spec.items is not None and part in range(len(value)):
            spec, value, keys = spec.items, value[part], (*keys, part)
        elif kind == "extra_forbidden" and isinstance(value, dict) and part in value:
            return _unknown(part, keys, spec)
        # else: the name of one alternative of a union
    if kind == "missing":
        return _missing(str(loc[-1]), keys, spec, needs)
    if kind in ("value_error", "assertion_error"):
        text = message.partition(", ")[2] or message
        keyed = _KEYED.fullmatch(text)
        if keyed and spec.fields is not None and keyed[2] in spec.fields:
            inner = (int(part) if part.isdigit() else part for part in keyed[1].split("."))
            keys, text = (*keys, *inner), keyed[3]
        return _Wrong(keys, text, keys)
    if kind == "union_tag_not_found":
        return _Wrong(keys, f"expected a kind ({', '.join(spec.tagged or ())}), found none", keys)
    if kind == "union_tag_invalid":
        value, keys = value["kind"] if isinstance(value, dict) else value, (*keys, "kind")
    text = _expecting(words_for(spec, needs), found(value)) + _advice(spec, value)
    return _Wrong(keys, text, keys)


def _unknown(key: Any, keys: Keys, spec: Spec) -> _Wrong:
    known = spec.fields or {}
    if spec.called is None:
        text = unknown_key(spec, key, keys)
    else:
        what = f"a key of {spec.called}" if spec.called else f"one of {', '.join(known)}"
        text = f"expected {what}, found {found(key)}{hint(key, known, listed=12)}"
    near = nearest(key, known)
    return _Wrong((*keys, key), text, (*keys, key), None if near is None else (*keys, near))


def _missing(name: str, keys: Keys, spec: Spec, needs: int | None) -> _Wrong:
    inner = (*keys, name)
    child = (spec.fields or {}).get(name, Spec())
    if spec.called is None:
        return _Wrong(inner, f"expected {words_for(child, needs)}, found nothing", inner)
    if not spec.called:
        return _Wrong(inner, _expecting(child.expected or "a value", "none"), inner)
    owner = f" in {spec.called}" if keys else ""
    return _Wrong(inner, f"expected {name}{owner}, found none", keys)


def _expecting(words: str, shown: str) -> str:
    words = words.format(shown) if "{}" in words else f"{words}, found {shown}"
    return f"expected {words}"


def _advice(spec: Spec, value: Any) -> str:
    choices = spec.choices or tuple(spec.tagged or ())
    if choices and (spec.expected or isinstance(value, str)):
        return hint(value, choices, listed=12 if spec.expected else 0)
    if not isinstance(value, str):
        return ""
    if spec.kinds & {"number", "integer"} and isinstance(plain_scalar(value), (int, float)):
        return " (a text: drop the quotes)"
    if "boolean" in spec.kinds and value.lower() in _WORDS:
        return f" (did you mean {_WORDS[value.lower()]}?)"
    return ""


def shape_problems(spec: Spec, model: Any, *, needs: int, firms: tuple[str, ...]) -> Found:
    """Find lists that do not have a number for each need, and values not given for each firm.

    Parameters
    ----------
    spec : Spec
        Of the model.
    model : Parameters
        Valid but for this.
    needs : int
        Dimensions of need.
    firms : tuple of str
        Names of the firms.

    Returns
    -------
    list of (tuple, str)
        Keys, and what is wrong there.
    """
    problems: Found = []
    for keys, each, value in spec.walk(model):
        if each.axes and isinstance(value, tuple):
            length = needs if each.axes[0] == "need" else each.axes[0]
            if isinstance(length, int) and len(value) != length:
                problems.append((keys, f"expected {words_for(each, needs)}, found {found(value)}"))
        if each.by_firm and isinstance(value, dict):
            known = set(firms)
            for name in value:
                if name not in known:
                    text = f"expected the name of a firm, found {name!r}{hint(name, firms)}"
                    problems.append(((*keys, name), text))
            absent = [name for name in firms if name not in value]
            if absent:
                text = f"expected a value for each firm, found none for {', '.join(absent[:5])}"
                problems.append((keys, text))
    return problems


# -- What must hold between the parts of a scenario, beyond each parameter's own range ---------


#: Characters that paths, overrides on the command line and file names need for themselves.
RESERVED = ".*/\\="


#: Names of what a customer may choose or have beside firms.
TAKEN = ("no_purchase", "no_supplier", "outside", "none")


def check_parts(schema: Schema, model: Any) -> Found:
    """Return problems between the parts of a valid model, as ``(keys, text)``.

    Parameters
    ----------
    schema : Schema
    model : Parameters
        A scenario of which each value alone is valid.

    Returns
    -------
    list of (tuple, str)
    """
    problems = list(_names("firms", model.firms))
    problems += _names("segments", model.segments)
    problems += _shares(model)
    problems += shape_problems(schema.root, model, needs=model.needs, firms=tuple(model.firms))
    problems += _initial(model)
    problems += _stance(schema, model)
    for name, segment in model.segments.items():
        problems += segment_rates(segment, ("segments", name))
    for mechanism in schema.mechanisms:
        problems += mechanism.check(model)
    return problems


def _names(section: str, named: Any) -> Iterator[tuple[Keys, str]]:
    for name in named:
        keys = (section, name)
        bad = sorted({c for c in name if c in RESERVED or not c.isprintable()})
        if not name:
            yield keys, "expected a name, found an empty one"
        elif name != name.strip():
            yield keys, f"expected a name without blanks around it, found {found(name)}"
        elif bad:
            shown = " ".join(found(c)[1:-1] for c in bad)
            yield keys, f"expected a name without any of . * / \\ =, found {shown}"
        elif name.casefold() in TAKEN:
            taken = f"{', '.join(TAKEN[:-1])} and {TAKEN[-1]}"
            yield keys, f"expected a name other than {taken}, found {found(name)}"


def _shares(model: Any) -> Iterator[tuple[Keys, str]]:
    shares = [s.share for s in model.segments.values() if hasattr(s, "share")]
    if not shares:
        return  # mechanisms without shares: nothing to sum
    total = math.fsum(shares)
    if abs(total - 1) > 1e-9 * len(shares):
        yield ("segments",), f"expected shares that sum to 1, found a sum of {total:.10g}"


def _initial(model: Any) -> Iterator[tuple[Keys, str]]:
    if not model.initial:
        return
    firms = tuple(model.firms)
    for name in model.initial:
        if name not in model.firms:
            text = f"expected the name of a firm, found {name!r}{hint(name, firms)}"
            yield ("initial", name), text
    total = math.fsum(start.share for start in model.initial.values())
    if total > 1 + 1e-9 * len(model.initial):
        yield ("initial",), f"expected shares that sum to at most 1, found a sum of {total:.10g}"
    if model.warm_up > 0:
        text = f"expected no initial customers with a warm_up, found a warm_up of {model.warm_up}"
        yield ("initial",), text


def _stance(schema: Schema, model: Any) -> Iterator[tuple[Keys, str]]:
    """Refuse the perspective of no firm, and ranges that are none or belong to no number."""
    view = model.perspective
    if view is not None and view.firm not in model.firms:
        near = hint(view.firm, model.firms)
        yield ("perspective", "firm"), f"expected a firm, found {found(view.firm)}{near}"
    for path, (low, high) in model.uncertain.items():
        if not low < high:
            text = f"expected a lowest below the highest, found {found([low, high])}"
            yield ("uncertain", path), text
        section, _, rest = path.partition(".")
        named, _, below = rest.partition(".")
        spec: Spec | None = schema.root
        keys = path.split(".")
        if section in ("firms", "segments"):
            known = getattr(model, section)
            if named != "*" and named not in known:
                text = f"expected a path to one of {section}, found {found(named)}"
                yield ("uncertain", path), text + hint(named, known)
                continue
            keys = below.split(".")
            spec = schema.spec(section.removesuffix("s"))
        for key in keys:
            spec = spec.child(key) if spec is not None else None
        if spec is None or not spec.kinds & {"number", "integer"}:
            yield ("uncertain", path), f"expected the path of a number, found {found(path)}"


def segment_rates(segment: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Check rates that are chances unless a distribution makes them means.

    Parameters
    ----------
    segment : Parameters
    keys : tuple of str
        Of the segment.
    """
    rate = getattr(segment, "purchase_rate", 0.0)
    if rate > 1 and getattr(segment, "purchase_rate_shape", None) is None:
        text = "expected a number from 0 to 1 (per period) unless purchase_rate_shape is given"
        yield (*keys, "purchase_rate"), f"{text}, found {found(rate)}"
    for number, value in enumerate(getattr(segment, "exit_rate_beta", None) or ()):
        if not value > 0:
            text = f"expected a number above 0, found {found(value)}"
            yield (*keys, "exit_rate_beta", number), text
