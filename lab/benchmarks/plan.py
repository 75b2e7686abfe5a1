"""Extent of the measurements: quick (two minutes) or the whole page (a quarter of an hour)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Plan"]


@dataclass(frozen=True)
class Plan:
    """Sizes and repeats of every section."""

    name: str
    engine_customers: int
    engine_rounds: int
    peer_customers: int
    peer_rounds: int
    peer_seeds: int
    far_customers: int
    mesa_sizes: tuple[int, ...]
    numpy_sizes: tuple[int, ...]
    growth_sizes: tuple[int, ...]
    growth_rounds: int
    firm_counts: tuple[int, ...]
    firm_customers: int
    period_counts: tuple[int, ...]
    memory_customers: int
    thread_customers: int
    thread_blocks: tuple[int, ...]
    thread_rounds: int
    switch_customers: int
    switch_rounds: int
    import_rounds: int
    compile_rounds: int
    small_rounds: int
    compare_seeds: int
    compare_rounds: int
    notebook_rounds: int


FULL = Plan(
    name="full",
    engine_customers=20_000,
    engine_rounds=5,
    peer_customers=100_000,
    peer_rounds=7,
    peer_seeds=40,
    far_customers=2_000_000,
    mesa_sizes=(1_000, 10_000, 100_000),
    numpy_sizes=(1_000, 10_000, 100_000, 1_000_000),
    growth_sizes=(1_000, 10_000, 100_000, 1_000_000, 10_000_000),
    growth_rounds=3,
    firm_counts=(2, 4, 8, 16, 32),
    firm_customers=100_000,
    period_counts=(60, 240, 960),
    memory_customers=10_000_000,
    thread_customers=1_000_000,
    thread_blocks=(1_024, 4_096, 16_384),
    thread_rounds=9,
    switch_customers=100_000,
    switch_rounds=9,
    import_rounds=7,
    compile_rounds=3,
    small_rounds=21,
    compare_seeds=20,
    compare_rounds=3,
    notebook_rounds=3,
)

QUICK = Plan(
    name="quick",
    engine_customers=2_000,
    engine_rounds=3,
    peer_customers=20_000,
    peer_rounds=3,
    peer_seeds=16,
    far_customers=1_000_000,
    mesa_sizes=(1_000, 10_000),
    numpy_sizes=(1_000, 10_000, 100_000),
    growth_sizes=(1_000, 100_000, 1_000_000),
    growth_rounds=1,
    firm_counts=(2, 8),
    firm_customers=20_000,
    period_counts=(30, 240),
    memory_customers=1_000_000,
    thread_customers=200_000,
    thread_blocks=(1_024, 4_096),
    thread_rounds=3,
    switch_customers=20_000,
    switch_rounds=3,
    import_rounds=1,
    compile_rounds=1,
    small_rounds=7,
    compare_seeds=2,
    compare_rounds=1,
    notebook_rounds=0,
)
