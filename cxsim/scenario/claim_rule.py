"""Rules that test a claim: comparisons of measures that a program can evaluate.

A rule is one line, such as ``retention_rate.Tailor > retention_rate.others``: two sides of
measures and numbers with one of ``> >= < <=`` between them. A measure of a firm is
``MEASURE.FIRM``, one of the market ``market.MEASURE``; ``others`` stands for every firm that the
rule does not name. The same in another run is ``RUN.MEASURE.FIRM``. Names that are no words stand
in brackets, ``market_share["Our bank"]``.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cxsim.messages import hint

#: Name of the market in place of a firm.
MARKET = "market"

#: Name for every firm that a rule does not name.
OTHERS = "others"

#: Longest rule, in characters.
LONGEST = 1000

_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"abs": abs, "max": max, "min": min}
_COMPARED = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)
_GREATER, _EQUAL_TOO = (ast.Gt, ast.GtE), (ast.GtE, ast.LtE)


@dataclass(frozen=True)
class Term:
    """One measure in a rule.

    Attributes
    ----------
    measure : str
    firm : str
        A firm, ``"others"`` or ``"market"``.
    run : str
        Name of the run it is taken from; empty for the scenario's own.
    """

    measure: str
    firm: str
    run: str = ""

    @property
    def level(self) -> str:
        """Level of the measure: ``"firm"`` or ``"market"``."""
        return MARKET if self.firm == MARKET else "firm"


@dataclass(frozen=True)
class Rule:
    """A comparison: it holds where ``high`` is above ``low``.

    Attributes
    ----------
    high, low : expression
        Its two sides.
    strict : bool
        Whether equal sides fail it.
    written_first : {"high", "low"}
        Which side stands on the left of the rule as written.
    terms : tuple of Term
        All measures in it, left to right.
    """

    high: ast.expr
    low: ast.expr
    strict: bool
    written_first: str
    terms: tuple[Term, ...]

    def sides(self, value: Callable[[Term], float]) -> tuple[float, float]:
        """Return both sides, the one that should be higher first.

        Parameters
        ----------
        value : callable
            Returns the value of a term; NaN where there is none.
        """
        return _value(self.high, value), _value(self.low, value)

    def side(self, name: str) -> tuple[float, Term] | None:
        """Return factor and measure where a side is one measure, or a number times one.

        Parameters
        ----------
        name : {"high", "low"}

        Returns
        -------
        (float, Term) or None
        """
        node, factor = (self.high if name == "high" else self.low), 1.0
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            numbers = [n for n in (node.left, node.right) if isinstance(n, ast.Constant)]
            others = [n for n in (node.left, node.right) if not isinstance(n, ast.Constant)]
            if len(numbers) == 1:
                factor, node = float(numbers[0].value), others[0]  # type: ignore[arg-type]
        return (factor, _term(node)) if isinstance(node, (ast.Attribute, ast.Subscript)) else None


def parse_rule(text: str) -> Rule:
    """Read a rule.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        If it is no comparison of measures and numbers.

    Examples
    --------
    >>> rule = parse_rule("market_share.others < 0.9 * market_share.Whole")
    >>> [(term.measure, term.firm) for term in rule.terms]
    [('market_share', 'others'), ('market_share', 'Whole')]
    >>> rule.sides(lambda term: {"others": 0.2, "Whole": 0.5}[term.firm])
    (0.45, 0.2)
    """
    if len(text) > LONGEST:
        raise ValueError(f"expected at most {LONGEST} characters, found {len(text)}")
    try:
        body = ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = None
    kinds = [type(op) for op in body.ops] if isinstance(body, ast.Compare) else []
    if not isinstance(body, ast.Compare) or len(kinds) != 1 or kinds[0] not in _COMPARED:
        raise ValueError(
            "expected two sides with one of > >= < <= between them "
            f"(retention_rate.A > retention_rate.others), found {_cut(text)}"
        )
    op = body.ops[0]
    left, right = body.left, body.comparators[0]
    terms = (*_terms(left), *_terms(right))
    if not terms:
        raise ValueError(f"expected a measure (MEASURE.FIRM), found {_cut(text)}")
    first = isinstance(op, _GREATER)
    high, low = (left, right) if first else (right, left)
    strict = not isinstance(op, _EQUAL_TOO)
    return Rule(high, low, strict, "high" if first else "low", terms)


def _terms(node: ast.expr) -> Iterator[Term]:
    """Yield the measures in a side; refuse what is none of measures, numbers and arithmetic."""
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        yield _term(node)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield from _terms(node.left)
        yield from _terms(node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield from _terms(node.operand)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id not in _FUNCTIONS:
            near = hint(node.func.id, _FUNCTIONS)
            raise ValueError(f"expected abs, min or max, found {_cut(node.func.id)}{near}")
        if not node.args or (node.func.id != "abs" and len(node.args) < 2):
            raise ValueError(f"expected values to compare, found {_cut(ast.unparse(node))}")
        for each in node.args[:1] if node.func.id == "abs" else node.args:
            yield from _terms(each)
    elif not (
        isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and not isinstance(node.value, bool)
    ):
        what = "expected measures (MEASURE.FIRM, market.MEASURE), numbers and + - * /"
        raise ValueError(f"{what}, found {_cut(ast.unparse(node))}")


def _term(node: ast.expr) -> Term:
    """Return a chain of names as a measure."""
    names: list[str] = []
    inner = node
    while not isinstance(inner, ast.Name):
        if isinstance(inner, ast.Attribute):
            names.append(inner.attr)
        elif isinstance(inner, ast.Subscript) and _is_text(inner.slice):
            names.append(str(inner.slice.value))  # type: ignore[attr-defined]
        else:
            break
        inner = inner.value
    if not isinstance(inner, ast.Name) or len(names) > 2:
        found = _cut(ast.unparse(node))
        raise ValueError(f"expected MEASURE.FIRM, market.MEASURE or RUN. before it, found {found}")
    first, *rest = inner.id, *reversed(names)
    run, pair = ("", [first, *rest]) if len(rest) == 1 else (first, rest)
    if pair[0] == MARKET:
        return Term(pair[1], MARKET, run)
    return Term(pair[0], pair[1], run)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _value(node: ast.expr, value: Callable[[Term], float]) -> float:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, value)
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        values = [_value(each, value) for each in node.args]
        if any(each != each for each in values):
            return float("nan")
        return float(_FUNCTIONS[node.func.id](*values))
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, value), _value(node.right, value)
        try:
            return float(_OPERATORS[type(node.op)](left, right))
        except ZeroDivisionError:
            return float("nan")
    return value(_term(node))


def check_rule(rule: Rule, firms: Mapping[str, Any], runs: Mapping[str, Any]) -> str:
    """Return what is wrong with the names in a rule, empty if a scenario has them all.

    Parameters
    ----------
    rule : Rule
    firms : mapping by str
        Firms of the scenario.
    runs : mapping by str
        Other runs of the test.

    Returns
    -------
    str
        ``expected ..., found ... (did you mean ...?)``.
    """
    for term in rule.terms:
        if term.run and term.run not in runs:
            return f"expected a run of this test, found {term.run!r}{hint(term.run, runs)}"
        if term.firm not in (MARKET, OTHERS, *firms):
            near = hint(term.firm, [*firms, OTHERS])
            return f"expected a firm of the scenario, found {term.firm!r}{near}"
    return ""


def absent_firms(
    rule: Rule, firms: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return the firms that a rule, or a run that it compares, names and a market lacks.

    Parameters
    ----------
    rule : Rule
    firms : mapping by str
        Firms of the market.
    runs : mapping of str to mapping
        Overrides of each run of the test.

    Returns
    -------
    list of str
        Sorted.
    """
    named = {term.firm for term in rule.terms if term.firm not in (MARKET, OTHERS)}
    for run in {term.run for term in rule.terms} & runs.keys():
        for path, value in runs[run].items():
            level, _, rest = path.partition(".")
            firm, _, parameter = rest.partition(".")
            enters = not parameter and value is not None
            if level == "firms" and firm != "*" and not enters:
                named.add(firm)
    return sorted(named - firms.keys())


def _cut(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
