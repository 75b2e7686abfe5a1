"""What checks the package and writes its pages: validation, benchmarks, fuzzing; not shipped."""
