"""Arithmetic that gives the same on every machine: elementary functions, draws, statistics."""
