"""Nothing overlaps when an episode starts or a vehicle appears."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from drive_stack.geometry import box_corners
from drive_stack.types import ContactKind
from drive_stack.vehicle import VehicleParameters
from envs.contacts import RAIL_BEYOND_PAVEMENT, Shapes, ego_body
from envs.lane_hold import hold_lane
from envs.occupancy import Occupancy
from envs.overlap import count_touching, touches_any
from envs.scenarios.roads import Curve, Straight
from envs.scenarios.scenario import CATALOGUE, Scenario, load_scenario
from envs.spawning.episode_setup import EpisodeSetup, build_episode
from envs.views import collision_shapes, other_shapes
from envs.world import World

CAR = VehicleParameters()
SCENES = CATALOGUE.parent / "training" / "scenes"
FILES = (*sorted(CATALOGUE.glob("*.yaml")), *sorted(SCENES.glob("*.yaml")))
# seeds with which, in earlier versions, vehicles started or appeared among barriers
ROAD_WORKS_SEEDS = (100_025, 100_704, 100_026)


def scenario_of(path: Path) -> Scenario:
    return load_scenario(path.stem if path.parent == CATALOGUE else path)


def all_shapes(episode: EpisodeSetup) -> Shapes:
    return collision_shapes(episode.traffic, other_shapes(episode.pedestrians, episode.obstacles.states))


def overlaps(episode: EpisodeSetup) -> list[str]:
    """Problems of an initial state: pairs that touch, and bodies in a guard rail."""
    shapes, ego = all_shapes(episode), episode.ego
    car = ego_body(ego.x, ego.y, ego.yaw, ego.speed, CAR)
    boxes, discs = shapes.radius == 0.0, shapes.radius > 0.0
    poses = np.vstack([shapes.pose[boxes], car.pose])
    lengths, widths = np.append(shapes.length[boxes], CAR.length), np.append(shapes.width[boxes], CAR.width)
    pedestrians, radii = shapes.pose[discs], shapes.radius[discs]
    problems = ["boxes"] * int(count_touching(poses, lengths, widths, pedestrians, radii))
    distances = np.hypot(*(pedestrians[:, None, :2] - pedestrians[None, :, :2]).transpose(2, 0, 1))
    close = np.triu(distances < radii[:, None] + radii[None, :], 1)
    problems += ["pedestrians"] * int(np.count_nonzero(close))
    vehicles = [kind is ContactKind.VEHICLE for kind, box in zip(shapes.kind, boxes, strict=True) if box]
    for pose, length, width, is_vehicle in zip(poses, lengths, widths, [*vehicles, True], strict=True):
        corners = box_corners(pose[:2], float(pose[2]), float(length), float(width)) if is_vehicle else ()
        if any(beyond_rail(episode, corner) > 0.0 for corner in corners):
            problems.append("vehicle in a rail")
    problems += [
        "person in a rail"
        for position, radius in zip(pedestrians, radii, strict=True)
        if abs(beyond_rail(episode, position)) < radius
    ]
    return problems


def beyond_rail(episode: EpisodeSetup, point: np.ndarray) -> float:
    """How far a world point is beyond the nearer guard rail [m]; negative on the road."""
    station, lateral, _ = episode.road.to_road(float(point[0]), float(point[1]))
    right, left = episode.road.paved(station)
    return max(lateral - left, right - lateral) - RAIL_BEYOND_PAVEMENT


def assert_no_overlaps(path: Path, seeds: range) -> None:
    scenario = scenario_of(path)
    for seed in seeds:
        assert overlaps(build_episode(scenario, seed, CAR)) == [], f"{path.stem}, seed {seed}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_overlaps_at_the_start(path: Path) -> None:
    assert_no_overlaps(path, range(4))
    assert_no_overlaps(path, range(100_000, 100_004))


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_overlaps_at_the_start_of_a_hundred_seeds(path: Path) -> None:
    assert_no_overlaps(path, range(100))
    assert_no_overlaps(path, range(100_000, 100_100))


@pytest.mark.parametrize("density", [60, 110])
@pytest.mark.parametrize("name", ["construction", "merge", "lane_drop", "stalled_car", "crowds"])
def test_nothing_overlaps_in_the_densest_traffic(name: str, density: int) -> None:
    source = name if (CATALOGUE / f"{name}.yaml").exists() else SCENES / f"{name}.yaml"
    scenario = load_scenario(source, (f"traffic.density={density}",))
    for seed in range(2):
        assert overlaps(build_episode(scenario, seed, CAR)) == []


def count_clear_arrivals(world: World, seconds: float) -> int:
    """Drive by holding the lane; check that new vehicles touch nothing and return their number."""
    lane, speed = world.road.lane_at(world.ego.station, world.ego.lateral), world.ego.speed
    known, appeared = set(world.actor_poses()[0].tolist()), 0
    while world.time < seconds and world.outcome is None:
        world.step(hold_lane(world.ego, world.road, lane, speed, world.car))
        new = set(world.actor_poses()[0].tolist()) - known
        if new:
            known |= new
            appeared += len(new)
            shapes = world._cache.shapes
            for row in np.flatnonzero(np.isin(shapes.id, list(new))):
                others = np.arange(len(shapes.id)) != row
                assert not touches_any(
                    shapes.pose[row], shapes.length[row], shapes.width[row], 0.0,
                    shapes.pose[others], shapes.length[others], shapes.width[others], shapes.radius[others],
                )  # fmt: skip
    assert world.traffic_contacts == 0
    return appeared


def test_new_vehicles_overlap_nothing() -> None:
    appeared = [
        count_clear_arrivals(World(load_scenario(name), seed), 25.0)
        for name in ("dense_traffic", "construction", "merge", "jam_tail")
        for seed in (100_003, 100_004)
    ]
    assert sum(appeared) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_new_vehicles_overlap_nothing_in_every_scenario(path: Path) -> None:
    for seed in range(100_000, 100_010):
        count_clear_arrivals(World(scenario_of(path), seed), 40.0)


@pytest.mark.parametrize("seed", ROAD_WORKS_SEEDS)
def test_no_vehicle_is_ever_among_the_barriers(seed: int) -> None:
    world = World(load_scenario("construction"), seed)
    obstacles = world.state().obstacles
    stations = [
        world.road.to_road(float(x), float(y))[0] for x, y in zip(obstacles.x, obstacles.y, strict=True)
    ]
    lane = len(world.road.lanes) - 1
    while world.time < 40.0:  # beyond the end of the route if necessary
        world.step(hold_lane(world.ego, world.road, 0, 0.8 * world.speed_limit, world.car))
        vehicles = world.state().vehicles
        inside = (vehicles.station > min(stations) + 70.0) & (vehicles.station < max(stations))
        assert not np.any(inside & (vehicles.lane == lane)), f"at {world.time:.1f} s"


def test_an_arrow_board_does_not_overlap_the_cones() -> None:
    """With a shorter spacing and taper, the board's position has a cone with every seed."""
    keys = ("obstacles.0.spacing=2", "obstacles.0.taper=30", "traffic.density=0")
    for seed in range(5):
        episode = build_episode(load_scenario("construction", keys), seed, CAR)
        assert np.count_nonzero(episode.obstacles.states.width == 2.0) == 1
        assert overlaps(episode) == []


def test_a_vehicle_parked_on_a_narrow_shoulder_stands_inside_the_rail() -> None:
    parked = "{kind: stopped, at: 100, place: left_shoulder, offset: -0.13, body: box_truck}"
    keys = (f"actors=[{parked}]", "road.left_shoulder=0.75", "traffic.density=0")
    assert overlaps(build_episode(load_scenario("stalled_car", keys), 1, CAR)) == []


@pytest.mark.parametrize(
    "pose, size, radius, touches",
    [
        ((2.1, 0.0, 0.0), (2.0, 1.0), 0.0, False),  # the other box reaches from −1 to 1
        ((1.9, 0.0, 0.0), (2.0, 1.0), 0.0, True),
        ((1.0 + math.sqrt(2.0) + 0.01, 0.0, math.pi / 4.0), (2.0, 2.0), 0.0, False),  # its corner reaches √2
        ((1.0 + math.sqrt(2.0) - 0.01, 0.0, math.pi / 4.0), (2.0, 2.0), 0.0, True),
        ((1.4, 0.9, 0.0), (0.0, 0.0), 0.5, True),  # 0.4, 0.3 beyond the corner: 0.5² ≥ 0.4² + 0.3²
        ((1.41, 0.9, 0.0), (0.0, 0.0), 0.5, False),
        ((0.0, -3.69, 0.0), (0.0, 0.0), 0.4, True),  # another disc of radius 0.3 at (0, −3)
        ((0.0, -3.71, 0.0), (0.0, 0.0), 0.4, False),
    ],
)
def test_touching_by_hand(
    pose: tuple[float, float, float], size: tuple[float, float], radius: float, touches: bool
) -> None:
    """A shape against a box of 2 m × 1.2 m around the origin and a disc."""
    poses = np.array([[0.0, 0.0, 0.0], [0.0, -3.0, 0.0]])
    lengths, widths, radii = np.array([2.0, 0.0]), np.array([1.2, 0.0]), np.array([0.0, 0.3])
    assert bool(touches_any(np.array(pose), *size, radius, poses, lengths, widths, radii)) is touches


def test_occupancy_finds_the_next_free_position() -> None:
    occupancy = Occupancy(Straight().build(np.random.default_rng(0)))
    occupancy.add_box(100.0, 0.0, 4.0, 2.0)
    assert 104.1 < occupancy.free_box_station(100.0, 0.0, 4.0, 2.0) <= 104.5
    assert occupancy.free_box_station(100.0, 2.3, 4.0, 2.0) == 100.0
    assert abs(occupancy.free_disc_station(101.9, 0.0, 0.3) - 102.5) < 0.3


def test_occupancy_grows_and_follows_curves() -> None:
    road = Curve(radius=250).build(np.random.default_rng(1))
    occupancy = Occupancy(road)
    for station in np.arange(50.0, 1050.0, 5.0):
        occupancy.add_box(float(station), 0.0, 4.0, 2.0)
    assert occupancy.count == 200
    assert not occupancy.is_box_free(1045.0, 1.0, 4.0, 2.0)
    assert occupancy.is_box_free(1045.0, 2.4, 4.0, 2.0)
