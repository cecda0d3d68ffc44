"""Lane keeping, pace, merged collisions: known values."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.evaluation.metrics.lane_keeping import autonomy, keeping_steps, keeps_lane, mean_offset
from drive_stack.evaluation.metrics.merging import merged
from drive_stack.evaluation.metrics.pace import pace_of_traffic, speed_compliance, standing_free
from drive_stack.types import Contact, ContactKind, Side

DT = 0.1


def contact(time: float, actor: int, ego_speed: float = 10.0) -> Contact:
    return Contact(time, actor, ContactKind.VEHICLE, Side.FRONT, 5.0, ego_speed, 0.0)


def test_three_seconds_about_a_lane_change_are_no_lane_keeping() -> None:
    lanes = [0] * 100 + [1] * 100
    keeping = keeping_steps(lanes, DT)
    assert np.flatnonzero(~keeping).tolist() == list(range(70, 130))


def test_leaving_the_lanes_is_no_lane_change() -> None:
    assert keeping_steps([0] * 50 + [-1] * 50, DT).all()


def test_navsim_s_lane_keeping_fails_after_two_seconds() -> None:
    offsets = np.zeros(200)
    offsets[50:69] = 0.6
    assert keeps_lane(offsets, [0] * 200, DT)
    offsets[50:70] = 0.6
    assert not keeps_lane(offsets, [0] * 200, DT)
    assert keeps_lane(offsets, [0] * 60 + [1] * 140, DT)  # it was a lane change


def test_pilotnet_s_autonomy() -> None:
    # the paper's own example: 10 interventions in 600 s are 90 %
    offsets = np.zeros(6001)
    for begin in range(100, 6000, 600):
        offsets[begin : begin + 20] = 1.2
    assert autonomy(offsets, [0] * 6001, DT) == (10, pytest.approx(0.9))
    assert autonomy(np.full(21, 3.0), [0] * 21, DT) == (1, 0.0)  # not below none


def test_mean_offset_leaves_lane_changes_out() -> None:
    offsets = np.concatenate([np.full(100, 0.2), np.full(100, -0.4)])
    assert mean_offset(offsets, [0] * 200, DT) == pytest.approx(0.3)
    assert mean_offset(offsets[:40], [0] * 20 + [1] * 20, DT) is None


def test_pace_is_by_stretch_of_the_route_and_at_most_one() -> None:
    stations = np.linspace(0.0, 100.0, 101)
    speed = np.where(stations < 50.0, 10.0, 30.0)
    traffic: list[float | None] = [20.0] * 101
    assert pace_of_traffic(speed, traffic, stations, (0.0, 100.0), 2) == (0.5, 1.0)
    traffic[50:] = [None] * 51
    assert pace_of_traffic(speed, traffic, stations, (0.0, 100.0), 2) == (0.5,)
    assert pace_of_traffic(speed[:20], [0.0] * 20, stations[:20], (0.0, 100.0), 2) == ()  # all stand


def test_overspeed_as_nuplan_has_it() -> None:
    limit = np.full(10, 20.0)
    assert speed_compliance(np.full(10, 20.0), limit) == 1.0
    assert speed_compliance(np.full(10, 20.0 + 2.23 / 2.0), limit) == pytest.approx(0.5)
    assert speed_compliance(np.full(10, 30.0), limit) == 0.0


def test_standing_counts_where_the_road_is_free() -> None:
    speed = np.array([0.0, 0.0, 0.05, 5.0])
    assert standing_free(speed, np.array([True, False, True, True]), DT) == pytest.approx((0.2, 0.1))
    assert standing_free(np.zeros(80), np.ones(80, dtype=bool), DT) == pytest.approx((8.0, 8.0))
    assert standing_free(speed, np.zeros(4, dtype=bool), DT) == (0.0, 0.0)


def test_hits_merge_as_carla_merges_them() -> None:
    hits = [
        (contact(1.0, 7), 100.0),
        (contact(1.5, 8), 103.0),  # within 5 m of the last
        (contact(4.0, 7), 140.0),  # the same actor within 5 s
        (contact(8.0, 9), 150.0),
        (contact(20.0, 7), 300.0),
        (contact(30.0, 11, ego_speed=0.05), 400.0),  # the ego stood
    ]
    assert [(one.time, one.actor_id) for one in merged(hits)] == [(1.0, 7), (8.0, 9), (20.0, 7)]


def test_only_a_collision_that_counts_is_remembered() -> None:
    stood_first = [(contact(1.0, 7, ego_speed=0.0), 100.0), (contact(2.0, 7), 100.0)]
    assert [one.time for one in merged(stood_first)] == [2.0]
    again_and_again = [(contact(time, 7), 20.0 * time) for time in (0.0, 4.0, 8.0)]
    assert [one.time for one in merged(again_and_again)] == [0.0, 8.0]
    another_between = [(contact(1.0, 7), 0.0), (contact(2.0, 8), 10.0), (contact(3.0, 7), 20.0)]
    assert len(merged(another_between)) == 3  # CARLA remembers the last actor alone


def test_the_rail_is_told_by_its_place() -> None:
    assert len(merged([(contact(1.0, 0), 0.0), (contact(2.0, 0), 20.0), (contact(2.1, 0), 22.0)])) == 2
