"""The words of the page; numbers go where braces stand."""

from __future__ import annotations

__all__ = ["HEAD", "RIGOR", "SUMMARY"]

HEAD = """\
# What the simulator is checked against

<!-- Written by `python -m lab.validation` (make validation). Changes by hand are lost. -->

Where theory says what must come out of a market, the simulator has to say the same. This page
and its figures are written by one command, `make validation`{quick}, which fails if a row that
should hold does not. The same rows run with fewer customers in the test suite, together with
versions of every rule that are wrong on purpose, which must be noticed.

**How to read it.** A row is a claim, and the numbers that follow from it. *Published*: the
source prints the number or the formula. *Derived*: we derived it, and a test confirms it by brute
force. *Recomputed*: we computed it from the source's data or formula. Each number stands beside
its Monte-Carlo standard error (s.e.), over customers and independent seeds; the difference is in
standard errors, and a row **holds** if no number is more than 4 of them off. Where chance plays no
part, the difference itself stands there with a star, and only the digits that the source prints,
or rounding to 32 bits, excuse it. Standard errors of shares are at most .002 and of money and
prices 1 %, else the row is **too vague** and counts as failed. No verdict is written by hand. Runs
are deterministic: the same version gives the same page on any machine.
"""

SUMMARY = """\
## All rows

{holding} of {rows} rows hold: {numbers} numbers, {drawn} of which chance touches. Of those,
{beyond_two} are more than 2 standard errors off, where chance alone would put about
{two_expected:.0f}; the largest difference is {largest:.1f}.

{table}

{figure}
"""

RIGOR = """\
## 5. Rigor checklist

What Rand & Rust (2011, Agent-based modeling in marketing: guidelines for rigor), the ODD protocol
(Grimm et al. 2020) and CoMSES Net ask of a model, and the tests that stand for it. That a
test of that name exists is checked when this page is written; that it passes, by `make test`.

{checklist}
"""
