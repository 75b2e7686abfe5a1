"""Rows of the page, by subject; ``lab/validation/registry.py`` says how to add one."""
