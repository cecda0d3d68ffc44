"""Nested random subsets of the pool, drawn by episode so that the mixture of its parts stays the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.errors import ConfigError

HELD_OUT_EVERY = 10  # of ten consecutive episodes of a subset, one is held out of its training
_HELD_OUT_FIRST = 4  # position of the first one


@dataclass(frozen=True, slots=True, order=True)
class PoolEpisode:
    """One recorded episode of the pool."""

    part: str  # of the mixture
    file: str  # of its shard in the folder of the part
    scenario: str
    seed: int
    rows: int
    frames: int  # labelled ones


@dataclass(frozen=True, slots=True)
class Subset:
    """The episodes that a training learns from, in the order in which they were drawn."""

    episodes: tuple[PoolEpisode, ...]

    @property
    def rows(self) -> int:
        """Number of rows of all episodes."""
        return sum(episode.rows for episode in self.episodes)

    @property
    def held_out(self) -> tuple[PoolEpisode, ...]:
        """The episodes by whose error the training is stopped: every tenth, and the last one of a few.

        They lie at fixed positions of the order, so that those of a subset are held out of larger ones too,
        unless the subset is so small that its last episode is taken instead.
        """
        chosen = self.episodes[_HELD_OUT_FIRST::HELD_OUT_EVERY]
        return chosen or self.episodes[-1:]

    @property
    def learned(self) -> tuple[PoolEpisode, ...]:
        """The other episodes."""
        held_out = set(self.held_out)
        return tuple(episode for episode in self.episodes if episode not in held_out)


def draw_subset(
    pool: Collection[PoolEpisode], size: int, seed: int, parts: Collection[str] | None = None
) -> Subset:
    """Draw episodes until they have at least ``size`` rows; the last one is kept whole.

    The episodes of each part are shuffled. The next episode is always taken from the part that is farthest
    behind its fraction of the pool's rows. Everything depends on the pool, the parts and the seed alone, so
    that a smaller subset is the beginning of a larger one.

    Args:
        pool: all episodes.
        size: number of rows.
        seed: of the draw.
        parts: parts of the mixture that are drawn from; None stands for all.

    Raises:
        ConfigError: the parts have fewer rows than ``size``, or the subset has a single episode, of which
            none could be held out.
    """
    members = _by_part(pool, parts)
    available = sum(episode.rows for episodes in members.values() for episode in episodes)
    if available < size:
        raise ConfigError(f"the pool has {available:,} rows, fewer than {size:,}; record more")
    drawn = _interleaved({part: _shuffled(own, part, seed) for part, own in members.items()}, size)
    if len(drawn) < 2:
        raise ConfigError(f"{size:,} rows are a single episode, so that none can be held out")
    return Subset(drawn)


def _by_part(
    pool: Collection[PoolEpisode], parts: Collection[str] | None
) -> Mapping[str, Sequence[PoolEpisode]]:
    chosen: dict[str, list[PoolEpisode]] = {}
    for episode in sorted(pool):
        if parts is None or episode.part in parts:
            chosen.setdefault(episode.part, []).append(episode)
    return chosen


def _shuffled(episodes: Sequence[PoolEpisode], part: str, seed: int) -> Sequence[PoolEpisode]:
    """The episodes of a part in random order; that of one part does not depend on the others."""
    order = np.random.default_rng([seed, *part.encode()]).permutation(len(episodes))
    return [episodes[index] for index in order.tolist()]


def _interleaved(members: Mapping[str, Sequence[PoolEpisode]], size: int) -> tuple[PoolEpisode, ...]:
    """The beginning of all episodes with ``size`` rows, each part in its order.

    The part that comes next is the one whose fraction of its own rows, counted to the middle of its next
    episode, is the smallest (the method of Webster for apportioning seats).
    """
    totals = {part: sum(episode.rows for episode in episodes) for part, episodes in members.items()}
    taken, position = dict.fromkeys(members, 0), dict.fromkeys(members, 0)

    def progress(part: str) -> tuple[float, str]:
        following = members[part][position[part]]
        return (taken[part] + following.rows / 2.0) / totals[part], part

    drawn: list[PoolEpisode] = []
    while sum(taken.values()) < size:
        part = min((part for part in members if position[part] < len(members[part])), key=progress)
        drawn.append(members[part][position[part]])
        taken[part] += drawn[-1].rows
        position[part] += 1
    return tuple(drawn)
