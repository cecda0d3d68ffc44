"""A car that stands across its lane and reaches into both adjacent ones can be passed."""

from __future__ import annotations

import numpy as np
import pytest
from planning_inputs import planning_input
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from drive_stack.planning.lane_change_gaps import blocking_reason, occupants
from drive_stack.planning.scene import Scene, build_scene
from drive_stack.planning.settings import LaneChangeSettings

TIMES = np.linspace(0.0, 4.0, 21)
WIDTH, HALF_EGO = 3.6, PLATFORM.car.width / 2.0


def scene_with(body: Body) -> tuple[TinyWorld, Scene]:
    """The ego in the middle of three lanes, with a body 70 m ahead."""
    world = TinyWorld(straight_road(3), lane=1, speed=15.0, bodies=[body])
    return world, build_scene(planning_input(world), TIMES, PLATFORM.car)


def across(lateral: float = 0.0, width: float = 4.7) -> Body:
    return Body(90.0, lateral, length=1.85, width=width)


@pytest.mark.parametrize("shift", [-1, 1])
def test_the_adjacent_lane_is_free_although_the_car_reaches_into_it(shift: int) -> None:
    """It leaves 0.33 m to an ego in the lane's centre, and 1.03 m to one that keeps to the far side."""
    world, scene = scene_with(across())
    inputs, settings = planning_input(world), LaneChangeSettings()
    assert blocking_reason(scene, inputs, shift, settings, urgent=True) is None
    assert len(occupants(scene, 0)) == 1


@pytest.mark.parametrize(("lateral", "free"), [(0.6, True), (0.8, False)])
def test_a_car_that_leaves_too_little_room_blocks_the_lane(lateral: float, free: bool) -> None:
    """The ego keeps 3.6 + 0.7 − lateral − 2.35 − 0.925 m at the far side; it needs 0.4 m."""
    _, scene = scene_with(across(lateral))
    assert (occupants(scene, 1) == []) is free


def test_the_ego_passes_at_the_far_side_within_its_lane() -> None:
    _, scene = scene_with(across())
    (actor,) = scene.actors
    passing = scene.passing_lateral(actor, WIDTH)
    assert passing == pytest.approx(WIDTH + 0.7)
    assert passing + HALF_EGO < 1.5 * WIDTH
    assert scene.passing_lateral(actor, -WIDTH) == pytest.approx(-WIDTH - 0.7)


@pytest.mark.parametrize(("lateral", "free"), [(1.3, True), (1.5, False)])
def test_other_vehicles_need_the_lane_s_centre_to_be_free(lateral: float, free: bool) -> None:
    """A car along the lane leaves 3.6 − lateral − 0.9 − 0.925 m."""
    _, scene = scene_with(Body(90.0, lateral))
    (actor,) = scene.actors
    assert scene.passing_lateral(actor, WIDTH) == WIDTH
    assert (occupants(scene, 1) == []) is free
