"""The end of the story: where it was decided, why, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from drive_stack.evaluation.race import RaceVerdict
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.narration.facts import DriverFacts
from drive_stack.narration.texts import kmh, metres_apart, milliseconds


def closing_sentences(
    names: Sequence[str],
    facts: Sequence[DriverFacts],
    results: Sequence[EpisodeResult],
    verdict: RaceVerdict,
    hazard: str | None,
    decision_ms: Sequence[float],
) -> tuple[str, ...]:
    """Where, why and at what price the race was decided; sentences without an answer are left out.

    Args:
        names: the drivers' names.
        facts: what each driver did about the hazard; empty where no driver hit an actor.
        results: how each drive ended.
        verdict: who won.
        hazard: the name of the actor that was hit.
        decision_ms: mean CPU time of a decision of each driver [ms]; empty where it was not measured.
    """
    failed = next((index for index, result in enumerate(results) if not succeeded(result)), None)
    sentences = []
    if failed is not None:
        sentences.append(_where(results[failed]))
        if hazard is not None:
            sentences.append(_why(names, facts, results[failed], hazard))
    sentences.append(_price(names, results, verdict, decision_ms))
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


def _price(
    names: Sequence[str],
    results: Sequence[EpisodeResult],
    verdict: RaceVerdict,
    decision_ms: Sequence[float],
) -> str:
    """What the failure costs in points and speed of impact, and what the winner computes for its success."""
    parts = []
    for name, result in zip(names, results, strict=True):
        if not succeeded(result):
            impact = "" if result.impact_speed_mps is None else f"hits at {kmh(result.impact_speed_mps)} and "
            parts.append(f"{name} {impact}scores {result.driving_score:.0f} of 100")
    if verdict.winner is not None and decision_ms:
        times = list(zip(names, decision_ms, strict=True))
        winner, time = times.pop(verdict.winner)
        others = ", ".join(f"{name} {milliseconds(own)}" for name, own in times)
        parts.append(f"{winner} needs {milliseconds(time)} of CPU time for each decision ({others})")
    return f"Price: {'; '.join(parts)}." if parts else ""
