"""Claims of the customer-relationship literature, each put to the test over ranges of parameters.

``python -m lab.validation.claims`` runs a study for each and writes ``docs/claims.md``.
"""
