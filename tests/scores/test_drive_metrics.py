"""Lane keeping, pace, merged collisions: known values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drive_stack.evaluation.metrics.direction import wrong_way_navsim, wrong_way_nuplan
from drive_stack.evaluation.metrics.lane_keeping import autonomy, keeping_steps, keeps_lane, mean_offset
from drive_stack.evaluation.metrics.merging import merged
from drive_stack.evaluation.metrics.pace import (
    pace_at_checkpoints,
    pace_of_traffic,
    speed_compliance,
    standing_free,
)
from drive_stack.types import Contact, ContactKind, Side

DT = 0.1


def contact(time: float, actor: int, ego_speed: float = 10.0) -> Contact:
    return Contact(time, actor, ContactKind.VEHICLE, Side.FRONT, 5.0, ego_speed, 0.0)


def change(width: float = 3.6, lasts: float = 4.0, hold: float = 5.0) -> tuple[np.ndarray, list[int]]:
    """From the middle of lane 0 to that of lane 1 at a steady pace: offsets and lanes."""
    steps = round(hold / DT)
    path = np.concatenate(
        [np.zeros(steps), np.arange(1, round(lasts / DT)) / round(lasts / DT), np.ones(steps)]
    )
    lanes = (path > 0.5).astype(int)
    return width * (lanes - path), lanes.tolist()


def test_a_completed_change_excuses_while_it_is_off_both_middles() -> None:
    offsets, lanes = change()
    assert keeping_steps(offsets, lanes, DT).tolist() == (np.abs(offsets) <= 0.5).tolist()
    assert keeps_lane(offsets, lanes, DT) and autonomy(offsets, lanes, DT) == (0, 1.0)


@pytest.mark.parametrize(
    ("case", "offsets", "lanes"),
    [
        ("too slow", *change(lasts=10.0)),
        ("off the lanes in between", change()[0], [-1 if abs(one) > 1.5 else 0 for one in change()[0]]),
        ("turned back", np.concatenate([change()[0][:68], change()[0][67::-1]]), [0] * 68 + [0] * 68),
    ],
)
def test_what_is_no_completed_change_excuses_nothing(
    case: str, offsets: np.ndarray, lanes: list[int]
) -> None:
    assert keeping_steps(offsets, lanes, DT).all(), case


def test_two_changes_in_a_row_are_both_excused_and_there_and_back_is_not() -> None:
    offsets, lanes = change(hold=0.5)
    onwards = np.concatenate([offsets, offsets]), lanes + [lane + 1 for lane in lanes]
    assert not keeping_steps(*onwards, DT)[np.abs(onwards[0]) > 0.5].any()
    back = np.concatenate([offsets, offsets[::-1]]), lanes + lanes[::-1]
    first, second = keeping_steps(*back, DT)[np.abs(back[0]) > 0.5].reshape(2, -1)
    assert first.all()  # it turned back within 3 s
    assert not second.any()


def lane_by_lane(*stretches: tuple[int, int, float]) -> tuple[np.ndarray, list[int]]:
    """Stretches of so many steps in a lane at an offset; lanes count to the right, offsets to the left."""
    offsets = np.concatenate([np.full(steps, offset) for steps, _, offset in stretches])
    return offsets, [lane for steps, lane, _ in stretches for _ in range(steps)]


@pytest.mark.parametrize(
    ("stretches", "excused"),
    [
        pytest.param([(20, 0, 0.0), (30, 0, -1.2), (30, 1, 1.2), (40, 1, 0.0)], True, id="6 s"),
        pytest.param([(20, 0, 0.0), (30, 0, -1.2), (31, 1, 1.2), (40, 1, 0.0)], False, id="6.1 s"),
        pytest.param([(1, 0, 0.0), (10, 0, -1.2), (10, 1, 1.2), (40, 1, 0.0)], True, id="from the start on"),
        pytest.param([(20, 0, 0.0), (1, 0, -1.2), (1, 1, 1.2), (40, 1, 0.0)], True, id="within two steps"),
        pytest.param([(20, 0, 0.0), (10, 0, -1.2), (10, 0, 1.2), (40, 0, 0.0)], False, id="back to its lane"),
        pytest.param(
            [(20, 0, 0.0), (1, -1, 2.2), (9, 1, 1.2), (40, 1, 0.0)], False, id="off the lanes first"
        ),
        pytest.param(
            [(20, 0, 0.0), (9, 0, -1.2), (1, -1, 2.2), (40, 1, 0.0)], False, id="off the lanes last"
        ),
        pytest.param(
            [(1, 0, 0.0), (9, 0, -1.2), (1, -1, 2.2), (40, 1, 0.0)], False, id="off the lanes, from the start"
        ),
        pytest.param([(20, 1, 0.0), (10, 1, 1.2), (10, 0, -1.2), (40, 0, 0.0)], True, id="to the left"),
    ],
)
def test_when_a_change_is_completed(stretches: list[tuple[int, int, float]], excused: bool) -> None:
    offsets, lanes = lane_by_lane(*stretches)
    keeping = keeping_steps(offsets, lanes, DT)
    assert keeping[np.abs(offsets) <= 0.5].all()
    assert (~keeping[np.abs(offsets) > 0.5]).all() if excused else keeping.all()


@pytest.mark.parametrize("before", [0, 20])
def test_a_change_that_began_before_the_record_is_none(before: int) -> None:
    """From lane 0 to lane 1 and back; without a step at the centre of lane 0 its origin is unknown."""
    there = [(10, 0, -1.2), (10, 1, 1.2), (40, 1, 0.0)]
    offsets, lanes = lane_by_lane((before, 0, 0.0), *there, (10, 1, 1.2), (10, 0, -1.2), (40, 0, 0.0))
    assert bool(keeping_steps(offsets, lanes, DT)[before]) is (before == 0)


@pytest.mark.parametrize(("settled", "excused"), [(30, True), (29, False)])
def test_who_heads_back_after_three_seconds_has_changed(settled: int, excused: bool) -> None:
    there = [(20, 0, 0.0), (10, 0, -1.2), (10, 1, 1.2), (settled, 1, 0.0)]
    offsets, lanes = lane_by_lane(*there, (10, 1, 1.2), (10, 0, -1.2), (40, 0, 0.0))
    assert bool(keeping_steps(offsets, lanes, DT)[25]) is not excused


@pytest.mark.parametrize(("offset", "excused"), [(1.0, True), (1.01, False)])
def test_a_lane_is_entered_for_good_where_the_ego_stays_within_a_metre_of_its_centre(
    offset: float, excused: bool
) -> None:
    """Half a second after the change, the ego is ``offset`` back towards the lane that it left."""
    there = [(20, 0, 0.0), (10, 0, -1.2), (10, 1, 1.2), (5, 1, 0.0)]
    offsets, lanes = lane_by_lane(*there, (5, 1, offset), (40, 1, 0.0))
    assert bool(keeping_steps(offsets, lanes, DT)[25]) is not excused


@pytest.mark.parametrize("settled", [5, 24])
@pytest.mark.parametrize("lanes_on_the_way", [(0, 1, 2), (2, 1, 0)], ids=["to the right", "to the left"])
def test_who_goes_on_to_the_lane_after_next_has_changed_twice(
    lanes_on_the_way: tuple[int, int, int], settled: int
) -> None:
    """Half a second in the middle lane's middle; or so long that 3 s end with the first step in the third."""
    first, second, third = lanes_on_the_way
    aside = 1.2 if third < first else -1.2
    offsets, lanes = lane_by_lane(
        (20, first, 0.0), (5, first, aside), (5, second, -aside), (settled, second, 0.0),
        (5, second, aside), (5, third, -aside), (40, third, 0.0),
    )  # fmt: skip
    assert (~keeping_steps(offsets, lanes, DT)[np.abs(offsets) > 0.5]).all()


@pytest.mark.parametrize("period", [2.0, 4.0, 8.0])
def test_swaying_about_a_line_counts_as_poor_lane_keeping(period: float) -> None:
    """±0.5 m about the line between two lanes of 3.6 m, for a minute, from the middle of one."""
    time = np.arange(601) * DT
    place = 1.8 + 0.5 * np.sin(2.0 * np.pi * time / period)
    place[:20] = 0.0
    lanes = (place > 1.8).astype(int)
    offsets = 3.6 * lanes - place
    assert not keeps_lane(offsets, lanes.tolist(), DT)
    interventions, alone = autonomy(offsets, lanes.tolist(), DT)
    assert interventions == 10 and alone == pytest.approx(0.0)  # 58 s off course, 6 s each


@pytest.mark.parametrize("period", [4.0, 8.0, 12.0])
def test_swaying_from_one_lane_centre_to_the_next_counts_as_poor_lane_keeping(period: float) -> None:
    """±1.31 m: at each end within 0.5 m of a lane's middle, as if a change were completed."""
    time = np.arange(601) * DT
    place = 1.8 - 1.31 * np.cos(2.0 * np.pi * time / period)
    lanes = (place > 1.8).astype(int)
    assert autonomy(3.6 * lanes - place, lanes.tolist(), DT)[0] >= 60.0 / period


def test_navsim_s_lane_keeping_fails_after_two_seconds() -> None:
    offsets = np.zeros(200)
    offsets[50:69] = 0.6
    assert keeps_lane(offsets, [0] * 200, DT)
    offsets[50:70] = 0.6
    assert not keeps_lane(offsets, [0] * 200, DT)
    assert keeps_lane(offsets, [0] * 60 + [1] * 140, DT)  # it was a lane change
    assert not keeps_lane(offsets, [0] * 60 + [-1] * 140, DT)  # it left the lanes


def test_pilotnet_s_autonomy() -> None:
    # the paper's own example: 10 interventions in 600 s are 90 %
    offsets = np.zeros(6001)
    for start in range(100, 6000, 600):
        offsets[start : start + 20] = 1.2
    assert autonomy(offsets, [0] * 6001, DT) == (10, pytest.approx(0.9))
    assert autonomy(np.full(21, 3.0), [0] * 21, DT) == (1, 0.0)  # not below none
    assert autonomy(np.full(21, 1.0), [0] * 21, DT) == (0, 1.0)  # more than 1 m is needed
    assert autonomy(np.full(121, 3.0), [0] * 121, DT)[0] == 3  # brought back every 6 s


def test_mean_offset_leaves_lane_changes_out() -> None:
    offsets = np.concatenate([np.full(100, 0.2), np.full(100, -0.4)])
    assert mean_offset(offsets, [0] * 200, DT) == pytest.approx(0.3)
    changing, lanes = change(hold=0.1)
    assert mean_offset(changing, lanes, DT) == pytest.approx(
        np.mean(np.abs(changing)[np.abs(changing) <= 0.5])
    )
    assert mean_offset(np.full(3, np.inf), [-1] * 3, DT) is None


def test_pace_is_given_at_the_checkpoints_that_were_reached() -> None:
    stations = np.linspace(0.0, 100.0, 101)
    speed = np.where(stations <= 50.0, 10.0, 30.0)
    traffic: list[float | None] = [20.0] * 101
    assert pace_at_checkpoints(speed, traffic, stations, (0.0, 100.0), 2) == (0.5, 1.0)
    assert pace_at_checkpoints(speed[:95], traffic[:95], stations[:95], (0.0, 100.0), 2) == (0.5,)
    assert pace_at_checkpoints(speed[:50], traffic[:50], stations[:50], (0.0, 100.0), 2) == ()
    traffic[:51] = [None] * 51
    assert pace_at_checkpoints(speed, traffic, stations, (0.0, 100.0), 2) == (1.0,)
    assert pace_at_checkpoints(speed, [0.0] * 101, stations, (0.0, 100.0), 2) == ()  # all stand


def test_the_pace_of_three_segments_of_a_route_that_does_not_start_at_0() -> None:
    """A segment ends with the first step beyond 100 m: steps 0 to 100, 101 to 201, and 202 to the end.

    The first one has 111 + 100 · 10 over 101 · 40. The last one counts beyond 95 %, which is 285 m.
    """
    stations, speed = 1000.0 + np.arange(301.0), np.repeat([10.0, 20.0, 30.0], [101, 101, 99])
    speed[0] = 111.0
    traffic, route = [40.0] * 301, (1000.0, 1300.0)
    for last, pace in ((301, (0.275, 0.5, 0.75)), (287, (0.275, 0.5, 0.75)), (286, (0.275, 0.5))):
        paces = pace_at_checkpoints(speed[:last], traffic[:last], stations[:last], route, 3)
        assert paces == pytest.approx(pace)


def test_the_pace_of_the_whole_drive_is_where_there_is_traffic() -> None:
    assert pace_of_traffic(np.array([10.0, 30.0, 5.0]), [20.0, 40.0, None]) == pytest.approx(40.0 / 60.0)
    assert pace_of_traffic(np.array([30.0]), [20.0]) == 1.0
    assert pace_of_traffic(np.array([30.0]), [None]) is None


def test_overspeed_as_nuplan_has_it() -> None:
    limit, in_lane = np.full(11, 20.0), np.ones(11, dtype=bool)
    assert speed_compliance(np.full(11, 20.0), limit, in_lane) == 1.0
    # eleven samples over ten steps
    assert speed_compliance(np.full(11, 20.0 + 2.23 / 2.0), limit, in_lane) == pytest.approx(1.0 - 0.55)
    assert speed_compliance(np.full(11, 30.0), limit, in_lane) == 0.0
    assert speed_compliance(np.full(11, 30.0), limit, ~in_lane) == 1.0


def test_driving_direction_adds_up_eleven_steps() -> None:
    in_lane = np.ones(41, dtype=bool)
    back = np.concatenate([np.arange(20) * 2.0, 38.0 - np.arange(1, 22) * 0.5])
    assert wrong_way_nuplan(back, in_lane, DT) == pytest.approx(5.5)
    assert wrong_way_nuplan(np.arange(41) * 2.0, in_lane, DT) == 0.0
    assert wrong_way_nuplan(back, ~in_lane, DT) == 0.0
    moved, forwards = np.full(41, 0.5), np.zeros(41, dtype=bool)
    assert wrong_way_navsim(moved, in_lane, forwards, DT) == 0.0
    assert wrong_way_navsim(moved, ~in_lane, forwards, DT) == pytest.approx(5.5)
    assert wrong_way_navsim(moved, in_lane, ~forwards, DT) == pytest.approx(5.5)


def test_standing_counts_where_the_road_is_free() -> None:
    speed = np.array([0.0, 0.0, 0.05, 5.0])
    assert standing_free(speed, np.array([True, False, True, True]), DT) == pytest.approx((0.2, 0.1))
    assert standing_free(np.zeros(80), np.ones(80, dtype=bool), DT) == pytest.approx((8.0, 8.0))
    assert standing_free(speed, np.zeros(4, dtype=bool), DT) == (0.0, 0.0)
    assert standing_free(np.full(4, 0.1), np.ones(4, dtype=bool), DT) == (0.0, 0.0)  # it creeps


def at(x: float, y: float = 0.0) -> tuple[float, float]:
    return x, y


def test_hits_merge_as_carla_merges_them() -> None:
    hits = [
        (contact(1.0, 7), at(100.0)),
        (contact(1.5, 8), at(103.0)),  # within 5 m of the last
        (contact(4.0, 7), at(140.0)),  # the same actor within 5 s
        (contact(8.0, 9), at(150.0)),
        (contact(20.0, 7), at(300.0)),
        (contact(30.0, 11, ego_speed=0.05), at(400.0)),  # the ego stood
    ]
    assert [(one.time, one.actor_id) for one in merged(hits)] == [(1.0, 7), (8.0, 9), (20.0, 7)]


def test_the_distance_between_hits_is_that_in_the_plane() -> None:
    assert len(merged([(contact(1.0, 7), at(100.0)), (contact(1.5, 8), at(104.0, 3.5))])) == 2


def test_five_metres_five_seconds_and_a_tenth_of_a_metre_per_second_still_count() -> None:
    assert len(merged([(contact(1.0, 7), at(0.0)), (contact(1.5, 8), at(5.0))])) == 1
    assert len(merged([(contact(1.0, 7), at(0.0)), (contact(6.0, 7), at(20.0))])) == 1
    assert len(merged([(contact(1.0, 7, ego_speed=0.1), at(0.0))])) == 1


def test_only_a_collision_that_counts_is_remembered() -> None:
    stood_first = [(contact(1.0, 7, ego_speed=0.0), at(100.0)), (contact(2.0, 7), at(100.0))]
    assert [one.time for one in merged(stood_first)] == [2.0]
    again_and_again = [(contact(time, 7), at(20.0 * time)) for time in (0.0, 4.0, 8.0)]
    assert [one.time for one in merged(again_and_again)] == [0.0, 8.0]
    another_between = [(contact(1.0, 7), at(0.0)), (contact(2.0, 8), at(10.0)), (contact(3.0, 7), at(20.0))]
    assert len(merged(another_between)) == 3  # CARLA remembers the last actor alone


def rail(time: float) -> Contact:
    return replace(contact(time, 0), kind=ContactKind.RAIL)


def test_the_rail_is_identified_by_position_and_keeps_the_last_actor_remembered() -> None:
    assert len(merged([(rail(1.0), at(0.0)), (rail(2.0), at(20.0)), (rail(2.1), at(22.0))])) == 2
    between = [(contact(1.0, 7), at(0.0)), (rail(4.0), at(20.0)), (contact(7.0, 7), at(40.0))]
    assert [one.time for one in merged(between)] == [1.0, 4.0]  # 3 s after the last collision
    forgotten = [(contact(1.0, 7), at(0.0)), (rail(7.0), at(20.0)), (contact(8.0, 7), at(40.0))]
    assert [one.time for one in merged(forgotten)] == [1.0, 7.0, 8.0]
