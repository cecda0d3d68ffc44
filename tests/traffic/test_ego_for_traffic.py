"""What traffic sees of an ego that is turned from the road's direction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from drive_stack.geometry import box_corners
from drive_stack.types import Control
from envs.scenarios.scenario import load_scenario
from envs.views import ego_on_road
from envs.world import World

EMPTY = ("traffic.density=0", "people=[]")


def turned(
    scenario: str,
    turn: float,
    overrides: tuple[str, ...] = EMPTY,
    *,
    seed: int = 100_000,
    offset: float = 0.0,
) -> World:
    """A world whose ego stands ``offset`` [m] left of its place, turned to the left by ``turn`` [rad]."""
    world = World(load_scenario(scenario, overrides), seed)
    ego = world._episode.ego
    ego.x, ego.y = ego.x - offset * math.sin(ego.yaw), ego.y + offset * math.cos(ego.yaw)
    ego.yaw, ego.speed = ego.yaw + turn, 0.0
    world._update_ego_state(world._ego.station)
    return world


@pytest.mark.parametrize("scenario", ["cruise", "curves"])
@pytest.mark.parametrize("turn", [-1.2, -0.37, 0.0, 0.37, 1.2])
def test_traffic_reacts_to_the_box_along_the_road_around_the_egos_body(scenario: str, turn: float) -> None:
    world = turned(scenario, turn)
    ego, car = world._ego, world.car
    centre = np.array([ego.x, ego.y]) + car.centre_ahead * np.array([math.cos(ego.yaw), math.sin(ego.yaw)])
    corners = box_corners(centre, ego.yaw, car.length, car.width)
    places = np.array([world.road.to_road(float(x), float(y))[:2] for x, y in corners])
    lane = world.road.lane_at(ego.station, ego.lateral)
    seen = ego_on_road(ego, world._ego_turn, lane, car)
    half = np.array([seen.length, seen.width]) / 2.0
    expected = np.array([seen.station, seen.lateral])
    np.testing.assert_allclose(places.min(axis=0), expected - half, atol=0.03)  # a bend is not straight
    np.testing.assert_allclose(places.max(axis=0), expected + half, atol=0.03)


@pytest.mark.parametrize("seed", [100_000, 100_003])
def test_traffic_stops_for_an_ego_whose_nose_is_in_its_lane(seed: int) -> None:
    """The ego stands in the middle lane, turned by 21°: its rear axle is in it."""
    lanes = (
        "road.lanes=3",
        "ego.lane=middle",
        "traffic.density=12",
        "people=[]",
        "road.grades=[]",
        "traffic.motorcycle_share=0",
    )
    world = turned("cruise", math.radians(21.0), lanes, seed=seed, offset=0.8)
    for _ in range(150):
        world.step(Control(0.0, -3.0))
        assert world.outcome != "collision"
    cars, ego = world.state().vehicles, world.state().ego
    behind = (cars.station < ego.station) & (cars.lateral > ego.lateral + 2.0)
    assert (cars.speed[behind] < 0.5).any()
