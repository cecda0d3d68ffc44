"""Errors of the filtered lane estimates along drives."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from drive_stack.datasets.frames.recording import ENVIRONMENT, RecordedEnvironment
from drive_stack.datasets.frames.recording_driver import RecordingDriver
from drive_stack.geometry import wrap_angle
from drive_stack.interfaces import LaneDetector
from drive_stack.learning.lanes.batches import Labels
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.perception.ground_shape import true_distances
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.support.observation_codec import ObservationDict
from drive_stack.types import FloatArray, GroundEstimate, LaneEstimate
from drive_stack.vehicle import control_to_action

SETTLING_TIME = 1.0  # start of a drive that is not evaluated [s]
CURVED = 1 / 2000.0  # a larger curvature counts as a curved road [1/m]
PATH_DISTANCE = 30.0  # distance ahead at which the path is compared [m]
GROUND_DISTANCE = 50.0  # distance ahead at which the ground is compared [m]


@dataclass(frozen=True, slots=True)
class LaneEnd:
    """True and estimated distance to a lane's end [m]; inf if it does not end."""

    ego: bool  # whether it is the ego's lane
    truth: float
    estimate: float


@dataclass(frozen=True, slots=True)
class LaneErrors:
    """Errors of one estimate."""

    scenario: str
    weather: str
    light: str
    curved: bool
    lateral: float  # of the offset, both from the same lane [m]
    other_lane: bool  # whether the estimate counts from another lane than the truth
    heading: float  # [rad]
    curvature: float  # [1/m]
    path: float  # lateral, of the path at `PATH_DISTANCE` [m]; NaN if there is none
    ground: float  # relative, of the distance to the road at `GROUND_DISTANCE`; NaN if it is out of sight
    neighbours: bool  # whether both sides are correct
    enterable: bool
    confidence: float
    ends: tuple[LaneEnd, ...] = ()  # of the ego's lane, then of the existing neighbours


def compare(
    estimate: LaneEstimate, truth: Labels, grid: GroundGrid, scenario: str, weather: str, light: str
) -> LaneErrors:
    """Compare an estimate with the truth of the same frame."""
    width = float(truth["width"])
    lateral = estimate.offset - float(truth["offset"])
    lanes_apart = round(lateral / width)
    path = estimate.path.xy
    y = truth["y"].astype(np.float64)
    true_path = float(np.interp(PATH_DISTANCE, grid.anchors, 0.5 * (y[1] + y[2])))
    estimated_path = float(np.interp(PATH_DISTANCE, path[:, 0], path[:, 1]))
    return LaneErrors(
        scenario=scenario,
        weather=weather,
        light=light,
        curved=abs(float(truth["curvature"])) > CURVED,
        lateral=lateral - lanes_apart * width,
        other_lane=lanes_apart != 0,
        heading=wrap_angle(estimate.heading - float(truth["heading"])),
        curvature=estimate.curvature - float(truth["curvature"]),
        path=estimated_path - true_path + lanes_apart * width,
        ground=_ground_error(estimate.ground, truth["x_image"].astype(np.float64), grid),
        neighbours=[estimate.left.exists, estimate.right.exists] == truth["neighbour"].tolist(),
        enterable=[estimate.left.enterable, estimate.right.enterable] == truth["enterable"].tolist(),
        confidence=estimate.confidence,
        ends=() if lanes_apart else _ends(estimate, truth),
    )


def _ground_error(ground: GroundEstimate | None, shown: FloatArray, grid: GroundGrid) -> float:
    """Relative error of the distance to the road, taken from its row in the image.

    ``shown`` (R,) are the true distances that appear at the anchors [m].
    """
    in_view = np.isfinite(shown)
    if not in_view.any() or shown[in_view].max() < GROUND_DISTANCE:
        return float("nan")
    apparent = np.asarray(np.interp(GROUND_DISTANCE, shown[in_view], grid.anchors[in_view]))
    estimated = apparent if ground is None else true_distances(apparent, ground)
    return float(estimated) / GROUND_DISTANCE - 1.0


def _ends(estimate: LaneEstimate, truth: Labels) -> tuple[LaneEnd, ...]:
    left, ego, right = (float(value) for value in truth["ends"])
    adjacent = [
        LaneEnd(False, end, lane.ends_in)
        for end, lane, exists in zip(
            (left, right), (estimate.left, estimate.right), truth["neighbour"], strict=True
        )
        if exists
    ]
    return (LaneEnd(True, ego, estimate.ends_in), *adjacent)


def evaluate_drives(
    lanes: LaneDetector,
    scenarios: Sequence[str],
    seeds: range,
    seconds: float,
    report: Callable[[str], None] = print,
    *,
    lingers: bool | None = None,
) -> list[LaneErrors]:
    """Drive each scenario with each seed and compare all estimates with the truth.

    The recording driver drives; ``lingers`` is whether it stays long in ending lanes, see `RecordingDriver`.
    """
    env = gym.make(ENVIRONMENT, scenario=scenarios[0], disable_env_checker=True)
    errors: list[LaneErrors] = []
    try:
        for scenario in scenarios:
            for seed in seeds:
                errors += _evaluate_drive(env, lanes, (scenario, seed), seconds, lingers)
            report(f"evaluated {len(errors)} estimates up to {Path(scenario).stem}")
    finally:
        env.close()
    return errors


def _evaluate_drive(
    env: gym.Env[ObservationDict, NDArray[np.float32]],
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
    errors: list[LaneErrors] = []
    while world.outcome is None and world.state().time < seconds:
        action = control_to_action(driver.control(world.state()), platform.car)
        image = env.step(action)[0]["image"]
        state = inner.truth.world_state()
        estimate = lanes.estimate(image, state.ego.speed, state.ego.yaw_rate)
        if state.time > SETTLING_TIME:
            conditions = state.conditions
            truth = lane_truth(state, platform.camera, grid)
            errors.append(
                compare(estimate, truth, grid, name, conditions.weather.value, conditions.light.value)
            )
    return errors
