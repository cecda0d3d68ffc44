"""Injected faults while driving: the car keeps its lane, stops, reports the fault, and recovers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from agents.config import ModularConfig
from agents.registry import build_agent
from agents.stages import build_stages
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.placement import place_in_lanes
from drive_stack.evaluation.road_scene import road_scene
from drive_stack.fault_injection import FALSE_DETECTIONS, FaultInjector, FaultSettings
from drive_stack.interfaces import Agent, TruthSource
from drive_stack.monitoring.camera_monitor import CameraMonitor
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LINES_RANGE, LaneMeasurement
from drive_stack.pipeline.driving import Pipeline
from drive_stack.types import Control, Image, Observation, StepTrace
from envs.oracles.lanes import true_lane_estimate


@dataclass
class TrueLaneObserver:
    """A `LaneSensor` that returns the true lines of the ego lane."""

    truth: TruthSource
    grid: GroundGrid

    def measure(self, image: Image, pitch_steps: int = 0) -> LaneMeasurement:
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
        return LaneMeasurement(
            y, np.full_like(y, 0.1), np.zeros(2), np.zeros_like(y[:2]), ends, visibility=1.0
        )


class PropagatingDriver:
    """Drives with filtered lanes; its images are noise, which is enough for the camera monitor."""

    name, privileged = "propagating_driver", True

    def __init__(self, env: DrivingEnv, faults: FaultSettings) -> None:
        config = ModularConfig.model_validate(
            {
                "name": self.name,
                "perception": {"detector": "none", "lanes": "oracle"},
                "tracking": {"tracker": "oracle"},
            }
        )
        stages = build_stages(config, env.platform, env.oracles)
        lanes = FilteredLanes(TrueLaneObserver(env.truth, GroundGrid()), env.platform.dt)
        self.faults = FaultInjector(faults, env.platform.dt)
        self.pipeline = Pipeline(
            self.faults.wrap(replace(stages, lanes=lanes, camera_monitor=CameraMonitor())), env.platform
        )
        self.trace: StepTrace | None = None

    def reset(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.faults.reset(seed)
        self.pipeline.reset()

    def act(self, observation: Observation) -> Control:
        image = self.rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
        self.trace = self.pipeline.step(self.faults.observe(replace(observation, image=image)))
        return self.trace.control


@dataclass
class Stop:
    """Motion of a car from the start of a fault until it stands."""

    entry_speed: float
    distance: float
    deviation: float  # maximum distance from the centre of the lane at the start of the fault [m]
    reasons: set[str]
    recovered_speed: float  # speed within four seconds after the end of the fault [m/s]

    @property
    def allowed(self) -> float:
        """Stopping distance with braking at 3 m/s² after one second [m]."""
        return self.entry_speed + self.entry_speed**2 / 6.0


def drive_into_fault(env: DrivingEnv, agent: Agent, seed: int, faults: FaultSettings) -> Stop:
    """Drive through the fault, which must last until the car stands."""
    observation = env.reset(seed)
    agent.reset(seed)
    stop: Stop | None = None
    start_station, lane, speed = 0.0, 0, 0.0
    while True:
        state = env.truth.world_state()
        ego, road = state.ego, state.road
        if state.time >= faults.end + 4.0:
            break
        if stop is None and state.time >= faults.start - 1e-6:
            start_station, lane = ego.station, road.lane_at(ego.station, ego.lateral)
            stop = Stop(ego.speed, float("inf"), 0.0, set(), 0.0)
        control = agent.act(observation)
        if stop is not None and state.time < faults.end:
            deviation = abs(ego.lateral - road.lanes[lane].lateral_at(ego.station))
            stop.deviation = max(stop.deviation, deviation)
            assert agent.trace is not None and agent.trace.plan is not None
            stop.reasons.add(agent.trace.plan.reason)
            if ego.speed < 0.1:
                stop.distance = min(stop.distance, ego.station - start_station)
        step = env.step(control)
        assert step.outcome is None, step.outcome
        assert place_in_lanes(road_scene(state).ego, road).lane >= 0
        observation, speed = step.observation, env.truth.world_state().ego.speed
    assert stop is not None
    stop.recovered_speed = speed
    return stop


def assert_safe_stop(stop: Stop, message: str) -> None:
    assert stop.entry_speed > 15.0
    assert stop.distance < stop.allowed
    assert stop.deviation < 0.9  # a car of 1.85 m in a lane of 3.6 m stays in it
    assert any(
        message in reason and "stopping in the lane as last known" in reason for reason in stop.reasons
    )
    assert stop.recovered_speed > 4.0


MESSAGES = {
    "black": "the camera shows nothing",
    "white": "the camera shows nothing",
    "frozen": "the camera is frozen",
    "late": "s old",
    "missing": "s old",
}


def stop_without_camera(scenario: str, kind: str) -> None:
    env = DrivingEnv(EnvSpec(scenario, camera=False))
    try:
        faults = FaultSettings.model_validate({"camera": kind, "delay": 0.8, "start": 6.0, "end": 19.0})
        assert_safe_stop(drive_into_fault(env, PropagatingDriver(env, faults), 3, faults), MESSAGES[kind])
    finally:
        env.close()


def test_a_frozen_camera_stops_the_car_in_its_lane_in_a_curve() -> None:
    stop_without_camera("curves", "frozen")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["cruise", "curves"])
@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_every_camera_fault_stops_the_car_in_its_lane(scenario: str, kind: str) -> None:
    stop_without_camera(scenario, kind)


@pytest.mark.parametrize("scenario", ["curves", pytest.param("cruise", marks=pytest.mark.slow)])
def test_without_lanes_the_car_stops_and_reports_it(scenario: str) -> None:
    env = DrivingEnv(EnvSpec(scenario, camera=False))
    faults = FaultSettings(lanes="unseen", start=6.0, end=25.0)
    try:
        stop = drive_into_fault(env, PropagatingDriver(env, faults), 3, faults)
    finally:
        env.close()
    assert stop.distance < stop.allowed + 1.5 * stop.entry_speed  # it waits, and brakes gently at first
    assert stop.deviation < 0.9 and stop.recovered_speed > 4.0
    assert any("no lane seen for" in reason for reason in stop.reasons)


def stop_with_camera(scenario: str, faults: FaultSettings, *overrides: str) -> tuple[Stop, Agent]:
    env = DrivingEnv(EnvSpec(scenario))
    try:
        fault_settings = [f"faults.{key}={value}" for key, value in faults.model_dump().items()]
        agent = build_agent(
            "modular", env.platform, oracles=env.oracles, overrides=[*fault_settings, *overrides]
        )
        return drive_into_fault(env, agent, 3, faults), agent
    finally:
        env.close()


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "kind"), [("cruise", "black"), ("curves", "frozen")])
def test_with_the_real_camera_and_networks(scenario: str, kind: str) -> None:
    faults = FaultSettings.model_validate({"camera": kind, "start": 8.0, "end": 21.0})
    assert_safe_stop(stop_with_camera(scenario, faults)[0], MESSAGES[kind])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("blind", "the detector no longer sees"),
        ("swamped", f"the detector reports {FALSE_DETECTIONS} objects"),
    ],
)
def test_a_detector_that_fails_stops_the_car(kind: str, message: str) -> None:
    faults = FaultSettings.model_validate({"detector": kind, "start": 6.0, "end": 20.0})
    stop, agent = stop_with_camera(
        "slow_lead", faults, "perception.detector=oracle", "perception.lanes=oracle"
    )
    assert any(message in reason for reason in stop.reasons)
    assert stop.distance < stop.allowed and stop.deviation < 0.5
    assert agent.trace is not None and len(agent.trace.tracks) < 100
