"""The expert as adviser: it labels the steps of a student that does not follow its plans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from agents.registry import build_agent
from drive_stack.datasets.drives.adviser import ADVISER
from drive_stack.interfaces import report_applied
from drive_stack.policy.state_vector import lateral_acceleration_of
from drive_stack.types import Control
from envs.oracles import Oracles


def advice(world: TinyWorld, seconds: float, accelerations: Sequence[float] = (0.0,)) -> list[Control]:
    """The adviser's controls while the car drives straight on, with ``accelerations`` in turn [m/s²]."""
    adviser = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=ADVISER)
    adviser.reset(0)
    controls = []
    for step in range(round(10 * seconds)):
        controls.append(adviser.act(world.observation()))
        applied = Control(0.0, accelerations[step % len(accelerations)])
        report_applied(adviser, applied)
        world.step(applied)
    return controls


def pedals(controls: list[Control]) -> np.ndarray:
    """Accelerations of ``controls``, without the first two seconds [m/s²]."""
    return np.array([control.acceleration for control in controls[20:]])


def lateral_accelerations(controls: list[Control], speed: float) -> np.ndarray:
    steering = np.array([control.steering for control in controls])
    return lateral_acceleration_of(steering, np.full(len(controls), speed), PLATFORM.car)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_correction_to_the_lane_centre_is_steady(side: float) -> None:
    world = TinyWorld(straight_road(1), lane=0, lateral_offset=side * 0.5, speed=20.0)
    accelerations = side * lateral_accelerations(advice(world, 8.0), 20.0)
    settled = accelerations[20:]
    assert settled.max() < -0.3
    assert settled.min() > -0.9
    assert np.ptp(settled) < 0.1


def test_a_larger_offset_gets_a_larger_correction() -> None:
    near, far = (
        lateral_accelerations(
            advice(TinyWorld(straight_road(1), lane=0, lateral_offset=offset, speed=20.0), 4.0), 20.0
        )[-1]
        for offset in (0.3, 0.6)
    )
    assert far == pytest.approx(2.0 * near, rel=0.2)


def test_it_brakes_for_an_obstacle_if_the_student_does_not_take_the_path_around_it() -> None:
    body = Body(260.0, 0.0)
    world = TinyWorld(straight_road(2), lane=0, speed=20.0, bodies=[body])
    gaps, braking = [], []
    adviser = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=ADVISER)
    adviser.reset(0)
    while world.gap(body) > 20.0:
        gaps.append(world.gap(body))
        braking.append(-adviser.act(world.observation()).acceleration)
        world.step(Control(0.0, 0.0))
    needed = np.minimum(20.0**2 / (2.0 * np.array(gaps)), 8.0)
    near = np.array(gaps) < 70.0
    assert np.all(np.array(braking)[near] >= 0.75 * needed[near])
    assert braking[0] < 0.1


@pytest.mark.parametrize(
    ("deficit", "lowest", "highest"), [(0.0, -0.2, 0.2), (1.0, 0.3, 1.0), (4.0, 0.8, 2.0)]
)
def test_the_demand_for_speed_is_steady_and_bounded(deficit: float, lowest: float, highest: float) -> None:
    """It stays within (0.6 − 0.1) s · 4 m/s³ of the car's acceleration, however long nobody fulfils it."""
    accelerations = pedals(advice(TinyWorld(straight_road(1), speed=25.0 - deficit), 20.0))
    assert accelerations.min() > lowest
    assert accelerations.max() < highest
    assert np.ptp(accelerations) < 0.2


def test_nervous_pedals_of_a_student_hardly_show_in_the_labels() -> None:
    steady = pedals(advice(TinyWorld(straight_road(1), speed=23.0), 10.0))
    nervous = pedals(advice(TinyWorld(straight_road(1), speed=23.0), 10.0, (2.0, 2.0, -2.0, -2.0)))
    assert nervous.mean() == pytest.approx(steady.mean(), abs=0.3)
    assert nervous.std() < 0.1


def test_it_also_drives_alone() -> None:
    body = Body(220.0, 0.0)
    world = TinyWorld(straight_road(1), lane=0, lateral_offset=0.4, bodies=[body])
    adviser = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=ADVISER)
    adviser.reset(0)
    for _ in range(220):
        world.step(adviser.act(world.observation()))
    assert world.speed == pytest.approx(0.0, abs=0.05)
    assert 3.0 < world.gap(body) < 15.0
