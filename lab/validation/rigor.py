"""The rigor checklist: which test stands for which item, and that it is there."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["CHECKLIST", "TESTS", "Item", "files_of_tests", "missing_tests"]

TESTS = Path(__file__).resolve().parents[2] / "tests"


@dataclass(frozen=True)
class Item:
    """One thing that rigor asks for.

    Attributes
    ----------
    what : str
    tests : tuple of str
        Names of the tests that stand for it.
    pages : str
        Where else it is met, as Markdown.
    met : callable, optional
        Says whether it is, where no test does.
    """

    what: str
    tests: tuple[str, ...] = ()
    pages: str = ""
    met: Callable[[], bool] | None = None


#: Headings of the ODD protocol, in their order.
ODD = (
    "purpose and patterns",
    "entities, state variables",
    "process overview and scheduling",
    "design concepts",
    "initialization",
    "input data",
    "submodels",
)


def follows_odd() -> bool:
    """Whether the model page has the headings of ODD in their order."""
    text = (TESTS.parent / "docs" / "model.md").read_text(encoding="utf-8").lower()
    heads = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    places = [next((k for k, h in enumerate(heads) if h.startswith(o)), -1) for o in ODD]
    return -1 not in places and places == sorted(places)


#: By group, after Rand & Rust (2011), Grimm et al. (2020, ODD) and CoMSES Net.
CHECKLIST: dict[str, tuple[Item, ...]] = {
    "Verification: the program is the model": (
        Item(
            "documented model: parameters, measures",
            (
                "test_every_measure_is_documented_and_named_once",
                "test_its_parameters_have_the_face_of_any_other",
                "test_tables_of_the_model_page_are_those_of_the_package",
            ),
            pages="[model](model.md)",
        ),
        Item(
            "the model page has the headings of ODD in their order",
            pages="[model](model.md)",
            met=follows_odd,
        ),
        Item(
            "documented code",
            (
                "test_every_public_name_is_there_and_documented",
                "test_docstrings_follow_numpydoc",
                "test_examples_in_docstrings_are_right",
            ),
        ),
        Item(
            "every rule of the core is shown to matter: a wrong one is noticed",
            (
                "test_a_wrong_rule_shows",
                "test_every_rule_of_these_mechanisms_was_shown_to_matter",
                "test_the_rules_as_they_are_pass_where_wrong_ones_fail",
            ),
        ),
        Item(
            "mechanisms on and off",
            (
                "test_neutral_values_of_a_mechanism_equal_its_absence",
                "test_absent_means_the_core_to_the_bit",
            ),
        ),
        Item(
            "corner case: one customer, one firm",
            ("test_one_customer_and_one_firm",),
        ),
        Item(
            "corner case: price sensitivity 0 is pure chance",
            (
                "test_no_price_sensitivity_is_pure_chance",
                "test_without_price_sensitivity_all_options_are_equally_likely",
            ),
        ),
        Item(
            "corner case: a switching cost so large that nobody moves",
            ("test_a_switching_cost_so_large_that_nobody_moves",),
        ),
        Item(
            "corner case: needs without variance",
            ("test_needs_without_variance_fit_a_product_at_their_place",),
        ),
        Item("corner case: no learning", ("test_without_learning_nobody_knows_anybody",)),
        Item("corner case: all firms leave", ("test_once_all_firms_have_left_nobody_buys",)),
        Item(
            "random parameters: shares sum to 1, states stay in range",
            ("test_books_close_and_states_stay_in_range",),
        ),
        Item(
            "uncertainty never rises without forgetting or drift",
            ("test_uncertainty_never_rises_without_forgetting_or_drift",),
        ),
        Item(
            "revenue is the sum of prices paid",
            ("test_revenue_is_the_sum_of_prices_paid", "test_profit_is_what_revenue_leaves"),
        ),
        Item(
            "nobody buys from a firm that has left",
            (
                "test_once_all_firms_have_left_nobody_buys",
                "test_a_firm_that_is_not_active_leaves_everybody_elses_choices_as_they_were",
            ),
        ),
        Item(
            "signs: share falls in the own price, fit gap in contacts",
            (
                "test_share_falls_in_the_own_price_and_rises_in_a_rivals",
                "test_misfit_falls_with_contacts_as_gaussian_updating_says",
            ),
        ),
        Item(
            "random numbers: same seed, same run; pairing; threads and blocks do not show",
            (
                "test_the_same_seed_gives_the_same_run_and_another_seed_another",
                "test_a_firm_moves_customers_to_itself_and_nobody_between_others",
                "test_threads_and_blocks_do_not_show",
            ),
        ),
        Item(
            "the sample size changes the precision and nothing else",
            ("test_more_customers_change_the_precision_and_nothing_else",),
        ),
        Item(
            "no rule reads the label whose success is in question",
            ("test_the_rules_do_not_read_the_quadrant",),
        ),
    ),
    "Validation: the model is about markets": (
        Item(
            "micro-face: what one customer does follows from stated mechanisms",
            ("test_each_term_of_a_choice_is_what_the_model_page_says",),
            pages="row 1.12",
        ),
        Item(
            "macro-face: elasticities and retention of the baseline are plausible",
            (
                "test_the_mean_own_price_elasticity_lies_between_minus_2_and_minus_3",
                "test_retention_after_two_years_is_plausible_for_every_firm_and_not_the_same_for_all",
            ),
        ),
        Item(
            "empirical input: scenarios state their sources",
            ("test_it_names_its_claim_what_would_refute_it_and_how_numbers_were_chosen",),
        ),
        Item(
            "empirical output: published curves and tables",
            ("test_the_page_holds_every_row_and_its_verdict",),
            pages="sections 1 and 2",
        ),
        Item(
            "cross-validation: two engines, and models written independently of them",
            (
                "test_both_engines_agree_on_every_customer_and_total",
                "test_a_peer_gives_the_same_shares_retention_and_switching_costs",
            ),
            pages="[benchmarks](benchmarks.md)",
        ),
    ),
    "Reporting": (
        Item(
            "Monte-Carlo standard errors beside every number",
            ("test_a_number_is_printed_with_its_standard_error",),
            pages="this page; comparisons and reports",
        ),
        Item(
            "provenance: versions, digests and seeds",
            ("test_provenance_names_versions_digests_and_seed",),
        ),
        Item(
            "anybody can run it again",
            ("test_every_dependency_is_pinned_within_its_range",),
            pages="`make test`, `make validation`",
        ),
    ),
}


@cache
def files_of_tests() -> dict[str, str]:
    """Return every test of the suite: its name and its file, from the tests folder."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[node.name] = path.relative_to(TESTS).as_posix()
    return found


def missing_tests(names: tuple[str, ...]) -> list[str]:
    """Return the names that no test has."""
    return [name for name in names if name not in files_of_tests()]
