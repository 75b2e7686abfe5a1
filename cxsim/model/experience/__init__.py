"""Customer experience: touchpoints, journeys, expectations, experience and emotions."""
