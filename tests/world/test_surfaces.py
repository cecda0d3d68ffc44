"""The grip of each surface: braking, bends, traffic, posted limits and what drivers know of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.avoidability import Reason, evaluate_avoidability
from drive_stack.evaluation.road_scene import road_scene
from drive_stack.perception.grip import RainSensorGrip
from drive_stack.planning.settings import PlannerSettings
from drive_stack.types import Control
from drive_stack.vehicle import DRY_GRIP, GRAVITY, WET_GRIP, Surface, VehicleParameters
from drive_stack.world_state import Conditions, Weather
from envs.ego import Ego
from envs.hazards.unreactive_drive import drive_into_hazard
from envs.scenarios.conditions import surface_speed_limit
from envs.scenarios.scenario import load_scenario
from envs.traffic import DriverProfile
from envs.world import World

DT = 0.01
CAR = replace(VehicleParameters(), acceleration_lag=1e-3, min_acceleration=-20.0)  # only the tyres limit it
SLIPPERY = ("standing_water", "snow")


def world_on(surface: str, *settings: str, scenario: str = "dense_traffic", seed: int = 100_003) -> World:
    return World(load_scenario(scenario, (f"conditions.surface={{{surface}: 1}}", *settings)), seed)


@pytest.mark.parametrize("grade", [-0.06, 0.0, 0.06])
@pytest.mark.parametrize("surface", Surface)
def test_the_braking_distance_is_that_of_the_friction(surface: Surface, grade: float) -> None:
    """v² / (2·g·(µ·cos θ + sin θ)) along the road, with µ·g the grip of the surface."""
    ego, speed = Ego(CAR, surface.grip), 25.0
    ego.reset(0.0, 0.0, 0.0, speed)
    while ego.speed > 0.0:
        ego.step(Control(0.0, -20.0), DT, grade)
    slope = math.atan(grade)
    braking = surface.grip * math.cos(slope) + GRAVITY * math.sin(slope)
    assert ego.x / math.cos(slope) == pytest.approx(speed**2 / (2.0 * braking), rel=0.01)


@pytest.mark.parametrize("surface", Surface)
def test_a_bend_cannot_be_driven_with_more_than_the_grip(surface: Surface) -> None:
    """At 20 m/s the tightest bend has a radius of v² / (µ·g)."""
    ego = Ego(CAR, surface.grip)
    ego.reset(0.0, 0.0, 0.0, 20.0)
    for _ in range(100):
        ego.step(Control(0.2, 0.0), DT)
    assert ego.yaw_rate * ego.speed == pytest.approx(surface.grip, rel=0.01)


def test_the_order_of_the_surfaces_and_the_values_of_dry_and_wet() -> None:
    grips = [surface.grip for surface in Surface]
    assert grips == sorted(grips, reverse=True)
    assert grips[:2] == [DRY_GRIP, WET_GRIP]


def test_without_the_key_rain_makes_a_road_wet_and_nothing_else_does() -> None:
    assert Conditions().road_surface is Surface.DRY
    assert Conditions(weather=Weather.RAIN).grip == WET_GRIP
    assert Conditions(weather=Weather.FOG).grip == DRY_GRIP
    assert Conditions(weather=Weather.RAIN, surface=Surface.DRY).grip == DRY_GRIP


@pytest.mark.parametrize("surface", SLIPPERY)
def test_nobody_in_traffic_brakes_harder_than_the_grip(surface: str) -> None:
    """A standing ego in dense traffic makes drivers behind brake as hard as they can."""
    world = world_on(surface, "traffic.density=24", "road.grades=[]")
    hardest = 0.0
    while world.time < 25.0 and world.outcome is None:
        before = world.state().vehicles
        speeds = dict(zip(before.id.tolist(), before.speed.tolist(), strict=True))
        world.step(Control(0.0, -8.0))
        after = world.state().vehicles
        changes = [
            speeds[number] - speed
            for number, speed in zip(after.id.tolist(), after.speed.tolist(), strict=True)
            if number in speeds
        ]
        hardest = max(hardest, max(changes, default=0.0) / world.physics_dt)
    assert 0.3 * world.conditions.grip < hardest <= world.conditions.grip + 1e-6


def test_a_scripted_lead_brakes_with_at_most_the_grip() -> None:
    name = "braking_lead[shift=grip/3]"
    world = World(load_scenario(name), 200_000)
    hardest = 0.0
    while world.time < 12.0 and world.outcome is None:
        world.step(Control(0.0, 0.0))
        hardest = min(hardest, float(world.state().vehicles.acceleration.min()))
    assert hardest == pytest.approx(-2.9)
    assert -hardest <= world.conditions.grip


def test_drivers_keep_gaps_in_proportion_to_the_friction_below_a_wet_road() -> None:
    driver = DriverProfile()
    assert driver.on_grip(WET_GRIP) == driver.on_grip(DRY_GRIP) == driver
    snow = driver.on_grip(WET_GRIP / 2.0)
    assert snow.time_gap == pytest.approx(2.0 * driver.time_gap)
    assert snow.comfort_braking == pytest.approx(driver.comfort_braking / 2.0)


@pytest.mark.parametrize(
    ("surface", "factor"), [("dry", 1.0), ("wet", 1.0), ("snow", WET_GRIP / Surface.SNOW.grip)]
)
def test_steady_traffic_follows_at_the_time_gaps_of_its_surface(surface: str, factor: float) -> None:
    """Twenty vehicles a kilometre and lane: the mean time gap at the start is that of the drivers."""
    world = world_on(surface, "traffic.density=20", "traffic.large_share=0", "speed_limit_kmh=130")
    drivers = world._episode.traffic._rows
    alive = drivers["alive"] == 1
    assert drivers["time_gap"][alive].mean() == pytest.approx(1.55 * factor, rel=0.1)


@pytest.mark.parametrize(
    ("kmh", "surface", "posted"),
    [(130, "wet", 110), (130, "standing_water", 90), (130, "snow", 80), (80, "snow", 50), (130, "dry", 130)],
)
def test_posted_limits_follow_the_surface(kmh: int, surface: str, posted: int) -> None:
    """By hand for 130 km/h: 36.11·1.2 + 36.11² / 16 = 124.8 m.

    Wet, v·1.2 + v² / 11 = 124.8 gives 31.0 m/s = 112 km/h; in water 26.9 m/s = 97 km/h; on snow
    23.8 m/s = 86 km/h. 80 km/h has 57.5 m, which snow allows at 15.2 m/s = 55 km/h.
    """
    world = world_on(surface, f"speed_limit_kmh={kmh}", "conditions.weather={clear: 1}", scenario="slow_lead")
    assert world.speed_limit * 3.6 == pytest.approx(posted)


def test_a_bend_s_posted_limit_follows_the_surface() -> None:
    """In 300 m radius: √(0.32·8·300) = 27.7 m/s on a dry road, √(0.32·2.94·300) = 16.8 m/s on snow."""
    clear = ("road.radius=300", "speed_limit_kmh=130", "conditions.weather={clear: 1}")
    worlds = [world_on(name, *clear, scenario="curves") for name in ("dry", "snow")]
    assert [world.limits.limit.min() * 3.6 for world in worlds] == pytest.approx([90.0, 60.0])


def test_stopping_distances_are_equal_at_the_two_limits() -> None:
    for surface in (Surface.WET, Surface.SNOW):
        speed = surface_speed_limit(30.0, surface.grip)
        assert 1.2 * speed + speed**2 / (2.0 * surface.grip) == pytest.approx(1.2 * 30.0 + 900.0 / 16.0)


def test_the_expert_knows_the_surface_and_a_rain_sensor_does_not() -> None:
    for weather, known in (("clear", DRY_GRIP), ("rain", WET_GRIP)):
        settings = f"conditions.surface={{snow: 1}}; conditions.weather={{{weather}: 1}}"
        env = DrivingEnv(EnvSpec(f"cruise[{settings}]", camera=False))
        try:
            observation = env.reset(7)
            assert RainSensorGrip().estimate(observation) == known
            assert env.oracles.grip().estimate(observation) == Surface.SNOW.grip
            assert observation.rain == (weather == "rain")
        finally:
            env.close()


def test_planned_accelerations_stay_within_the_grip_of_every_surface() -> None:
    """What the planner plans without an emergency, along and across, is below the grip."""
    for surface in Surface:
        settings = PlannerSettings().on_grip(surface.grip)
        planned = (
            -settings.comfort.min_acceleration, settings.comfort.curve_acceleration,
            settings.following.stop_braking, settings.caution.yield_braking, settings.safety.own_braking,
        )  # fmt: skip
        assert max(planned) < surface.grip
    assert PlannerSettings().on_grip(WET_GRIP).comfort == PlannerSettings().comfort


@pytest.mark.parametrize("seed", range(200_000, 200_004))
def test_a_braking_lead_on_snow_is_avoidable_for_a_careful_driver(seed: int) -> None:
    records = drive_into_hazard("braking_lead[shift=grip/3]", seed)
    assert records
    actor = records[-1].contacts[0].actor_id
    result = evaluate_avoidability([road_scene(state) for state in records], actor)
    assert (result.avoidable, result.reason) == (True, Reason.BRAKING)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("conditions.surface={ice: 1}", "conditions.surface"),
        ("conditions.surface={snow: 0}", "one must be positive"),
        (
            "conditions.surface={snow: 1};"
            " actors=[{kind: cut_in, gap: 20, duration: 3, brakes: {deceleration: 4}}]",
            "actors.0.brakes.deceleration: at most 2.94, the grip of the road",
        ),
        (
            "conditions.surface={snow: 1}; actors=[{kind: cut_in, gap: 20, duration: 2}]",
            "actors.0.duration: must be at least 2.72",
        ),
    ],
)
def test_what_a_surface_does_not_allow_is_refused_in_one_line(settings: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_scenario(f"cruise[{settings}]")
    assert "\n" not in str(caught.value)
