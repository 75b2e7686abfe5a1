"""Options of a firm: paths through the capability matrix, their timing, and prices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import pandas as pd
from annotated_types import MinLen
from pydantic import ConfigDict

from cxsim.files.whole import is_file
from cxsim.messages import Place, Problem, found, hint, minus
from cxsim.model.core.capabilities import Programme
from cxsim.model.mechanism_registry import DEFAULT
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.calendar import ADD, REPLACE
from cxsim.scenario.display import as_programme, at, moves
from cxsim.scenario.fields import Expected, Keyed, optional
from cxsim.scenario.loading import Source, plain, read_yaml
from cxsim.scenario.named_policies import named_policies
from cxsim.scenario.unstated import Unstated
from cxsim.scenario.validation import Keys, read_as
from cxsim.scenario.yaml_text import YamlError, parse
from cxsim.study.study_file import GivenFactor

# -- What a firm can do: roads through the capability matrix, when to take them, what to ask ---


#: What a road leads to unless a firm of the market is further already (assumption).
AIM = 0.8


#: Periods that it takes to build one capability, as a share of all periods (assumption).
BUILDING = 0.2


#: A capability that is this near to the aim needs no road.
NEAR = 0.1


#: How far prices go up and down, as a share (assumption).
PRICE_STEP = 0.05


#: Name of the option that changes nothing.
STAY = "stay"


_CAPABILITIES = ("interaction", "customization")


def firm_of(scenario: Scenario, name: str) -> str:
    """Return a firm of a scenario by name; without one, that of its perspective, or the first.

    Raises
    ------
    ScenarioError
        If there is no such firm.
    """
    if name and name not in scenario.firms:
        near = hint(name, scenario.firms)
        text = f"expected a firm of {scenario.name}, found {found(name)}{near}"
        raise ScenarioError(Problem(Place("firm"), (), text))
    return name or (
        scenario.perspective.firm if scenario.perspective else next(iter(scenario.firms))
    )


def goal_of(scenario: Scenario, measure: str, firm: str) -> str:
    """Return the measure named, else the goal of the firm.

    Parameters
    ----------
    scenario : Scenario
    measure : str
        Empty for none.
    firm : str
        Whose goal it is: its objective's, else the perspective's, else net present value.
    """
    objective = scenario.firms[firm].objective
    own = objective.goal if objective else None
    return measure or own or (scenario.perspective.goal if scenario.perspective else DEFAULT)


def default_options(scenario: Scenario, firm: str) -> dict[str, dict[str, Any]]:
    """Return a readable set of options of a firm, overrides by name.

    The firm can stay as it is. What it lacks of the two capabilities it can build one after
    the other, in either order, both at once, or both at once later; if it lacks one, now or
    later. It can change its price by a twentieth, unless a policy sets it. A firm that lacks
    neither capability can give one up.

    Parameters
    ----------
    scenario : Scenario
    firm : str
    """
    start, build, later = _times(scenario.periods)
    aims = {
        name: max(AIM, *(getattr(each, name) for each in scenario.firms.values()))
        for name in _CAPABILITIES
    }
    own = scenario.firms[firm]
    lacks = tuple(name for name in _CAPABILITIES if getattr(own, name) < aims[name] - NEAR)

    def road(*steps: tuple[int, tuple[str, ...]]) -> dict[str, Any]:
        return {
            "events": [
                {
                    "at": at, "over": build,
                    "label": f"{firm} builds {' and '.join(names)}",
                    "set": {f"firms.{firm}.{name}": aims[name] for name in names},
                }
                for at, names in steps
            ]
        }  # fmt: skip

    options: dict[str, dict[str, Any]] = {STAY: {}}
    if len(lacks) == 2:
        options["interact first"] = road((start, lacks[:1]), (start + build, lacks[1:]))
        options["customize first"] = road((start, lacks[1:]), (start + build, lacks[:1]))
        options["both at once"] = road((start, lacks))
        options["both, later"] = road((later, lacks))
    elif len(lacks) == 1:
        verb = {"interaction": "interact", "customization": "customize"}[lacks[0]]
        options[f"{verb} more"] = road((start, lacks))
        options[f"{verb} more, later"] = road((later, lacks))
    else:
        for name, words in zip(_CAPABILITIES, ("interact less", "customize less"), strict=True):
            options[words] = {f"firms.{firm}.{name}": getattr(own, name) / 2}
    if (firm, "pricing") not in {each[:2] for each in named_policies(scenario)}:
        options["cut the price"] = {f"firms.{firm}.price": own.price * (1 - PRICE_STEP)}
        options["raise the price"] = {f"firms.{firm}.price": own.price * (1 + PRICE_STEP)}
    return options


def _times(periods: int) -> tuple[int, int, int]:
    """Return when roads start, how long a capability takes, and when later is."""
    build = max(1, round(BUILDING * periods))
    start = min(1, periods - 1)
    return start, build, min(start + build, periods - 1)


class _Event(Keyed):
    """The required form of an event before a rival's copy is added to it."""

    model_config = ConfigDict(extra="allow")
    called: ClassVar[str] = "an event"
    set: dict[str, Any] = optional()


class _Option(Keyed):
    """Changes of an option, by dotted path; the scenario checks them."""

    model_config = ConfigDict(extra="allow")
    called: ClassVar[str] = "an option"
    events: Annotated[tuple[_Event, ...], Expected("a list of events")] = optional()
    replace_events: Annotated[tuple[_Event, ...], Expected("a list of events")] = optional()
    programmes: Annotated[dict[str, Any], Expected("programmes by name")] = optional()
    moves: Annotated[dict[str, dict[str, Any]], Expected("moves of the menu by name")] = optional()


class DecisionFile(Keyed):
    """The schema of files of options and of uncertainties."""

    options: Annotated[
        dict[str, Annotated[_Option | None, Expected("a mapping of dotted paths to values")]],
        MinLen(1),
        Expected("options by name"),
    ] = optional()
    uncertainties: Annotated[
        dict[str, GivenFactor], MinLen(1), Expected("uncertainties by name")
    ] = optional()


def read_mapping(given: str | Path | Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return options or uncertainties: a mapping, a YAML file, or YAML in a text.

    Parameters
    ----------
    given : str, Path or mapping
    what : str
        ``"options"`` or ``"uncertainties"``; a file that holds both has them under these keys.

    Raises
    ------
    ScenarioError
        If it is no mapping of them, with all that is wrong in it.
    """
    place = Place(what)
    content: Any = given
    where: dict[Keys, Place] = {}
    if isinstance(given, Path) or (isinstance(given, str) and given.endswith((".yaml", ".yml"))):
        place = Place(str(given))
        if not is_file(given):
            raise ScenarioError(Problem(place, (), f"expected a file of {what}, found none"))
        content, where = read_yaml(Path(given))
    elif not isinstance(given, Mapping):
        try:
            content = parse(str(given)).value
        except YamlError as problem:
            raise ScenarioError(Problem(place, (), problem.reason)) from None
    if isinstance(content, Mapping) and what in content:
        content = content[what]
    else:
        where = {(what, *keys): at for keys, at in where.items()}
    if isinstance(content, Mapping):
        content = plain({str(name): value for name, value in content.items()}, place)
    source = Source({what: content}, where, what, place)
    try:
        read_as(DecisionFile, source.raw, source)
    except ScenarioError as error:
        told = (Problem(each.place, each.path[1:], each.text) for each in error.problems)
        raise ScenarioError(told) from None
    return dict(content)


def copying(scenario: Scenario, firm: str, rival: str, option: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event by which a rival matches what a firm can do under an option.

    The rival gets the capabilities that the firm has in the end, as far as they are above its
    own.
    """
    values = {}
    built = programmes_of(scenario, firm, option)
    for name in _CAPABILITIES:
        path = f"firms.{firm}.{name}"
        after = option.get(path, getattr(scenario.firms[firm], name))
        for event in (*option.get(REPLACE, ()), *option.get(ADD, ())):
            after = event.get("set", {}).get(path, after)
        for programme in built.values():
            after = programme.changes.get(name, after)
        own = getattr(scenario.firms[rival], name)
        values[f"firms.{rival}.{name}"] = max(float(after), float(own))
    return {"at": scenario.periods - 1, "set": values, "label": f"{rival} copies {firm}"}


def with_programmes(
    firm: str, options: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, dict[str, Any]]:
    """Return options whose ``programmes`` are those of the firm that decides.

    Parameters
    ----------
    firm : str
    options : mapping
        As :func:`read_mapping` returns them.

    Examples
    --------
    >>> with_programmes("Tailor", {"stay": None, "CRM": {"programmes": {"crm": {"build": 6}}}})
    {'stay': {}, 'CRM': {'firms.Tailor.programmes.crm': {'build': 6}}}
    """
    made = {}
    for name, option in options.items():
        changes = dict(option or {})
        programmes = changes.pop("programmes", None) or {}
        made[name] = changes | {f"firms.{firm}.programmes.{n}": p for n, p in programmes.items()}
    return made


def with_moves(
    scenario: Scenario, firm: str, options: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, dict[str, Any]]:
    """Return options whose ``moves`` of the menu are programmes.

    Parameters
    ----------
    scenario : Scenario
    firm : str
        Who decides.
    options : mapping
        By name. Under ``moves``, a move's name and its ``size``, ``unit_cost``, ``touchpoint``,
        ``one_off``, ``running``, ``start``, ``build``, and ``changes`` in place of the menu's;
        ``firm``, whose move it is if it is a rival's, and ``move``, its name in the menu if it is
        called otherwise. A move ``in_answer_to`` another one of the option starts ``delay``
        periods after that.

    Raises
    ------
    ScenarioError
        If there is no such move, or the firm lacks what a move starts from.

    Examples
    --------
    >>> import cxsim as cx
    >>> cut = {"cut": {"moves": {"price_cut": {"size": 0.1, "one_off": 0, "running": 0}}}}
    >>> made = with_moves(cx.load("baseline"), "Mass", cut)
    >>> made["cut"]["programmes"]["price_cut"]["changes"]
    {'price': 18.0}
    """
    market: dict[str, Any] = {}
    made = {}
    for option, given in options.items():
        changes = dict(given or {})
        programmes = dict(changes.get("programmes") or {})
        planned = changes.pop("moves", None) or {}
        market = market or (scenario.to_dict(defaults=True) if planned else {})
        for name, terms in planned.items():

            def fail(text: str, keys: Keys = (option, "moves", name)) -> ScenarioError:
                return ScenarioError(Problem(Place("options"), keys, text))

            terms = {"move": name, **terms}
            whose = terms.pop("firm", firm)
            if whose not in scenario.firms:
                near = hint(str(whose), scenario.firms)
                raise fail(f"firm: expected a firm, found {found(whose)}{near}")
            own = market["firms"][whose]
            try:
                terms = _answering(terms, planned, name)
                programme = as_programme(terms, own, market)
            except ValueError as error:
                raise fail(str(error)) from None
            for path, neutral in moves()[terms["move"]].base.items():
                if at(own, path) is None:
                    raise fail(
                        f"expected firms.{whose}.{path}: {neutral} in the scenario, found none"
                    )
            if whose == firm:
                programmes[name] = programme
            else:
                changes[f"firms.{whose}.programmes.{name}"] = programme
        made[option] = changes | ({"programmes": programmes} if programmes else {})
    return made


def _answering(
    terms: Mapping[str, Any], planned: Mapping[str, Mapping[str, Any]], name: str
) -> dict[str, Any]:
    """Return terms whose start follows from that of the move they answer."""
    made = dict(terms)
    answered, delay = made.pop("in_answer_to", None), made.pop("delay", None)
    if answered is None:
        if delay is not None:
            raise ValueError(f"expected in_answer_to beside delay, found {found(delay)} alone")
        return made
    others = {key: each for key, each in planned.items() if key != name}
    if answered not in others:
        near = hint(str(answered), others)
        raise ValueError(
            f"in_answer_to: expected another move of the option, found {found(answered)}{near}"
        )
    if "start" in made or others[answered].get("in_answer_to") is not None:
        raise ValueError("in_answer_to: expected a move with a start, and none beside it")
    if isinstance(delay, bool) or not isinstance(delay, int) or delay < 0:
        raise ValueError(f"delay: expected periods, found {found(delay)}")
    return made | {"start": others[answered].get("start", 0) + delay}


def builds(firm: str, options: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether a firm has a programme in an option that changes one of both capabilities.

    Parameters
    ----------
    firm : str
    options : mapping
        As :func:`with_programmes` returns them.
    """
    start = f"firms.{firm}.programmes."
    planned = [each for o in options.values() for path, each in o.items() if path.startswith(start)]
    return any(key in _CAPABILITIES for each in planned for key in (at(each, "changes") or {}))


def programmes_of(
    scenario: Scenario, firm: str, option: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Programme]:
    """Return a firm's programmes under an option; of one that is not valid, the scenario's own.

    Parameters
    ----------
    scenario : Scenario
    firm : str
    option : mapping
        Overrides by dotted path.
    """
    changes = {path: value for path, value in option.items() if ".programmes" in path}
    try:
        made = scenario.override(changes) if changes else scenario
    except ScenarioError:  # the study of the options says what is wrong
        made = scenario
    return dict(made.firms[firm].programmes)


def programme_terms(programme: Programme, scenario: Scenario) -> str:
    """Return in words what a programme costs and how long it takes to build.

    Parameters
    ----------
    programme : Programme
    scenario : Scenario
        For the currency and the length of a period.

    Examples
    --------
    >>> import cxsim as cx
    >>> crm = Programme(changes={"identification": 1.0}, build=6, one_off=400_000.0)
    >>> programme_terms(crm, cx.load("baseline"))
    'one-off cost 400,000 EUR, running cost not stated (free), building time 6 months'
    """
    period = scenario.period_length
    said = []
    for key, per in (("one_off", ""), ("running", f" per {period}")):
        value, words = getattr(programme, key), f"{key.replace('_', '-')} cost"
        if value:
            said.append(f"{words} {value:,.10g} {scenario.currency}{per}")
        else:
            stated = key in programme.model_fields_set
            said.append(f"no {words}" if stated else f"{words} not stated (free)")
    plural = "" if programme.build == 1 else "s"
    built = f"building time {programme.build} {period}{plural}"
    return ", ".join([*said, built if programme.build else "no building time"])


def programme_changes(programme: Programme) -> str:
    """Return in words what a programme changes.

    Parameters
    ----------
    programme : Programme

    Examples
    --------
    >>> programme_changes(Programme(changes={"touchpoints.hotline.mean": 8.0, "price": 19.0}))
    'touchpoints hotline mean to 8, price to 19'
    """
    return ", ".join(
        f"{path.replace('.', ' ').replace('_', ' ')} to {_said(value)}"
        for path, value in programme.changes.items()
    )


def _said(value: Any) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return minus(f"{value:,.10g}") if number else str(value)


def with_copy(
    scenario: Scenario, firm: str, rival: str, options: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return options whose events come after the scenario's own and the rival's copy.

    An option's ``events`` are added to the scenario's, its ``replace_events`` take their place.
    """
    own = list(scenario.to_dict().get("events", []))
    made = {}
    for name, option in options.items():
        option = dict(option or {})
        if rival:  # its copy stands where the factor of its period looks for it
            copied = copying(scenario, firm, rival, option)
            kept, more = option.pop(REPLACE, own), option.pop(ADD, ())
            option[REPLACE] = [*kept, copied, *more]
        made[name] = option
    return made


# -- What is uncertain: ranges around a scenario's values, for customers, costs and rivals -----


#: Name of the factor that says in which period a rival has copied the firm.
COPY = "rival copies in period"


#: How the name of a factor ends that stands for a cost which nobody stated.
NOT_STATED = ", cost not stated"


#: Default ranges, as multiples of the scenario's values (assumptions): name, whose parameters,
#: which of them, lowest and highest multiple, whether covered evenly in logarithms.
RANGES: tuple[tuple[str, str, tuple[str, ...], float, float, bool], ...] = (
    ("price sensitivity", "segments", ("price_sensitivity",), 0.75, 1.33, True),
    ("value of personalization", "segments", ("fit_weight",), 0.5, 1.5, False),
    ("onboarding effort", "segments", ("onboarding_effort",), 0.5, 1.5, False),
    ("speed of learning", "market", ("learning_rate",), 0.5, 2.0, True),
    ("costs of capabilities", "own", ("capability_cost", "capability_investment"), 0.5, 2.0, True),
    ("costs of customization and interaction", "own", ("customization_cost", "interaction_cost"),
     0.5, 1.5, False),
    ("rivals' prices", "rivals", ("price",), 0.9, 1.05, False),
)  # fmt: skip


def default_uncertainties(
    scenario: Scenario, firm: str, rival: str = "", *, drawn: tuple[str, ...] = ()
) -> dict[str, dict[str, Any]]:
    """Return factors of a study that vary what the firm does not know.

    Parameters
    ----------
    scenario : Scenario
    firm : str
        Whose decision it is; its own costs are uncertain too.
    rival : str
        Who copies it, at a time that is uncertain, from a quarter of the periods on to the
        last one (never, as good as); empty for nobody.
    drawn : tuple of str
        Dotted paths that are drawn from estimates and need no range.

    Returns
    -------
    dict
        As ``factors`` of a study file. A factor is a multiple of the scenario's values; those
        that are zero stay so.
    """
    factors: dict[str, dict[str, Any]] = {}
    for name, whose, keys, low, high, log in RANGES:
        paths = {}
        for path in _paths(scenario, firm, whose, keys):
            value = scenario.value(path)
            if isinstance(value, (int, float)) and value and path not in drawn:
                paths[path] = {"times": float(value)}
        if paths:
            scale = {"scale": "log"} if log else {}
            factors[name] = {"paths": paths, "low": low, "high": high, **scale}
    if rival:
        factors[COPY] = copy_factor(scenario)
    return factors


def always_uncertain(
    scenario: Scenario,
    factors: Mapping[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    *,
    drawn: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return factors with the ranges that the scenario itself states, which no choice leaves out.

    A range takes the place of a factor that moves the same input, unless that one has the path of
    the range. What an option changes stays certain.

    Parameters
    ----------
    scenario : Scenario
        Its ``uncertain`` are the ranges, by dotted path.
    factors : mapping
        As in a study file.
    options : mapping
        Overrides by option.
    drawn : tuple of str
        Paths that are drawn from estimates.
    """
    made = dict(factors)
    for path, (low, high) in scenario.uncertain.items():
        reached = set(scenario.value(path)) if "*" in path else {path}
        if any(each in _changed(option) for option in options.values() for each in reached):
            continue
        if reached & set(drawn) or path in drawn:
            continue
        taken = [name for name, factor in made.items() if reached & _moved(scenario, name, factor)]
        if any(name == path or _is(factor, path) for name, factor in made.items()):
            continue
        for name in taken:
            del made[name]
        scale = {"scale": "log"} if low > 0.0 and high / low > 3.0 else {}
        made[_range_name(scenario, path)] = {"path": path, "low": low, "high": high, **scale}
    return made


def _range_name(scenario: Scenario, path: str) -> str:
    """Return what an input is called, with its owner if it is not the only one."""
    *above, last = path.split(".")
    words = {keys[0]: name for name, whose, keys, *_ in RANGES if whose in ("segments", "market")}
    name = words.get(last, last.replace("_", " "))
    alone = len(above) < 2 or above[1] == "*" or len(getattr(scenario, above[0])) == 1
    return name if alone else f"{above[1]}'s {name}"


def _is(factor: Any, path: str) -> bool:
    return isinstance(factor, Mapping) and factor.get("path") == path


def _moved(scenario: Scenario, name: str, factor: Any) -> set[str]:
    """Return the dotted paths that a factor moves."""
    given = factor if isinstance(factor, Mapping) else {}
    paths = [given["path"]] if "path" in given else list(given.get("paths", {name: {}}))
    made: set[str] = set()
    for path in paths:
        made |= set(scenario.value(path)) if "*" in str(path) else {str(path)}
    return made


def _changed(option: Mapping[str, Any]) -> set[str]:
    """Return the dotted paths that an option changes, by itself, its events or programmes."""
    made = set(option)
    for event in (*option.get(REPLACE, ()), *option.get(ADD, ())):
        made |= set(event.get("set", {}))
    for path, value in option.items():
        head, programme, _ = path.partition(".programmes.")
        if programme and isinstance(value, Mapping):
            made |= {f"{head}.{key}" for key in value.get("changes", {})}
    return made


def cost_factors(scenario: Scenario, costs: Iterable[Unstated]) -> dict[str, dict[str, Any]]:
    """Return factors that vary costs which nobody stated, from 0 to twice the customary ones.

    Parameters
    ----------
    scenario : Scenario
    costs : iterable of Unstated
        As :func:`cxsim.strategy.recommendation.unstated_costs` returns. Costs of programmes are
        left out.

    Returns
    -------
    dict
        As ``factors`` of a study file; amounts in the scenario's currency.
    """
    factors = {}
    for each in costs:
        if ".programmes." in each.path:
            continue  # other options have no such programme: it is named instead
        low, high = cost_range(scenario, each.path)
        factors[each.free + NOT_STATED] = {"path": each.path, "low": low, "high": high}
    return factors


def without_cost(names: Iterable[str]) -> tuple[str, ...]:
    """Return items without a stated cost, by the names of a decision's factors.

    Parameters
    ----------
    names : iterable of str

    Examples
    --------
    >>> without_cost(["price sensitivity", "interaction, cost not stated"])
    ('interaction',)
    """
    return tuple(n.removesuffix(NOT_STATED) for n in names if n.endswith(NOT_STATED))


def copy_factor(
    scenario: Scenario, low: float = math.nan, high: float = math.nan
) -> dict[Any, Any]:
    """Return the factor that moves the rival's copy, the first event after the scenario's own."""
    last = scenario.periods - 1
    number = len(scenario.to_dict().get("events", []))
    return {
        "path": f"events.{number}.at",
        "low": min(last - 1, scenario.periods // 4) if math.isnan(low) else low,
        "high": last if math.isnan(high) else high,
        "integer": True,
    }


def given_uncertainties(scenario: Scenario, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return factors as given, the rival's copy with the path that it moves."""
    made = dict(given)
    if COPY in made:
        ends = made[COPY]
        pair = isinstance(ends, (list, tuple)) and len(ends) == 2
        if not pair or not all(isinstance(end, (int, float)) for end in ends):
            text = f"expected [first, last] period, found {found(ends)}"
            raise ScenarioError(Problem(Place("uncertainties"), (COPY,), text))
        made[COPY] = copy_factor(scenario, *ends)
    return made


def range_table(factors: Mapping[str, Any], drawn: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return uncertain inputs in words: ``uncertain``, ``from``, ``to``, ``of`` (parameters)."""
    rows = []
    for name, given in factors.items():
        fields = given if isinstance(given, Mapping) else {"low": given[0], "high": given[-1]}
        paths = list(fields.get("paths", ())) or [fields.get("path", name)]
        low, high = fields.get("low"), fields.get("high")
        if "values" in fields:
            low, high = fields["values"][0], fields["values"][-1]
        timed = isinstance(fields.get("paths"), Mapping)
        unit = "times the scenario's" if timed else ""
        if name.endswith(NOT_STATED):
            share, of = CUSTOMARY[paths[0].rpartition(".")[2]]
            unit = f"assumed: up to {HIGHEST:g} times {100 * share:g} % of {of}"
        rows.append((name, low, high, unit, ", ".join(paths)))
    if drawn is not None:
        for name in drawn:
            ends = drawn[name].quantile([0.025, 0.975]).tolist()
            rows.append((name, *ends, "95 % of the estimate's draws", name))
    return pd.DataFrame(rows, columns=["uncertain", "from", "to", "measured in", "moves"])


def _paths(scenario: Scenario, firm: str, whose: str, keys: tuple[str, ...]) -> list[str]:
    if whose == "market":
        return list(keys)
    if whose == "segments":
        return [f"segments.{name}.{key}" for name in scenario.segments for key in keys]
    firms = [firm] if whose == "own" else [name for name in scenario.firms if name != firm]
    return [f"firms.{name}.{key}" for name in firms for key in keys]


# -- What a scenario may leave out and a decision needs: fit, teaching and costs, as proportions


#: Costs as shares of the mean price, by the last part of the parameter's path: those of the
#: baseline scenario, and of the scenarios that use the mechanism for the others (assumptions).
_OF_PRICE = {
    "unit_cost": 0.55, "customization_cost": 0.075, "interaction_cost": 0.05, "cost_to_serve": 0.05,
    "cost": 0.05, "cost_per_contact": 0.025, "individual_cost": 0.025,
}  # fmt: skip


#: Costs as shares of what the whole market pays in a period, likewise.
_OF_MARKET = {
    "capability_cost": 0.015, "capability_investment": 0.1, "advertising_cost": 0.05,
    "fixed": 0.015, "running": 0.015, "one_off": 0.1,
}  # fmt: skip


#: All of them: share, and of what.
CUSTOMARY = {
    **{name: (share, "the mean price") for name, share in _OF_PRICE.items()},
    **{name: (share, "the market's sales in a period") for name, share in _OF_MARKET.items()},
}


#: What customers lose by bad fit, teaching and ordering as shares of the mean price, likewise.
_OF_CUSTOMERS = {"fit_weight": 0.075, "onboarding_effort": 0.15, "ordering_effort": 0.1}


#: Pure numbers, likewise.
_PLAIN = {"segments": {"need_sd": 1.0}, "firms": {"identification": 0.9, "segment_insight": 0.6}}


#: Costs of a firm that a purchase panel does not show.
_OF_FIRMS = ("unit_cost", "customization_cost", "interaction_cost", "cost_to_serve",
             "capability_cost", "capability_investment")  # fmt: skip


#: A cost that nobody stated may be anything from 0 to this multiple of the customary one.
HIGHEST = 2.0


def customary(scenario: Scenario, name: str) -> float:
    """Return a cost in the proportion that is customary, in the scenario's currency.

    Parameters
    ----------
    scenario : Scenario
        Whose mean price, or sales in a period, the cost is a share of.
    name : str
        Parameter, or a dotted path that ends in it (``"firms.Alpha.interaction_cost"``).

    Raises
    ------
    KeyError
        If no proportion is known.
    """
    name = name.rpartition(".")[2]
    share, _ = CUSTOMARY[name]
    price = _mean_price(scenario)
    if name in _OF_PRICE:
        return share * price
    buying = sum(each.share * each.purchase_rate for each in scenario.segments.values())
    return share * price * buying * scenario.market_size


def cost_range(scenario: Scenario, path: str) -> tuple[float, float]:
    """Return between which amounts a cost lies that nobody stated.

    Parameters
    ----------
    scenario : Scenario
    path : str
        Dotted path of the cost.

    Returns
    -------
    low, high : float
        From 0 to twice the customary cost; what a unit or a contact costs to at most the mean
        price.
    """
    high = HIGHEST * customary(scenario, path)
    if path.rpartition(".")[2] in _OF_PRICE:
        high = min(high, _mean_price(scenario))
    return 0.0, float(f"{high:.4g}")


def _mean_price(scenario: Scenario) -> float:
    return sum(each.price for each in scenario.firms.values()) / len(scenario.firms)


def assumptions(scenario: Scenario) -> dict[str, Any]:
    """Return overrides for what a scenario lacks, by dotted path.

    They stand in the proportions of the baseline: what needs, fit, teaching and capabilities
    are worth and cost relative to the price and to what the market pays. A cost that the
    scenario states is left as it is, 0 included.

    Parameters
    ----------
    scenario : Scenario
        Such as a calibrated one.
    """
    price = _mean_price(scenario)
    said = scenario.to_dict()
    usual = {
        "segments": {key: share * price for key, share in _OF_CUSTOMERS.items()},
        "firms": {key: customary(scenario, key) for key in _OF_FIRMS},
    }
    return {
        f"{level}.{name}.{key}": float(f"{value:.4g}")
        for level in usual
        for name, given in said[level].items()
        for key, value in (usual[level] | _PLAIN[level]).items()
        if key not in given or (level == "segments" and not given[key])
    }


def with_assumptions(scenario: Scenario) -> tuple[Scenario, pd.DataFrame]:
    """Return a scenario with what it lacks for a decision, and what was assumed.

    Returns
    -------
    scenario : Scenario
    assumed : DataFrame
        ``path`` and ``value``, a row per assumption.
    """
    made = assumptions(scenario)
    frame = pd.DataFrame(list(made.items()), columns=["path", "value"])
    return (scenario.override(made) if made else scenario), frame
