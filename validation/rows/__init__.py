"""Rows of the page, by subject; ``validation/registry.py`` says how to add one."""
