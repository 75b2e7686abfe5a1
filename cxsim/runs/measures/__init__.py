"""Measures of a run, computed from the ledger of its periods."""
