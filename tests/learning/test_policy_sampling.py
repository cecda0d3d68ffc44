"""Sampling weights of the policy's training: which rows count as rare."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from toy_recording import toy_row, write_recording

from drive_stack.datasets.drives.row import ActorColumns, DriveRow
from drive_stack.learning.imitation.config import BalanceSettings
from drive_stack.learning.imitation.data import load_policy_data
from drive_stack.learning.imitation.sampling import braking_distance
from drive_stack.policy.views import View

VIEW = View(top=0, bottom=256, height=4, width=8)


def person(ahead: float, left: float = 0.0) -> ActorColumns:
    return ActorColumns(1, "pedestrian", ahead, left, 0.0, 1.0, 0.5, 0.5, 1.8)


def weights(rows: list[DriveRow], folder: Path, **balance: float) -> list[float]:
    recording = write_recording(folder / "recording", [rows])
    settings = BalanceSettings.model_validate(balance)
    return load_policy_data([recording], (VIEW,), settings, folder / "views").weight.tolist()


def steady(step: int, **changes: object) -> DriveRow:
    """The expert neither brakes nor turns."""
    return replace(toy_row(0, step, 0.5), **changes)


def test_from_20_metres_a_second_one_comes_to_rest_within_120_metres() -> None:
    assert braking_distance(np.array([0.0, 20.0])).tolist() == [0.0, 20.0 + 100.0]


def test_people_within_the_braking_distance_are_rare_if_configured(tmp_path: Path) -> None:
    rows = [
        steady(0),
        steady(1, other_actors=(person(119.0), person(140.0))),
        steady(2, other_actors=(person(121.0),)),
        steady(3, other_actors=(person(50.0, left=7.0),)),  # far from the road
        steady(4, other_actors=(person(-5.0),)),  # behind
        steady(5, other_actors=(person(119.0),), speed_mps=18.0),  # 18 + 81 = 99 m to stop
        steady(6, other_actors=(person(98.0),), speed_mps=18.0),
    ]
    assert weights(rows, tmp_path / "off") == [1.0] * 7
    assert weights(rows, tmp_path / "on", people=5.0) == [1.0, 5.0, 1.0, 1.0, 1.0, 1.0, 5.0]


def test_bends_of_less_than_300_metres_are_rare_if_configured(tmp_path: Path) -> None:
    curvatures = (0.0, 1.0 / 299.0, 1.0 / 301.0, -1.0 / 250.0)
    rows = [steady(step, speed_mps=5.0, curvature_1pm=value) for step, value in enumerate(curvatures)]
    assert weights(rows, tmp_path / "off") == [1.0] * 4
    assert weights(rows, tmp_path / "on", sharp_bend=3.0) == [1.0, 3.0, 1.0, 3.0]


def test_the_rarest_event_of_a_row_decides(tmp_path: Path) -> None:
    braking = [steady(step, other_actors=(person(50.0),), expert_acceleration_mps2=-2.0) for step in range(3)]
    assert weights(braking, tmp_path / "a", braking=4.0, people=2.0) == [4.0] * 3
    assert weights(braking, tmp_path / "b", braking=4.0, people=6.0) == [6.0] * 3
