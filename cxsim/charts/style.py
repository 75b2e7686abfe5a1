"""A figure that knows what it shows in words: made without pyplot, shown and saved whole."""

from __future__ import annotations

import base64
import contextlib
import io
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property, wraps
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator
from matplotlib.typing import ColorType

from cxsim.charts.labels import Words, plain
from cxsim.files.whole import whole_file
from cxsim.messages import visible

if TYPE_CHECKING:
    from PIL.Image import Image

# -- A figure that knows what it shows in words: made without pyplot, shown and saved whole ----


_FORMATS = {".png": "png", ".svg": "svg"}


class Picture(Figure):
    """A matplotlib figure that shows itself, with its description, as the last line of a cell.

    Attributes
    ----------
    laid_out : bool
        Whether everything in it has its place; matplotlib notes later changes in ``stale``.
    redraw : callable or None
        Draws the same figure as narrow as a phone.
    """

    laid_out = False
    redraw: Callable[[], Picture] | None = None
    _png: bytes | None = None

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        FigureCanvasAgg(self)  # one renderer for layout and drawing: texts are measured once

    @cached_property
    def narrow(self) -> Picture | None:
        """The same figure drawn for a phone; None where it is narrow already, or cannot be."""
        if self.redraw is None or self.get_figwidth() <= NARROW:
            return None
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "constrained_layout not applied", UserWarning)
            try:
                return self.redraw()
            except UserWarning:  # labels leave no room for axes: the wide one is shown
                return None

    def _repr_html_(self) -> str:
        return _html(self, alternative_text(self))


def alternative_text(figure: Figure) -> str:
    """Return a figure's text alternative, with its numbers; empty if it has none.

    Parameters
    ----------
    figure : Figure
    """
    return str(figure.get_label())


def show(figure: Figure, *, alt: str | None = None) -> None:
    """Show a figure in a notebook, with its description for those who cannot see it.

    Where there is no notebook, the description is printed.

    Parameters
    ----------
    figure : Figure
    alt : str, optional
        Description; that of the figure if left out.

    Raises
    ------
    ValueError
        If there is no description.
    """
    said = plain(alt if alt is not None else alternative_text(figure))
    if not said:
        raise ValueError("alt: expected a sentence that says what the figure shows, found none")
    try:
        from IPython import get_ipython
        from IPython.display import HTML, display
    except ImportError:
        shell = None
    else:
        shell = get_ipython()
    if shell is None:
        sys.stdout.write(visible(said) + "\n")
    else:
        display(HTML(_html(figure, said)))


#: Width in inches of a figure on a phone, and of the widest screen in CSS that gets it.
NARROW, PHONE = 3.6, "40rem"


def picture_bytes(figure: Figure) -> bytes:
    """Return a figure as PNG; it is drawn once.

    Parameters
    ----------
    figure : Figure
    """
    known = getattr(figure, "_png", None)
    if known is not None and not figure.stale:
        return bytes(known)
    buffer = io.BytesIO()
    _write(figure, buffer, "png")
    if isinstance(figure, Picture):
        figure._png, figure.stale = buffer.getvalue(), False
    return buffer.getvalue()


def title_share(figure: Figure) -> float:
    """Return the share of a figure's height, from the top, that its title takes; 0 without one.

    Parameters
    ----------
    figure : Figure
        Drawn already, so that the title has its place.
    """
    title = getattr(figure, "_suptitle", None)
    if title is None or not title.get_text():
        return 0.0
    return float(1.0 - title.get_window_extent().y0 / figure.bbox.height)


def _html(figure: Figure, alt: str) -> str:
    data = base64.b64encode(picture_bytes(figure)).decode("ascii")
    narrow = figure.narrow if isinstance(figure, Picture) else None
    image = (
        f'<img alt="{escape(plain(alt), quote=True)}" '
        f'width="{round(100 * figure.get_figwidth())}" style="max-width:100%" '
        f'src="data:image/png;base64,{data}">'
    )
    if narrow is not None:
        small = base64.b64encode(picture_bytes(narrow)).decode("ascii")
        source = f'<source media="(max-width: {PHONE})" srcset="data:image/png;base64,{small}">'
        image = f"<picture>{source}{image}</picture>"
    return f'<figure style="margin:0">{image}</figure>'


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG or SVG, by the suffix of the path, and return the path.

    The file appears whole or not at all and holds the figure's description. Text in an
    SVG stays text; the same figure gives the same file, without a date.

    Parameters
    ----------
    figure : Figure
    path : str or Path

    Raises
    ------
    ValueError
        If the suffix is another one.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: expected a name that ends in .png or .svg, found {path.name!r}")
    with whole_file(path) as draft:
        _write(figure, draft, kind)
    return path


def _write(figure: Figure, target: Any, kind: str) -> None:
    title = plain(figure.get_suptitle()) or "Figure"
    about: dict[str, Any] = {
        "Title": title,
        "Description": plain(alternative_text(figure)) or title,
    }
    if kind == "svg":
        about["Date"] = None
    with style(), _as_laid_out(figure):
        if kind == "png" and isinstance(figure.canvas, FigureCanvasAgg):
            _write_png(figure.canvas, target, about)
        else:
            figure.savefig(target, format=kind, metadata=about)


def _write_png(canvas: Any, target: Any, about: Mapping[str, str]) -> None:
    """Write a figure as PNG: drawn once (``savefig`` draws twice), and as few bytes as it needs."""
    from PIL.PngImagePlugin import PngInfo

    canvas.draw()
    texts, fineness = PngInfo(), canvas.figure.dpi
    for name, text in about.items():
        texts.add_text(name, text)
    picture = with_palette(np.asarray(canvas.buffer_rgba()))
    picture.save(target, format="png", pnginfo=texts, dpi=(fineness, fineness))


def with_palette(pixels: np.ndarray) -> Image:
    """Return opaque pixels as an image of 256 colours, those that most pixels have.

    A figure has a few hundred colours, most of them at the edges of letters and lines: more than
    99 % of its pixels keep theirs, the others get the nearest.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 4)
        Red, green, blue and opacity of each point, as numbers from 0 to 255.

    Returns
    -------
    Image
        Of Pillow, in mode ``P``.
    """
    from PIL import Image

    height, width, _ = pixels.shape
    found = Image.fromarray(pixels).convert("RGB").getcolors(height * width) or []
    colors = np.array([color for _, color in sorted(found, reverse=True)], np.uint8)
    kept, rest = colors[:256], colors[256:]
    places = np.zeros(1 << 24, np.uint8)  # of each colour in the palette; pages are made on use
    apart = rest[:, None, :].astype(np.int32) - kept.astype(np.int32)
    places[_as_number(rest)] = (apart**2).sum(axis=2).argmin(axis=1)
    places[_as_number(kept)] = np.arange(len(kept))
    image = Image.fromarray(places[_as_number(pixels)])
    image.putpalette(kept.tobytes())
    return image


def _as_number(colors: np.ndarray) -> np.ndarray:
    red, green, blue = (colors[..., k].astype(np.int32) for k in range(3))
    return (red << 16) | (green << 8) | blue


@contextlib.contextmanager
def _as_laid_out(figure: Figure) -> Iterator[None]:
    """Do not lay out once more a figure in which nothing has changed since: half of the time."""
    engine = figure.get_layout_engine()
    if not getattr(figure, "laid_out", False) or figure.stale:
        yield
        return
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)
        figure.stale = False


# -- The one style of all figures, put on for the time of drawing and never left behind --------


_FILE = Path(__file__).with_name("cxsim.mplstyle")


P = ParamSpec("P")


R = TypeVar("R")


def style() -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws in the style of the package."""
    return mpl.rc_context(_settings())


@cache
def _settings() -> mpl.RcParams:
    """Read the style, once."""
    return mpl.rc_params_from_file(_FILE, use_default_template=False)


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in the style of the package, in the words of its frame's scenario."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        given = [*args, *kwargs.values()]
        with style(), emphasis(_emphasized(given)):
            return relabelled(function(*args, **kwargs), given)

    return inside


def _emphasized(given: Iterable[Any]) -> str:
    """Return the firm that the first frame is about; empty if it is about none."""
    frames = (each for each in given if isinstance(each, pd.DataFrame))
    return next((str(each.attrs.get("my_firm", "")) for each in frames), "")


# -- A figure in the words of its scenario: patients or students where it would say customers


#: Columns of frames that hold names, in which nothing is replaced.
_NAMES = ("firm", "origin", "destination", "supplier", "scenario", "segment")


T = TypeVar("T")


def relabelled(made: T, given: Iterable[Any]) -> T:
    """Put a figure into the words of the frame that it was made of; leave anything else alone.

    Parameters
    ----------
    made : Figure
    given : iterable
        The arguments that it was made of; the first frame among them says what things
        are called, in its ``attrs``.
    """
    frames = [each for each in given if isinstance(each, pd.DataFrame)]
    if not frames or not isinstance(made, Figure):
        return made
    words = Words.of(frames[0].attrs)
    keep = _names(frames[0])
    changed, unsaved = False, made.stale
    for text in made.findobj(Text):
        before = text.get_text()
        after = words.say(before, keep=keep)
        if after != before:
            changed = True
            text.set_text(after if len(after) <= len(before) else _rewrapped(before, after))
    for axis in (each for axes in made.axes for each in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_locator(), FixedLocator):  # written anew at every drawing
            ticks = [label.get_text() for label in axis.get_ticklabels()]
            said = [words.say(tick, keep=keep) for tick in ticks]
            if said != ticks:
                unsaved = True
                axis.set_ticklabels(said)
    made.set_label(words.say(str(made.get_label()), keep=keep))
    engine = made.get_layout_engine()
    if changed and engine is not None:
        engine.execute(made)
    made.stale = unsaved  # nothing else has changed in it
    return made


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(n) for c in _NAMES if c in frame for n in frame[c].dropna().unique()]


def _rewrapped(before: str, after: str) -> str:
    """Break a text that grew into lines no longer than its lines were."""
    lines = before.split("\n")
    if len(lines) == 1:
        return after
    return "\n".join(textwrap.wrap(" ".join(after.split("\n")), max(map(len, lines))))


# -- Colours, line styles and markers: the same firm looks the same in every figure ------------


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
    """Color, marker and line of one firm (or scenario).

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


#: Greys of the rivals of an emphasized firm.
_RIVALS = ("#8C8C8C", "#A8A8A8", "#767676", "#BDBDBD")


_EMPHASIS: ContextVar[str] = ContextVar("emphasis", default="")


@contextmanager
def emphasis(firm: str) -> Iterator[None]:
    """Return a context in which one firm has its colour and its rivals are grey.

    Parameters
    ----------
    firm : str
        Empty for none: all firms have their colours.
    """
    before = _EMPHASIS.set(firm)
    try:
        yield
    finally:
        _EMPHASIS.reset(before)


_ON_PHONE: ContextVar[bool] = ContextVar("phone", default=False)


@contextmanager
def on_phone() -> Iterator[None]:
    """Return a context in which figures are drawn for a phone."""
    before = _ON_PHONE.set(True)
    try:
        yield
    finally:
        _ON_PHONE.reset(before)


def narrow() -> bool:
    """Return whether a figure is being drawn for a phone."""
    return _ON_PHONE.get()


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Return a look for each name, by its place; 32 are all different.

    Names that share a colour (the first and the ninth) differ in line style and marker. Where one
    of them is emphasized (:func:`emphasis`), the others are grey.

    Parameters
    ----------
    names : iterable of str
        In the order of the scenario.

    Returns
    -------
    dict of str to Look
    """
    colors, names = list(OKABE_ITO.values()), list(names)
    mine = _EMPHASIS.get() if _EMPHASIS.get() in names else ""
    result = {}
    for k, name in enumerate(names):
        turn = k // len(colors)
        color = colors[k % len(colors)]
        if mine:
            color = OKABE_ITO["blue"] if name == mine else _RIVALS[k % len(_RIVALS)]
        style = _STYLES[(k + turn) % len(_STYLES)]
        result[name] = Look(color, readable(color), style, _MARKERS[(k + turn) % len(_MARKERS)])
    return result


def luminance(color: ColorType) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white), after WCAG 2.

    Parameters
    ----------
    color : color
        Of matplotlib.

    Returns
    -------
    float
        Without a unit.
    """
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color: ColorType, ground: ColorType = "white") -> float:
    """Return the contrast ratio of two colours, 1 to 21, after WCAG 2.

    Parameters
    ----------
    color, ground : color
        Of matplotlib.

    Returns
    -------
    float
        Ratio.
    """
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
