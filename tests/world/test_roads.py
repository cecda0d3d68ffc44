"""Every kind of road with many seeds: within its stated ranges, and repeatable."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from drive_stack.road_map import LaneKind
from envs.scenarios.roads import Curve, LaneDrop, OnRamp, RoadSpec, SBend, Straight

SPECS: tuple[RoadSpec, ...] = (Straight(), Curve(), SBend(), OnRamp(), LaneDrop())
SEEDS = range(20)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_common_to_all_roads(spec: RoadSpec) -> None:
    for seed in SEEDS:
        road, again = (spec.build(np.random.default_rng(seed)) for _ in range(2))
        assert road.lanes == again.lanes
        assert np.array_equal(road.piece_station, again.piece_station)
        main = [lane for lane in road.lanes if lane.kind is LaneKind.MAIN]
        assert 2 <= len(main) <= 4
        assert road.length == pytest.approx(2600.0)
        for left, right in zip(road.lanes[:-1], road.lanes[1:], strict=True):
            assert left.offset - right.offset == pytest.approx((left.width + right.width) / 2.0)
        assert np.all(road.curvature_at(np.linspace(0.0, 400.0, 50)) == 0.0)


def test_curves_have_the_radii_and_go_both_ways() -> None:
    curvatures = [Curve().build(np.random.default_rng(seed)).piece_curvature[1] for seed in SEEDS]
    assert {round(1.0 / abs(curvature)) for curvature in curvatures} == {250, 500, 1000}
    assert {np.sign(curvature) for curvature in curvatures} == {-1.0, 1.0}
    assert Curve(side="left").build(np.random.default_rng(0)).piece_curvature[1] > 0.0


def test_no_road_turns_back_on_itself() -> None:
    for spec in (Curve(radius=200), SBend(radius=200)):
        for seed in SEEDS:
            road = spec.build(np.random.default_rng(seed))
            assert np.abs(np.diff(road.piece_station) * road.piece_curvature).max() <= 1.2 + 1e-9


def test_an_s_bend_ends_in_its_initial_direction() -> None:
    road = SBend().build(np.random.default_rng(4))
    assert float(road.piece_yaw[-1]) == pytest.approx(0.0)
    assert road.piece_curvature[1] == -road.piece_curvature[3] != 0.0


def test_ramp_is_open_for_its_stated_length() -> None:
    for seed in SEEDS:
        road = OnRamp().build(np.random.default_rng(seed))
        ramp = road.lanes[-1]
        assert ramp.kind is LaneKind.RAMP
        assert 250.0 <= ramp.end - ramp.opens <= 300.0
        assert ramp.lateral_at(ramp.start) == pytest.approx(ramp.offset - ramp.approach)


def test_dropped_lane_is_the_outermost_of_its_side() -> None:
    left = LaneDrop(side="left").build(np.random.default_rng(0))
    right = LaneDrop(side="right").build(np.random.default_rng(0))
    assert left.lanes[0].end < left.length and right.lanes[-1].end < right.length
    assert all(lane.end == left.length for lane in left.lanes[1:])


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValidationError, match="must lie within 200"):
        Curve(radius=20)
    with pytest.raises(ValidationError, match="must lie within 2"):
        Straight(lanes={"choices": [1, 2]})
