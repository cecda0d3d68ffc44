"""Waiting in a jam is not being stuck; standing still on a free road is."""

from __future__ import annotations

import pytest
from scenario_worlds import scenario, world

from agents.registry import build_agent
from drive_stack.types import Control
from drive_stack.vehicle import control_to_action
from envs.highway import HighwayEnv
from envs.lane_hold import hold_lane
from envs.termination.waiting import MAX_DISTANCE
from envs.world import World

QUEUE = "actors: [{kind: queue, at: 200, per_lane: 4, dissolves: 45}]\nroute_length: 450\n"


def stand(scenario_world: World, distance: float) -> World:
    """Brake to a standstill at ``distance`` [m] ahead of the start, and stay there until the episode ends."""
    lane = scenario_world.road.lane_at(scenario_world.ego.station, scenario_world.ego.lateral)
    while scenario_world.outcome is None:
        remaining = scenario_world.state().route_start + distance - scenario_world.ego.station - 3.75
        speed = max(2.0 * 1.5 * remaining, 0.0) ** 0.5
        control = hold_lane(
            scenario_world.ego, scenario_world.road, lane, min(speed, 20.0), scenario_world.car
        )
        if remaining < 0.5 or scenario_world.ego.speed < 0.3:
            control = Control(control.steering, -6.0)
        scenario_world.step(control)
    return scenario_world


@pytest.mark.parametrize("seed", [0, 1])
def test_the_expert_waits_for_a_jam_to_dissolve_and_completes(seed: int) -> None:
    env = HighwayEnv(scenario(QUEUE), camera=False)
    env.reset(seed=seed)
    expert = build_agent("expert", env.platform, oracles=env.oracles, truth=env.truth)
    expert.reset(seed)
    standing_time = 0.0
    while env.world.outcome is None:
        env.step(control_to_action(expert.act(env.observation()), env.platform.car))
        standing_time += 0.1 * (env.world.ego.speed < 0.1)
    env.close()
    assert env.world.outcome == "completed"
    assert standing_time > scenario(QUEUE).stuck_after


@pytest.mark.parametrize(
    ("short_of", "outcome"),
    [(3.0, "timeout"), (MAX_DISTANCE - 3.0, "timeout"), (MAX_DISTANCE + 12.0, "stuck")],
)
def test_waiting_does_not_count_while_the_queue_is_near(short_of: float, outcome: str) -> None:
    text = "actors: [{kind: queue, at: 200, per_lane: 2, dissolves: 70}]\ntime_limit: 75\n"
    assert stand(world(text), 200.0 - short_of).outcome == outcome


@pytest.mark.parametrize(
    "ahead",
    [
        "actors: [{kind: stopped, at: 200}]",
        "people: [{kind: bystanders, at: 200, place: verge}]",
        "people: [{kind: bystanders, at: 200, place: shoulder, clear: 1}]",
        "people: [{kind: walker, at: 200, speed_kmh: 0}]",
        "actors: [{kind: queue, at: 1500}]",
        "obstacles: [{kind: lane_closure, at: 200}]",
        # a lead that drives is no reason to wait
        "ego: {lane: rightmost, speed_share: 1}\nactors: [{kind: lead, gap: 196, lane: ego, speed_kmh: 50}]",
    ],
)
def test_an_ego_behind_a_permanent_obstacle_is_stuck(ahead: str) -> None:
    scenario_world = stand(world(f"{ahead}\nstuck_after: 12\n"), 195.0)
    assert scenario_world.outcome == "stuck"
    assert scenario_world.time < 45.0


def test_an_empty_road_is_no_reason_to_wait() -> None:
    scenario_world = world("stuck_after: 30")
    standing_since = None
    while scenario_world.outcome is None:
        scenario_world.step(Control(0.0, -5.0))
        standing_since = (
            scenario_world.time
            if standing_since is None and scenario_world.ego.speed < 0.1
            else standing_since
        )
    assert standing_since is not None
    assert scenario_world.outcome == "stuck"
    assert scenario_world.time - standing_since == pytest.approx(30.0, abs=0.11)


def test_waiting_for_a_stationary_lead_or_a_pedestrian_is_not_being_stuck() -> None:
    lead = "actors: [{kind: lead, gap: 30, brakes: {after: 1, hold: 60}}]\nstuck_after: 10\ntime_limit: 40\n"
    # it stands with its rear 33.75 + 20 + 20² / 8 m ahead
    assert stand(world(lead), 95.0).outcome == "timeout"
    person = (
        "people: [{kind: crosser, at: 150, speed_kmh: 5, half_way: {at: 0.5, hold: 60}}]\n"
        "ego: {lane: rightmost, speed_share: 1}\nstuck_after: 10\ntime_limit: 40\n"
    )
    assert stand(world(person), 143.0).outcome == "timeout"


def test_the_stationary_time_continues_after_a_wait() -> None:
    # from 190 m on it stands; the queue is near ahead until some seconds after it has dissolved
    text = "actors: [{kind: queue, at: 200, per_lane: 1, dissolves: 30, to_kmh: 70}]\nstuck_after: 15\n"
    scenario_world = stand(world(text), 190.0)
    dissolved = (200.0 - 40.0 - 3.75) / 20.0 + 30.0
    assert scenario_world.outcome == "stuck"
    assert dissolved + 15.0 < scenario_world.time < dissolved + 25.0


def test_the_time_limit_ends_a_wait() -> None:
    scenario_world = stand(world(QUEUE.replace("45", "59") + "time_limit: 60\n"), 190.0)
    assert scenario_world.outcome == "timeout"
    assert scenario_world.time == pytest.approx(60.0, abs=0.051)
