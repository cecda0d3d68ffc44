"""Statistics of lane errors, compared with cases computed by hand."""

from __future__ import annotations

import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.learning.lanes.evaluation import LaneEnd, LaneErrors, compare
from drive_stack.learning.lanes.figures import end_statistics, summarise_errors
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.perception.lanes_ground import GroundGrid
from envs.oracles.lanes import true_lane_estimate
from envs.scenarios.scenario import load_scenario
from envs.world import World

NONE = float("inf")


def errors(*ends: LaneEnd, scenario: str = "merge", enterable: bool = True) -> LaneErrors:
    return LaneErrors(
        scenario, "clear", "day", curved=False, lateral=0.1, other_lane=False, heading=0.0, curvature=0.0,
        path=0.0, neighbours=True, enterable=enterable, confidence=1.0, ends=ends,
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


def test_fractions_are_computed_by_scenario() -> None:
    parts = summarise_errors([errors(), errors(enterable=False), errors(scenario="cruise")])["by_scenario"]
    assert parts["merge"]["enterable_right"] == 0.5
    assert parts["cruise"]["enterable_right"] == 1.0
