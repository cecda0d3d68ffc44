"""When a driver perceives a hazard, brakes for it, and passes or hits it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from narrated_drives import CAR, HIT, braking, step, tracked, world

from drive_stack.geometry import to_local
from drive_stack.narration.facts import driver_facts
from drive_stack.narration.hazard import Hazard, is_tracked_as, place_of
from drive_stack.types import ContactKind, ObjectClass


def test_distances_are_from_bumper_to_bumper() -> None:
    place = place_of(CAR, world(30.0))
    assert place is not None and place.in_lane
    assert place.ahead == pytest.approx(30.0, abs=0.01)
    # both 4.7 m (ego) and 4.6 m (car) have to go by until the ego's rear is at the car's front
    assert place.behind == pytest.approx(-30.0 - 4.7 - 4.6, abs=0.01)
    assert place.clearance == pytest.approx(-1.85, abs=0.01)  # both are 1.85 m wide and in the same line


def test_a_car_in_the_next_lane_is_not_in_the_lane() -> None:
    place = place_of(replace(CAR, actor_id=2), world(30.0))
    assert place is not None and not place.in_lane
    assert place.clearance == pytest.approx(3.75 - (1.8 + 1.85) / 2.0, abs=0.02)
    assert place_of(replace(CAR, actor_id=99), world(30.0)) is None


def test_a_hit_rail_is_no_hazard() -> None:
    assert Hazard.of(replace(HIT, kind=ContactKind.RAIL, label=None)) is None
    assert Hazard.of(HIT) == CAR


def test_a_track_belongs_to_the_hazard_up_to_an_error_that_grows_with_the_distance() -> None:
    state = world(38.0)
    place = place_of(CAR, state)
    (track,) = tracked(state)
    assert place is not None and is_tracked_as(CAR, track, place, state)
    distance = float(np.hypot(*track.position))  # about 44 m: 2 m + 6 % of it are 4.6 m
    for error, same in ((2.0 + 0.06 * distance - 0.1, True), (2.0 + 0.06 * distance + 0.1, False)):
        moved = replace(track, position=track.position - np.array([error, 0.0]))
        assert is_tracked_as(CAR, moved, place, state) is same


def test_a_track_of_another_actor_or_another_class_is_not_that_of_the_hazard() -> None:
    state = world(38.0)
    place = place_of(CAR, state)
    (track,) = tracked(state)
    assert place is not None
    x = state.vehicles.x.copy()
    x[1], y = x[0], state.vehicles.y.copy()
    y[1] = y[0] + 4.0  # car 2 is 4 m next to car 1
    crowded = replace(state, vehicles=replace(state.vehicles, x=x, y=y))
    for offset, same in ((1.9, True), (2.1, False)):
        there = to_local(
            place.xy + np.array([0.0, offset]), np.array([state.ego.x, state.ego.y]), state.ego.yaw
        )
        assert is_tracked_as(CAR, replace(track, position=there), place, crowded) is same
        assert is_tracked_as(CAR, replace(track, position=there), place, state)
    assert not is_tracked_as(CAR, replace(track, label=ObjectClass.PEDESTRIAN), place, state)
    assert is_tracked_as(CAR, replace(track, label=ObjectClass.LARGE_VEHICLE), place, state)


def test_what_a_pipeline_does_is_found_at_its_first_step() -> None:
    facts = driver_facts(
        (
            step(0.0, 160.0),
            step(1.0, 140.0),
            step(2.0, 120.0, sees=True),
            step(3.0, 100.0, sees=True, says=braking(-2.0)),
            step(4.0, 60.0, sees=True, says=braking(-6.0)),
            step(5.0, 12.0, speed=0.2, sees=True, says=braking(-2.0)),
            step(6.0, -20.0, outcome="completed"),
        ),
        CAR,
    )
    assert facts.appears is not None and facts.appears.step.elapsed == 1.0  # 150 m is the limit
    assert facts.tracked is not None and facts.tracked.step.elapsed == 2.0
    assert facts.brakes is not None and facts.brakes.place.ahead == pytest.approx(100.0, abs=0.05)
    assert facts.brakes_hard is not None and facts.brakes_hard.step.elapsed == 4.0
    assert facts.stands is not None and facts.stands.step.elapsed == 5.0
    assert facts.passed is not None and facts.passed.step.elapsed == 6.0
    assert facts.contact is None


def test_braking_for_something_else_is_not_braking_for_the_hazard() -> None:
    steps = (step(0.0, 100.0, sees=True, says=braking(-3.0, track_id=4)), step(1.0, 80.0, sees=True))
    assert driver_facts(steps, CAR).brakes is None


def test_braking_without_a_cause_counts_once_the_hazard_is_there() -> None:
    early, late = step(0.0, 170.0, says=braking(-3.0, None)), step(1.0, 50.0, says=braking(-3.0, None))
    facts = driver_facts((early, late, step(2.0, -1.0, hits=True, outcome="collision")), CAR)
    assert facts.brakes is not None and facts.brakes.step.elapsed == 1.0
    assert facts.contact == HIT and facts.passed is None


def test_hard_braking_from_the_start_is_not_told_twice() -> None:
    steps = (step(0.0, 50.0, sees=True, says=braking(-7.0)), step(1.0, 30.0, sees=True, says=braking(-7.0)))
    facts = driver_facts(steps, CAR)
    assert facts.brakes is not None and facts.brakes_hard is None
