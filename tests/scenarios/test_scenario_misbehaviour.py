"""Keys of drivers and pedestrians who misbehave have their documented effect."""

from __future__ import annotations

import numpy as np
import pytest
from scenario_worlds import DT, EGO_SPEED, gap, pedestrian_positions, scenario, states, world

from drive_stack.errors import ConfigError
from drive_stack.types import Side
from drive_stack.world_state import WorldState
from envs.lane_hold import hold_lane

RIGHT_EDGE = -8.25  # of the pavement [m]
CROSSER = "kind: crosser, at: 300, speed_kmh: 5, half_way: {at: 0.5, hold: 2, turns_back: true}"


def speeds(observed: list[WorldState]) -> np.ndarray:
    """Speed of the first vehicle [m/s]."""
    return np.array([state.vehicles.speed[0] for state in observed])


def laterals(observed: list[WorldState]) -> np.ndarray:
    """Lateral of the first vehicle [m]."""
    return np.array([state.vehicles.lateral[0] for state in observed])


def starts(flags: np.ndarray) -> np.ndarray:
    """Times at which a flag becomes true [s]."""
    return DT * (1.0 + np.flatnonzero(~flags[:-1] & flags[1:]))


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_lead_brakes_as_often_as_it_should(times: int) -> None:
    brakes = f"{{after: 2, deceleration: 5, to_kmh: 36, hold: 1, times: {times}, pause: 2}}"
    observed = list(states(world(f"actors: [{{kind: lead, gap: 900, brakes: {brakes}}}]"), 30.0))
    braking = np.diff(speeds(observed)) < -0.9 * 5.0 * DT
    begins = starts(np.concatenate([[False], braking]))
    assert len(begins) == times
    assert begins[0] == pytest.approx(2.0, abs=1.5 * DT)
    # 2 s from 20 to 10 m/s, 1 s at 10 m/s, 2 s of acceleration, and so on
    assert np.diff(begins)[:1] == pytest.approx([5.0] * min(times - 1, 1), abs=3 * DT)
    assert speeds(observed).min() == pytest.approx(10.0, abs=1e-6)


@pytest.mark.parametrize("headway", [0.3, 0.6])
def test_a_cut_in_may_be_closer_than_any_rule_allows(headway: float) -> None:
    text = f"actors: [{{kind: cut_in, headway: {headway}, slower_kmh: 0, after: 3, duration: 2}}]"
    observed = list(states(world(text), 6.0))
    first = int(observed[0].vehicles.target_lane[0])
    changed = next(state for state in observed if int(state.vehicles.target_lane[0]) != first)
    assert changed.time == pytest.approx(3.0, abs=1.5 * DT)
    assert gap(changed) == pytest.approx(headway * EGO_SPEED, abs=0.1)


def test_a_vehicle_that_has_cut_in_brakes_at_once() -> None:
    text = (
        "actors: [{kind: cut_in, headway: 0.6, slower_kmh: 0, after: 3, duration: 2, "
        "brakes: {delay: 0.5, deceleration: 6, to_kmh: 36, hold: 2}}]"
    )
    scenario_world = world(text)
    observed = list(states(scenario_world, 12.0))
    speed = speeds(observed)
    begins = starts(np.concatenate([[False], np.diff(speed) < -0.9 * 6.0 * DT]))
    centre = scenario_world.road.lanes[1].offset
    entered = next(state.time for state in observed[80:] if abs(state.vehicles.lateral[0] - centre) < 1e-6)
    assert begins[0] == pytest.approx(entered + 0.5, abs=2.5 * DT)
    assert speed.min() == pytest.approx(10.0, abs=1e-6)
    assert np.isclose(speed, 10.0, atol=1e-6).sum() * DT == pytest.approx(2.0, abs=2.5 * DT)


@pytest.mark.parametrize(("side", "sign"), [("left", -1.0), ("right", 1.0)])
def test_a_drifting_vehicle_comes_towards_the_ego_and_returns(side: str, sign: float) -> None:
    keys = "gap: 8, slower_kmh: 0, after: 2, distance: 1.2, duration: 3, hold: 1"
    observed = list(states(world(f"actors: [{{kind: drift, side: {side}, {keys}}}]"), 12.0))
    moved = sign * (laterals(observed) - laterals(observed)[0])
    time = np.array([state.time for state in observed])
    assert moved[time <= 2.0] == pytest.approx(0.0)
    assert moved.max() == pytest.approx(1.2, abs=1e-6)
    away = np.isclose(moved, 1.2, atol=1e-6)
    assert time[away][0] == pytest.approx(5.0, abs=2 * DT)
    assert away.sum() * DT == pytest.approx(1.0, abs=3 * DT)
    assert moved[time > 9.2] == pytest.approx(0.0, abs=1e-9)
    assert gap(observed[round(2.0 / DT)]) == pytest.approx(8.0, abs=0.1)
    assert {int(state.vehicles.lane[0]) for state in observed} == {int(observed[0].vehicles.lane[0])}
    assert not any(state.vehicles.indicator[0] for state in observed)


def test_a_copy_of_a_world_does_not_brake_for_the_original() -> None:
    text = (
        "actors: [{kind: cut_in, headway: 0.6, slower_kmh: 0, after: 1, duration: 2, "
        "brakes: {deceleration: 6, to_kmh: 36, hold: 2}}]"
    )
    original = world(text)
    twin = original.copy()
    list(states(original, 8.0))
    observed = list(states(twin, 8.0))
    assert speeds(observed)[0] == EGO_SPEED  # the twin has not moved while the original drove
    assert original.state().vehicles.speed[0] == observed[-1].vehicles.speed[0]


def test_a_pedestrian_who_hesitates_turns_back() -> None:
    text = f"ego: {{lane: rightmost, speed_share: 1}}\npeople: [{{{CROSSER}}}]"
    lateral = np.array([pedestrian_positions(state)[1][0] for state in states(world(text), 40.0)])
    ego_lane = -3.5
    assert lateral.max() == pytest.approx(ego_lane, abs=0.02)  # the middle of the bonnet
    top = int(np.argmax(lateral))
    assert (np.diff(lateral[: top + 1]) >= -1e-9).all() and (np.diff(lateral[top:]) <= 1e-9).all()
    assert lateral[0] < RIGHT_EDGE
    assert lateral[-1] == pytest.approx(lateral[0], abs=0.1)


def test_two_people_come_from_both_sides_at_the_same_time() -> None:
    people = ", ".join(
        f"{{kind: crosser, at: 300, side: {side}, speed_kmh: 5}}" for side in ("left", "right")
    )
    for state in states(world(f"people: [{people}]"), 20.0):
        stations, lateral = pedestrian_positions(state)
        if state.route_start + stations[0] - state.ego.station - 3.75 <= 0.0:
            assert lateral == pytest.approx([0.0, 0.0], abs=0.1)  # both are in front of the ego
            return
    raise AssertionError("the ego did not reach the pedestrians")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("kind: cut_in, gap: 10, headway: 0.5", "give a gap"),
        ("kind: cut_in, headway: 0.01", "is no distance"),
        ("kind: cut_in, brakes: {to_kmh: 100}", "must be below its speed"),
        ("kind: drift, distance: 5", "must lie within 0.2"),
        ("kind: drift, slower_kmh: 80", "cannot cut in"),
        ("kind: lead, gap: 50, brakes: {times: 4}", "less than or equal to 3"),
    ],
)
def test_what_cannot_happen_is_refused(keys: str, message: str) -> None:
    with pytest.raises((ConfigError, ValueError), match=message):
        scenario(f"actors: [{{{keys}}}]")


@pytest.mark.parametrize("ahead", [-6.0, -2.0, 4.0])
def test_a_blind_merge_starts_at_its_time_whatever_is_next_to_it(ahead: float) -> None:
    text = f"actors: [{{kind: blind_merge, side: left, ahead: {ahead}, after: 3, duration: 3, body: sedan}}]"
    observed = list(states(world(text), 8.0))
    assert gap(observed[0]) == pytest.approx(ahead, abs=1e-6)
    assert speeds(observed[: round(3.0 / DT)]) == pytest.approx(EGO_SPEED, abs=0.3)
    apart = laterals(observed) - observed[0].ego.lateral
    assert apart[0] == pytest.approx(3.5) and apart[-1] == pytest.approx(0.0, abs=0.01)
    moves = np.abs(apart - 3.5) > 1e-6
    assert DT * np.argmax(moves) == pytest.approx(3.0, abs=2.1 * DT)
    assert DT * np.argmax(np.abs(apart) < 1e-6) == pytest.approx(6.0, abs=3.1 * DT)


def test_an_ego_that_does_not_react_is_hit_by_a_blind_merge() -> None:
    hit = world("actors: [{kind: blind_merge, side: right, ahead: -4, after: 1, duration: 3, body: sedan}]")
    for _ in range(round(6.0 / DT)):
        hit.step(hold_lane(hit.ego, hit.road, 1, EGO_SPEED, hit.car))
    assert [contact.side for contact in hit.contacts][:1] == [Side.RIGHT]


def test_a_vehicle_merges_from_the_ramp_without_looking() -> None:
    text = (
        "road: {kind: on_ramp, lanes: 2}\nego: {lane: rightmost, station: %s}\n"
        "actors: [{kind: blind_merge, side: right, ahead: 2, after: 1, body: sedan}]"
    )
    ramp = next(lane for lane in world("road: {kind: on_ramp, lanes: 2}").road.lanes if lane.approach > 0.0)
    observed = list(states(world(text % round(ramp.opens + 20.0)), 6.0))
    offset = laterals(observed) - observed[0].ego.lateral
    assert offset[0] < -3.0 and offset[-1] == pytest.approx(0.0, abs=0.05)
