"""Notebooks: finding them, checking what they are given, running them, and their reports."""
