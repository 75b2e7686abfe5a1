"""What all figures have in common: titles, descriptions, colours, files, and no traces left."""

from __future__ import annotations

import inspect
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

import cxsim.plot as cp
from cxsim.charts import Chart
from cxsim.charts.labels import plain
from cxsim.charts.layout import lay_out
from cxsim.charts.style import OKABE_ITO, Picture, contrast, looks, with_palette

#: Every figure of one run, by name.
FIGURES = {
    "capability_matrix": lambda r, **k: cp.capability_matrix(r.firms, **k),
    "market_shares": lambda r, **k: cp.market_shares(r.firms, **k),
    "retention_rate": lambda r, **k: cp.retention_rate(r.firms, **k),
    "profit": lambda r, **k: cp.profit(r.firms, **k),
    "time_series": lambda r, **k: cp.time_series(r.firms, measure="customer_knowledge", **k),
    "retention_by_tenure": lambda r, **k: cp.retention_by_tenure(r.tenure, **k),
    "switching_costs": lambda r, **k: cp.switching_costs(r.firms, **k),
    "switching_cost_distribution": lambda r, **k: cp.switching_cost_distribution(r.customers, **k),
    "brand_switching": lambda r, **k: cp.brand_switching(r.brand_switching, **k),
}


@pytest.fixture(scope="module")
def drawn(result):
    return {name: draw(result) for name, draw in FIGURES.items()}


# ------------------------------------------------------------- words


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_says_what_it_shows_in_a_title_and_a_sentence_with_numbers(drawn, name):
    figure = drawn[name]
    assert isinstance(figure, Figure)
    assert any(firm in figure.get_suptitle() for firm in ("Mass", "Niche", "Tailor"))
    said = cp.alternative_text(figure)
    assert all(firm in said for firm in ("Mass", "Niche", "Tailor"))
    assert any(letter.isdigit() for letter in said)
    assert said.endswith(".")
    assert said == plain(said), "read aloud on one line"


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_written_beyond_the_edge_of_a_figure(drawn, name):
    figure = drawn[name]
    tight = figure.get_tightbbox()
    assert tight.x0 >= -0.01
    assert tight.y0 >= -0.01
    assert tight.x1 <= figure.get_figwidth() + 0.01
    assert tight.y1 <= figure.get_figheight() + 0.01


@pytest.mark.parametrize("name", FIGURES)
def test_a_title_and_a_size_of_ones_own_take_the_place_of_the_computed(result, name):
    figure = FIGURES[name](result, title="Look here", size=(7.5, 5.0))
    assert figure.get_suptitle() == "Look here"
    assert tuple(figure.get_size_inches()) == (7.5, 5.0)


def test_a_long_title_is_broken_into_lines_that_fit(result):
    figure = cp.market_shares(result.firms, title="A title that goes on " * 8)
    box = figure._suptitle.get_window_extent()
    assert figure.get_suptitle().count("\n") >= 1
    assert box.x1 <= figure.bbox.width


@pytest.mark.parametrize("name", FIGURES)
def test_the_title_and_size_that_all_figures_take_stand_in_signature_and_help(name):
    figure = getattr(cp, name)
    *_, title, size = inspect.signature(figure).parameters.values()
    assert (title.name, size.name) == ("title", "size")
    assert title.default is size.default is None
    for said in ("title : str, optional", "size : (float, float), optional"):
        assert inspect.getdoc(figure).count(said) == 1


def test_a_figure_refuses_a_parameter_that_it_does_not_have(result):
    said = r"market_shares\(\) got an unexpected keyword argument 'titel'"
    with pytest.raises(TypeError, match=said):
        cp.market_shares(result.firms, titel="Look here")


def test_a_figure_takes_its_frame_by_name_too(result):
    assert cp.alternative_text(cp.market_shares(firms=result.firms)) == cp.alternative_text(
        cp.market_shares(result.firms)
    )


def test_a_chart_of_ones_own_is_drawn_with_its_words(written):
    later = []

    def draw(figure):
        figure.add_subplot().plot([0, 1], [1, 0])
        return lambda: later.append(figure.get_suptitle())

    chart = Chart(draw, size=(4.0, 3.0), title="It falls", alt="From 1\n to 0.", note="One line.")
    figure = chart.picture()
    assert later == ["It falls"], "what waits sees the title"
    assert cp.alternative_text(figure) == "From 1 to 0."
    assert "One line." in written(figure)
    assert tuple(figure.get_size_inches()) == (4.0, 3.0)
    assert chart.picture(title="").get_suptitle() == ""


# ------------------------------------------------------------- colours


def test_the_eight_colours_and_their_line_styles_and_markers_are_all_different():
    firms = looks(f"firm {k}" for k in range(8))
    assert {look.color for look in firms.values()} == set(OKABE_ITO.values())
    assert len({look.marker for look in firms.values()}) == 8
    more = looks(f"firm {k}" for k in range(32)).values()
    assert len({(look.color, str(look.linestyle)) for look in more}) == 32


def test_names_are_written_in_shades_that_can_be_read_on_white():
    assert min(contrast(look.ink) for look in looks("abcdefgh").values()) >= 4.5


def test_a_firm_has_one_colour_in_all_figures(result):
    order = list(result.scenario.firms)
    expected = [looks(order)[name].color for name in order]
    shares = cp.market_shares(result.firms)
    lines = {line.get_label(): to_hex(line.get_color()) for line in shares.axes[0].lines}
    assert [lines[name] for name in order] == [color.lower() for color in expected]
    bubbles = cp.capability_matrix(result.firms).axes[0].collections
    assert [to_hex(b.get_facecolor()[0]) for b in bubbles] == [c.lower() for c in expected]


# ------------------------------------------------------------- no traces


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were(result, tmp_path):
    before = dict(mpl.rcParams)
    cp.save(cp.market_shares(result.firms), tmp_path / "shares.svg")
    assert dict(mpl.rcParams) == before


def test_a_figure_looks_the_same_whatever_the_users_settings(result, tmp_path):
    cp.save(cp.market_shares(result.firms), tmp_path / "plain.svg")
    mine = {"axes.grid": False, "xtick.color": "red", "ytick.labelsize": 20, "font.size": 30}
    with mpl.rc_context(mine):
        cp.save(cp.market_shares(result.firms), tmp_path / "mine.svg")
    assert (tmp_path / "mine.svg").read_bytes() == (tmp_path / "plain.svg").read_bytes()


def test_drawing_and_saving_need_no_pyplot(tmp_path):
    program = f"""
import sys
import pandas as pd
import cxsim.plot as cp
frame = pd.DataFrame({{"period": [0, 1], "firm": ["Ann", "Ann"], "market_share": [1.0, 1.0]}})
cp.save(cp.market_shares(frame), {str(tmp_path / "shares.png")!r})
sys.exit("matplotlib.pyplot" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# ------------------------------------------------------------- files


def test_svg_keeps_text_as_text_and_is_the_same_every_time(result, tmp_path):
    for name in ("one.svg", "two.svg"):
        cp.save(cp.capability_matrix(result.firms), tmp_path / name)
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert (tmp_path / "two.svg").read_text(encoding="utf-8") == text
    assert ">Tailor<" in text
    assert "<dc:date>" not in text
    assert "Capability matrix in month 19" in text, "the description travels along"


def test_png_has_the_size_asked_for_and_carries_the_description(result, tmp_path):
    figure = cp.market_shares(result.firms, size=(6.0, 4.0))
    path = cp.save(figure, tmp_path / "new" / "shares.png")
    with Image.open(path) as image:
        assert image.size == (900, 600)
        assert image.text["Description"] == cp.alternative_text(figure)


def test_another_suffix_is_refused_by_name(result, tmp_path):
    with pytest.raises(ValueError, match=r"expected a name that ends in \.png or \.svg.*'a\.bmp'"):
        cp.save(cp.market_shares(result.firms), tmp_path / "a.bmp")


def test_a_figure_that_cannot_be_written_leaves_the_file_before_it_alone(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    broken = Figure()
    broken.text(0.5, 0.5, r"$\nosuchcommand$", parse_math=True)
    with pytest.raises(ValueError, match="nosuchcommand"):
        cp.save(broken, path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


# ------------------------------------------------------------- notebooks


@pytest.fixture
def notebook():
    """An IPython shell, as in a notebook's kernel."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_a_notebook_shows_a_figure_with_its_description_escaped(notebook, frame):
    figure = cp.market_shares(frame({'<b>"A&B"</b>': [1.0, 1.0]}))
    with capture_output() as shown:
        assert cp.show(figure) is None
    (output,) = shown.outputs
    html = output.data["text/html"]
    assert html.startswith('<figure style="margin:0"><picture><source media="(max-width: 40rem)"')
    assert '<img alt="Line chart' in html
    assert "&lt;b&gt;&quot;A&amp;B&quot;&lt;/b&gt;" in html
    assert "data:image/png;base64,iVBORw0KGgo" in html
    assert shown.stdout == ""


def test_a_description_can_be_given(notebook, result):
    with capture_output() as shown:
        cp.show(cp.market_shares(result.firms), alt="My own words.")
    assert 'alt="My own words."' in shown.outputs[0].data["text/html"]


def test_a_figure_as_the_last_line_of_a_cell_shows_itself(result):
    assert 'alt="Line chart of Market share' in cp.market_shares(result.firms)._repr_html_()


def test_outside_a_notebook_the_description_is_printed(result, capsys):
    figure = cp.market_shares(result.firms)
    cp.show(figure)
    assert capsys.readouterr().out == cp.alternative_text(figure) + "\n"


def test_without_ipython_the_description_is_printed(result, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)  # as if it were not installed
    figure = cp.market_shares(result.firms)
    cp.show(figure)
    assert capsys.readouterr().out == cp.alternative_text(figure) + "\n"


def test_nothing_is_shown_without_a_description():
    with pytest.raises(ValueError, match="alt: expected a sentence"):
        cp.show(Figure())


# ------------------------------------------------------------- frames that will not do


@pytest.mark.parametrize(
    ("draw", "column"),
    [
        (cp.market_shares, "market_share"),
        (cp.capability_matrix, "customization"),
        (cp.switching_costs, "switching_relational"),
    ],
)
def test_a_missing_column_is_named_with_the_nearest_one(result, draw, column):
    changed = result.firms.rename(columns={column: column + "s"})
    with pytest.raises(ValueError, match=f"column '{column}'.*did you mean '{column}s'"):
        draw(changed)


def test_customers_that_were_not_kept_are_asked_for_in_the_message():
    with pytest.raises(TypeError, match=r"found None .*probes=\['customers'\]"):
        cp.switching_cost_distribution(None)


def test_what_is_no_frame_and_what_is_empty_is_refused(result):
    with pytest.raises(TypeError, match="expected a DataFrame, found a dict"):
        cp.market_shares({"share": 1.0})
    with pytest.raises(ValueError, match="expected at least one row"):
        cp.market_shares(result.firms.head(0))


def test_names_with_dollar_signs_and_braces_are_names(frame, written, tmp_path):
    figure = cp.market_shares(frame({"$mart & $ave": [0.6, 0.6], "{b}_^": [0.4, 0.4]}))
    cp.save(figure, tmp_path / "a.png")
    assert "$mart & $ave 60 %" in written(figure)


def test_a_palette_keeps_the_colours_that_matter_and_moves_the_rest_to_the_nearest():
    few = np.zeros((4, 8, 4), np.uint8)
    few[..., 3] = 255
    few[1:, :, :3] = 0, 114, 178
    assert np.array_equal(np.asarray(with_palette(few).convert("RGBA")), few)
    many = np.full((40, 40, 4), 255, np.uint8)
    many[1:8, :, :3] = 0
    many[1:8, :, 1] = np.arange(280).reshape(7, 40) // 2  # 140 greens, each of two pixels
    many[8:12, :, 2] = np.arange(160).reshape(4, 40)  # 160 yellows, each of one
    found = np.asarray(with_palette(many).convert("RGBA")).astype(int)
    kept = slice(12, None)
    assert np.array_equal(found[:8], many[:8])
    assert np.array_equal(found[kept], many[kept])  # white stays white
    moved = np.abs(found[8:12] - many[8:12])
    assert moved[..., [0, 1, 3]].max() == 0
    assert (moved[..., 2] == 0).sum() == 256 - 140 - 1
    assert np.unique(found.reshape(-1, 4), axis=0).shape[0] == 256


def test_a_saved_figure_has_a_palette_a_size_and_its_description(result, tmp_path):
    figure = cp.market_shares(result.firms)
    with Image.open(cp.save(figure, tmp_path / "a.png")) as image:
        assert image.mode == "P"
        assert image.size == tuple(round(150 * inches) for inches in figure.get_size_inches())
        assert image.text["Description"] == plain(figure.get_label())


def test_a_figure_whose_labels_leave_no_room_on_a_phone_is_shown_as_it_is(recwarn):
    def on_a_phone(words):
        picture = Picture(figsize=(3.6, 3.0), layout="constrained")
        picture.subplots().set_yticks([0.5], [words])
        lay_out(picture)
        return picture

    for words, fits in (("Mass", True), ("a firm of a very long name " * 6, False)):
        wide = Picture(figsize=(8.0, 4.0))
        wide.redraw = lambda words=words: on_a_phone(words)
        assert (wide.narrow is not None) == fits
    assert [each for each in recwarn if "constrained_layout" in str(each.message)] == []
