"""The core of the model: customers, choice, offer, learning, switching costs, prices."""
