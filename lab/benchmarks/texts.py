"""Texts of the page, with braces for its numbers."""

from __future__ import annotations

__all__ = ["FLOOR", "GROWTH", "HEAD", "PATH", "PEERS"]

HEAD = """\
# Benchmarks

<!-- Written by `python -m lab.benchmarks` (make bench). Changes by hand are lost. -->

{met} of {goals} goals of speed and memory are met. The page compares the time of one customer's
period with that of alternative programs, and shows the time from a command to a result. One
command, `make bench`{quick}, writes it with its figures.

**How to read it.** Times are medians over repeats, with the smallest and the largest in
brackets. Alternatives are timed in turn in one process (A B C, A B C, ...), and a ratio is the
median of the ratios of single rounds. Other load on the machine slows all of them alike, so
**ratios carry over to other machines, times do not**. Timing starts after compilation, when most
customers have a supplier, unless compilation itself is timed. ns are billionths of a second.
"""

PEERS = """\
## Against other ways to write the same market

{count:,} customers, 5 firms, one thread, `baseline` with a fifth firm in the middle of the matrix.
`lab/benchmarks/peers/` holds the models. *All measures* is the work of a run of the simulator;
*few* are share, retention, knowledge, two parts of the switching cost, revenue and profit (the
simulator takes all of its own in either case). Lines are lines of code without blanks,
comments and docstrings.

{table}

{figure}

**They give the same numbers.** Means over seeds of {numbers} numbers (every measure and firm, and
consumer surplus) lie within {limit:g} standard errors of the simulator's:

{agreement}

**AMBER.** {ambr}

{declared}
"""

FLOOR = """\
## Against the memory's speed

No program can be faster than one read of the data that a period needs and one write of the data
that it changes. Per customer, with 5 firms and two needs, these are {read:g} bytes to read and
{written:g} to write:

{columns}

Streaming through as many bytes in one compiled loop per column takes {floor} ns per customer
where {n:,} customers' columns stay in the processor's caches, and {far} ns at {far_n:,} customers,
where they come from memory. The simulator takes {above} times and {far_above} times as long{bound}.

A second floor is arithmetic: a loop that only draws the random numbers of a period, with the
simulator's own functions, and finds the largest shock, takes {drawing:.1f} ns,
{drawing_above:.1f} times the streaming floor in cache. No program that draws a shock for each
option can come nearer to the memory's speed.

## Where the time goes

Passes of the compiled engine, each timed by itself over one block of {block:,} customers whose
columns are in cache; {total:.0f} ns per customer and period together.

{figure}

{profile}
"""

GROWTH = """\
## Growth

Every size runs in a process of its own, which is the only way to see its peak memory. The
straight line allows for a fixed cost per period; the largest distance from it is {bend:.0f} % over
customers and {firm_bend:.0f} % over firms.

{customers}

{customers_figure}

{memory_figure}

### Firms

{n:,} customers.

{firms}

{firms_figure}

### Periods

{n:,} customers. Totals are stored by period, customers are not: memory times {swelling:.3f}
from the shortest to the longest run.

{periods}

### Threads

{threads_n:,} customers on {cores} cores. Threads share out blocks of customers; results do not
depend on either. The last column is the gain of two threads in the same rounds on a loop that
touches no memory: the limit of the machine and its other load.

{threads}

### Mechanisms, on and off

{switch_n:,} customers. One mechanism at a time is switched on or off. The cost of a mechanism
*alone* is its addition to a market with all the mechanisms that it requires: firms survey
customers about a journey, so listening is compared with a journey without surveys (last column),
and with the core (the column before).

{switches}

Three of these use all customers at once, or repeatedly: *a price by best response* computes the
expected demand of all customers about seven times a period, each at more than twice the cost of a
period of the core;
*served individually* and *look-alikes* first compute the true value of every customer to every
firm (for the lift that is reported), then rank or score them. Only the customers at the front are
sorted; models are fitted anew every `refit_every` periods, 12 by default.
"""

PATH = """\
## The whole path

Each in a new process, from its start to its end, on a warm disk.

{path}

{figure}

*Import*: `import cxsim` loads almost nothing until a name is used; the imports of a run (numba,
pydantic, a reader of YAML) are the row below it; pandas is loaded for the first frame, Mesa for
`Market`. *First result ever* compiles everything into an empty cache; *later process* finds
compiled code on disk (`cxsim warm` puts it there). *What a notebook adds* is the time of the
comparison notebook under papermill less that of its cells in a plain process.

What commands cost in processor time of all their processes, as multiples of
`import numba, pandas, matplotlib.pyplot`, is measured by `python -m lab.benchmarks.commands`.

A small run (1,000 customers, 60 periods, 5 firms) in a warm process takes {simulate} ms without a
summary, {run} ms as a run that builds its frames on request, and {frames} ms with all frames.
"""
