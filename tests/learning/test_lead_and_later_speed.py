"""Auxiliary targets by hand: which vehicle is the lead, and whose speed is predicted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_world import PLATFORM, Body, TinyWorld, straight_road
from toy_recording import toy_row, write_recording

pytest.importorskip("torch")

from drive_stack.datasets.drives.dagger_recorder import lead_vehicle
from drive_stack.datasets.drives.reader import Recording
from drive_stack.learning.imitation.auxiliary_targets import IMAGE_TARGETS, auxiliary_targets
from drive_stack.types import FloatArray

FRONT = 20.0 + PLATFORM.car.length - PLATFORM.car.rear_overhang  # station of the ego's front


@pytest.mark.parametrize(
    ("lateral", "is_lead"),
    [
        (-1.8, True),  # the lane's centre
        (-3.5, True),  # just inside its right edge at -3.6
        (-3.7, False),  # on the shoulder, which has the index of the lane next to it
        (-6.6, False),
        (1.8, False),  # the other lane
    ],
)
def test_a_vehicle_on_the_shoulder_is_no_lead(lateral: float, is_lead: bool) -> None:
    world = TinyWorld(straight_road(2), lane=1, bodies=[Body(100.0, lateral, speed=3.0)])
    state = world.world_state()
    lane = np.array([1 if lateral < 0.0 else 0])
    lead = lead_vehicle(replace(state, vehicles=replace(state.vehicles, lane=lane)))
    assert (lead is not None) == is_lead
    if lead is not None:
        assert lead.gap == pytest.approx(100.0 - 2.25 - FRONT) and lead.speed == 3.0


def test_the_nearest_vehicle_ahead_in_the_lane_is_the_lead() -> None:
    bodies = [Body(90.0, 1.8), Body(60.0, 1.8, speed=2.0), Body(5.0, 1.8), Body(40.0, -1.8)]
    lead = lead_vehicle(TinyWorld(straight_road(2), bodies=bodies).world_state())
    assert lead is not None and lead.speed == 2.0


def later_speeds(folder: Path, drivers: Sequence[str]) -> FloatArray:
    """The speeds in 1, 2 and 3 s of rows that are 1 s apart; the speed grows by 5 m/s a row."""
    rows = [
        replace(toy_row(0, step, 0.5), time_s=float(step), speed_mps=5.0 * step, driver=driver)
        for step, driver in enumerate(drivers)
    ]
    recording = Recording([write_recording(folder, [rows])])
    speed = recording.column("speed_mps", np.float64)
    return auxiliary_targets(recording, recording.other_actors(), speed)[:, len(IMAGE_TARGETS) + 1 :]


def test_later_speeds_are_those_of_an_episode(tmp_path: Path) -> None:
    nan = math.nan  # after the end
    expected = [[1.0, 2.0, 3.0], [1.0, 2.0, nan], [1.0, nan, nan], [nan, nan, nan]]
    np.testing.assert_allclose(later_speeds(tmp_path, ["expert"] * 4), expected)


def test_speeds_after_another_driver_took_over_are_unknown(tmp_path: Path) -> None:
    nan = math.nan
    drivers = ["expert", "expert", "policy", "expert", "expert"]
    expected = [
        [1.0, 2.0, nan],  # the row at 2 s is the policy's: the speed there is still the expert's work
        [1.0, nan, nan],
        [nan, nan, nan],
        [1.0, nan, nan],
        [nan, nan, nan],
    ]
    np.testing.assert_allclose(later_speeds(tmp_path, drivers), expected)
