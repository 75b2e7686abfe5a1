"""Many runs: comparisons over paired seeds, and studies over designs."""
