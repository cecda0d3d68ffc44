"""What a plan says about itself: behaviour, reason and cause."""

from __future__ import annotations

import numpy as np
from planning_inputs import planning_input
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from drive_stack.planning.planner import LatticePlanner
from drive_stack.planning.scene import build_scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.planning.speed_caps import SPEED_LIMIT, SpeedCap, build_profile
from drive_stack.types import Behaviour, Cause, Plan


def plan_at(world: TinyWorld) -> Plan:
    return LatticePlanner(PLATFORM.car).plan(planning_input(world))


def crossing(lateral: float) -> Plan:
    """Of a standing ego in front of which a person walks to the left, 3 m ahead of the bumper."""
    station = 20.0 + PLATFORM.car.length - PLATFORM.car.rear_overhang + 3.3
    person = Body(station, lateral, 0.0, 0.8, True, 0.6, 0.6)
    return plan_at(TinyWorld(straight_road(1), speed=0.0, limit=16.0, bodies=[person]))


def test_a_standing_car_says_for_whom_it_waits() -> None:
    """From the right edge of the lane to 1.3 m left of the car, the person is the reason and the cause."""
    for lateral in (-1.5, -0.5, 0.0, 0.5, 1.0, 1.5, 1.8):
        plan = crossing(lateral)
        assert plan.speeds[5] < 0.5, f"{lateral}: the car drives"
        assert plan.behaviour is not Behaviour.CRUISE and "person" in plan.reason, f"{lateral}: {plan.reason}"
        assert plan.cause is not None and plan.cause.track_id == 1


def test_a_car_that_sets_off_on_a_free_road_says_so() -> None:
    plan = plan_at(TinyWorld(straight_road(1), speed=0.0, limit=16.0))
    assert (plan.behaviour, plan.reason, plan.cause) == (Behaviour.CRUISE, "free road, 58 km/h allowed", None)


def test_the_cap_that_is_braked_for_is_the_reason() -> None:
    """At 20 m/s, a cap of 19.5 m/s from 45 m on demands less in 3 s; 1 s ahead, the limit is lower."""
    inputs = planning_input(TinyWorld(straight_road(1), speed=20.0))
    scene = build_scene(inputs, np.arange(1.0), PLATFORM.car)
    limit = SpeedCap(0.0, float("inf"), 21.0, "limit", SPEED_LIMIT)
    near = SpeedCap(45.0, 60.0, 19.5, "person", Cause("person", 7, 40.0), Behaviour.YIELD)
    settings = PlannerSettings()
    profile = build_profile((limit, near), scene, settings, 20.0)
    assert profile.demands_less and profile.binding is near
    far = SpeedCap(190.0, 195.0, 5.0, "person", Cause("person", 7, 185.0), Behaviour.YIELD)
    profile = build_profile((limit, far), scene, settings, 20.0)
    assert not profile.demands_less and profile.binding is limit
