"""Lock-in: loyalty programmes, contracts and subscriptions."""
