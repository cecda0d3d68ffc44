"""Who won a race: several drivers, each alone in a world of its own, on the same scenario and seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.evaluation.result import EpisodeResult, Status

CLOSE_SCORE, CLOSE_TIME = 0.5, 0.25  # less apart counts as equal [points, s]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a race ended."""

    winner: int | None  # None: a tie
    words: str


def clean(result: EpisodeResult) -> bool:
    """Whether the route was completed with no collision of the driver's own fault."""
    return result.status is Status.COMPLETED and not result.at_fault


def verdict(names: Sequence[str], results: Sequence[EpisodeResult]) -> Verdict:
    """Who is best: completed with no at-fault collision, then the driving score, then the time.

    Scores less than `CLOSE_SCORE` apart are equal, and times less than `CLOSE_TIME`; who is not
    distinguished by any of them shares the first place.
    """
    left = list(range(len(results)))
    for key, close in ((clean, 0.0), (_score, CLOSE_SCORE), (_haste, CLOSE_TIME)):
        values = {index: float(key(results[index])) for index in left}
        best = max(values.values())
        left = [index for index in left if values[index] >= best - close]
        if len(left) == 1:
            others = [index for index in range(len(results)) if index != left[0]]
            rival = max(others, key=lambda index: (clean(results[index]), _score(results[index])))
            return Verdict(left[0], _reason(names, results, left[0], rival))
    tied = " and ".join(names[index] for index in left)
    return Verdict(None, f"a tie between {tied}: {_outcome(results[left[0]])}")


def _score(result: EpisodeResult) -> float:
    return result.driving_score


def _haste(result: EpisodeResult) -> float:
    """The sooner, the more; only those who arrived can be quick."""
    return -result.duration_s if result.status is Status.COMPLETED else -1e9


def _reason(names: Sequence[str], results: Sequence[EpisodeResult], winner: int, rival: int) -> str:
    first, second = results[winner], results[rival]
    wins = f"{names[winner]} wins" if clean(first) else f"{names[winner]} {_outcome(first)}, yet wins"
    if clean(first) == clean(second) and first.driving_score - second.driving_score > CLOSE_SCORE:
        scores = f"{first.driving_score:.1f} against {second.driving_score:.1f}"
        return f"{wins}: driving score {scores} of {names[rival]}"
    if clean(first) != clean(second) or second.status is not Status.COMPLETED:
        return f"{wins}: {names[rival]} {_outcome(second)}"
    return f"{wins}: {second.duration_s - first.duration_s:.1f} s sooner than {names[rival]}"


def _outcome(result: EpisodeResult) -> str:
    """What became of a driver, in words."""
    where = f"at {result.distance_m:.0f} m"
    if result.status is Status.ERROR:
        return f"failed {where}"
    if result.collision_with is not None:
        return f"{'hit' if result.at_fault else 'was hit by'} {_a(result.collision_with)} {where}"
    if result.status is Status.COMPLETED:
        return f"arrived after {result.duration_s:.1f} s, driving score {result.driving_score:.0f}"
    ends = {
        Status.OFF_ROAD: "left the road",
        Status.STUCK: "stood for too long",
        Status.TIMEOUT: "ran out of time",
    }
    return f"{ends.get(result.status, result.status.value)} {where}"


def _a(thing: str) -> str:
    return f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"


def leader(progress: Sequence[float], out: Sequence[bool]) -> int | None:
    """Who is ahead by progress along the route, 0 … 1; who is out leads no more. None: nobody alone."""
    going = [value if not gone else -1.0 for value, gone in zip(progress, out, strict=True)]
    best = max(going)
    ahead = [index for index, value in enumerate(going) if value > best - 1e-9]
    return ahead[0] if len(ahead) == 1 and best >= 0.0 else None
