"""Oracles against the map and the world."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from drive_stack.road_map import Lane, LaneKind, build_road
from drive_stack.types import Detection, FrameLabels, LabelBox, LaneEstimate, ObjectClass
from envs.oracles import Oracles
from envs.oracles.control import compensate_lag

IMAGE = np.zeros((8, 8, 3), dtype=np.uint8)


def lanes_of(world: TinyWorld) -> LaneEstimate:
    return Oracles(world, PLATFORM).lanes().estimate(IMAGE, world.speed, 0.0)


def test_lanes_on_a_straight() -> None:
    world = TinyWorld(straight_road(3), lane=1, lateral_offset=0.4)
    world.yaw = 0.05
    lanes = lanes_of(world)
    assert lanes.offset == pytest.approx(0.4)
    assert lanes.heading == pytest.approx(0.05)
    assert lanes.curvature == 0.0
    assert lanes.left.enterable
    assert lanes.right.enterable
    assert lanes.ends_in == float("inf")


@pytest.mark.parametrize("curvature", [1.0 / 300.0, -1.0 / 250.0])
def test_the_path_lies_on_the_lane_in_the_ego_frame(curvature: float) -> None:
    world = TinyWorld(straight_road(2, curvature=curvature), lane=0, lateral_offset=-0.3)
    path = lanes_of(world).path
    ego = world.ego()
    cos, sin = np.cos(ego.yaw), np.sin(ego.yaw)
    for (x, y), station in zip(path.xy[::10], path.station[::10], strict=True):
        world_x, world_y = ego.x + cos * x - sin * y, ego.y + sin * x + cos * y
        world_station, lateral, _ = world.road.to_road(world_x, world_y)
        assert lateral == pytest.approx(1.8, abs=1e-6)
        assert (world_station - ego.station) * (1.0 - curvature * 1.8) == pytest.approx(station, abs=0.02)
    assert path.curvature[0] == pytest.approx(curvature / (1.0 - curvature * 1.8))


def test_a_closed_ramp_cannot_be_entered_and_its_end_is_known() -> None:
    lanes = (
        Lane(0.0, 3.6, 0.0, 2000.0),
        Lane(-3.6, 3.6, 0.0, 600.0, LaneKind.RAMP, opens=300.0, approach=8.0),
    )
    world = TinyWorld(build_road(((2000.0, 0.0),), lanes), lane=0)
    assert not lanes_of(world).right.enterable
    world.x = 350.0
    right = lanes_of(world).right
    assert right.exists
    assert right.enterable
    assert right.ends_in == pytest.approx(250.0)
    world.y = -3.6
    assert lanes_of(world).ends_in == pytest.approx(250.0)


def test_tracks_are_where_the_bodies_are() -> None:
    bodies = [Body(60.0, 1.8, 20.0), Body(-10.0, -1.8, 30.0), Body(50.0, -5.0, 0.0, 1.4, True)]
    world = TinyWorld(straight_road(), lane=1, bodies=bodies)
    tracks = {track.id: track for track in Oracles(world, PLATFORM).tracker().update((), 25.0, 0.0)}
    assert tracks[1].position == pytest.approx([40.0, 3.6])
    assert tracks[1].velocity == pytest.approx([20.0, 0.0])
    assert tracks[2].position == pytest.approx([-30.0, 0.0])
    assert tracks[3].label is ObjectClass.PEDESTRIAN
    assert tracks[3].velocity == pytest.approx([0.0, 1.4])


def test_predictions_are_what_happens() -> None:
    world = TinyWorld(straight_road(curvature=1.0 / 400.0), lane=1, bodies=[Body(60.0, -1.8, 15.0)])
    oracles, ego = Oracles(world, PLATFORM), world.ego()
    tracks = oracles.tracker().update((), 25.0, 0.0)
    (prediction,) = oracles.predictor().predict(tracks, lanes_of(world))
    xy, _ = world.road.to_world(np.array(60.0 + 15.0 * 4.0), np.array(-1.8))
    expected = xy - np.array([ego.x, ego.y])
    rotation = np.array([[np.cos(ego.yaw), -np.sin(ego.yaw)], [np.sin(ego.yaw), np.cos(ego.yaw)]])
    assert prediction.hypotheses[0].positions[-1] == pytest.approx(expected @ rotation, abs=1e-6)


class LabelledWorld(TinyWorld):
    """A world with fixed labels: a visible car and a mostly hidden one."""

    def labels(self) -> FrameLabels:
        boxes = (
            LabelBox(1, ObjectClass.CAR, (100.0, 80.0, 140.0, 110.0), 1.0, 40.0),
            LabelBox(2, ObjectClass.CAR, (300.0, 80.0, 310.0, 90.0), 0.1, 80.0),
        )
        empty = np.zeros((1, 1))
        return FrameLabels(boxes, empty.astype(np.int32), empty.astype(np.uint8), empty.astype(np.float32))


def test_the_detector_leaves_out_what_is_hidden_and_the_lifter_finds_the_nearest_face() -> None:
    world = LabelledWorld(straight_road(), lane=1, bodies=[Body(60.0, -1.8, 20.0), Body(90.0, -1.8)])
    oracles = Oracles(world, PLATFORM)
    (detection,) = oracles.detector().detect(IMAGE)
    (placed,) = oracles.lifter().lift((detection,))
    assert placed.position == pytest.approx([40.0 - 2.25, 0.0])
    assert oracles.lifter().lift((Detection((0.0, 0.0, 5.0, 5.0), ObjectClass.CAR, 0.9),)) == ()


def test_compensating_a_lag_reaches_the_desired_value() -> None:
    command = compensate_lag(1.5, 0.2, 0.25, 0.1)
    assert 0.2 + (command - 0.2) * (1.0 - np.exp(-0.1 / 0.25)) == pytest.approx(1.5)
