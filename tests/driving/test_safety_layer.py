"""The safety layer's demands, worked by hand from its settings.

The front bumper is 3.75 m ahead of the rear axle, and the stopping gap is 2 m. The response takes 0.25 s;
RSS assumes 1 m/s² during it, then braking of 6.5 m/s² by the ego and 7.5 m/s² by its lead.
"""

from __future__ import annotations

import numpy as np
import pytest
from planning_inputs import planning_input
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from drive_stack.planning.lane_choice import LaneDecision
from drive_stack.planning.paths import LateralState, lateral_paths
from drive_stack.planning.safety import Braking, SafetyLayer
from drive_stack.planning.scene import build_scene
from drive_stack.planning.settings import PlannerSettings

TIMES = np.linspace(0.0, 4.0, 21)
FRONT, HALF_LENGTH = 20.0 + 3.75, 2.25  # station of the ego's bumper; half a body's length [m]


def layer() -> SafetyLayer:
    settings = PlannerSettings()
    return SafetyLayer(settings.safety, settings.lane_change)


def demand(
    speed: float, *bodies: Body, planned: float = 0.0, max_braking: float = 8.0, path_offset: float = 0.0
) -> Braking | None:
    """Braking beyond a plan that ends with ``planned`` [m/s²], on a path to ``path_offset`` [m]."""
    world = TinyWorld(straight_road(1), lane=0, speed=speed, bodies=list(bodies))
    scene = build_scene(planning_input(world), TIMES, PLATFORM.car)
    path = lateral_paths(LateralState(0.0, 0.0, 0.0), np.array([path_offset]), speed, None).select([0])
    accelerations = np.append(np.zeros(9), planned)
    return layer().brake_harder(scene, path, speed, accelerations, max_braking)


def ahead(gap: float, speed: float = 0.0, lateral: float = 0.0) -> Body:
    return Body(FRONT + gap + HALF_LENGTH, lateral, speed)


def test_the_demand_for_a_standing_vehicle_stops_two_metres_before_it() -> None:
    """20 m/s, 42 m: 20² / (2 · 40) = 5 m/s²; with the surplus of 10 % and 0.3 m/s² this is 5.8 m/s²."""
    braking = demand(20.0, ahead(42.0))
    assert braking is not None
    assert braking.acceleration == pytest.approx(-5.8, abs=0.01)
    assert braking.emergency
    assert "42 m ahead, 2.1 s to impact" in braking.reason


def test_the_demand_is_limited_to_the_available_braking() -> None:
    """At 25 m of gap 400 / 46 = 8.7 m/s² would be needed."""
    for limit in (3.0, 8.0):
        braking = demand(20.0, ahead(25.0), max_braking=limit)
        assert braking is not None and braking.acceleration == -limit
    gentle = demand(20.0, ahead(25.0), max_braking=3.0)
    assert gentle is not None and not gentle.emergency


@pytest.mark.parametrize(("gap", "intervenes"), [(49.0, True), (50.2, False)])
def test_it_intervenes_above_4_2_mps2(gap: float, intervenes: bool) -> None:
    """400 / (2 · 47) = 4.26 m/s², 400 / (2 · 48.2) = 4.15 m/s²; RSS demands 36.6 m."""
    assert (demand(20.0, ahead(gap)) is not None) is intervenes


def test_it_intervenes_at_a_short_time_to_collision_even_if_little_braking_is_needed() -> None:
    """10 m/s behind 5 m/s, 7.5 m: 1.5 s, 25 / (2 · 5.5) = 2.27 m/s², so 2.8 m/s²: no emergency."""
    braking = demand(10.0, ahead(7.5, 5.0))
    assert braking is not None
    assert braking.acceleration == pytest.approx(-(1.1 * 25.0 / 11.0 + 0.3), abs=0.01)
    assert not braking.emergency


def test_within_the_rss_distance_it_eases_off() -> None:
    """20 m/s behind 18 m/s.

    RSS: 20 · 0.25 + 0.25² / 2 + 20.25² / 13 − 18² / 15 = 14.974 m. At 10 m: 0.3 + 3 · 4.974 / 14.974.
    """
    braking = demand(20.0, ahead(10.0, 18.0))
    assert braking is not None
    assert braking.acceleration == pytest.approx(-(0.3 + 3.0 * 4.974 / 14.974), abs=0.005)
    assert not braking.emergency and "15 m are safe" in braking.reason
    just_inside, outside = demand(20.0, ahead(14.8, 18.0)), demand(20.0, ahead(15.1, 18.0))
    assert just_inside is not None and just_inside.acceleration == pytest.approx(-0.335, abs=0.005)
    assert outside is None


@pytest.mark.parametrize(("lead", "intervenes"), [(20.4, True), (20.6, False)])
def test_a_vehicle_that_draws_away_needs_no_braking(lead: float, intervenes: bool) -> None:
    """RSS at equal speeds is 9.9 m; the gap is 5 m."""
    braking = demand(20.0, ahead(5.0, lead))
    assert (braking is not None) is intervenes


def test_a_plan_that_brakes_enough_is_left_alone() -> None:
    """The demand is 5.8 m/s²; a plan that brakes with 5.76 m/s² is enough, one of 5.7 m/s² is not."""
    assert demand(20.0, ahead(42.0), planned=-5.76) is None
    assert demand(20.0, ahead(42.0), planned=-5.7) is not None


def test_the_worst_of_several_decides() -> None:
    for bodies in ((44.0, 42.0, 46.0), (42.0, 44.0), (60.0, 42.0)):
        braking = demand(20.0, *(ahead(gap) for gap in bodies))
        assert braking is not None and braking.reason.startswith("vehicle 42 m ahead")


def test_a_vehicle_behind_does_not_hide_one_ahead() -> None:
    assert demand(20.0, ahead(-30.0), ahead(42.0)) is not None


def test_braking_from_4_mps2_on_is_an_emergency() -> None:
    """49 m at 20 m/s: 4.26 m/s² and 4.98 with the surplus. 10 m/s behind 5 m/s: 5.5 m need 3.57 and 4.23."""
    for braking in (demand(20.0, ahead(49.0)), demand(10.0, ahead(5.5, 5.0))):
        assert braking is not None and braking.emergency
        assert 4.0 < -braking.acceleration < 5.0
    mild = demand(10.0, ahead(6.0, 5.0))  # 25 / 8 = 3.125, 3.74 m/s²
    assert mild is not None and mild.emergency is False


def test_easing_off_is_limited_to_3_mps2() -> None:
    """With no gap at almost equal speed, 0.3 + 3 m/s² are limited to 3; at half a metre it is 5 % less."""
    touching, near = demand(20.0, ahead(0.0, 19.9)), demand(20.0, ahead(0.5, 20.2))
    assert touching is not None and touching.acceleration == -3.0
    safe = 36.574 - 20.2**2 / 15.0
    assert near is not None
    assert near.acceleration == pytest.approx(-min(0.3 + 3.0 * (safe - 0.5) / safe, 3.0), abs=0.005)
    assert near.emergency is False and near.reason == "RSS: vehicle 0 m ahead, 9 m are safe: easing off"


@pytest.mark.parametrize(
    ("lateral", "intervenes"),
    [(1.9, True), (1.95, False), (-1.9, True), (-1.95, False)],
    ids=lambda value: str(value),
)
def test_a_body_that_reaches_into_the_path_counts(lateral: float, intervenes: bool) -> None:
    """Half the widths of 1.8 m and 1.85 m, and a margin of 0.1 m: 1.925 m."""
    assert (demand(20.0, ahead(30.0, 0.0, lateral)) is not None) is intervenes


def test_only_bodies_on_the_path_count() -> None:
    """On a path to 3.6 m on the left, the ego passes what stands far ahead in its own lane."""
    assert demand(20.0, ahead(48.0), path_offset=3.6) is None
    assert demand(20.0, ahead(48.0, 0.0, 3.6), path_offset=3.6) is not None


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_path_is_evaluated_where_the_bumper_meets_the_body_ahead(side: float) -> None:
    """When the bumper has moved 25 m, the axle is at 25 m of the path; 1.925 m from there are in the way."""
    path = lateral_paths(LateralState(0.0, 0.0, 0.0), np.array([3.6]), 20.0, None).select([0])
    path_lateral = float(path.offset(np.array([[25.0]]))[0, 0])
    assert 0.5 < path_lateral < 3.1  # during the lane change
    assert demand(20.0, ahead(25.0, 0.0, path_lateral + side * 1.9), path_offset=3.6) is not None
    assert demand(20.0, ahead(25.0, 0.0, path_lateral + side * 1.95), path_offset=3.6) is None


@pytest.mark.parametrize(("gap", "intervenes"), [(-0.4, True), (-0.6, False)])
def test_a_body_behind_the_bumper_does_not_count(gap: float, intervenes: bool) -> None:
    """Half a metre of overlap is still ahead: its rear end may be measured too near."""
    braking = demand(20.0, ahead(gap))
    assert (braking is not None) is intervenes


# --- holding the lane ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "lateral", "is_held"),
    [
        (1, 0.0, True),
        (1, 1.4, True),  # 0.4 · 3.6 m = 1.44 m
        (1, 1.5, False),  # so far over, the change is completed
        (1, -1.5, True),
        (-1, -1.4, True),
        (-1, -1.5, False),
        (-1, 1.5, True),
        (0, 0.0, False),
    ],
)
def test_a_change_into_an_occupied_lane_is_held_until_it_is_committed(
    shift: int, lateral: float, is_held: bool
) -> None:
    bodies = [Body(22.0, 3.6, 20.0), Body(22.0, -3.6, 20.0)]
    world = TinyWorld(straight_road(3), lane=1, speed=20.0, bodies=bodies)
    inputs = planning_input(world)
    scene = build_scene(inputs, TIMES, PLATFORM.car)
    reason = layer().hold_lane(scene, inputs, LaneDecision(shift), lateral)
    assert reason == (
        f"lane held: vehicle beside on the {'left' if shift > 0 else 'right'}" if is_held else None
    )


def test_a_change_into_an_empty_lane_is_not_held() -> None:
    inputs = planning_input(TinyWorld(straight_road(3), lane=1, speed=20.0))
    scene = build_scene(inputs, TIMES, PLATFORM.car)
    assert layer().hold_lane(scene, inputs, LaneDecision(1), 0.0) is None


@pytest.mark.parametrize(("gap", "is_held"), [(12.6, False), (12.0, True)])
def test_the_lane_is_held_if_the_gap_is_too_small_for_a_change_under_pressure(
    gap: float, is_held: bool
) -> None:
    """A car at 23 m/s behind 20 m/s needs 3 + 0.5 · 0.6 · 26 + 9 / (2 · 2 · 1.5) = 12.3 m.

    Without pressure it would be 3 + 0.5 · 26 + 9 / 4 = 18.25 m. The ego reaches 0.95 m behind its axle.
    """
    bodies = [Body(20.0 - 0.95 - gap - HALF_LENGTH, 3.6, 23.0)]
    inputs = planning_input(TinyWorld(straight_road(3), lane=1, speed=20.0, bodies=bodies))
    scene = build_scene(inputs, TIMES, PLATFORM.car)
    assert (layer().hold_lane(scene, inputs, LaneDecision(1), 0.0) is not None) is is_held
