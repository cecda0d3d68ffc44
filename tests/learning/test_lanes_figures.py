"""Statistics of lane errors, compared with cases computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.learning.lanes.evaluation import LaneEnd, LaneErrors, compare
from drive_stack.learning.lanes.figures import end_statistics, summarise_errors
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.perception.ground_shape import VERTICAL_KNOTS, GroundView, estimate_ground
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.world_state import MountingError
from envs.oracles.lanes import true_lane_estimate
from envs.scenarios.scenario import load_scenario
from envs.world import World

NONE = float("inf")


def errors(
    *ends: LaneEnd, scenario: str = "merge", enterable: bool = True, ground: float = 0.0
) -> LaneErrors:
    return LaneErrors(
        scenario, "clear", "day", curved=False, lateral=0.1, other_lane=False, heading=0.0, curvature=0.0,
        path=0.0, ground=ground, neighbours=True, enterable=enterable, confidence=1.0, ends=ends,
    )  # fmt: skip


def test_ends_are_grouped_by_their_true_distance() -> None:
    rows = [
        errors(LaneEnd(True, 40.0, 43.0), LaneEnd(False, NONE, NONE)),
        errors(LaneEnd(True, 50.0, 49.0), LaneEnd(False, NONE, 80.0)),
        errors(LaneEnd(True, 55.0, NONE)),
        errors(LaneEnd(True, 100.0, 110.0)),
        errors(LaneEnd(True, 310.0, 240.0)),  # beyond all bands, but within `FAR`: in no group
    ]
    statistics = end_statistics(rows)
    assert statistics["ego"]["0–60 m"] == pytest.approx(
        {"estimates": 3, "found": 2 / 3, "error_m": 2.0, "error_m_p95": 2.9}, abs=1e-3
    )
    assert statistics["ego"]["60–160 m"]["error_m"] == 10.0
    assert "160–250 m" not in statistics["ego"] and "none" not in statistics["ego"]
    assert statistics["neighbour"] == {"none": {"estimates": 2, "false": 0.5}}


def test_the_truth_compared_with_itself_has_no_errors() -> None:
    grid = GroundGrid()
    for scenario in ("lane_drop", "merge"):
        state = World(load_scenario(scenario), 3).state()
        own_errors = compare(
            true_lane_estimate(state.road, state.ego),
            lane_truth(state, CameraModel(), grid),
            grid,
            "x",
            "y",
            "z",
        )
        assert (
            abs(own_errors.lateral) < 1e-3 and abs(own_errors.heading) < 2e-3 and abs(own_errors.path) < 0.1
        )
        assert own_errors.neighbours and own_errors.enterable and not own_errors.other_lane
        assert own_errors.ends[0].ego and own_errors.ends[0].truth == pytest.approx(
            own_errors.ends[0].estimate, abs=1e-3
        )
        assert own_errors.ends[0].truth < NONE


def test_the_distance_of_the_road_is_compared_with_where_it_appears() -> None:
    """A camera pitched 0.3° down shows the road 50 m ahead at h·d / (h − δ·d), 22 % too far."""
    world = World(load_scenario("cruise[road.grades=[]; camera={}]"), 3)
    state = replace(world.state(), mounting_error=MountingError(pitch_deg=0.3))
    camera, grid = CameraModel(), GroundGrid()
    truth = lane_truth(state, camera, grid)
    level = true_lane_estimate(state.road, state.ego)
    ahead, delta = 50.0 - camera.mount_x, np.radians(0.3)
    shown = camera.mount_x + camera.mount_z * ahead / (camera.mount_z - delta * ahead)
    own = compare(level, truth, grid, "x", "y", "z")
    assert own.ground == pytest.approx(shown / 50.0 - 1.0, abs=0.01)
    knots = len(VERTICAL_KNOTS)
    ground = estimate_ground(
        float(delta), np.zeros(knots), np.zeros((1 + knots, 1 + knots)), GroundView.of(camera)
    )
    own = compare(replace(level, ground=ground), truth, grid, "x", "y", "z")
    assert own.ground == pytest.approx(0.0, abs=0.01)


def test_what_is_out_of_sight_does_not_count() -> None:
    parts = summarise_errors([errors(ground=0.1), errors(ground=float("nan")), errors(ground=-0.3)])
    assert parts["all"]["ground_50m"] == pytest.approx(0.2)
    hidden = summarise_errors([errors(ground=float("nan"))])["all"]
    assert "ground_50m" not in hidden and hidden["estimates"] == 1


def test_fractions_are_computed_by_scenario() -> None:
    parts = summarise_errors([errors(), errors(enterable=False), errors(scenario="cruise")])["by_scenario"]
    assert parts["merge"]["enterable_right"] == 0.5
    assert parts["cruise"]["enterable_right"] == 1.0
