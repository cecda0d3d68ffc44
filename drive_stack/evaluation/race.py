"""Decides who wins a race: several drivers, each in a world of its own, on the same scenario and seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.evaluation.result import EpisodeResult, Status, succeeded

CLOSE_SCORE, CLOSE_TIME = 0.5, 0.25  # smaller differences count as equal [points, s]


@dataclass(frozen=True, slots=True)
class RaceVerdict:
    """The winner of a race and the reason."""

    winner: int | None  # index of the driver; None after a tie
    text: str


def race_verdict(names: Sequence[str], results: Sequence[EpisodeResult]) -> RaceVerdict:
    """Determine the winner: success first, then the driving score, then the time.

    Scores that differ by less than `CLOSE_SCORE` are equal, and so are times that differ by less than
    `CLOSE_TIME`. Drivers that none of these distinguishes share the first place. A single driver wins.
    """
    if len(results) == 1:
        return RaceVerdict(0, f"{names[0]} {outcome_text(results[0])}")
    remaining = list(range(len(results)))
    for key, close in ((succeeded, 0.0), (_score, CLOSE_SCORE), (_negative_duration, CLOSE_TIME)):
        values = {index: float(key(results[index])) for index in remaining}
        best = max(values.values())
        remaining = [index for index in remaining if values[index] >= best - close]
        if len(remaining) == 1:
            others = [index for index in range(len(results)) if index != remaining[0]]
            rival = max(others, key=lambda index: (succeeded(results[index]), _score(results[index])))
            return RaceVerdict(remaining[0], _reason(names, results, remaining[0], rival))
    tied = " and ".join(names[index] for index in remaining)
    return RaceVerdict(None, f"a tie between {tied}: {outcome_text(results[remaining[0]])}")


def _score(result: EpisodeResult) -> float:
    return result.driving_score


def _negative_duration(result: EpisodeResult) -> float:
    """Greater for a faster driver; drivers that did not complete the route are last."""
    return -result.duration_s if result.status is Status.COMPLETED else -1e9


def _reason(names: Sequence[str], results: Sequence[EpisodeResult], winner: int, rival: int) -> str:
    first, second = results[winner], results[rival]
    wins = f"{names[winner]} wins" if succeeded(first) else f"{names[winner]} {outcome_text(first)}, yet wins"
    if succeeded(first) == succeeded(second) and first.driving_score - second.driving_score > CLOSE_SCORE:
        scores = f"{first.driving_score:.1f} against {second.driving_score:.1f}"
        return f"{wins}: driving score {scores} of {names[rival]}"
    if succeeded(first) != succeeded(second) or second.status is not Status.COMPLETED:
        return f"{wins}: {names[rival]} {outcome_text(second)}"
    return f"{wins}: {second.duration_s - first.duration_s:.1f} s sooner than {names[rival]}"


def outcome_text(result: EpisodeResult) -> str:
    """How a driver's episode ended, as text."""
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


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def leader(progress: Sequence[float], out: Sequence[bool]) -> int | None:
    """Index of the driver with the most progress along the route, 0 … 1; None if several share it.

    Drivers that are ``out`` cannot lead.
    """
    values = [value if not is_out else -1.0 for value, is_out in zip(progress, out, strict=True)]
    best = max(values)
    ahead = [index for index, value in enumerate(values) if value > best - 1e-9]
    return ahead[0] if len(ahead) == 1 and best >= 0.0 else None
