"""Subsets of the pool: nested, of the same mixture, and as large as they say."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.errors import ConfigError
from drive_stack.study.subsets import PoolEpisode, draw_subset

SEEDS = st.integers(0, 1000)


def episode(part: str, seed: int, rows: int) -> PoolEpisode:
    return PoolEpisode(part, f"cruise-{seed:06d}.parquet", "cruise", seed, rows, rows // 5)


@st.composite
def pools(draw: st.DrawFn) -> list[PoolEpisode]:
    """One to five parts of some episodes each."""
    lengths = st.lists(st.integers(20, 300), min_size=2, max_size=30)
    return [
        episode(part, 1000 * number + index, rows)
        for number, part in enumerate("abcde"[: draw(st.integers(1, 5))])
        for index, rows in enumerate(draw(lengths))
    ]


def two_parts() -> list[PoolEpisode]:
    """Parts a and b of 2,000 rows each."""
    return [episode("ab"[number % 2], number, 50) for number in range(80)]


def rows_of(episodes: list[PoolEpisode]) -> int:
    return sum(item.rows for item in episodes)


@given(pools(), SEEDS, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_subset_is_part_of_each_larger_one(
    pool: list[PoolEpisode], seed: int, first: float, second: float
) -> None:
    low = max(item.rows for item in pool) + 1  # more than one episode
    total = rows_of(pool)
    small, large = (round(low + fraction * (total - low)) for fraction in sorted((first, second)))
    smaller, larger = draw_subset(pool, small, seed), draw_subset(pool, large, seed)
    assert larger.episodes[: len(smaller.episodes)] == smaller.episodes
    assert len(set(larger.episodes)) == len(larger.episodes)
    assert set(larger.episodes) <= set(pool)
    if len(smaller.episodes) > 4:
        assert set(smaller.held_out) <= set(larger.held_out)


@given(pools(), SEEDS, st.floats(0.0, 1.0))
def test_the_last_episode_is_kept_whole_and_no_other_is_added(
    pool: list[PoolEpisode], seed: int, fraction: float
) -> None:
    low = max(item.rows for item in pool) + 1
    size = round(low + fraction * (rows_of(pool) - low))
    subset = draw_subset(pool, size, seed)
    assert subset.rows >= size > subset.rows - subset.episodes[-1].rows
    assert set(subset.held_out).isdisjoint(subset.learned)
    assert sorted((*subset.held_out, *subset.learned)) == sorted(subset.episodes)
    assert subset.held_out and subset.learned


@given(pools(), SEEDS, st.floats(0.0, 1.0))
def test_the_mixture_stays(pool: list[PoolEpisode], seed: int, fraction: float) -> None:
    """Each part has its fraction of the rows, to about an episode."""
    longest, total = max(item.rows for item in pool), rows_of(pool)
    subset = draw_subset(pool, round(longest + 1 + fraction * (total - longest - 1)), seed)
    taken: Counter[str] = Counter()
    for item in subset.episodes:
        taken[item.part] += item.rows
    for part in {item.part for item in pool}:
        expected = subset.rows * rows_of([item for item in pool if item.part == part]) / total
        assert abs(taken[part] - expected) <= 2.0 * longest


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_pool() -> None:
    pool = [
        episode(part, 100 * number + index, 50) for number, part in enumerate("ab") for index in range(40)
    ]
    drawn = [draw_subset(pool, 1000, seed) for seed in range(5)]
    assert len({subset.episodes for subset in drawn}) == 5
    assert draw_subset(pool[::-1], 1000, 3) == drawn[3]


def test_a_mixture_is_drawn_from_its_parts_alone_and_in_the_same_order() -> None:
    pool = [
        episode(part, 100 * number + index, 50) for number, part in enumerate("ab") for index in range(40)
    ]
    whole, alone = draw_subset(pool, 1000, 0), draw_subset(pool, 500, 0, ("a",))
    assert {item.part for item in alone.episodes} == {"a"}
    assert alone.episodes == tuple(item for item in whole.episodes if item.part == "a")


def test_by_hand() -> None:
    """Parts of 300 and 100 rows in episodes of 50 rows; of equal parts the first by name comes first.

    To the middle of the next episode, a is at 1/12, 3/12, 5/12, … of its rows, and b at 1/4 and 3/4.
    """
    pool = [episode("a", index, 50) for index in range(6)] + [episode("b", index, 50) for index in (7, 8)]
    assert "".join(item.part for item in draw_subset(pool, 400, 0).episodes) == "aabaaaba"


def test_held_out_episodes_by_hand() -> None:
    pool = [episode("a", index, 50) for index in range(30)]
    few, many = draw_subset(pool, 200, 0), draw_subset(pool, 1500, 0)
    assert few.held_out == few.episodes[3:]
    assert many.held_out == tuple(many.episodes[position] for position in (4, 14, 24))


@pytest.mark.parametrize(
    ("size", "message"),
    [(1001, "the pool has 1,000 rows, fewer than 1,001"), (50, "50 rows are a single episode")],
)
def test_sizes_that_cannot_be_drawn(size: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        draw_subset([episode("a", index, 50) for index in range(20)], size, 0)
