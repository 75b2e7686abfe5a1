"""Probes: passes that record more of a run on request, and change nothing in it."""
