"""Meta-actions: target speeds and lanes, and the controllers beneath."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.rl.accelerations import MAX_LATERAL_ACCELERATION, control_of_accelerations
from drive_stack.rl.meta_actions import MetaAction, MetaController
from drive_stack.vehicle import VehicleParameters
from envs.scenarios.scenario import load_scenario
from envs.world import World

CAR = VehicleParameters()
EMPTY = (
    "cruise[traffic.density=0; speed_limit_kmh=72; ego.speed_share=0.5; ego.lane=middle; road.lanes=3; "
    "road.grades=[]]"
)
IDLE, LEFT, RIGHT = MetaAction.IDLE, MetaAction.LEFT, MetaAction.RIGHT
FASTER, SLOWER = MetaAction.FASTER, MetaAction.SLOWER


class Driven:
    """A world with a controller; the limit is 20 m/s, so target speeds are multiples of 2.5 m/s."""

    def __init__(self, scenario: str = EMPTY) -> None:
        self.world = World(load_scenario(scenario), 3)
        self._controller = MetaController(CAR)
        self._controller.reset(self.world.ego, self.world.road, self.world.speed_limit)
        self.lateral_accelerations: list[float] = []

    def drive(self, action: MetaAction, seconds: float) -> None:
        world = self.world
        self._controller.choose(action, world.ego, world.road, world.speed_limit)
        for _ in range(round(seconds / world.physics_dt)):
            world.step(self._controller.control(world.ego, world.road, world.speed_limit))
            self.lateral_accelerations.append(world.ego.speed * world.ego.yaw_rate)

    @property
    def lane(self) -> int:
        return self.world.road.lane_at(self.world.ego.station, self.world.ego.lateral)

    @property
    def offset(self) -> float:
        return self.world.ego.lateral - self.world.road.lanes[self.lane].offset


def test_the_numbers_are_those_of_highway_env() -> None:
    from highway_env.envs.common.action import DiscreteMetaAction  # noqa: PLC0415

    theirs = {number: name.removeprefix("LANE_") for number, name in DiscreteMetaAction.ACTIONS_ALL.items()}
    assert theirs == {action.value: action.name for action in MetaAction}


def test_faster_and_slower_go_to_the_next_multiples_of_an_eighth_of_the_limit() -> None:
    driven = Driven()
    assert driven.world.ego.speed == pytest.approx(10.0)
    driven.drive(IDLE, 3.0)
    assert driven.world.ego.speed == pytest.approx(10.0, abs=0.01)
    driven.drive(FASTER, 5.0)
    assert driven.world.ego.speed == pytest.approx(12.5, abs=0.05)
    driven.drive(SLOWER, 5.0)
    driven.drive(SLOWER, 5.0)
    assert driven.world.ego.speed == pytest.approx(7.5, abs=0.05)


def test_speeds_stay_between_standstill_and_the_limit() -> None:
    driven = Driven()
    for _ in range(12):
        driven.drive(FASTER, 1.0)
    assert driven.world.ego.speed == pytest.approx(20.0, abs=0.05)
    for _ in range(12):
        driven.drive(SLOWER, 1.0)
    assert driven.world.ego.speed < 0.1


@pytest.mark.parametrize(("action", "change"), [(LEFT, -1), (RIGHT, 1)])
def test_a_lane_change_is_gentle_and_ends_on_the_lane_centre(action: MetaAction, change: int) -> None:
    driven = Driven(EMPTY.replace("ego.speed_share=0.5", "ego.speed_share=1"))
    lane = driven.lane
    driven.drive(action, 0.1)
    driven.drive(IDLE, 7.0)
    assert driven.lane == lane + change
    assert abs(driven.offset) < 0.1
    assert max(map(abs, driven.lateral_accelerations)) < 3.0
    assert driven.world.outcome is None


def test_a_lane_that_does_not_exist_is_ignored() -> None:
    driven = Driven(EMPTY.replace("ego.lane=middle", "ego.lane=leftmost"))
    driven.drive(LEFT, 4.0)
    assert driven.lane == 0
    assert abs(driven.offset) < 0.1


def test_a_lane_behind_a_barrier_line_is_ignored() -> None:
    driven = Driven("merge[traffic.density=0]")
    lane = driven.lane
    driven.drive(LEFT, 1.0)
    assert driven.lane == lane
    assert (
        abs(driven.world.ego.lateral - driven.world.road.lanes[lane].lateral_at(driven.world.ego.station))
        < 0.3
    )


@pytest.mark.parametrize("speed", [10.0, 30.0])
def test_a_lateral_acceleration_becomes_the_steering_that_causes_it(speed: float) -> None:
    control = control_of_accelerations(np.array([0.5, -0.25], dtype=np.float32), speed, CAR)
    assert np.tan(control.steering) / CAR.wheelbase * speed**2 == pytest.approx(MAX_LATERAL_ACCELERATION / 2)
    assert control.acceleration == pytest.approx(-2.0)
    assert control_of_accelerations(np.array([0.0, 1.0], np.float32), speed, CAR).acceleration == 3.0


def test_steering_stays_within_the_car_s_limits_at_standstill() -> None:
    for side in (-1.0, 1.0):
        control = control_of_accelerations(np.array([side, 0.0], dtype=np.float32), 0.0, CAR)
        assert 0.0 < side * control.steering <= CAR.max_steering
