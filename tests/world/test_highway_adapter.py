"""highway-env's lanes lie where ours do, mirrored; its objects stand where ours stand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from highway_env.road.lane import CircularLane, SineLane

from envs.highway_adapter import breaks, flip, highway_road, road_network
from envs.scenarios.roads import Curve, LaneDrop, OnRamp, RoadSpec, SBend, Straight
from envs.scenarios.scenario import load_scenario
from envs.world import World

SPECS: tuple[RoadSpec, ...] = (
    Straight(), Curve(side="left"), Curve(side="right"), SBend(), OnRamp(), LaneDrop(),
)  # fmt: skip


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_lanes_agree_everywhere(spec: RoadSpec) -> None:
    road = spec.build(np.random.default_rng(3))
    network, edges, kinds = road_network(road, 30.0), breaks(road), set()
    for node, (begin, end) in enumerate(pairwise(edges)):
        covering = [lane for lane in road.lanes if lane.start <= begin and end <= lane.end]
        theirs = network.graph[str(node)][str(node + 1)]
        assert len(theirs) == len(covering)
        for ours, lane in zip(covering, theirs, strict=True):
            kinds.add(type(lane))
            for share in (0.0, 0.3, 1.0):
                station = begin + share * (end - begin)
                expected, yaw = road.to_world(np.asarray(station), np.asarray(ours.lateral_at(station)))
                along = share * lane.length
                assert flip(lane.position(along, 0.0)) == pytest.approx(expected, abs=1e-6)
                s, aside = lane.local_coordinates(flip(expected))
                assert (s, aside) == pytest.approx((along, 0.0), abs=1e-6)
                if not isinstance(lane, SineLane):
                    turned = -lane.heading_at(along) - float(yaw)
                    assert np.cos(turned) == pytest.approx(1.0)
    assert (CircularLane in kinds) == (spec.kind in ("curve", "s_bend"))
    assert (SineLane in kinds) == (spec.kind == "on_ramp")


def test_lateral_is_mirrored_in_curves() -> None:
    road = Curve(side="left", radius=250).build(np.random.default_rng(0))
    lane = road_network(road, 30.0).graph["1"]["2"][0]
    station = float(road.piece_station[1])
    expected, _ = road.to_world(np.asarray(station), np.asarray(road.lanes[0].offset + 1.0))
    assert flip(lane.position(0.0, -1.0)) == pytest.approx(expected, abs=1e-9)


def test_world_as_highway_road() -> None:
    state = World(load_scenario("construction"), 3).state()
    road = highway_road(state)
    ego, car = state.ego, state.car
    centre = np.array(
        [ego.x + car.centre_ahead * np.cos(ego.yaw), ego.y + car.centre_ahead * np.sin(ego.yaw)]
    )
    assert flip(road.vehicles[0].position) == pytest.approx(centre)
    assert len(road.vehicles) == 1 + len(state.vehicles.id)
    assert len(road.objects) == len(state.obstacles.id) + len(state.pedestrians.id)
    for vehicle, x, y, length in zip(
        road.vehicles[1:], state.vehicles.x, state.vehicles.y, state.vehicles.length, strict=True
    ):
        assert flip(vehicle.position) == pytest.approx([x, y])
        assert length == vehicle.LENGTH
