"""Policies that set capabilities, one file each."""
