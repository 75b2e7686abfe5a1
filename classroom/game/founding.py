"""The founding of firms before the first round: a name to show, a strategy, a choice."""

from __future__ import annotations

from collections.abc import Mapping

from classroom.game.ledger import State
from cxsim.messages import found, hint

__all__ = ["LONGEST_NAME", "LONGEST_STRATEGY", "founding"]

#: Characters of a strategy, and of a firm's name.
LONGEST_STRATEGY, LONGEST_NAME = 300, 30


def founding(
    state: State, team: str, given: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Check what a team decides before the first round.

    Names of firms enter random draws; the name given here is shown and nothing else.

    Parameters
    ----------
    state : State
    team : str
    given : mapping of str to str
        ``name``, ``strategy`` and ``choice``, as far as the game asks for them.

    Returns
    -------
    values : dict of str to str
        ``name``, ``strategy`` and ``choice``; empty where nothing was given.
    problems : dict of str to str
        By key.
    """
    rules = state.game.rules.founding
    asked = [] if rules is None else [
        key
        for key, is_asked in (
            ("name", rules.name), ("strategy", rules.strategy), ("choice", bool(rules.choices))
        )
        if is_asked
    ]  # fmt: skip
    values = dict.fromkeys(("name", "strategy", "choice"), "")
    problems: dict[str, str] = {}
    for key, text in given.items():
        if key not in asked:
            near = hint(key, asked, listed=3)
            problems[key] = f"expected a part of this game's founding, found {found(key)}{near}"
        else:
            values[key] = " ".join(str(text).split())
    own = state.seats[team]
    others = {name.casefold() for firm, name in state.names.items() if firm != own}
    others |= {firm.casefold() for firm in state.names if firm != own}
    name, choices = values["name"], rules.choices if rules is not None else {}
    if len(name) > LONGEST_NAME or not name.isprintable():
        text = f"expected at most {LONGEST_NAME} printable characters, found {len(name)}"
        problems["name"] = text
    elif name.casefold() in others:
        problems["name"] = f"expected a name that no other firm has, found {name!r}"
    if len(values["strategy"]) > LONGEST_STRATEGY:
        text = f"expected at most {LONGEST_STRATEGY} characters, found {len(values['strategy'])}"
        problems["strategy"] = text
    if values["choice"] and values["choice"] not in choices:
        near = hint(values["choice"], choices, listed=12)
        problems["choice"] = f"expected a choice of this game, found {values['choice']!r}{near}"
    return values, problems
