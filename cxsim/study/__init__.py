"""Many runs: comparison over paired seeds."""
