"""Validation of the simulator: ``make validation`` writes docs/validation.md."""
