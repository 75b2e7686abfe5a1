"""The form of a guided market, filled in by clicks in a real JupyterLab."""

from __future__ import annotations

import re

import pytest

from cxsim.calibration import read_answers

pytestmark = [pytest.mark.browser, pytest.mark.slow]


#: A chain of gyms and what it knows, by the beginning of each question.
MARKET = {
    "The firm that decides": "FitNow", "Currency of all": "EUR", "Customers of all firms": "120000",
    "Months of a contract": "12", "Customers who leave the whole": "1 %",
}  # fmt: skip
CHOICES = {
    "What it wants more of": "customers", "Time that churn and": "month",
    "Whether customers pay": "subscription", "Whether shares of": "customers",
}  # fmt: skip
FIRMS = {
    "FitNow": ("30 %", "35", "12", "2", "3 %"),
    "Iron": ("45 %", "25", "10", "1", "3.5 %"),
    "Club": ("25 %", "60", "25", "4", "2.5 %"),
}
FIRM = ("Share of the market", "Price of a purchase", "Cost of the product", "Cost of handling",
        "Customers lost in a period")  # fmt: skip
MOVE = {
    "First period of building": "4", "Time until it works": "3", "Size of a move": "0.03",
    "Cost of building it": "150000", "Cost of running it": "40000",
}  # fmt: skip


def field(page, text):
    """Return the field that can be seen by how its question begins, or by the whole question."""
    label = page.locator("label", has_text=re.compile(f"^{text}"))
    row = page.locator(".widget-inline-hbox:visible").filter(has=label)
    return row.first.locator("input, select")


def test_a_manager_fills_in_the_form_and_checks_and_saves_it(lab):
    page = lab.open("market.ipynb")
    for text, value in MARKET.items():
        field(page, text).fill(value)
    for text, value in CHOICES.items():
        field(page, text).select_option(value)
    page.get_by_text("Firms", exact=True).first.click()
    for name, numbers in FIRMS.items():
        page.locator(".lm-TabBar-tab:visible", has_text="new").first.click()
        field(page, "Firm$").fill(name)
        for text, value in zip(FIRM, numbers, strict=True):
            field(page, text).fill(value)
        page.keyboard.press("Tab")
        page.locator(".lm-TabBar-tab:visible", has_text=name).wait_for()
    page.get_by_text("Shares add up to 100 %").wait_for()
    page.get_by_text("Moves", exact=True).first.click()
    field(page, "Move$").fill("app")
    field(page, "Name in the menu").select_option("loyalty_programme")
    for text, value in MOVE.items():
        field(page, text).fill(value)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Left open, with ranges in decisions").wait_for()
    page.screenshot(path=str(lab.pictures / "market_form.png"))
    page.get_by_role("button", name="Save my.market.yaml").click()
    page.get_by_text("Saved: my.market.yaml").wait_for()
    answers = read_answers(next(lab.folder.rglob("my.market.yaml")))
    assert answers.firms["Iron"].churn == 0.035
    assert answers.moves["app"].once == 150000
    assert lab.complaints(page) == []
    lab.close(page)
