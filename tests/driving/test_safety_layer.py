"""The safety layer's demands, worked by hand from its settings.

The front bumper is 3.75 m ahead of the rear axle, and 2 m are left when stopped. The response takes 0.25 s;
RSS counts on 1 m/s² during it, 6.5 m/s² of the ego's brakes and 7.5 m/s² of the lead's.
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
    speed: float, *bodies: Body, planned: float = 0.0, max_braking: float = 8.0, to: float = 0.0
) -> Braking | None:
    """Beyond a plan that brakes with ``planned`` at its end, on a path to the lateral ``to``."""
    world = TinyWorld(straight_road(1), lane=0, speed=speed, bodies=list(bodies))
    scene = build_scene(planning_input(world), TIMES, PLATFORM.car)
    path = lateral_paths(LateralState(0.0, 0.0, 0.0), np.array([to]), speed, None).select([0])
    accelerations = np.append(np.zeros(9), planned)
    return layer().brake_harder(scene, path, speed, accelerations, max_braking)


def ahead(gap: float, speed: float = 0.0, lateral: float = 0.0) -> Body:
    return Body(FRONT + gap + HALF_LENGTH, lateral, speed)


def test_a_standing_vehicle_asks_for_what_stops_two_metres_before_it() -> None:
    """20 m/s, 42 m: 20² / (2 · 40) = 5 m/s², and a tenth and 0.3 m/s² more: 5.8 m/s²."""
    found = demand(20.0, ahead(42.0))
    assert found is not None
    assert found.acceleration == pytest.approx(-5.8, abs=0.01)
    assert found.emergency
    assert "42 m ahead, 2.1 s to impact" in found.reason


def test_no_more_is_asked_than_there_is() -> None:
    """At 25 m of gap 400 / 46 = 8.7 m/s² would be needed."""
    for limit in (3.0, 8.0):
        found = demand(20.0, ahead(25.0), max_braking=limit)
        assert found is not None and found.acceleration == -limit
    gentle = demand(20.0, ahead(25.0), max_braking=3.0)
    assert gentle is not None and not gentle.emergency


@pytest.mark.parametrize(("gap", "asks"), [(49.0, True), (50.2, False)])
def test_it_takes_over_from_4_2_on(gap: float, asks: bool) -> None:
    """400 / (2 · 47) = 4.26 m/s², 400 / (2 · 48.2) = 4.15 m/s²; RSS wants 36.6 m."""
    assert (demand(20.0, ahead(gap)) is not None) is asks


def test_a_short_time_to_collision_asks_where_little_braking_is_needed() -> None:
    """10 m/s behind 5 m/s, 7.5 m: 1.5 s, 25 / (2 · 5.5) = 2.27 m/s², so 2.8 m/s²: no emergency."""
    found = demand(10.0, ahead(7.5, 5.0))
    assert found is not None
    assert found.acceleration == pytest.approx(-(1.1 * 25.0 / 11.0 + 0.3), abs=0.01)
    assert not found.emergency


def test_within_the_rss_distance_it_eases_off() -> None:
    """20 m/s behind 18 m/s.

    RSS: 20 · 0.25 + 0.25² / 2 + 20.25² / 13 − 18² / 15 = 14.974 m. At 10 m: 0.3 + 3 · 4.974 / 14.974.
    """
    found = demand(20.0, ahead(10.0, 18.0))
    assert found is not None
    assert found.acceleration == pytest.approx(-(0.3 + 3.0 * 4.974 / 14.974), abs=0.005)
    assert not found.emergency and "15 m are safe" in found.reason
    just_inside, outside = demand(20.0, ahead(14.8, 18.0)), demand(20.0, ahead(15.1, 18.0))
    assert just_inside is not None and just_inside.acceleration == pytest.approx(-0.335, abs=0.005)
    assert outside is None


@pytest.mark.parametrize(("lead", "asks"), [(20.4, True), (20.6, False)])
def test_whoever_draws_away_is_let_go(lead: float, asks: bool) -> None:
    """RSS at equal speeds is 9.9 m; the gap is 5 m."""
    found = demand(20.0, ahead(5.0, lead))
    assert (found is not None) is asks


def test_what_is_planned_already_is_not_asked_again() -> None:
    """The demand is 5.8 m/s²; a plan that comes to 5.76 m/s² is enough, one of 5.7 m/s² is not."""
    assert demand(20.0, ahead(42.0), planned=-5.76) is None
    assert demand(20.0, ahead(42.0), planned=-5.7) is not None


def test_the_worst_of_several_decides() -> None:
    for bodies in ((44.0, 42.0, 46.0), (42.0, 44.0), (60.0, 42.0)):
        found = demand(20.0, *(ahead(gap) for gap in bodies))
        assert found is not None and found.reason.startswith("vehicle 42 m ahead")


def test_who_is_passed_hides_nobody_who_is_ahead() -> None:
    assert demand(20.0, ahead(-30.0), ahead(42.0)) is not None


def test_from_four_on_it_is_an_emergency() -> None:
    """49 m at 20 m/s: 4.26 m/s² and 4.98 with the surplus. 10 m/s behind 5 m/s: 5.5 m need 3.57 and 4.23."""
    for found in (demand(20.0, ahead(49.0)), demand(10.0, ahead(5.5, 5.0))):
        assert found is not None and found.emergency
        assert 4.0 < -found.acceleration < 5.0
    mild = demand(10.0, ahead(6.0, 5.0))  # 25 / 8 = 3.125, 3.74 m/s²
    assert mild is not None and mild.emergency is False


def test_easing_off_asks_for_three_at_most() -> None:
    """Touching, at almost its speed: 0.3 + 3 m/s² are cut to 3; half a metre apart it is a twentieth less."""
    touching, near = demand(20.0, ahead(0.0, 19.9)), demand(20.0, ahead(0.5, 20.2))
    assert touching is not None and touching.acceleration == -3.0
    safe = 36.574 - 20.2**2 / 15.0
    assert near is not None
    assert near.acceleration == pytest.approx(-min(0.3 + 3.0 * (safe - 0.5) / safe, 3.0), abs=0.005)
    assert near.emergency is False and near.reason == "RSS: vehicle 0 m ahead, 9 m are safe: easing off"


@pytest.mark.parametrize(
    ("lateral", "asks"),
    [(1.9, True), (1.95, False), (-1.9, True), (-1.95, False)],
    ids=lambda value: str(value),
)
def test_whoever_reaches_into_the_way_counts(lateral: float, asks: bool) -> None:
    """Half of 1.8 m and half of 1.85 m, and 0.1 m: 1.925 m."""
    assert (demand(20.0, ahead(30.0, 0.0, lateral)) is not None) is asks


def test_the_way_is_where_the_path_leads() -> None:
    """On the way to 3.6 m on the left what stands in its own lane far ahead is passed."""
    assert demand(20.0, ahead(48.0), to=3.6) is None
    assert demand(20.0, ahead(48.0, 0.0, 3.6), to=3.6) is not None


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_way_is_asked_where_the_bumper_meets_what_is_ahead(side: float) -> None:
    """When the bumper has gone 25 m the axle is at 25 m of the path; 1.9 m from there is in the way."""
    path = lateral_paths(LateralState(0.0, 0.0, 0.0), np.array([3.6]), 20.0, None).select([0])
    there = float(path.offset(np.array([[25.0]]))[0, 0])
    assert 0.5 < there < 3.1  # on the way over
    assert demand(20.0, ahead(25.0, 0.0, there + side * 1.9), to=3.6) is not None
    assert demand(20.0, ahead(25.0, 0.0, there + side * 1.95), to=3.6) is None


@pytest.mark.parametrize(("gap", "asks"), [(-0.4, True), (-0.6, False)])
def test_who_has_fallen_behind_the_bumper_does_not_count(gap: float, asks: bool) -> None:
    """Half a metre of overlap is still ahead: its rear end may be measured too near."""
    found = demand(20.0, ahead(gap))
    assert (found is not None) is asks


# --- holding the lane ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "lateral", "held"),
    [
        (1, 0.0, True),
        (1, 1.4, True),  # 0.4 · 3.6 m = 1.44 m
        (1, 1.5, False),  # so far over, it is carried through
        (1, -1.5, True),
        (-1, -1.4, True),
        (-1, -1.5, False),
        (-1, 1.5, True),
        (0, 0.0, False),
    ],
)
def test_a_change_into_an_occupied_lane_is_held_until_it_is_committed(
    shift: int, lateral: float, held: bool
) -> None:
    bodies = [Body(22.0, 3.6, 20.0), Body(22.0, -3.6, 20.0)]
    world = TinyWorld(straight_road(3), lane=1, speed=20.0, bodies=bodies)
    inputs = planning_input(world)
    scene = build_scene(inputs, TIMES, PLATFORM.car)
    found = layer().hold_lane(scene, inputs, LaneDecision(shift), lateral)
    assert found == (f"lane held: vehicle beside on the {'left' if shift > 0 else 'right'}" if held else None)


def test_a_change_into_an_empty_lane_is_not_held() -> None:
    inputs = planning_input(TinyWorld(straight_road(3), lane=1, speed=20.0))
    scene = build_scene(inputs, TIMES, PLATFORM.car)
    assert layer().hold_lane(scene, inputs, LaneDecision(1), 0.0) is None


@pytest.mark.parametrize(("gap", "held"), [(12.6, False), (12.0, True)])
def test_holding_asks_for_the_gap_of_a_change_under_pressure(gap: float, held: bool) -> None:
    """A car at 23 m/s behind 20 m/s needs 3 + 0.5 · 0.6 · 26 + 9 / (2 · 2 · 1.5) = 12.3 m.

    Without pressure it would be 3 + 0.5 · 26 + 9 / 4 = 18.25 m. The ego reaches 0.95 m behind its axle.
    """
    bodies = [Body(20.0 - 0.95 - gap - HALF_LENGTH, 3.6, 23.0)]
    inputs = planning_input(TinyWorld(straight_road(3), lane=1, speed=20.0, bodies=bodies))
    scene = build_scene(inputs, TIMES, PLATFORM.car)
    assert (layer().hold_lane(scene, inputs, LaneDecision(1), 0.0) is not None) is held
