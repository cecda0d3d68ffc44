"""The end of the story: where it was decided, why, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from drive_stack.evaluation.race import RaceVerdict
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.narration.facts import DriverFacts
from drive_stack.narration.texts import kmh, metres_apart

_WHOLE_AGENT = "agent"  # a driver's computing time as a whole, among those of its stages


def closing_sentences(
    names: Sequence[str],
    facts: Sequence[DriverFacts],
    results: Sequence[EpisodeResult],
    verdict: RaceVerdict,
    hazard: str | None,
) -> tuple[str, ...]:
    """Where, why and at what price the race was decided; sentences without an answer are left out.

    ``facts`` are empty where no driver hit an actor, and ``hazard`` is the name of the one that was hit.
    """
    failed = next((index for index, result in enumerate(results) if not succeeded(result)), None)
    sentences = []
    if failed is not None:
        sentences.append(_where(results[failed]))
        if hazard is not None:
            sentences.append(_why(names, facts, results[failed], hazard))
    sentences.append(_price(names, results, verdict))
    return tuple(sentence for sentence in sentences if sentence)


def _where(failed: EpisodeResult) -> str:
    return (
        f"Where: {failed.distance_m:.0f} m along the road, {failed.duration_s:.1f} s after the start. "
        f"Course: {failed.scenario}, seed {failed.seed}."
    )


def _why(names: Sequence[str], facts: Sequence[DriverFacts], failed: EpisodeResult, hazard: str) -> str:
    """What each driver did about the hazard, and whether a careful driver would have avoided the contact."""
    deeds = "; ".join(f"{name} {_deed(own, hazard)}" for name, own in zip(names, facts, strict=True))
    if failed.avoidable is None:
        return f"Why: {deeds}."
    careful = "Avoidable" if failed.avoidable else "Not avoidable"
    return f"Why: {deeds}. {careful} for a careful driver (UN R157): {failed.avoidable_reason}."


def _deed(facts: DriverFacts, hazard: str) -> str:
    detected = None
    if facts.tracked is not None:
        detected = f"detected the {hazard} at {metres_apart(facts.tracked.place.ahead)}"
    it = "it" if detected else f"the {hazard}"
    braked = f"did not brake for {it}"
    if facts.brakes is not None:
        braked = f"braked {metres_apart(facts.brakes.place.ahead)} before {it}"
    return " and ".join(part for part in (detected, braked) if part)


def _price(names: Sequence[str], results: Sequence[EpisodeResult], verdict: RaceVerdict) -> str:
    """What the failure costs in points and speed of impact, and what the winner computes for its success."""
    parts = []
    for name, result in zip(names, results, strict=True):
        if not succeeded(result):
            impact = "" if result.impact_speed_mps is None else f"hits at {kmh(result.impact_speed_mps)} and "
            parts.append(f"{name} {impact}scores {result.driving_score:.0f} of 100")
    times = [result.stages_ms.get(_WHOLE_AGENT) for result in results]
    known = [(name, time) for name, time in zip(names, times, strict=True) if time is not None]
    if verdict.winner is not None and len(known) == len(names):
        known.insert(0, known.pop(verdict.winner))
        others = ", ".join(f"{name} {time:.0f} ms" for name, time in known[1:])
        parts.append(f"{known[0][0]} computes for {known[0][1]:.0f} ms in each step ({others})")
    return f"Price: {'; '.join(parts)}." if parts else ""
