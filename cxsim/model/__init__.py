"""The model: mechanisms of customers and firms, and probes."""
