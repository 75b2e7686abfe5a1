"""Charts of a game as SVG: each firm is a color, a dash and a letter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

__all__ = ["Looks", "line_chart"]

#: Those of all figures (``cxsim.charts.OKABE_ITO``), written out here because a server that
#: starts again must not wait for what draws figures.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("", "8 3", "2 3", "10 3 2 3", "5 3", "1 4", "12 4")

#: Size of a chart in units of its drawing; it scales to the width of the page.
_WIDTH, _HEIGHT = 420, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 34, 14, 40


class Looks:
    """Color, dash and letter of each firm, in their order.

    Parameters
    ----------
    firms : tuple of str
    """

    def __init__(self, firms: tuple[str, ...]) -> None:
        letters = [firm[:1].upper() for firm in firms]
        if len(set(letters)) < len(letters):
            letters = [chr(65 + k) for k in range(len(firms))]
        self._of = {
            firm: {
                "color": _COLORS[k % len(_COLORS)],
                "dash": _DASHES[k % len(_DASHES)],
                "letter": letters[k],
            }
            for k, firm in enumerate(firms)
        }

    def of(self, firm: str) -> dict[str, str]:
        """Return the look of a firm.

        Parameters
        ----------
        firm : str
        """
        return self._of[firm]


def line_chart(
    series: Mapping[str, Sequence[float]],
    looks: Looks,
    *,
    title: str,
    unit: str,
    per_round: int,
    period: str,
) -> dict[str, str]:
    """Return a chart of values by period and firm.

    Parameters
    ----------
    series : mapping of str to sequence of float
        By firm.
    looks : Looks
    title, unit : str
        Shares are drawn per cent.
    per_round : int
        Periods of a round; rounds are marked.
    period : str
        What a period is.

    Returns
    -------
    dict
        ``svg``, with a title and a description in words; ``title``; ``text``, the description.
    """
    scale = 100.0 if unit == "share" else 1.0
    unit = "%" if unit == "share" else unit
    values = [scale * v for each in series.values() for v in each if math.isfinite(v)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    low = 0.0 if scale == 100.0 else low
    step = _step(high - low)
    low, high = math.floor(low / step) * step, math.ceil(high / step + 1e-9) * step
    high = high if high > low else low + step
    count = max(len(each) for each in series.values())
    width = (_WIDTH - _LEFT - _RIGHT) / max(count - 1, 1)

    def x(k: float) -> float:
        return _LEFT + width * k

    def y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)

    parts = []
    for k in range(round((high - low) / step) + 1):
        at = low + k * step
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(at):.1f}" y2="{y(at):.1f}" '
            'stroke="#ddd"/>'
            f'<text x="{_LEFT - 6}" y="{y(at) + 4:.1f}" text-anchor="end">{at:g}</text>'
        )
    for number in range(math.ceil(count / per_round)):
        at = x(number * per_round)
        parts.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" '
            'stroke="#bbb" stroke-dasharray="1 3"/>'
            f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 16}">{number + 1}</text>'
        )
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 6}">Round</text>')
    said = []
    ends = _apart([y(scale * each[-1]) if math.isfinite(each[-1]) else y(low)
                   for each in series.values()])  # fmt: skip
    for (firm, each), end in zip(series.items(), ends, strict=True):
        look = looks.of(firm)
        line = " ".join(
            f"{x(k):.1f},{y(scale * v):.1f}" for k, v in enumerate(each) if math.isfinite(v)
        )
        dash = f' stroke-dasharray="{look["dash"]}"' if look["dash"] else ""
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{look["color"]}" '
            f'stroke-width="2.5"{dash}/>'
            f'<text x="{_WIDTH - _RIGHT + 6}" y="{end + 4:.1f}" font-weight="bold" '
            f'fill="{look["color"]}">{escape(look["letter"])}</text>'
        )
        end_words = f"{scale * each[-1]:.4g}" if math.isfinite(each[-1]) else "none"
        said.append(f"{firm} {end_words}")
    text = f"{title} ({unit}) in the last {period}: {', '.join(said)}."
    svg = (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-size="12" fill="#333">'
        f"<title>{escape(title)} by {escape(period)}</title><desc>{escape(text)}</desc>"
        f"{''.join(parts)}</svg>"
    )
    return {"svg": svg, "title": f"{title} ({unit})", "text": text}


def _step(span: float) -> float:
    """Return a round step that divides a span into about four."""
    raw = max(span, 1e-9) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= raw)


def _apart(places: list[float], least: float = 13.0) -> list[float]:
    """Return places moved apart, so that letters beside them can be read."""
    order = sorted(range(len(places)), key=places.__getitem__)
    made = list(places)
    for below, here in pairwise(order):
        made[here] = max(made[here], made[below] + least)
    over = made[order[-1]] - (_HEIGHT - _BOTTOM) if order else 0.0
    return [each - over for each in made] if over > 0 else made


def interval_mark(exact: float, mean: float, lower: float, upper: float, span: float) -> str:
    """Return a small chart of one difference: a dot for the seed played, a bar for other seeds.

    Parameters
    ----------
    exact : float
        Difference in the seed played.
    mean, lower, upper : float
        Mean difference over other seeds and its interval; NaN without any.
    span : float
        Largest difference drawn, on either side of zero.

    Returns
    -------
    str
        SVG, hidden from screen readers: the numbers stand beside it.
    """

    def x(value: float) -> float:
        return 80.0 + 74.0 * max(-1.0, min(1.0, value / span))

    parts = ['<line x1="80" x2="80" y1="0" y2="18" stroke="#777"/>']
    if math.isfinite(lower) and math.isfinite(upper):
        parts.append(
            f'<line x1="{x(lower):.1f}" x2="{x(upper):.1f}" y1="13" y2="13" stroke="#00568a" '
            f'stroke-width="3"/><line x1="{x(mean):.1f}" x2="{x(mean):.1f}" y1="9" y2="17" '
            'stroke="#00568a" stroke-width="2"/>'
        )
    parts.append(f'<circle cx="{x(exact):.1f}" cy="5" r="4" fill="#1d2430"/>')
    return f'<svg class="effect" viewBox="0 0 160 18" aria-hidden="true">{"".join(parts)}</svg>'
