"""Before long work: what it will take, or why it cannot be done here."""

from __future__ import annotations

from collections.abc import Iterable

from cxsim.cli.failing import UserError
from cxsim.cli.saying import say
from cxsim.scenario import Scenario

__all__ = ["announce"]

#: Customers times periods times runs from which on work is called long (about a minute).
LONG = 400_000_000
#: Customers from which on memory is looked at, however short the work.
MANY = 5_000_000


def announce(names: Iterable[str], overrides: Iterable[str], seeds: int, jobs: int) -> None:
    """Say how long work will take and refuse what memory cannot hold; silent for short work.

    Parameters
    ----------
    names : iterable of str
        Scenarios, each run once per seed.
    overrides : iterable of str
        ``"PATH=VALUE"`` texts.
    seeds, jobs : int

    Raises
    ------
    UserError
        If memory cannot hold it.
    ScenarioError
        If a scenario or an override is not valid.
    """
    scenarios = [Scenario.load(name, list(overrides)) for name in names]
    work = sum(s.customers * (s.periods + s.warm_up) for s in scenarios) * seeds
    if work < LONG and max(s.customers for s in scenarios) < MANY:
        return
    from cxsim.study.pilot import NotEnoughMemoryError, check_memory, estimate

    one, *others = [estimate(scenario, seeds, jobs) for scenario in scenarios]
    for other in others:
        one = one + other
    try:
        check_memory(one)
    except NotEnoughMemoryError as problem:
        raise UserError(str(problem)) from None
    say(f"This will take {one.sentence()}.", err=True)
