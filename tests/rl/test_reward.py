"""The reward: each term by hand, and the ranking of drivers by their return."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from pydantic import ValidationError

from agents.registry import build_agent
from drive_stack.vehicle import control_to_action
from envs.highway import HighwayEnv
from envs.interface.reward import RewardWeights
from envs.scenarios.scenario import scenario_names

Driver = Callable[[HighwayEnv], object]
EMPTY = "cruise[traffic.density=0; speed_limit_kmh=108; ego.speed_share=1; route_length=900; people=[]]"
DEFAULT = RewardWeights()
LEFT, IDLE, RIGHT, FASTER, SLOWER = range(5)


def drive(env: HighwayEnv, seed: int, driver: Driver) -> tuple[float, dict[str, float], str | None]:
    """Return, sums of the terms and outcome of an episode; each reward is the sum of its terms."""
    env.reset(seed=seed)
    sums: dict[str, float] = {}
    total, ended, info = 0.0, False, {}
    while not ended:
        _, reward, terminated, truncated, info = env.step(driver(env))
        assert reward == pytest.approx(sum(info["reward_terms"].values()), abs=1e-9)
        for name, value in info["reward_terms"].items():
            sums[name] = sums.get(name, 0.0) + value
        total, ended = total + reward, terminated or truncated
    return total, sums, info["outcome"]


def meta_env(scenario: str) -> HighwayEnv:
    return HighwayEnv(scenario, observation="vector", action="discrete_meta", agent_hz=2)


def at_speed(fraction: float) -> Driver:
    """Keeps the lane at a fraction of the limit."""

    def driver(env: HighwayEnv) -> int:
        world = env.world
        error = fraction * world.speed_limit - world.ego.speed
        return (
            FASTER if error > world.speed_limit / 16 else SLOWER if error < -world.speed_limit / 16 else IDLE
        )

    return driver


def expert_of(env: HighwayEnv, seed: int) -> Driver:
    env.reset(seed=seed)
    expert = build_agent("expert", env.platform, oracles=env.oracles, truth=env.truth)
    expert.reset(seed)
    return lambda made: control_to_action(expert.act(made.observation()), made.platform.car)


def test_the_terms_of_a_drive_at_the_limit_by_hand() -> None:
    """900 m at 30 m/s take 30 s of the 90 s that are allowed."""
    total, sums, outcome = drive(meta_env(EMPTY), 1, at_speed(1.0))
    assert outcome == "completed"
    assert sums["progress"] == pytest.approx(100.0)
    assert sums["time"] == pytest.approx(-50.0 * 30.0 / 90.0, abs=0.6)
    assert sums["success"] == 50.0
    assert (sums["collision"], sums["off_road"]) == (0.0, 0.0)
    assert all(abs(sums[name]) < 0.1 for name in ("speeding", "comfort", "lane_keeping"))
    assert total == pytest.approx(133.3, abs=1.0)


def test_speeding_costs_more_than_the_time_that_it_saves() -> None:
    def faster(env: HighwayEnv) -> np.ndarray:
        return np.array([0.0, 0.5 if env.world.ego.speed < 45.0 else 0.0], dtype=np.float32)

    env = HighwayEnv(EMPTY, observation="vector")
    total, sums, outcome = drive(env, 1, faster)
    assert outcome == "completed"
    assert sums["speeding"] < -10.0
    assert total < drive(meta_env(EMPTY), 1, at_speed(1.0))[0] - 5.0


def test_swerving_and_harsh_pedals_cost_comfort_and_lane_keeping() -> None:
    def harsh(env: HighwayEnv) -> np.ndarray:
        period = 1.0 if env.world.time % 2.0 < 1.0 else -1.0
        return np.array([0.005 * period, 0.6 * period], dtype=np.float32)

    _, sums, _ = drive(HighwayEnv(EMPTY, observation="vector"), 1, harsh)
    _, calm, _ = drive(meta_env(EMPTY), 1, at_speed(0.5))
    assert sums["comfort"] < calm["comfort"] - 0.5
    assert sums["lane_keeping"] < calm["lane_keeping"]


def test_on_a_free_road_the_limit_beats_half_of_it_beats_crawling_beats_standing() -> None:
    returns = [
        drive(meta_env("cruise"), 100_001, at_speed(fraction))[0] for fraction in (1.0, 0.5, 0.125, 0.0)
    ]
    assert returns == sorted(returns, reverse=True)
    assert min(first - second for first, second in itertools.pairwise(returns)) > 5.0


def test_before_a_stationary_car_completing_beats_stopping_beats_crashing() -> None:
    scenario, seed = "stationary_lead", 100_000
    env = HighwayEnv(scenario, observation="vector")
    completed = drive(env, seed, expert_of(env, seed))
    stopped = drive(meta_env(scenario), seed, lambda _: SLOWER)
    crashed = drive(meta_env(scenario), seed, lambda _: IDLE)
    assert (completed[2], crashed[2]) == ("completed", "collision")
    assert stopped[2] in ("stuck", "timeout")
    assert completed[0] > stopped[0] + 50.0
    assert stopped[0] > crashed[0] + DEFAULT.progress + DEFAULT.success


def test_a_collision_costs_more_than_an_episode_can_earn_and_more_when_faster() -> None:
    earned = DEFAULT.progress + DEFAULT.success
    assert DEFAULT.collision > earned
    slow, fast = (
        drive(
            meta_env(f"stationary_lead[speed_limit_kmh={limit}; traffic.density=0]"), 100_000, lambda _: IDLE
        )
        for limit in (50, 130)
    )
    assert slow[2] == fast[2] == "collision"
    assert fast[1]["collision"] < slow[1]["collision"] <= -DEFAULT.collision
    assert fast[1]["collision"] >= -DEFAULT.collision - DEFAULT.severity


def test_a_failure_loses_the_time_that_is_left() -> None:
    env = HighwayEnv("cruise", observation="vector")
    _, sums, outcome = drive(env, 100_000, lambda _: np.array([0.3, 0.0], dtype=np.float32))
    assert outcome in ("collision", "off_road")
    assert sums["time"] == pytest.approx(-DEFAULT.time)


def test_weights_are_checked_and_change_the_reward() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        RewardWeights(collision=-1.0)
    env = HighwayEnv(EMPTY, observation="vector", reward=RewardWeights(progress=10.0, time=0.0))
    env.reset(seed=1)
    terms = env.step(np.zeros(2, dtype=np.float32))[-1]["reward_terms"]
    assert terms["progress"] == pytest.approx(10.0 * 3.0 / 900.0, rel=0.05)
    assert terms["time"] == 0.0


CONSTANT = [
    np.array([steering, pedals], dtype=np.float32)
    for steering, pedals in (
        (0.0, -1.0),
        (0.0, -0.2),
        (0.0, 0.0),
        (0.0, 0.03),
        (0.0, 0.1),
        (0.0, 0.3),
        (0.0, 1.0),
        (0.002, 0.0),
        (-0.002, 0.0),
    )
]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", scenario_names())
def test_no_constant_action_beats_the_expert(scenario: str) -> None:
    env, seeds = HighwayEnv(scenario, observation="vector"), (100_000, 100_001, 100_002)
    expert = np.mean([drive(env, seed, expert_of(env, seed))[0] for seed in seeds])
    best = max(
        np.mean([drive(env, seed, lambda _, action=action: action)[0] for seed in seeds])
        for action in CONSTANT
    )
    assert expert > best


def test_a_little_more_than_the_limit_costs_nothing_and_a_shoulder_more_than_a_lane_line() -> None:
    env = HighwayEnv(EMPTY, observation="vector")
    env.reset(seed=1)
    for _ in range(3):  # 30 m/s and 0.3 s of full throttle
        info = env.step(np.array([0.0, 1.0], dtype=np.float32))[-1]
    assert 30.2 < info["speed"] < 31.0
    assert info["reward_terms"]["speeding"] == 0.0
    costs = []
    env = HighwayEnv(EMPTY.replace("cruise[", "cruise[ego.lane=rightmost; "), observation="vector")
    env.reset(seed=1)
    while env.world.outcome is None:
        info = env.step(np.array([-0.002, 0.0], dtype=np.float32))[-1]
        costs.append(-info["reward_terms"]["lane_keeping"] / (DEFAULT.lane_keeping * 0.1 / 90.0))
    assert 1.5 < max(costs) < 4.0 + 1e-9  # more than the 1 of a lane line
