"""Policies of firms, and the information they decide by."""
