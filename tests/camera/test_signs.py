"""Signs have the right position and content and are visible in the image."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.types import SemanticClass
from drive_stack.world_state import Conditions
from envs.camera import Camera
from envs.camera.ground.arrows import merge_arrows
from envs.camera.signs import Face, paint_face, signs_along
from envs.scenarios.scenario import load_scenario
from envs.world import World


@pytest.fixture(scope="module", params=["curves", "lane_drop", "construction"])
def world(request: pytest.FixtureRequest) -> World:
    return World(load_scenario(request.param), 3)


def test_limits_are_shown_where_they_hold_off_the_pavement(world: World) -> None:
    signs = [sign for sign in signs_along(world.road, world.limits, Conditions()) if sign.face is Face.LIMIT]
    assert {sign.station for sign in signs} >= set(world.limits.station.tolist())
    for sign in signs:
        right, left = world.road.paved(min(sign.station, world.road.length))
        assert sign.text == (str(round(world.limits.at(sign.station) * 3.6)),)
        assert sign.lateral + sign.width / 2.0 < right or sign.lateral - sign.width / 2.0 > left


def test_gantries_leave_clearance_for_trucks(world: World) -> None:
    gantries = [s for s in signs_along(world.road, None, Conditions()) if s.face is Face.DIRECTION]
    for sign in gantries:
        right, left = world.road.paved(sign.station)
        assert sign.bottom > 4.5
        assert min(sign.posts) < right
        assert max(sign.posts) > left


def test_a_lane_end_is_announced_on_the_side_of_the_ending_lane() -> None:
    world = World(load_scenario("lane_drop"), 3)
    ending = next(lane for lane in world.road.lanes if lane.end < world.road.length - 1.0)
    warnings = [s for s in signs_along(world.road, None, Conditions()) if s.face is Face.LANE_ENDS]
    assert warnings
    assert all(0.0 < ending.end - sign.station <= 400.0 for sign in warnings)
    assert all(np.sign(sign.lateral) == np.sign(ending.offset) or ending.offset == 0.0 for sign in warnings)


def test_faces_differ_with_what_they_say(world: World) -> None:
    for sign in signs_along(world.road, world.limits, Conditions()):
        face = paint_face(sign)
        blank = paint_face(dataclasses.replace(sign, text=("|",) if sign.face is Face.LANE_ENDS else ("8",)))
        assert face.shape == blank.shape
        assert (face != blank).any()


def test_arrows_lie_inside_their_lane_and_point_out_of_it() -> None:
    world = World(load_scenario("lane_drop"), 3)
    road = world.road
    index = next(k for k, lane in enumerate(road.lanes) if lane.end < road.length - 1.0)
    lane = road.lanes[index]
    arrows = merge_arrows(road, index, 0.0, road.length)
    assert len(arrows) >= 3
    for arrow in arrows:
        laterals = np.array([road.to_road(float(x), float(y))[1] for x, y, _ in arrow.reshape(-1, 3)])
        assert (np.abs(laterals - lane.offset) < lane.width / 2.0).all()
        towards = 1.0 if index > 0 else -1.0
        assert towards * (laterals[-1] - laterals[0]) > 0.5
    straight = next(k for k, other in enumerate(road.lanes) if other.end >= road.length - 1e-6)
    assert merge_arrows(road, straight, 0.0, road.length) == []


def test_the_camera_sees_a_limit_sign_as_structure() -> None:
    world = World(load_scenario("cruise"), 3)
    state = world.state()
    sign = next(s for s in signs_along(world.road, world.limits, state.conditions) if s.face is Face.LIMIT)
    station = sign.station + 780.0  # the repeated one
    lateral = world.road.lanes[-1].offset
    xy, yaw = world.road.to_world(np.asarray(station), np.asarray(lateral))
    ego = dataclasses.replace(state.ego, x=float(xy[0]), y=float(xy[1]), yaw=float(yaw), station=station)
    state = dataclasses.replace(state, ego=ego)
    camera = Camera(CameraModel())
    pixels = []
    for limits in (None, world.limits):
        camera.load(world.road, state.conditions, limits)
        pixels.append(int(np.sum(camera.labels(state).semantic == SemanticClass.STRUCTURE)))
    camera.close()
    assert pixels[1] > pixels[0] + 200
