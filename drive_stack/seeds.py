"""Which seeds there are, and how many episodes one command drives."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from drive_stack.errors import ConfigError

MAX_SEED = 2**32 - 1
MAX_EPISODES = 100_000  # of one driver in one command

Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
SeedCount = Annotated[int, Field(ge=1, le=MAX_EPISODES)]


def seed_range(first: int, count: int) -> range:
    """``count`` seeds from ``first`` on; `ConfigError` for too many, and beyond the last seed."""
    if count > MAX_EPISODES:
        raise ConfigError(f"{count:,} seeds: one command drives at most {MAX_EPISODES:,} episodes")
    if not 0 <= first <= MAX_SEED + 1 - count:
        raise ConfigError(f"seeds {first} to {first + count - 1}: expected seeds from 0 to {MAX_SEED}")
    return range(first, first + count)


def check_episodes(scenarios: int, seeds: int) -> None:
    """Raises `ConfigError` where one command cannot drive so many scenarios with so many seeds each."""
    if scenarios * seeds > MAX_EPISODES:
        raise ConfigError(
            f"{scenarios:,} scenarios with {seeds:,} seeds each: one command drives at most "
            f"{MAX_EPISODES:,} episodes"
        )
