"""How well the lanes are known along validation drives, filtered over time."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import gymnasium as gym
import numpy as np

from drive_stack.datasets.frames.recording import ENVIRONMENT, RecordedEnvironment
from drive_stack.datasets.frames.recording_driver import RecordingDriver
from drive_stack.geometry import wrap_angle
from drive_stack.interfaces import LaneDetector
from drive_stack.learning.lanes.batches import Labels
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.types import Image, LaneEstimate
from drive_stack.vehicle import control_to_action

SETTLING = 1.0  # of a drive, not judged [s]
CURVED = 1 / 2000.0  # roads that bend more count as curved [1/m]
AHEAD = 30.0  # where the path is compared too [m]


@dataclass(frozen=True, slots=True)
class LaneEnd:
    """Where a lane ends [m], inf where it does not."""

    ego: bool  # whether it is the ego's lane
    truth: float
    seen: float


@dataclass(frozen=True, slots=True)
class LaneErrors:
    """Of one estimate, against the truth."""

    scenario: str
    weather: str
    light: str
    curved: bool
    lateral: float  # offset, once both count from the same lane [m]
    other_lane: bool  # whether they do not
    heading: float  # [rad]
    curvature: float  # [1/m]
    ahead: float  # across the road, of the path `AHEAD` [m]; NaN where there is none
    neighbours: bool  # whether both are right
    enterable: bool
    confidence: float
    ends: tuple[LaneEnd, ...] = ()  # of the ego's lane, then of neighbours that are there


def compare(
    estimate: LaneEstimate, truth: Labels, grid: GroundGrid, scenario: str, weather: str, light: str
) -> LaneErrors:
    """Errors of an estimate."""
    width = float(truth["width"])
    lateral = estimate.offset - float(truth["offset"])
    lanes_apart = round(lateral / width)
    path = estimate.path.xy
    y = truth["y"].astype(np.float64)
    middle = float(np.interp(AHEAD, grid.anchors, 0.5 * (y[1] + y[2])))
    seen = float(np.interp(AHEAD, path[:, 0], path[:, 1]))
    return LaneErrors(
        scenario=scenario,
        weather=weather,
        light=light,
        curved=abs(float(truth["curvature"])) > CURVED,
        lateral=lateral - lanes_apart * width,
        other_lane=lanes_apart != 0,
        heading=wrap_angle(estimate.heading - float(truth["heading"])),
        curvature=estimate.curvature - float(truth["curvature"]),
        ahead=seen - middle + lanes_apart * width,
        neighbours=[estimate.left.exists, estimate.right.exists] == truth["neighbour"].tolist(),
        enterable=[estimate.left.enterable, estimate.right.enterable] == truth["enterable"].tolist(),
        confidence=estimate.confidence,
        ends=() if lanes_apart else _ends(estimate, truth),
    )


def _ends(estimate: LaneEstimate, truth: Labels) -> tuple[LaneEnd, ...]:
    left, ego, right = (float(value) for value in truth["ends"])
    beside = [
        LaneEnd(False, end, seen.ends_in)
        for end, seen, there in zip(
            (left, right), (estimate.left, estimate.right), truth["neighbour"], strict=True
        )
        if there
    ]
    return (LaneEnd(True, ego, estimate.ends_in), *beside)


def judge_drives(
    lanes: LaneDetector,
    scenarios: Sequence[str],
    seeds: range,
    seconds: float,
    report: Callable[[str], None] = print,
    *,
    lingers: bool | None = None,
) -> list[LaneErrors]:
    """Drive episodes of ``seeds`` with the recording driver and compare each estimate.

    ``lingers`` is whether it stays late in lanes that end, see `RecordingDriver`.
    """
    env = gym.make(ENVIRONMENT, scenario=scenarios[0], disable_env_checker=True)
    found: list[LaneErrors] = []
    try:
        for scenario in scenarios:
            for seed in seeds:
                found += _judge_drive(env, lanes, (scenario, seed), seconds, lingers)
            report(f"judged {len(found)} estimates up to {Path(scenario).stem}")
    finally:
        env.close()
    return found


def _judge_drive(
    env: gym.Env[dict[str, object], object],
    lanes: LaneDetector,
    episode: tuple[str, int],
    seconds: float,
    lingers: bool | None,
) -> list[LaneErrors]:
    scenario, seed = episode
    name, grid = Path(scenario).stem, GroundGrid()
    driver = RecordingDriver(np.random.default_rng([zlib.crc32(name.encode()), seed]), lingers)
    env.reset(seed=seed, options={"scenario": scenario})
    inner = cast("RecordedEnvironment", env.unwrapped)
    world, platform = inner.world, inner.platform
    lanes.reset()
    found: list[LaneErrors] = []
    while world.outcome is None and world.state().time < seconds:
        action = control_to_action(driver.control(world.state()), platform.car)
        image = cast("Image", env.step(action)[0]["image"])
        state = inner.truth.world_state()
        estimate = lanes.estimate(image, state.ego.speed, state.ego.yaw_rate)
        if state.time > SETTLING:
            sky = state.conditions
            truth = lane_truth(state, platform.camera, grid)
            found.append(compare(estimate, truth, grid, name, sky.weather.value, sky.light.value))
    return found
