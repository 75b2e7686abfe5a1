"""Customers beyond the core: buying centers, changing needs and uncertain needs."""
