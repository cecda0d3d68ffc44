"""Scenarios and worlds made from a few lines of a scenario file, and the errors of invalid files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.geometry import box_corners, to_local
from drive_stack.world_state import ObstacleStates, PedestrianStates, VehicleStates, WorldState
from envs.lane_hold import hold_lane
from envs.scenarios.scenario import Scenario, load_scenario
from envs.world import World

HEAD = """\
name: keys
description: One key at a time.
source: None.
road: {kind: straight, lanes: 3, lane_width: 3.5, left_shoulder: 1, right_shoulder: 3}
speed_limit_kmh: 72
ego: {lane: middle, speed_share: 1}
traffic: {density: 0}
conditions: {weather: {clear: 1}, light: {day: 1}}
"""
EGO_SPEED = 20.0  # 72 km/h [m/s]
EGO_FRONT = 3.75  # of the front bumper, ahead of the ego's start [m]
DT = 0.05


def scenario(text: str) -> Scenario:
    """The scenario of `HEAD`, with the keys of ``text`` added or replaced."""
    return Scenario.model_validate(yaml.safe_load(HEAD) | yaml.safe_load(text))


def world(text: str, seed: int = 0) -> World:
    return World(scenario(text), seed)


def states(world: World, seconds: float, speed: float | None = None) -> Iterator[WorldState]:
    """The states of a world in which the ego holds its lane and speed, the first one included.

    It continues after collisions, so that every event is complete.
    """
    lane = world.road.lane_at(world.ego.station, world.ego.lateral)
    speed = world.ego.speed if speed is None else speed
    yield world.state()
    for _ in range(round(seconds / world.physics_dt)):
        world.move(hold_lane(world.ego, world.road, lane, speed, world.car))
        yield world.state()


def hold_middle_lane(world: World, seconds: float, speed: float) -> None:
    """Drive in the middle lane, and step the world with its contacts and outcome."""
    for _ in range(round(seconds / DT)):
        world.step(hold_lane(world.ego, world.road, 1, speed, world.car))


def projected_box(state: WorldState, group: VehicleStates | PedestrianStates | ObstacleStates) -> np.ndarray:
    """The box (x1, y1, x2, y2) [px] around the projected cuboid of the first actor of a group."""
    size = float(group.length[0]), float(group.width[0])
    corners = box_corners(np.array([group.x[0], group.y[0]]), float(group.yaw[0]), *size)
    flat = to_local(corners, np.array([state.ego.x, state.ego.y]), state.ego.yaw)
    points = np.vstack([np.column_stack([flat, np.full(4, z)]) for z in (0.0, float(group.height[0]))])
    pixels = CameraModel().project(points)[:, :2]
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


def rear(state: WorldState, row: int = 0) -> float:
    """Distance of a vehicle's rear bumper ahead of the ego's start [m]."""
    vehicles = state.vehicles
    return float(vehicles.station[row] - vehicles.length[row] / 2.0 - state.route_start)


def gap(state: WorldState, row: int = 0) -> float:
    """Distance from the ego's front bumper to a vehicle's rear [m]."""
    return rear(state, row) + state.route_start - state.ego.station - EGO_FRONT


def pedestrian_positions(state: WorldState) -> tuple[np.ndarray, np.ndarray]:
    """Stations relative to the ego's start and laterals of all pedestrians [m]."""
    pedestrians = state.pedestrians
    positions = [
        state.road.to_road(float(x), float(y)) for x, y in zip(pedestrians.x, pedestrians.y, strict=True)
    ]
    return np.array([p[0] for p in positions]) - state.route_start, np.array([p[1] for p in positions])


def obstacles(state: WorldState, kind: int) -> tuple[np.ndarray, np.ndarray]:
    """Stations relative to the ego's start and laterals of all obstacles of a kind [m]."""
    obstacle_states = state.obstacles
    rows = np.flatnonzero(obstacle_states.kind == kind)
    positions = [
        state.road.to_road(float(obstacle_states.x[row]), float(obstacle_states.y[row])) for row in rows
    ]
    return np.array([p[0] for p in positions]) - state.route_start, np.array([p[1] for p in positions])


FILE_HEAD = """\
name: own
description: A test.
source: None.
speed_limit_kmh: 100
conditions: {weather: {clear: 1}}
"""
FILE_ROAD = "road: {kind: straight, lanes: 3}\n"


def write_scenario(tmp_path: Path, text: str) -> Path:
    """Write ``text`` to a scenario file, with the keys that it lacks; returns its path."""
    path = tmp_path / "own.yaml"
    head = FILE_HEAD
    if "conditions:" in text:
        head = head.replace("conditions: {weather: {clear: 1}}\n", "")
    if "speed_limit_kmh:" in text:
        head = head.replace("speed_limit_kmh: 100\n", "")
    path.write_text(head + ("" if "road:" in text else FILE_ROAD) + text, encoding="utf-8")
    return path


def refusal(path: Path, *overrides: str) -> str:
    """The error of a file that must be refused, which is one line."""
    with pytest.raises(ConfigError) as caught:
        load_scenario(path, overrides)
    message = str(caught.value)
    assert "\n" not in message
    assert "Value error" not in message
    return message
