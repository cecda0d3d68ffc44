"""Late and lost images: perception works at the step of the exposure, and moves the result to the present."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from exposed_road import DT, RADIUS, SPEED, ExposedRoad, curve_ahead, observation_of, stages_of
from tiny_world import PLATFORM, TinyWorld, straight_road

from agents.config import ModularConfig
from agents.stages import build_perception
from drive_stack.pipeline.advance import advance_lanes, advance_tracks, ego_steps
from drive_stack.pipeline.perceiving import Percept, Perception
from drive_stack.pipeline.timeline import ExposureTimeline, Motion
from drive_stack.types import (
    AdjacentLane,
    LaneEstimate,
    LanePath,
    LiftedObject,
    ObjectClass,
    Track,
)
from envs.oracles import Oracles

# --- which step an image belongs to -----------------------------------------------------------


def due(
    ages: list[float | None], max_age: float = 0.5
) -> list[tuple[list[float], float | None, list[float]]]:
    """Speeds at the due steps, where the speed at step k is k; None is the age of an unusable image."""
    timeline, results = ExposureTimeline(DT, max_age), []
    for step, age in enumerate(ages):
        advance = timeline.advance(float(step), 0.0, age or 0.0, usable=age is not None)
        exposure = None if advance.exposure is None else advance.exposure.speed
        since = [motion.speed for motion in advance.since]
        results.append(([motion.speed for motion in advance.without_image], exposure, since))
    return results


def test_images_without_delay_are_processed_at_their_step() -> None:
    assert due([0.0, 0.0]) == [([], 0.0, []), ([], 1.0, [])]


def test_a_delayed_image_is_processed_with_the_motion_at_its_exposure() -> None:
    # The first image is repeated until the second one, exposed at step 1, arrives two steps later.
    assert due([0.0, 0.1, 0.2, 0.2, 0.2]) == [
        ([], 0.0, []),
        ([], None, [1.0]),
        ([], None, [1.0, 2.0]),
        ([], 1.0, [2.0, 3.0]),
        ([], 2.0, [3.0, 4.0]),
    ]


def test_a_lost_image_is_a_step_without_one_once_the_next_arrives() -> None:
    assert due([0.0, 0.1, 0.0]) == [([], 0.0, []), ([], None, [1.0]), ([1.0], 2.0, [])]


def test_an_unusable_image_is_a_step_without_one() -> None:
    assert due([0.0, None, 0.0]) == [([], 0.0, []), ([1.0], None, []), ([], 2.0, [])]


def test_no_step_waits_longer_than_the_maximum_age() -> None:
    assert due([0.0, 0.1, 0.2, 0.3], max_age=0.2)[-1] == ([1.0], None, [2.0, 3.0])


# --- the motion to the present ----------------------------------------------------------------


def arc(kappa: float) -> LaneEstimate:
    """The lane of an ego that follows the centre of an arc of curvature ``kappa`` [1/m]."""
    station = np.arange(-6.0, 62.0, 2.0)
    xy = np.stack([np.sin(kappa * station), 1.0 - np.cos(kappa * station)], axis=1) / kappa
    path = LanePath(station, xy, kappa * station, np.full_like(station, kappa))
    side = AdjacentLane(True, True, 3.6, ends_in=50.0)
    return LaneEstimate(0.0, 0.0, kappa, 3.6, path, side, side, 1.0, ends_in=40.0)


def test_on_an_arc_that_the_ego_follows_the_lane_stays_the_same() -> None:
    kappa = -1.0 / RADIUS
    motion = Motion(SPEED, SPEED * kappa)
    moved = advance_lanes(arc(kappa), ego_steps(motion, [motion] * 4, DT))
    assert (moved.offset, moved.heading) == pytest.approx((0.0, 0.0), abs=1e-3)
    at = moved.path.station
    # The line is linear between samples 2 m apart: its sagitta there is 2² / 8 / 250 = 2 mm.
    np.testing.assert_allclose(moved.path.xy[:, 1], (1.0 - np.cos(kappa * at)) / kappa, atol=4e-3)
    np.testing.assert_allclose(moved.path.heading, kappa * at, atol=1e-3)
    assert moved.path.station[0] == -6.0 and moved.path.station[-1] == pytest.approx(60.0 - 8.0)
    assert moved.ends_in == pytest.approx(32.0, abs=0.01) and moved.left.ends_in == pytest.approx(
        42.0, abs=0.01
    )


def test_an_ego_that_goes_straight_on_leaves_the_arc() -> None:
    kappa, motion = 1.0 / RADIUS, Motion(SPEED, 0.0)
    moved = advance_lanes(arc(kappa), ego_steps(motion, [motion] * 4, DT))
    # After 8 m the arc lies 8² / 2 / 250 = 0.128 m to the left and points 8 / 250 rad to the left.
    assert moved.offset == pytest.approx(-0.128, abs=2e-3)
    assert moved.heading == pytest.approx(-0.032, abs=1e-3)


def test_tracks_move_by_their_velocity_and_the_motion_of_the_ego() -> None:
    track = Track(
        7, ObjectClass.CAR, np.array([40.0, 3.0]), np.array([15.0, 0.0]), np.eye(4), 0.1, 4.5, 1.8, 20, 0, 0.9
    )
    straight = Motion(SPEED, 0.0)
    (ahead,) = advance_tracks((track,), ego_steps(straight, [straight] * 4, DT), DT)
    np.testing.assert_allclose(ahead.position, [40.0 + 0.4 * (15.0 - 20.0), 3.0])
    assert ahead.covariance[0, 0] > 1.0 + 0.4**2  # of the velocity, and of the unknown acceleration
    turning = Motion(0.0, 0.5)
    (turned,) = advance_tracks((track,), ego_steps(turning, [turning] * 4, DT), DT)
    cos, sin = np.cos(0.2), np.sin(0.2)  # the ego has turned to the left by 4 · 0.1 s · 0.5 rad/s
    world = np.array([[cos, -sin], [sin, cos]]) @ turned.position
    np.testing.assert_allclose(world, [40.0 + 0.4 * 15.0, 3.0])
    assert turned.heading == pytest.approx(0.1 - 0.2)


# --- the whole of perception --------------------------------------------------------------------


@dataclass
class PresentTracker:
    """A `Tracker` that knows the truth of each step: it counts its calls, and reports a car 40 m ahead."""

    calls: int = 0

    def reset(self) -> None:
        self.calls = 0

    def update(self, objects: tuple[LiftedObject, ...], speed: float, yaw_rate: float) -> tuple[Track, ...]:
        self.calls += 1
        at, label = np.array([40.0, 0.0]), ObjectClass.CAR
        return (Track(self.calls, label, at, np.zeros(2), np.eye(4), 0.0, 4.5, 1.8, 20, 0, 0.9),)


def perceived(
    delay: int, lost: frozenset[int], steps: int = 100, tracker: PresentTracker | None = None
) -> tuple[ExposedRoad, list[Percept]]:
    """Percepts of a drive into a curve, with images ``delay`` steps late, of which some are ``lost``."""
    world = curve_ahead()
    stages = stages_of(world, DT)
    if tracker is not None:
        stages = replace(stages, tracker=tracker, tracks_are_present=True)
    perception, percepts, shown = Perception(stages, DT), [], 0
    perception.reset()
    for step in range(steps):
        if step - delay >= 0 and step - delay not in lost:
            shown = step - delay
        percepts.append(perception.perceive(observation_of(world, step, shown)))
    return world, percepts


def errors(delay: int, lost: frozenset[int] = frozenset()) -> tuple[float, float, float]:
    """Largest errors of the lane's offset, of its path 20 m ahead and of the lead's position, from 4 s on."""
    world, percepts = perceived(delay, lost)
    offset, path, lead = [], [], []
    for step, percept in list(enumerate(percepts))[40:]:
        assert percept.fault is None and len(percept.tracks) == 1
        offset.append(abs(percept.lanes.offset))
        x, y = world.local(step, world.station(step) + np.arange(0.0, 40.0), 0.0).T
        at_20 = np.interp(20.0, percept.lanes.path.xy[:, 0], percept.lanes.path.xy[:, 1])
        path.append(abs(at_20 - np.interp(20.0, x, y)))
        centre = percept.tracks[0].position - world.lead(step)
        lead.append(abs(centre[1]))
    return max(offset), max(path), max(lead)


LOST = frozenset(range(7, 100, 5))


@pytest.mark.parametrize(("delay", "lost"), [(0, LOST), (2, frozenset()), (4, frozenset()), (3, LOST)])
def test_late_and_lost_images_hardly_change_what_is_perceived(delay: int, lost: frozenset[int]) -> None:
    on_time, late = np.array(errors(0)), np.array(errors(delay, lost))
    # Taken for present ones, images of 0.4 s ago would show the path 20 m ahead 0.6 m aside (8 · 20 / 250).
    assert (late < on_time + np.array([0.02, 0.05, 0.3])).all(), f"{on_time} {late}"


def test_an_image_that_is_too_old_is_a_fault() -> None:
    _, percepts = perceived(8, frozenset())
    assert percepts[-1].fault == "the camera's image is 0.8 s old"
    assert percepts[-1].lanes.confidence == 0.0


def test_tracks_that_are_present_are_not_moved() -> None:
    _, percepts = perceived(3, LOST, tracker=PresentTracker())
    assert [percept.tracks[0].id for percept in percepts] == list(range(1, 101))  # each step once
    assert all(percept.tracks[0].position[0] == 40.0 for percept in percepts)


@pytest.mark.parametrize(
    ("overrides", "lanes", "tracks"),
    [
        ({}, False, False),
        ({"perception": {"lanes": "oracle"}}, True, False),
        ({"perception": {"detector": "oracle"}}, False, True),
        ({"perception": {"lifter": "oracle"}}, False, True),
        ({"tracking": {"tracker": "oracle"}}, False, True),
    ],
)
def test_oracles_are_present(overrides: dict[str, dict[str, str]], lanes: bool, tracks: bool) -> None:
    config = ModularConfig.model_validate({"name": "test", **overrides})
    oracles = Oracles(TinyWorld(straight_road(1)), PLATFORM)
    stages = build_perception(config.perception, config.tracking, PLATFORM, oracles)
    assert (stages.lanes_are_present, stages.tracks_are_present) == (lanes, tracks)
