"""How an episode failed: as a sentence, and as one of a few outcomes that can be counted and filtered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drive_stack.evaluation.result import EpisodeResult, Status, succeeded

_WITHOUT_CONTACT = {
    Status.OFF_ROAD: "left the road",
    Status.STUCK: "got stuck",
    Status.TIMEOUT: "ran out of time",
}


def describe_failure(result: EpisodeResult) -> str:
    """How an episode failed, as text."""
    if result.status is Status.ERROR:
        return "the driver failed: " + ((result.error or "").strip().splitlines() or [""])[-1]
    if result.collision_with is None:
        return _WITHOUT_CONTACT.get(result.status, result.status.value)
    speed = 3.6 * (result.impact_speed_mps or 0.0)
    text = f"{result.fault_reason or 'hit something'}, {speed:.0f} km/h"
    if not result.at_fault:
        return f"{text}; not at fault"
    if result.avoidable is not False:
        return text
    return f"{text}; not avoidable: {result.avoidable_reason or 'braking would have come too late'}"


def outcome_of(result: EpisodeResult) -> str:
    """The kind of outcome, the same words for all episodes that ended alike."""
    if succeeded(result):
        return "completed"
    if result.status is Status.ERROR:
        return "the driver failed"
    if result.collision_with is None:
        return _WITHOUT_CONTACT.get(result.status, result.status.value)
    article = "an" if result.collision_with[0] in "aeiou" else "a"
    return f"{'hit' if result.at_fault else 'was hit by'} {article} {result.collision_with}"


def count_outcomes(results: Sequence[EpisodeResult]) -> list[tuple[str, int]]:
    """The kinds of failures with their numbers, the most frequent first."""
    return Counter(outcome_of(result) for result in results if not succeeded(result)).most_common()
