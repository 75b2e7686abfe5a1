"""Whom firms single out: acquisition, tiers, scores and segments."""
