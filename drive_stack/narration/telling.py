"""The captions of a race: each appears when what it says has happened, and none before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drive_stack.evaluation.race import RaceVerdict
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.narration.closing import closing_sentences
from drive_stack.narration.facts import DriverFacts, Instant, driver_facts
from drive_stack.narration.hazard import Hazard
from drive_stack.narration.race_log import RaceLog, Step
from drive_stack.narration.texts import kmh, metres_apart
from drive_stack.viewer.headline import Urgency
from drive_stack.viewer.records import Caption

_MOVING = 0.5  # faster than this is not stationary [m/s]
_ENDS = {"off_road": "Leaves the road", "stuck": "Stands for too long", "timeout": "Runs out of time"}


@dataclass(frozen=True, slots=True)
class Opening:
    """What is said at the start of a race."""

    watch: str  # what to look at
    drivers: tuple[str, ...]  # what kind of driver each one is


@dataclass(frozen=True, slots=True)
class Narration:
    """The story of a race."""

    captions: tuple[Caption, ...]  # in the order of time
    verdict: str
    details: tuple[str, ...]  # where, why, and at what price

    def until(self, elapsed: float) -> tuple[Caption, ...]:
        """The captions that have appeared ``elapsed`` s after the start."""
        return tuple(caption for caption in self.captions if caption.elapsed <= elapsed + 1e-6)

    def lines(self, names: Sequence[str]) -> list[str]:
        """The story as text, a line for each caption and each sentence of the verdict."""
        spoken = [
            f"{caption.elapsed:5.1f} s  {_about(caption, names)}{caption.text}" for caption in self.captions
        ]
        return [*spoken, self.verdict[:1].upper() + self.verdict[1:], *self.details]


def narrate(
    names: Sequence[str],
    log: RaceLog,
    results: Sequence[EpisodeResult],
    verdict: RaceVerdict,
    opening: Opening,
    decision_ms: Sequence[float] = (),
) -> Narration:
    """Tell a finished race.

    It is about the actor that a driver hit. Where nobody hit an actor, the captions say how the drives end.

    Args:
        names: the drivers' names.
        log: all frames of the race.
        results: how each drive ended.
        verdict: who won.
        opening: what is said at the start.
        decision_ms: mean CPU time of a decision of each driver [ms]; empty where it was not measured.
    """
    captions = [Caption(0.0, opening.watch)]
    captions += [Caption(0.0, text, driver) for driver, text in enumerate(opening.drivers)]
    victim = _hit_first(log, results)
    facts: list[DriverFacts] = []
    if victim is not None:
        driver, hazard = victim
        facts = [driver_facts(steps, hazard) for steps in log.drivers]
        captions += _appearance(facts[driver], hazard, names[driver])
        captions += [own for index, one in enumerate(facts) for own in _of_driver(index, one, hazard)]
    for index, steps in enumerate(log.drivers):
        if not facts or facts[index].contact is None:
            captions.append(_ending(index, steps[-1], results[index]))
    captions.sort(key=lambda caption: caption.elapsed)
    name = None if victim is None else victim[1].name
    details = closing_sentences(names, facts, results, verdict, name, decision_ms)
    return Narration(tuple(captions), verdict.text, details)


def _hit_first(log: RaceLog, results: Sequence[EpisodeResult]) -> tuple[int, Hazard] | None:
    """Which driver hit which actor first, of the drivers that failed."""
    found: list[tuple[float, int, Hazard]] = []
    for index, (steps, result) in enumerate(zip(log.drivers, results, strict=True)):
        hazards = [(own.time, Hazard.of(own)) for own in steps[-1].state.contacts]
        if not succeeded(result):
            found += [(time, index, hazard) for time, hazard in hazards if hazard is not None]
    if not found:
        return None
    _, index, hazard = min(found, key=lambda one: one[:2])
    return index, hazard


def _appearance(facts: DriverFacts, hazard: Hazard, name: str) -> Iterator[Caption]:
    """What the hazard does, in the world of the driver that hits it."""
    if facts.appears is None:
        return
    place, elapsed = facts.appears.place, facts.appears.step.elapsed
    verb = "steps into the lane" if hazard.walks else "is in the lane"
    if place.speed < _MOVING:
        verb = "stands in the lane"
    text = f"A {hazard.name} {verb}, {metres_apart(place.ahead)} ahead of {name}"
    yield Caption(elapsed, text, None, Urgency.CAUTION)


def _of_driver(index: int, facts: DriverFacts, hazard: Hazard) -> Iterator[Caption]:
    """What a driver perceives and does about the hazard."""
    name = hazard.name
    if facts.tracked is not None:
        text = f"Detects the {name}, {metres_apart(facts.tracked.place.ahead)} ahead"
        yield _at(facts.tracked, text, index)
    if facts.brakes is not None:
        yield _at(facts.brakes, _braking(facts.brakes, name), index, _urgency(facts.brakes))
    if facts.brakes_hard is not None:
        text = f"Brakes hard, {metres_apart(facts.brakes_hard.place.ahead)} before it"
        yield _at(facts.brakes_hard, text, index, Urgency.DANGER)
    if facts.stands is not None:
        yield _at(facts.stands, f"Stands, {metres_apart(facts.stands.place.ahead)} before it", index)
    if facts.passed is not None:
        side = "" if facts.clearance is None else f", {metres_apart(facts.clearance)} to its side"
        text = f"Passes the {name} at {kmh(facts.passed.step.state.ego.speed)}{side}"
        yield _at(facts.passed, text, index)
    if facts.contact is not None:
        text = f"Hits the {name} at {kmh(facts.contact.impact_speed)}, {_before(facts)}"
        yield Caption(facts.end.elapsed, text, index, Urgency.DANGER)


def _at(instant: Instant, text: str, driver: int, urgency: Urgency = Urgency.CALM) -> Caption:
    return Caption(instant.step.elapsed, text, driver, urgency)


def _braking(brakes: Instant, name: str) -> str:
    headline = brakes.step.headline
    distance = metres_apart(brakes.place.ahead)
    if headline is not None and headline.cause is not None:
        return f"{headline.text}, {distance} ahead"
    return f"Brakes, {distance} before the {name}. It names no cause"


def _urgency(brakes: Instant) -> Urgency:
    return Urgency.CALM if brakes.step.headline is None else brakes.step.headline.urgency


def _before(facts: DriverFacts) -> str:
    """What a driver had done before the contact."""
    if facts.brakes is None:
        return "without braking for it"
    earlier = facts.end.elapsed - facts.brakes.step.elapsed
    return f"{earlier:.1f} s after it began to brake"


def _ending(index: int, end: Step, result: EpisodeResult) -> Caption:
    if succeeded(result):
        return Caption(end.elapsed, f"Completes the route after {result.duration_s:.1f} s", index)
    text = _ENDS.get(result.status.value)
    if text is None and end.state.contacts:
        contact = end.state.contacts[0]
        text = f"Hits the {contact.kind.value} at {kmh(contact.impact_speed)}"
    return Caption(end.elapsed, text or "Ends its drive", index, Urgency.DANGER)


def _about(caption: Caption, names: Sequence[str]) -> str:
    return "" if caption.driver is None else f"{names[caption.driver]}: "
