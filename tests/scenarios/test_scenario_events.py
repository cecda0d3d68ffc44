"""The hazard of each scenario occurs, and an ego that ignores it has a collision."""

import numpy as np
import pytest
from lane_driver import drive

from drive_stack.types import ContactKind
from envs.lane_hold import hold_lane
from envs.scenarios.scenario import load_scenario
from envs.world import World

CONFLICTS = {
    "stalled_car": ContactKind.VEHICLE,
    "stationary_lead": ContactKind.VEHICLE,
    "jam_tail": ContactKind.VEHICLE,
    "cut_in": ContactKind.VEHICLE,
    "cut_out": ContactKind.VEHICLE,
    "construction": ContactKind.OBJECT,
    "pedestrian_crossing": ContactKind.PEDESTRIAN,
    "running_pedestrian": ContactKind.PEDESTRIAN,
    "occluded_child": ContactKind.PEDESTRIAN,
    "walker_along": ContactKind.PEDESTRIAN,
}


@pytest.mark.parametrize("name, kind", CONFLICTS.items())
def test_an_ego_that_ignores_traffic_hits_the_hazard_of_the_scenario(name: str, kind: ContactKind) -> None:
    scenario = load_scenario(name, ("traffic.density=0",))  # other traffic may get in between
    hits = []
    for seed in (1, 2, 3):
        world = drive(World(scenario, seed), 40.0, braking=False)
        hits += [contact.kind for contact in world.state().contacts]
    assert hits.count(kind) == 3


def test_the_child_is_hidden_until_it_steps_out() -> None:
    state = World(load_scenario("occluded_child"), 2).state()
    child, ego = state.pedestrians, state.ego
    station, lateral, _ = state.road.to_road(float(child.x[0]), float(child.y[0]))
    assert child.child[0]
    fraction = np.linspace(0.0, 1.0, 400)
    ray_stations = ego.station + 1.7 + (station - ego.station - 1.7) * fraction
    ray_laterals = ego.lateral + (lateral - ego.lateral) * fraction
    parked = state.vehicles.indicator == 2
    covers = (
        np.abs(ray_stations[:, None] - state.vehicles.station[parked]) < state.vehicles.length[parked] / 2
    ) & (np.abs(ray_laterals[:, None] - state.vehicles.lateral[parked]) < state.vehicles.width[parked] / 2)
    assert covers.any()


def test_the_lead_brakes_as_hard_as_written() -> None:
    scenario = load_scenario("braking_lead", ("traffic.density=0",))
    world = World(scenario, 3)
    hardest = 0.0
    while world.time < 12.0:
        world.step(hold_lane(world.ego, world.road, 0, world.ego.speed, world.car))
        hardest = min(hardest, float(world.state().vehicles.acceleration.min()))
    assert any(hardest == pytest.approx(-written, abs=0.01) for written in (2.0, 4.0, 6.0))
