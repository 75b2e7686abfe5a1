"""Customers beyond the core: several who decide, and needs that move or are discovered."""
