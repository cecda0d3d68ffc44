"""Senses made to fail on the road: the car must slow, keep its lane, stop, say so, and drive on after."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from agents.config import ModularConfig
from agents.registry import build_agent
from agents.stages import build_stages
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.on_road import on_road
from drive_stack.evaluation.placement import placement
from drive_stack.fault_injection import SWAMPED, Faults, FaultSettings
from drive_stack.interfaces import Agent, TruthSource
from drive_stack.monitoring.sense_watch import SenseWatch
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LINES_RANGE, LaneSighting
from drive_stack.pipeline import Pipeline
from drive_stack.types import Control, Image, Observation, StepTrace
from envs.oracles.lanes import true_lane_estimate


@dataclass
class TrueSight:
    """A `LaneSight` that sees the ego lane's lines as they are."""

    truth: TruthSource
    grid: GroundGrid

    def see(self, image: Image) -> LaneSighting:
        state = self.truth.world_state()
        path = true_lane_estimate(state.road, state.ego).path
        width = true_lane_estimate(state.road, state.ego).width
        y = np.full((4, len(self.grid.anchors)), np.nan)
        for row, edge in ((1, 0.5 * width), (2, -0.5 * width)):
            x = path.xy[:, 0] - edge * np.sin(path.heading)
            y[row] = np.interp(self.grid.anchors, x, path.xy[:, 1] + edge * np.cos(path.heading))
        y[:, self.grid.anchors > LINES_RANGE] = np.nan
        ends = np.zeros((3, len(self.grid.anchors) + 2))
        ends[:, -1] = 1.0  # none
        return LaneSighting(y, np.full_like(y, 0.1), np.zeros(2), np.zeros_like(y[:2]), ends, sight=1.0)


class Rememberer:
    """Drives by filtered lanes and noise for pictures, which is all that its watch needs to see."""

    name, privileged = "rememberer", True

    def __init__(self, env: DrivingEnv, faults: FaultSettings) -> None:
        config = ModularConfig.model_validate(
            {
                "name": self.name,
                "perception": {"detector": "none", "lanes": "oracle"},
                "tracking": {"tracker": "oracle"},
            }
        )
        stages = build_stages(config, env.platform, env.oracles)
        lanes = FilteredLanes(TrueSight(env.truth, GroundGrid()), env.platform.dt)
        self.faults = Faults(faults, env.platform.dt)
        self.pipeline = Pipeline(
            self.faults.wrap(replace(stages, lanes=lanes, watch=SenseWatch())), env.platform
        )
        self.trace: StepTrace | None = None

    def reset(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.faults.reset(seed)
        self.pipeline.reset()

    def act(self, observation: Observation) -> Control:
        picture = self.rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
        self.trace = self.pipeline.step(self.faults.observe(replace(observation, image=picture)))
        return self.trace.control


@dataclass
class Stop:
    """What a car did between a fault and standing still."""

    entry_speed: float
    distance: float
    astray: float  # farthest from the middle of the lane it was in when the fault began [m]
    reasons: set[str]
    back_up_to: float  # speed reached within four seconds of the fault's end [m/s]

    @property
    def allowed(self) -> float:
        """Braking at 3 m/s² after one second [m]."""
        return self.entry_speed + self.entry_speed**2 / 6.0


def stopped(env: DrivingEnv, agent: Agent, seed: int, faults: FaultSettings) -> Stop:
    """Drive into the fault; it must be over only after the car has come to stand."""
    observation = env.reset(seed)
    agent.reset(seed)
    stop: Stop | None = None
    begun_at, lane, speed = 0.0, 0, 0.0
    while True:
        state = env.truth.world_state()
        ego, road = state.ego, state.road
        if state.time >= faults.end + 4.0:
            break
        if stop is None and state.time >= faults.begin - 1e-6:
            begun_at, lane = ego.station, road.lane_at(ego.station, ego.lateral)
            stop = Stop(ego.speed, float("inf"), 0.0, set(), 0.0)
        control = agent.act(observation)
        if stop is not None and state.time < faults.end:
            aside = abs(ego.lateral - road.lanes[lane].lateral_at(ego.station))
            stop.astray = max(stop.astray, aside)
            assert agent.trace is not None and agent.trace.plan is not None
            stop.reasons.add(agent.trace.plan.reason)
            if ego.speed < 0.1:
                stop.distance = min(stop.distance, ego.station - begun_at)
        step = env.step(control)
        assert step.outcome is None, step.outcome
        assert placement(on_road(state).ego, road).lane >= 0
        observation, speed = step.observation, env.truth.world_state().ego.speed
    assert stop is not None
    stop.back_up_to = speed
    return stop


def judge(stop: Stop, words: str) -> None:
    assert stop.entry_speed > 15.0
    assert stop.distance < stop.allowed
    assert stop.astray < 0.9  # a car of 1.85 m in a lane of 3.6 m stays in it
    assert any(words in reason and "stopping in the lane as last known" in reason for reason in stop.reasons)
    assert stop.back_up_to > 4.0


WORDS = {
    "black": "the camera shows nothing",
    "white": "the camera shows nothing",
    "frozen": "the camera is frozen",
    "late": "s old",
    "missing": "s old",
}


def without_pictures(scenario: str, kind: str) -> None:
    env = DrivingEnv(EnvSpec(scenario, camera=False))
    try:
        faults = FaultSettings.model_validate({"camera": kind, "begin": 6.0, "end": 19.0})
        judge(stopped(env, Rememberer(env, faults), 3, faults), WORDS[kind])
    finally:
        env.close()


def test_a_frozen_camera_stops_the_car_in_its_lane_in_a_curve() -> None:
    without_pictures("curves", "frozen")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["cruise", "curves"])
@pytest.mark.parametrize("kind", sorted(WORDS))
def test_whatever_fails_in_the_camera_stops_the_car_in_its_lane(scenario: str, kind: str) -> None:
    without_pictures(scenario, kind)


@pytest.mark.parametrize("scenario", ["curves", pytest.param("cruise", marks=pytest.mark.slow)])
def test_without_lanes_it_stops_and_says_so(scenario: str) -> None:
    env = DrivingEnv(EnvSpec(scenario, camera=False))
    faults = FaultSettings(lanes="unseen", begin=6.0, end=25.0)
    try:
        stop = stopped(env, Rememberer(env, faults), 3, faults)
    finally:
        env.close()
    assert stop.distance < stop.allowed + 1.5 * stop.entry_speed  # it waits, and brakes gently at first
    assert stop.astray < 0.9 and stop.back_up_to > 4.0
    assert any("no lane seen for" in reason for reason in stop.reasons)


def with_camera(scenario: str, faults: FaultSettings, *sets: str) -> tuple[Stop, Agent]:
    env = DrivingEnv(EnvSpec(scenario))
    try:
        overrides = [f"faults.{key}={value}" for key, value in faults.model_dump().items()]
        agent = build_agent("modular", env.platform, oracles=env.oracles, overrides=[*overrides, *sets])
        return stopped(env, agent, 3, faults), agent
    finally:
        env.close()


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "kind"), [("cruise", "black"), ("curves", "frozen")])
def test_with_the_real_camera_and_networks(scenario: str, kind: str) -> None:
    faults = FaultSettings.model_validate({"camera": kind, "begin": 8.0, "end": 21.0})
    judge(with_camera(scenario, faults)[0], WORDS[kind])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "words"),
    [("blind", "the detector no longer sees"), ("swamped", f"the detector reports {SWAMPED} objects")],
)
def test_a_detector_that_fails_stops_the_car(kind: str, words: str) -> None:
    faults = FaultSettings.model_validate({"detector": kind, "begin": 6.0, "end": 20.0})
    stop, agent = with_camera("slow_lead", faults, "perception.detector=oracle", "perception.lanes=oracle")
    assert any(words in reason for reason in stop.reasons)
    assert stop.distance < stop.allowed and stop.astray < 0.5
    assert agent.trace is not None and len(agent.trace.tracks) < 100
