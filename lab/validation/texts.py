"""Texts of the page, with braces for its numbers."""

from __future__ import annotations

__all__ = ["HEAD", "RIGOR", "SUMMARY"]

HEAD = """\
# What the simulator is checked against

<!-- Written by `python -m lab.validation` (make validation). Changes by hand are lost. -->

The simulator reproduces {holding} of {rows} known results of theory and published studies. Each row
below compares one of them with simulated markets. `make validation`{quick} writes this page and
its figures, and fails if a row that should hold does not. The test suite runs the same rows with
fewer customers, together with deliberately wrong versions of every rule, which have to be noticed.

**How to read it.** A row is a claim with the numbers that follow from it. *Published*: the source
prints the number or the formula. *Derived*: we derived it, and a test confirms it by brute force.
*Recomputed*: we computed it from the source's data or formula. Each number has its Monte-Carlo
standard error (s.e.), over customers and independent seeds. A row **holds** if no number differs
by more than 4 standard errors. Numbers without randomness show the difference itself, marked with
a star; they have to agree up to the digits that the source prints, or rounding to 32 bits.
Standard errors are at most .002 for shares and 1 % for money and prices; otherwise the row is
**too vague** and counts as failed. No verdict is written by hand. Runs are deterministic: the same
version gives the same page on any machine.
"""

SUMMARY = """\
## All rows

{holding} of {rows} rows hold. They compare {numbers} numbers, of which {drawn} are random. Of
those, {beyond_two} differ by more than 2 standard errors, where about {two_expected:.0f} are
expected by chance; the largest difference is {largest:.1f} standard errors.

{table}

{figure}
"""

RIGOR = """\
## 5. Rigor checklist

Requirements of Rand & Rust (2011, Agent-based modeling in marketing: guidelines for rigor), the
ODD protocol (Grimm et al. 2020) and CoMSES Net, with the tests that check them. The existence of
these tests is checked when this page is written; `make test` runs them.

{checklist}
"""
