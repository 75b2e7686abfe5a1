"""Firms and what they decide."""
