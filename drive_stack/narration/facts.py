"""When a driver perceived the hazard, braked for it, passed it or hit it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drive_stack.narration.hazard import Hazard, Place, is_tracked_as, place_of
from drive_stack.narration.race_log import Step
from drive_stack.types import Contact
from drive_stack.viewer.headline import Urgency

MAX_DISTANCE = 150.0  # at which a hazard is announced [m]
_STANDING = 0.5  # below this the ego stands [m/s]
_NEAR_HAZARD = 40.0  # within which standing is standing before the hazard [m]


@dataclass(frozen=True, slots=True)
class Instant:
    """A step that matters to the story, and where the hazard was at it."""

    step: Step
    place: Place


@dataclass(frozen=True, slots=True)
class DriverFacts:
    """What one driver did about the hazard; what it did not do is None."""

    appears: Instant | None  # the hazard is in the lane, no farther than `MAX_DISTANCE`
    tracked: Instant | None  # the driver's own list of objects holds it
    brakes: Instant | None  # harder than `drive_stack.viewer.headline.BRAKING`
    brakes_hard: Instant | None  # harder than `HARD_BRAKING`, after milder braking
    stands: Instant | None  # stationary before it
    passed: Instant | None
    clearance: float | None  # the smallest while it was next to the ego [m]
    contact: Contact | None  # with the hazard
    end: Step


def driver_facts(steps: Sequence[Step], hazard: Hazard) -> DriverFacts:
    """Find what a driver did about the hazard, from all of its steps."""
    places = [(step, place_of(hazard, step.state)) for step in steps]
    seen = [Instant(step, place) for step, place in places if place is not None]
    contact = next((own for own in steps[-1].state.contacts if own.actor_id == hazard.actor_id), None)
    appears = _first(seen, lambda one: one.place.in_lane and 0.0 < one.place.ahead <= MAX_DISTANCE)
    brakes = _first(seen, lambda one: _brakes_for(one, hazard, appears))
    passed = None if contact else _first(_after(seen, appears), lambda one: one.place.behind > 0.0)
    return DriverFacts(
        appears=appears,
        tracked=_first(seen, lambda one: _is_tracked(one, hazard)),
        brakes=brakes,
        brakes_hard=_first(_after(seen, brakes), _brakes_harder)
        if brakes and not _brakes_harder(brakes)
        else None,
        stands=_first(_after(seen, brakes), _stands_before) if brakes else None,
        passed=passed,
        clearance=_clearance(seen) if passed else None,
        contact=contact,
        end=steps[-1],
    )


def _first(instants: Sequence[Instant], condition: Callable[[Instant], bool]) -> Instant | None:
    return next((one for one in instants if condition(one)), None)


def _after(instants: Sequence[Instant], since: Instant | None) -> list[Instant]:
    """The instants from one on; all where there is none."""
    return [one for one in instants if since is None or one.step.elapsed >= since.step.elapsed]


def _is_tracked(one: Instant, hazard: Hazard) -> bool:
    return one.place.ahead > 0.0 and any(
        track.missed == 0 and is_tracked_as(hazard, track, one.place, one.step.state)
        for track in one.step.tracks
    )


def _brakes_for(one: Instant, hazard: Hazard, appears: Instant | None) -> bool:
    """Whether the driver brakes for the hazard: by its own word, or, where it gives no cause, by the time."""
    headline = one.step.headline
    if headline is None or not headline.braking or one.place.ahead <= 0.0:
        return False
    if headline.cause is None:
        return appears is not None and one.step.elapsed >= appears.step.elapsed
    own = [track for track in one.step.tracks if headline.names(track.id)]
    return any(is_tracked_as(hazard, track, one.place, one.step.state) for track in own)


def _brakes_harder(one: Instant) -> bool:
    headline = one.step.headline
    return (
        headline is not None
        and headline.braking
        and headline.urgency is Urgency.DANGER
        and one.place.ahead > 0.0
    )


def _stands_before(one: Instant) -> bool:
    return one.step.state.ego.speed < _STANDING and 0.0 < one.place.ahead < _NEAR_HAZARD


def _clearance(instants: Sequence[Instant]) -> float | None:
    gaps = [one.place.clearance for one in instants if one.place.ahead <= 0.0 and one.place.behind <= 0.0]
    return min(gaps) if gaps else None
