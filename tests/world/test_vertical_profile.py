"""Heights and grades of roads, and the keys of a scenario file that draw them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.errors import ConfigError
from drive_stack.road.vertical_profile import VerticalProfile, build_profile
from envs.scenarios.scenario import load_scenario
from envs.world import World

HILL = (
    "road.grades=[{begins: 300, percent: 4, sag_radius: 5000},"
    " {begins: 800, percent: -2, crest_radius: 10000}]"
)


def drawn_profile(*overrides: str, seed: int = 3) -> VerticalProfile:
    return World(load_scenario("cruise", overrides), seed).road.profile


def test_a_sag_and_a_crest_worked_by_hand() -> None:
    """R = 5000 m from 0 to 4 %: 200 m long, 4 m high; R = 10000 m from 4 to -2 %: 600 m long, 6 m up."""
    profile = drawn_profile(HILL)
    at = np.array([0.0, 300.0, 400.0, 500.0, 800.0, 1200.0, 1400.0, 1500.0])
    heights = np.array([0.0, 0.0, 1.0, 4.0, 16.0, 24.0, 22.0, 20.0])
    grades = np.array([0.0, 0.0, 0.02, 0.04, 0.04, 0.0, -0.02, -0.02])
    np.testing.assert_allclose(profile.height_at(at), heights, atol=1e-9)
    np.testing.assert_allclose(profile.grade_at(at), grades, atol=1e-12)
    assert profile.curvature_at(np.array([400.0, 600.0, 900.0])).tolist() == pytest.approx(
        [1 / 5000, 0.0, -1e-4]
    )


@given(
    changes=st.lists(
        st.tuples(st.floats(0.0, 300.0), st.floats(-0.06, 0.06), st.floats(3000.0, 1e5)), max_size=5
    ),
    at=st.floats(-200.0, 9000.0),
)
def test_the_grade_is_the_slope_of_the_height(changes: list[tuple[float, float, float]], at: float) -> None:
    begin, grade, placed = 0.0, 0.0, []
    for gap, after, radius in changes:
        placed.append((begin + gap, after, radius))
        begin, grade = begin + gap + abs(after - grade) * radius, after
    profile = build_profile(tuple(placed))
    near = at + np.array([-0.5, 0.0, 0.5])
    height, slope = profile.height_at(near), profile.grade_at(near)
    assert (height[2] - height[0]) == pytest.approx(slope.mean(), abs=0.5 / 3000.0)
    assert abs(slope).max() <= 0.06 + 1e-12
    assert profile.grade_at_one(at) == slope[1]


def test_roads_are_level_without_grades() -> None:
    assert drawn_profile("road.grades=[]").is_level


def test_grades_leave_the_rest_of_the_world_as_it_is() -> None:
    """The vertical curves are drawn last, so that a hilly road has the plan of the level one."""
    level = load_scenario("curves")
    hilly = level.model_copy(update={"road": load_scenario("curves", (HILL,)).road})
    first, second = World(level, 7).road, World(hilly, 7).road
    assert first.piece_curvature.tolist() == second.piece_curvature.tolist()
    assert first.lanes == second.lanes
    assert second.right_shoulder == first.right_shoulder
    assert not second.profile.is_level


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ("[{begins: 300, percent: 7}]", "must lie within -6 … 6"),
        ("[{begins: 300, percent: -3, crest_radius: 4000}]", "must lie within 5000"),
        ("[{begins: 300, percent: 3, sag_radius: 2000}]", "must lie within 3000"),
        ("[{begins: 300, percent: 4, sag_radius: 5000}, {begins: 400, percent: 0}]", "at least 500"),
        (
            "[{begins: 300, percent: {min: -2, max: 4}, sag_radius: 5000}, {begins: 499, percent: 1}]",
            "at least 540",
        ),
    ],
)
def test_impossible_grades_are_refused(grades: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        load_scenario("cruise", (f"road.grades={grades}",))
