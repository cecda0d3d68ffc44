"""Roads of this project agree with highway-env's lanes, mirrored in y."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from highway_env.road.lane import CircularLane, SineLane
from highway_env_road import road_network, segment_boundaries

from envs.highway_adapter import flip
from envs.scenarios.roads import Curve, LaneDrop, OnRamp, RoadSpec, SBend, Straight

SPECS: tuple[RoadSpec, ...] = (
    Straight(), Curve(side="left"), Curve(side="right"), SBend(), OnRamp(), LaneDrop(),
)  # fmt: skip


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_lanes_agree_everywhere(spec: RoadSpec) -> None:
    road = spec.build(np.random.default_rng(3))
    network, edges, lane_types = road_network(road, 30.0), segment_boundaries(road), set()
    for node, (start, end) in enumerate(pairwise(edges)):
        covering = [lane for lane in road.lanes if lane.start <= start and end <= lane.end]
        network_lanes = network.graph[str(node)][str(node + 1)]
        assert len(network_lanes) == len(covering)
        for lane, network_lane in zip(covering, network_lanes, strict=True):
            lane_types.add(type(network_lane))
            for fraction in (0.0, 0.3, 1.0):
                station = start + fraction * (end - start)
                expected, yaw = road.to_world(np.asarray(station), np.asarray(lane.lateral_at(station)))
                longitudinal = fraction * network_lane.length
                assert flip(network_lane.position(longitudinal, 0.0)) == pytest.approx(expected, abs=1e-6)
                coordinates = network_lane.local_coordinates(flip(expected))
                assert coordinates == pytest.approx((longitudinal, 0.0), abs=1e-6)
                if not isinstance(network_lane, SineLane):
                    yaw_error = -network_lane.heading_at(longitudinal) - float(yaw)
                    assert np.cos(yaw_error) == pytest.approx(1.0)
    assert (CircularLane in lane_types) == (spec.kind in ("curve", "s_bend"))
    assert (SineLane in lane_types) == (spec.kind == "on_ramp")


def test_lateral_is_mirrored_in_curves() -> None:
    road = Curve(side="left", radius=250).build(np.random.default_rng(0))
    lane = road_network(road, 30.0).graph["1"]["2"][0]
    station = float(road.piece_station[1])
    expected, _ = road.to_world(np.asarray(station), np.asarray(road.lanes[0].offset + 1.0))
    assert flip(lane.position(0.0, -1.0)) == pytest.approx(expected, abs=1e-9)
