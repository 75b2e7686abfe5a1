"""Colours, line styles and markers: the same firm looks the same in every figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.colors import to_hex, to_rgb
from matplotlib.typing import ColorType

__all__ = [
    "GREY",
    "INK",
    "OKABE_ITO",
    "Look",
    "contrast",
    "ink_on",
    "looks",
    "luminance",
    "readable",
]

#: The eight colours of Okabe & Ito (2008), told apart by colour-blind readers; the
#: ones that stand out best from white come first.
OKABE_ITO = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "bluish green": "#009E73",
    "reddish purple": "#CC79A7",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "black": "#000000",
    "yellow": "#F0E442",
}

INK = "#222222"
GREY = "#767676"

_STYLES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-",
    (0, (6, 1.6)),
    (0, (1.2, 1.2)),
    (0, (6, 1.4, 1.2, 1.4)),
)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")


@dataclass(frozen=True)
class Look:
    """What one firm (or scenario) looks like.

    Attributes
    ----------
    color : str
        Of lines and areas.
    ink : str
        Of its name: the same colour, dark enough to be read on white.
    linestyle : str or tuple
    marker : str
    """

    color: str
    ink: str
    linestyle: str | tuple[float, tuple[float, ...]]
    marker: str

    @property
    def pale(self) -> bool:
        """Whether the colour needs an outline on white."""
        return contrast(self.color) < 1.5


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Return a look for each name, by its place; 32 are all different.

    Names that share a colour (the first and the ninth) differ in line style and marker.
    """
    colors = list(OKABE_ITO.values())
    result = {}
    for k, name in enumerate(names):
        turn = k // len(colors)
        color = colors[k % len(colors)]
        style = _STYLES[(k + turn) % len(_STYLES)]
        result[name] = Look(color, readable(color), style, _MARKERS[(k + turn) % len(_MARKERS)])
    return result


def luminance(color: ColorType) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white), after WCAG 2."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color: ColorType, ground: ColorType = "white") -> float:
    """Return the contrast ratio of two colours, 1 to 21, after WCAG 2."""
    low, high = sorted((luminance(color), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def readable(color: str) -> str:
    """Return the colour, darkened until text in it can be read on white (ratio 4.5)."""
    red, green, blue = to_rgb(color)
    shade = 1.0
    while contrast((red * shade, green * shade, blue * shade)) < 4.5:
        shade -= 0.02
    return to_hex((red * shade, green * shade, blue * shade))


def ink_on(ground: ColorType) -> str:
    """Return white or the colour of ink, whichever is easier to read on a ground."""
    return "white" if contrast("white", ground) > contrast(INK, ground) else INK
