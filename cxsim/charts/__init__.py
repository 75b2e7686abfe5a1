"""Figures of runs, comparisons and analyses, drawn from tidy frames."""
