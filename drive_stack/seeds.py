"""Seeds of episodes: what each range of them is for, how many one command drives, and what they draw."""

from __future__ import annotations

from enum import IntEnum, StrEnum, unique
from typing import Annotated

import numpy as np
from pydantic import Field

from drive_stack.errors import ConfigError

MAX_SEED = 2**32 - 1
MAX_EPISODES = 100_000  # of one driver in one command
_SPLIT_SIZE = 100_000

Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
SeedCount = Annotated[int, Field(ge=1, le=MAX_EPISODES)]


class SeedSplit(StrEnum):
    """What a seed is for. Nothing is trained, tuned or chosen on test seeds."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"

    @property
    def seeds(self) -> range:
        """The seeds of this split."""
        first = tuple(SeedSplit).index(self) * _SPLIT_SIZE
        return range(first, first + _SPLIT_SIZE)

    @property
    def first(self) -> int:
        """The first seed of this split."""
        return self.seeds[0]


def split_of(seed: int) -> SeedSplit:
    """The split that ``seed`` belongs to. Seeds beyond the last split count as test seeds."""
    return next((split for split in SeedSplit if seed in split.seeds), SeedSplit.TEST)


def check_one_split(seeds: range) -> None:
    """Raises `ConfigError` for seeds of more than one split."""
    if split_of(seeds[0]) is not split_of(seeds[-1]):
        raise ConfigError(f"seeds {seeds[0]}–{seeds[-1]} lie in two of training, validation and test")


def seed_range(first: int, count: int) -> range:
    """The ``count`` seeds from ``first`` on.

    Raises:
        ConfigError: for more than `MAX_EPISODES`, and for seeds beyond `MAX_SEED`.
    """
    if count > MAX_EPISODES:
        raise ConfigError(f"{count:,} seeds: one command drives at most {MAX_EPISODES:,} episodes")
    if not 0 <= first <= MAX_SEED + 1 - count:
        raise ConfigError(f"seeds {first} to {first + count - 1}: expected seeds from 0 to {MAX_SEED}")
    return range(first, first + count)


def check_episodes(scenarios: int, seeds: int) -> None:
    """Raises `ConfigError` if one command cannot drive so many scenarios with so many seeds each."""
    if scenarios * seeds > MAX_EPISODES:
        raise ConfigError(
            f"{scenarios:,} scenarios with {seeds:,} seeds each: one command drives at most "
            f"{MAX_EPISODES:,} episodes"
        )


@unique
class SceneryStream(IntEnum):
    """Random streams that are drawn from an episode's scenery seed.

    Each part of the scenery has a stream of its own, so that a part that is added or left out changes no
    other. A number is never given to anything else, as it seeds worlds.
    """

    GROUND = 1
    NOISE = 2
    TREES = 3
    BACKDROP = 4
    SIGNS = 5
    OPTICS = 6
    LENS_PATTERN = 7
    OPPOSITE_GROUND = 8
    OLD_LINES = 20
    ASPHALT = 21
    ASPHALT_DAMAGE = 22
    ASPHALT_WEAR = 23
    WATER = 24
    SURFACE = 25

    def generator(self, scenery_seed: int, *place: int) -> np.random.Generator:
        """Return the stream of an episode, or of one ``place`` in it (numbers that are not negative)."""
        return np.random.default_rng((scenery_seed, int(self), *place))
