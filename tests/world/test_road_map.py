"""The road map: coordinates and their inverse, and where lanes start, open and end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.road_map import Lane, LaneKind, RoadMap, build_road

LENGTH = 1500.0


@st.composite
def roads(draw: st.DrawFn) -> RoadMap:
    """Roads of three tangent pieces that never come close to themselves."""
    curvatures = st.sampled_from([0.0, 1 / 250, -1 / 250, 1 / 500, -1 / 1000])
    pieces = tuple((draw(st.floats(100.0, 250.0)), draw(curvatures)) for _ in range(3))
    return build_road(pieces, (Lane(0.0, 3.6, 0.0, sum(length for length, _ in pieces)),))


@given(roads(), st.floats(0.0, 1.0), st.floats(-15.0, 15.0))
def test_to_road_inverts_to_world(road: RoadMap, fraction: float, lateral: float) -> None:
    station = fraction * road.length
    point, yaw = road.to_world(np.asarray(station), np.asarray(lateral))
    for near in (None, station):
        back = road.to_road(float(point[0]), float(point[1]), near)
        assert back[0] == pytest.approx(station, abs=1e-6)
        assert back[1] == pytest.approx(lateral, abs=1e-6)
        assert back[2] == pytest.approx(float(yaw), abs=1e-8)


@given(roads(), st.floats(0.0, 1.0))
def test_pieces_are_tangent(road: RoadMap, fraction: float) -> None:
    station = fraction * (road.length - 0.02)
    points, yaw = road.to_world(np.array([station, station + 0.01]), np.zeros(2))
    assert np.hypot(*(points[1] - points[0])) == pytest.approx(0.01, rel=1e-6)
    assert abs(yaw[1] - yaw[0]) <= 0.01 / 250 + 1e-12


def test_quarter_circle() -> None:
    road = build_road(((np.pi / 2.0 * 100.0, 0.01),), (Lane(0.0, 3.6, 0.0, 157.0),))
    point, yaw = road.to_world(np.asarray(road.length), np.asarray(0.0))
    assert point == pytest.approx([100.0, 100.0])
    assert float(yaw) == pytest.approx(np.pi / 2.0)
    inside, _ = road.to_world(np.asarray(road.length), np.asarray(10.0))
    assert inside == pytest.approx([90.0, 100.0])


def ramp_road() -> RoadMap:
    main = (Lane(3.6, 3.6, 0.0, LENGTH), Lane(0.0, 3.6, 0.0, LENGTH))
    ramp = Lane(-3.6, 3.6, 0.0, 800.0, LaneKind.RAMP, opens=500.0, approach=8.0)
    return build_road(((LENGTH, 0.0),), (*main, ramp))


def test_a_ramp_approaches_opens_and_ends() -> None:
    road = ramp_road()
    ramp = road.lanes[2]
    assert ramp.lateral_at(0.0) == pytest.approx(-11.6)
    assert ramp.lateral_at(250.0) == pytest.approx(-7.6)
    assert ramp.lateral_at(500.0) == ramp.lateral_at(700.0) == -3.6
    assert not road.may_cross(2, 1, 499.0)
    assert road.may_cross(2, 1, 500.0)
    assert road.adjacent_lane(1, 1, 801.0) == -1
    assert road.lane_at(801.0, -3.6) == 1


def test_pavement_follows_the_outermost_lane() -> None:
    road = ramp_road()
    assert road.paved(0.0) == pytest.approx((-11.6 - 1.8 - 3.0, 3.6 + 1.8 + 1.0))
    assert road.paved(900.0) == pytest.approx((-1.8 - 3.0, 6.4))


@pytest.mark.parametrize(
    ("station", "lateral", "off"),
    [
        # lanes from 5.4 to −1.8 and, 4 m apart at station 250, the ramp's from −5.8 to −9.4
        (250.0, -1.8, 0.0),
        (250.0, -2.0, 0.2),
        (250.0, -3.8, 2.0),
        (250.0, -5.6, 0.2),
        (250.0, -7.6, 0.0),
        (250.0, -12.4, 0.0),  # the shoulder is 3 m wide
        (250.0, -12.5, 0.1),
        (250.0, 6.4, 0.0),
        (250.0, 7.0, 0.6),
        (600.0, -1.8, 0.0),  # adjacent, with nothing in between
        (900.0, -4.8, 0.0),  # the ramp has ended: the shoulder is next to the main lanes again
        (900.0, -5.0, 0.2),
    ],
)
def test_the_gore_is_paved_but_not_drivable(station: float, lateral: float, off: float) -> None:
    road = ramp_road()
    assert road.distance_off_drivable(station, lateral) == pytest.approx(off)
    right, left = road.paved(station)
    in_gore = station == 250.0 and -5.8 < lateral < -1.8
    assert (right <= lateral <= left) == (off == 0.0 or in_gore)


@given(st.lists(st.floats(-50.0, 1500.0), min_size=1, max_size=5))
def test_laterals_of_many_stations_are_those_of_each(stations: list[float]) -> None:
    for lane in (Lane(1.8, 3.6, 0.0, 1000.0), Lane(-5.4, 3.6, 0.0, 900.0, LaneKind.RAMP, 400.0, 20.0)):
        assert lane.laterals_at(np.array(stations)) == pytest.approx([lane.lateral_at(s) for s in stations])
