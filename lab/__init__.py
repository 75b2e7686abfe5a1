"""Checks of the package and writers of its pages: validation, benchmarks, fuzzing; not shipped."""
