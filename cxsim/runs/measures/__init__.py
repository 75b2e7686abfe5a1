"""What is measured in a run, from the totals of its periods."""
