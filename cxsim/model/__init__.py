"""The model: what customers and firms do, one mechanism beside another."""
