"""From a scenario to advice: a firm's options, what nobody knows, and what that means."""
