"""What is measured only on request, because it takes further passes; probes change nothing."""
