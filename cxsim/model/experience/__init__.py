"""Customer experience: touchpoints, journeys, and what customers make of them."""
