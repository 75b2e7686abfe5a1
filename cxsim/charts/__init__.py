"""Figures of runs, comparisons and analyses: from tidy frames to pictures that say what they show."""
