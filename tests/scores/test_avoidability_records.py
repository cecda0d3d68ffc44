"""Encounters built from recorded scenes, and trajectories extrapolated beyond the record.

The numbers are computed by hand. Vehicles are 4.7 m × 1.85 m.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from road_scenes import DT, LENGTH, WIDTH, scene, trajectory

from drive_stack.evaluation.avoidability.encounter import build_encounter
from drive_stack.evaluation.avoidability.extrapolation import ExtrapolatedTrajectory


def test_only_the_last_unbroken_sequence_of_records_is_used() -> None:
    """Actor 5 is on record at 0, 1, 3, 4 s of 0 … 6 s, in another row each time."""
    scenes = []
    for second in range(7):
        rows = [(9, (50.0, 3.5, 20.0, 0.0))] * (second % 2)
        actor = [] if second in (2, 5, 6) else [(5, (30.0 + second, 0.5, 10.0 + second, 0.2))]
        own = (float(second), 0.1 * second, 20.0, 0.0)
        scenes.append(
            replace(scene(float(second), rows + actor, own), curvature=-0.001 * second, grip=8.0 - second)
        )
    encounter = build_encounter(scenes, 5)
    assert encounter is not None
    assert encounter.time.tolist() == [3.0, 4.0]
    assert encounter.other.centre.tolist() == [[33.0, 0.5], [34.0, 0.5]]
    assert encounter.other.velocity.tolist() == [[13.0, 0.2], [14.0, 0.2]]
    assert encounter.ego.centre == pytest.approx(np.array([[3.0, 0.3], [4.0, 0.4]]))
    assert (encounter.other.length, encounter.other.width) == (LENGTH, WIDTH)
    assert encounter.speed_limit.tolist() == [13.0, 14.0]
    assert (encounter.grip, encounter.curvature, encounter.lanes.tolist()) == (4.0, 0.004, [4.0])
    assert encounter.offset[0] == pytest.approx([30.0, 0.2])
    assert encounter.clearance[0] == pytest.approx([30.0 - LENGTH, 0.2 - WIDTH])
    assert build_encounter(scenes, 77) is None


def is_visible(target: tuple[float, float], between: tuple[float, float], length: float, turn: float) -> bool:
    """Whether the ego sees the actor at ``target`` when another one is at ``between``, and a third behind it.

    Positions are relative to the ego, which is anywhere; the scene is turned about it by ``turn`` [rad]. It
    makes no difference whether the others face forwards or backwards.
    """
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    own, *places = (
        np.array([500.0, -40.0]) + np.array([(0.0, 0.0), target, between, (-80.0, 0.0)]) @ rotation.T
    )
    others = [(5 + number, (float(x), float(y), 0.0, 0.0)) for number, (x, y) in enumerate(places)]
    moment = scene(0.0, others, (float(own[0]), float(own[1]), 20.0, 0.0))
    visible = []
    for heading in (turn, turn + np.pi):
        boxes = replace(moment.others, heading=np.full(3, heading), length=np.array([LENGTH, length, LENGTH]))
        encounter = build_encounter([replace(moment, others=boxes)], 5)
        assert encounter is not None
        visible.append(bool(encounter.visible[0]))
    assert visible[0] == visible[1]
    return visible[0]


@pytest.mark.parametrize("turn", [0.0, 2.0, np.pi, 5.0])
@pytest.mark.parametrize(
    ("between", "length", "visible"),
    [
        pytest.param((30.0, 0.4), 4.7, False, id="a car in between"),
        pytest.param((30.0, 1.2), 1.9, True, id="a person in between"),
        pytest.param((30.0, 1.2), 2.0, True, id="2 m long"),
        pytest.param((30.0, 2.1), 2.1, False, id="2.1 m long, over the line of sight by 2 cm"),
        pytest.param((30.0, 2.6), 4.7, True, id="next to the line of sight"),
        pytest.param((90.0, 3.6), 4.7, True, id="beyond it"),
        pytest.param((-30.0, -1.2), 4.7, True, id="behind the ego"),
    ],
)
def test_when_an_actor_is_occluded(
    between: tuple[float, float], length: float, visible: bool, turn: float
) -> None:
    """The other's centre is 60 m ahead and 2.4 m to the left: half-way the line is at 1.2 m."""
    assert is_visible((60.0, 2.4), between, length, turn) is visible


@pytest.mark.parametrize(
    ("target", "between", "visible"),
    [(0.0, 0.92, False), (0.0, 0.93, True), (0.9, 1.4, False), (0.9, 1.42, True)],
)
def test_a_line_of_sight_nearly_along_the_road(target: float, between: float, visible: bool) -> None:
    """The car in between reaches 0.925 m to the right of its centre, at 27.65 m to 32.35 m.

    There, the line to an actor at 60 m ends at 32.35 / 60 · 0.9 = 0.485 m; 1.4 − 0.925 is less.
    """
    assert is_visible((60.0, target), (30.0, between), LENGTH, 0.0) is visible


# --- beyond the record ----------------------------------------------------------------------------


def extrapolated(
    speeds: tuple[float, float], *, lateral: float = 0.0, lateral_speed: float = 0.0
) -> ExtrapolatedTrajectory:
    """Two records, at 4.9 s and 5 s; at the last of them it is at station 100."""
    rows = [
        (100.0 - (speeds[0] + speeds[1]) / 2.0 * DT, lateral - lateral_speed * DT, speeds[0], lateral_speed),
        (100.0, lateral, speeds[1], lateral_speed),
    ]
    return ExtrapolatedTrajectory(np.array([4.9, 5.0]), trajectory(rows), np.array([-3.5, 0.0, 3.5]))


def test_within_the_record_the_trajectory_is_interpolated() -> None:
    boxes = extrapolated((10.0, 10.0), lateral=1.0, lateral_speed=1.0).at(np.array([4.9, 4.95, 5.0]))
    assert boxes.centre == pytest.approx(np.array([[99.0, 0.9], [99.5, 0.95], [100.0, 1.0]]))
    assert (boxes.length.tolist(), boxes.width.tolist()) == ([LENGTH] * 3, [WIDTH] * 3)
    keeping = extrapolated((10.0, 10.0))
    turned = replace(keeping, trajectory=replace(keeping.trajectory, heading=np.array([0.02, 0.04])))
    assert turned.at(np.array([4.9, 4.95, 5.0])).heading == pytest.approx([0.02, 0.03, 0.04])


@pytest.mark.parametrize(
    ("speeds", "seconds", "station"),
    [((-20.0, -20.0), 1.0, 80.0), ((-10.2, -10.0), 10.0, 75.0), ((10.2, 10.0), 2.0, 116.0)],
    ids=["oncoming", "oncoming and braking", "braking"],
)
def test_beyond_the_record_the_motion_continues(
    speeds: tuple[float, float], seconds: float, station: float
) -> None:
    assert extrapolated(speeds).at(np.array([5.0 + seconds])).centre[0, 0] == pytest.approx(station)


def test_the_end_of_a_longer_record_says_how_it_goes_on() -> None:
    """It brakes by 1 m/s within 0.1 s: a second after the record it is 18 − 10 / 2 = 13 m further.

    It has begun to move to the left from 1 m, and reaches the lane centre at 3.5 m.
    """
    rows = [(0.0, 2.0, 4.0, 0.0), (1.0, 3.0, 20.0, 0.0), (2.9, 0.9, 19.0, 0.0), (4.7, 1.0, 18.0, 9.0)]
    braking = ExtrapolatedTrajectory(np.array([0.0, 0.1, 0.2, 0.3]), trajectory(rows), np.array([3.5]))
    assert braking.at(np.array([1.3])).centre[0] == pytest.approx([17.7, 3.5])


@pytest.mark.parametrize(("length", "lanes"), [(0.5, [0.0, 3.5]), (LENGTH, [])])
def test_without_a_lane_to_keep_the_velocity_stays(length: float, lanes: list[float]) -> None:
    """A person walks on across lane centres, and so does a vehicle where no lanes are known."""
    walking = trajectory([(100.0, 1.0, 0.0, 1.5), (100.0, 1.15, 0.0, 1.5)], length)
    boxes = ExtrapolatedTrajectory(np.array([4.9, 5.0]), walking, np.array(lanes)).at(np.array([9.0]))
    assert boxes.centre[0] == pytest.approx([100.0, 7.15])


def test_a_vehicle_that_brakes_drifts_only_while_it_moves() -> None:
    """From 10 m/s at 0.5 m/s² it stands after 20 s and 100 m, on which it drifts by 0.1 / 10 · 100 = 1 m."""
    braking = extrapolated((10.05, 10.0), lateral=1.0, lateral_speed=0.1)
    assert braking.at(np.array([10.0, 25.0, 90.0])).centre == pytest.approx(
        np.array([[143.75, 1.4375], [200.0, 2.0], [200.0, 2.0]])
    )


def test_a_lane_changer_is_parallel_to_the_road_once_it_arrives() -> None:
    """From 1.0 m at 1 m/s to the centre at 3.5 m: 2.5 s; till then it keeps its heading."""
    moving = extrapolated((20.0, 20.0), lateral=1.0, lateral_speed=1.0)
    turned = replace(moving, trajectory=replace(moving.trajectory, heading=np.array([0.05, 0.05])))
    boxes = turned.at(np.array([5.0, 7.4, 7.6]))
    assert boxes.centre[:, 1] == pytest.approx([1.0, 3.4, 3.5])
    assert boxes.heading.tolist() == [0.05, 0.05, 0.0]
    arrived = replace(turned, lanes=np.array([1.5]))
    assert arrived.at(np.array([5.4, 5.6])).heading.tolist() == [0.05, 0.0]  # 0.5 m at 1 m/s
    oncoming = replace(moving, trajectory=replace(moving.trajectory, heading=np.array([3.1, 3.1])))
    assert oncoming.at(np.array([8.0])).heading[0] == pytest.approx(np.pi)


@pytest.mark.parametrize(("lateral_speed", "end"), [(0.049, 1.0), (0.051, 3.5), (-0.051, 0.0)])
def test_a_vehicle_laterally_slower_than_5_cm_per_second_keeps_its_lane(
    lateral_speed: float, end: float
) -> None:
    assert extrapolated((20.0, 20.0), lateral=1.0, lateral_speed=lateral_speed).at(np.array([500.0])).centre[
        0, 1
    ] == pytest.approx(end)
