"""Affordances: labels worked by hand, their numbers, and what the planner gets from them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from drive_stack.direct_perception.affordances import (
    FLAGS,
    KNOTS,
    VALUES,
    Affordances,
    LeadAffordance,
    PersonAffordance,
    affordances_of,
    vector_of,
)
from drive_stack.direct_perception.lane_path import lane_path
from drive_stack.direct_perception.road_ahead import road_ahead
from drive_stack.direct_perception.surroundings import LANE_WIDTH, lanes_of, tracks_of
from drive_stack.direct_perception.truth import SurroundingActors, true_affordances, visible_fraction
from drive_stack.road.vertical_profile import build_profile
from drive_stack.road_map import Lane, build_road
from drive_stack.types import ObjectClass

FREE = Affordances(1.0, 0.0, 0.0, (0.0,) * len(KNOTS), 0.0, True, False, None, (None, None, None), None)


def affordances_in(world: TinyWorld) -> Affordances:
    state = world.world_state()
    return true_affordances(road_ahead(state), SurroundingActors.of(state), world.speed, PLATFORM.camera)


def test_leads_and_person_of_a_simple_world() -> None:
    """The ego's front is 3.75 m ahead of its rear axle, which is at station 20; cars are 4.5 m long."""
    world = TinyWorld(straight_road(3), lane=1, lateral_offset=0.3, speed=25.0)
    world.bodies = [
        Body(station=70.0, lateral=0.0, speed=15.0),  # gap 50 − 2.25 − 3.75
        Body(station=60.0, lateral=3.6, speed=30.0),  # gap 40 − 6
        Body(station=90.0, lateral=3.6, speed=10.0),  # behind that one
        Body(station=50.0, lateral=-4.0, lateral_speed=1.0, is_pedestrian=True),  # 0.5 m along the road
    ]
    found = affordances_in(world)
    left, own, right = found.leads
    assert left is not None and (left.gap, left.closing) == pytest.approx((34.0, -5.0))
    assert own is not None and (own.gap, own.closing) == pytest.approx((44.0, 10.0))
    assert right is None
    assert found.person is not None
    assert (found.person.distance, found.person.lateral) == pytest.approx((26.0, -4.0))
    assert found.person.lateral_speed == pytest.approx(1.0)
    assert found.offset == pytest.approx(0.3) and found.heading == pytest.approx(0.0)
    assert found.left and found.right and found.ends_in is None and found.in_lane == 1.0


def test_a_vehicle_that_reaches_into_the_lane_is_its_lead() -> None:
    """The ego needs 1.175 m on each side of the centre; the car is 0.9 m to each side of its own."""
    world = TinyWorld(straight_road(2), lane=1)
    centre = -1.8
    for lateral, is_lead in ((centre + 2.05, True), (centre + 2.10, False)):
        world.bodies = [Body(station=70.0, lateral=lateral)]
        assert (affordances_in(world).leads[1] is not None) is is_lead


def test_a_lead_on_a_curve_is_found_along_the_lane() -> None:
    world = TinyWorld(straight_road(1, curvature=1.0 / 300.0), speed=20.0)
    world.bodies = [Body(station=100.0, lateral=0.0, speed=12.0)]  # ten metres to the left, seen from the ego
    found = affordances_in(world)
    assert found.leads[1] is not None
    assert found.leads[1].gap == pytest.approx(80.0 - 6.0, abs=0.1)
    assert found.leads[1].closing == pytest.approx(8.0, abs=0.1)
    assert found.curvature == pytest.approx((1.0 / 300.0,) * len(KNOTS))


def test_what_the_camera_does_not_see_does_not_count() -> None:
    world = TinyWorld(straight_road(2), lane=1)
    person = Body(station=80.0, lateral=-1.8, is_pedestrian=True)
    world.bodies = [person]
    assert affordances_in(world).person is not None
    world.bodies = [person, Body(station=70.0, lateral=-1.8)]
    assert affordances_in(world).person is None  # behind a car
    world.bodies = [Body(station=23.0, lateral=1.8)]
    assert affordances_in(world).leads[0] is None  # next to the ego, outside the field of view
    world.bodies = [Body(station=120.0, lateral=-1.8)]
    state = world.world_state()
    foggy = replace(state, conditions=replace(state.conditions, visibility=100.0))  # recognised up to 70 m
    road = road_ahead(foggy)
    found = true_affordances(road, SurroundingActors.of(foggy), 25.0, PLATFORM.camera)
    assert found.leads == (None, None, None)
    assert len(found.curvature) == 3  # 0, 30 and 60 m, but not 100 m


def test_half_of_a_car_is_hidden_by_another() -> None:
    """Seen from the camera at x = 1.7, both spans are symmetric; the near car hides the left half."""
    size = np.array([[0.001, 2.0, 1.5], [0.001, 4.0, 1.5]])
    actors = SurroundingActors(
        label=np.zeros(2, dtype=np.int64),
        position=np.array([[21.7, 1.0], [41.7, 0.0]]),  # ± 2 m at 40 m: the near one covers 0 to 4 m there
        heading=np.zeros(2),
        speed=np.zeros(2),
        size=size,
    )
    near, far = visible_fraction(actors, PLATFORM.camera)
    assert near == 1.0
    assert far == pytest.approx(0.5, abs=0.06)
    low = replace(actors, size=np.array([[0.001, 2.0, 0.6], [0.001, 4.0, 1.5]]))
    assert visible_fraction(low, PLATFORM.camera).tolist() == [1.0, 1.0]  # nothing low hides anything


def test_a_lane_that_ends_and_one_that_must_not_be_entered() -> None:
    lanes = (Lane(1.8, 3.6, 0.0, 2000.0), Lane(-1.8, 3.6, 0.0, 120.0))
    world = TinyWorld(build_road(((2000.0, 0.0),), lanes), lane=1)
    found = affordances_in(world)
    assert found.ends_in == pytest.approx(100.0)
    assert found.left and not found.right
    world.x = -60.0  # 180 m before the end: too far to see
    assert affordances_in(world).ends_in is None


def test_the_grade_of_a_crest_limits_the_view() -> None:
    """50 m on, a crest of radius R is 50² / 2R below the tangent: a mean grade of −50 / 2R."""
    profile = build_profile(((20.0, -0.04, 5000.0),))
    road = build_road(((3000.0, 0.0),), (Lane(0.0, 3.6, 0.0, 3000.0),), profile=profile)
    found = affordances_in(TinyWorld(road))
    assert found.grade == pytest.approx(-0.005)
    path = lanes_of(found, PLATFORM.camera).path
    assert path.station[-1] == pytest.approx(math.sqrt(2.0 * 1.4 * 5000.0), abs=2.0)
    assert lanes_of(FREE, PLATFORM.camera).path.station[-1] == pytest.approx(140.0)


def test_the_path_of_a_circle() -> None:
    """The rear axle is 0.5 m left of a circle of 200 m radius to the left, and turned by 0.1 rad."""
    path = lane_path(0.5, 0.1, (0.0,), (1.0 / 200.0,), 60.0)
    centre = (200.0 - 0.5) * np.array([np.sin(0.1), np.cos(0.1)])  # at right angles to the lane
    assert np.hypot(*(path.xy - centre).T) == pytest.approx(np.full(len(path.xy), 200.0), abs=0.02)
    at_ego = int(np.argmin(np.abs(path.station)))
    assert path.heading[at_ego] == pytest.approx(-0.1)
    assert path.xy[at_ego] == pytest.approx([-0.5 * np.sin(0.1), -0.5 * np.cos(0.1)])


def test_the_planner_gets_tracks_where_the_leads_and_the_person_are() -> None:
    world = TinyWorld(straight_road(3, curvature=1.0 / 600.0), lane=1, speed=25.0)
    world.bodies = [
        Body(station=80.0, lateral=0.0, speed=15.0),
        Body(station=60.0, lateral=3.6, speed=20.0),
        Body(station=50.0, lateral=-4.0, lateral_speed=1.0, is_pedestrian=True),
    ]
    found = affordances_in(world)
    state = world.world_state()
    actors = SurroundingActors.of(state)
    tracks = tracks_of(found, lanes_of(found, PLATFORM.camera), 25.0, PLATFORM.car)
    assert [track.label for track in tracks] == [ObjectClass.CAR, ObjectClass.CAR, ObjectClass.PEDESTRIAN]
    for track, row in zip(tracks, (1, 0, 2), strict=True):
        velocity = actors.speed[row] * np.array([np.cos(actors.heading[row]), np.sin(actors.heading[row])])
        assert track.position == pytest.approx(actors.position[row], abs=0.15)
        assert track.velocity == pytest.approx(velocity, abs=0.3)
    assert len({track.id for track in tracks}) == 3


def test_without_a_lane_the_estimate_has_no_confidence() -> None:
    lanes = lanes_of(replace(FREE, in_lane=0.1, ends_in=70.0), PLATFORM.camera)
    assert lanes.confidence == pytest.approx(0.1)
    assert lanes.ends_in == 70.0
    assert lanes.left.enterable and not lanes.right.exists
    assert lanes.width == LANE_WIDTH


distances = st.floats(0.0, 150.0)
leads = st.none() | st.builds(LeadAffordance, distances, st.floats(-30.0, 30.0))
persons = st.none() | st.builds(PersonAffordance, distances, st.floats(-6.0, 6.0), st.floats(-3.0, 3.0))


@given(
    st.builds(
        Affordances,
        in_lane=st.sampled_from([0.0, 1.0]),
        offset=st.floats(-2.0, 2.0),
        heading=st.floats(-0.3, 0.3),
        curvature=st.lists(st.floats(-0.01, 0.01), min_size=1, max_size=len(KNOTS)).map(tuple),
        grade=st.floats(-0.05, 0.05),
        left=st.booleans(),
        right=st.booleans(),
        ends_in=st.none() | distances,
        leads=st.tuples(leads, leads, leads),
        person=persons,
    )
)
def test_affordances_survive_the_way_through_numbers(affordances: Affordances) -> None:
    vector = vector_of(affordances)
    assert vector.values.shape == (len(VALUES),) and vector.flags.shape == (len(FLAGS),)
    if affordances.in_lane:
        found = vector_of(affordances_of(vector))
        assert found.flags.tolist() == vector.flags.tolist()
        assert found.values == pytest.approx(vector.values, abs=1e-4, nan_ok=True)
    else:  # nothing is known of the lane
        assert np.isnan(vector.values[:3]).all()


def test_a_value_is_known_where_its_flag_is_set() -> None:
    vector = vector_of(replace(FREE, leads=(None, LeadAffordance(20.0, 5.0), None)))
    known = {name for name, value in zip(VALUES, vector.values, strict=True) if np.isfinite(value)}
    road = {"offset", "heading", "grade", *(f"curvature {knot:.0f} m ahead" for knot in KNOTS)}
    assert known == road | {"own gap", "own closing speed"}
    assert vector.values[VALUES.index("own gap")] == pytest.approx(math.log(2.0))
    assert vector.values[VALUES.index("own closing speed")] == pytest.approx(0.5)
