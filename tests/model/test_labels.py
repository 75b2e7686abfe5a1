"""A market may call customers, purchases and prices what it likes."""

from __future__ import annotations

import pytest
from markets import firm, market

import cxsim as cx
from cxsim import plot
from cxsim.charts.labels import Words
from cxsim.report.tables import firm_rows

CLINICS = {"customer": "patient", "purchase": "treatment", "price": "fee"}


@pytest.fixture(scope="module")
def clinics():
    return cx.run(
        market(
            {"Price Clinic": firm(price=9.0), "Bob": firm()},
            labels=CLINICS,
            period_length="week",
            customers=500,
        ),
        probes=["customers"],
    )


def said(figure):
    from matplotlib.text import Text

    texts = [text.get_text() for text in figure.findobj(Text)]
    return " ".join([*texts, plot.alternative_text(figure)]).replace("\n", " ")


@pytest.mark.parametrize(
    "draw",
    [
        lambda run: plot.market_shares(run.firms),
        lambda run: plot.time_series(run.firms, measure="price_paid"),
        lambda run: plot.switching_costs(run.firms),
        lambda run: plot.switching_cost_distribution(run.customers),
        lambda run: plot.retention_by_tenure(run.tenure),
        lambda run: plot.capability_matrix(run.firms),
        lambda run: plot.brand_switching(run.brand_switching),
    ],
)
def test_figures_use_the_words_of_the_scenario(clinics, draw):
    text = said(draw(clinics)).replace("Price Clinic", "")
    for word in ("customer", "Customer", "purchase", "Purchase", "price", "Price "):
        assert word not in text


def test_names_of_firms_are_left_alone(clinics):
    assert "Price Clinic" in said(plot.market_shares(clinics.firms))


def test_without_labels_nothing_changes():
    run = cx.run(market(customers=100))
    assert "purchases" in said(plot.market_shares(run.firms))
    assert {"period_length": "month", "currency": "EUR"}.items() <= run.firms.attrs.items()
    assert set(run.firms.attrs) == {"period_length", "currency", "definitions"}


def test_tables_use_the_words_of_the_scenario(clinics):
    means = clinics.summary().rename(columns={"value": "mean"}).assign(se=0.1)
    rows = firm_rows(means, names=("purchases", "price_paid"), words=Words.of(clinics.firms.attrs))
    assert list(dict.fromkeys(rows["label"])) == [
        "Treatments",
        "Amount paid per treatment",
    ]


def test_labels_are_for_readers_and_do_not_change_what_is_simulated():
    plain, named = market(), market(labels=CLINICS)
    assert plain.digest == named.digest
    assert cx.run(plain).firms.equals(cx.run(named).firms)


@pytest.mark.parametrize(
    ("label", "plural"),
    [("patient", "patients"), ("party", "parties"), ("child/children", "children")],
)
def test_plurals_follow_or_are_given(label, plural):
    assert Words(customer=label).say("All customers") == f"All {plural}"


def test_firms_and_profit_have_labels_too_and_options_and_paths_stay():
    words = Words(firm="charity/charities", profit="net income")
    said = words.say("Firms by profit: --firm takes one of firms.Aid.price; the firm, Profit")
    assert said == (
        "Charities by net income: --firm takes one of firms.Aid.price; the charity, Net income"
    )


@pytest.mark.slow
def test_a_report_speaks_the_language_of_its_field(tmp_path):
    """Of patients and hospitals, from headings to verdict; a scenario's own words stay."""
    import json
    import re

    from cxsim.report.notebook_run import run_notebook

    values = {"scenario": "hospitals", "overrides": "customers=100, periods=12", "seeds": 2}
    run_notebook("scenario.ipynb", values, output_folder=tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    hidden = r"<(style|script|code|pre|svg)\b.*?</\1>|<details.*?</details>|<[^>]*>"
    text = re.sub(hidden, " ", page, flags=re.DOTALL)
    assert "How do the hospitals compare?" in text
    assert not re.findall(r"(?<!-)\b(?:customer|purchase|firm)s?\b", text, re.IGNORECASE)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert "treatments" in " ".join(summary["verdicts"][0]["lines"])
