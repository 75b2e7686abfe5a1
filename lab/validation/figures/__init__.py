"""Figures of the page, in the style of the package: each takes the checks of a row by name."""
