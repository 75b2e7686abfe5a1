"""Policies that set prices, one file each."""
