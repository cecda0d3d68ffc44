"""How well the lanes are known: from one image alone, and filtered along validation drives."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import wrap_angle
from drive_stack.interfaces import LaneDetector
from drive_stack.learning.frame_store import StoredFrame
from drive_stack.learning.frames import ENVIRONMENT, VALIDATION_SEEDS, RecordedEnvironment
from drive_stack.learning.lanes_batches import Labels
from drive_stack.learning.lanes_truth import lane_truth
from drive_stack.learning.recording_driver import RecordingDriver
from drive_stack.perception.lanes_filter import ShapeFilter
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.perception.lanes_shape import CURVATURES, HEADING, OFFSET
from drive_stack.types import Image, LaneEstimate
from drive_stack.vehicle import control_to_action

SETTLING = 1.0  # of a drive, not judged [s]
CURVED = 1 / 2000.0  # roads that bend more count as curved [1/m]
AHEAD = 30.0  # where the path is compared too [m]


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
    )


def judge_drives(
    lanes: LaneDetector,
    scenarios: Sequence[str],
    seeds: int,
    seconds: float,
    report: Callable[[str], None] = print,
) -> list[LaneErrors]:
    """Drive validation episodes with the recording driver and compare each estimate."""
    env = gym.make(ENVIRONMENT, scenario=scenarios[0], disable_env_checker=True)
    found: list[LaneErrors] = []
    try:
        for scenario in scenarios:
            for seed in range(VALIDATION_SEEDS, VALIDATION_SEEDS + seeds):
                found += _judge_drive(env, lanes, scenario, seed, seconds)
            report(f"judged {len(found)} estimates up to {Path(scenario).stem}")
    finally:
        env.close()
    return found


def _judge_drive(
    env: gym.Env[dict[str, object], object], lanes: LaneDetector, scenario: str, seed: int, seconds: float
) -> list[LaneErrors]:
    name, grid = Path(scenario).stem, GroundGrid()
    driver = RecordingDriver(np.random.default_rng([zlib.crc32(name.encode()), seed]))
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


def summary(errors: Iterable[LaneErrors]) -> dict[str, object]:
    """Median and 95th percentile of each error, over all and by scenario, weather, light and bend."""
    rows = list(errors)
    groups: dict[str, dict[str, list[LaneErrors]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups["scenario"][row.scenario].append(row)
        groups["weather"][row.weather].append(row)
        groups["light"][row.light].append(row)
        groups["road"]["curved" if row.curved else "straight"].append(row)
    split = {key: {name: figures(part) for name, part in parts.items()} for key, parts in groups.items()}
    return {"all": figures(rows), **{f"by_{key}": parts for key, parts in split.items()}}


def figures(rows: Sequence[LaneErrors]) -> dict[str, float]:
    """Counts, medians and 95th percentiles."""

    def spread(name: str, scale: float = 1.0) -> tuple[float, float]:
        values = np.abs(np.array([getattr(row, name) for row in rows], dtype=np.float64)) * scale
        middle, high = np.nanquantile(values, [0.5, 0.95])
        return round(float(middle), 5), round(float(high), 5)

    lateral, heading = spread("lateral"), spread("heading", 180.0 / np.pi)
    curvature, ahead = spread("curvature"), spread("ahead")
    return {
        "estimates": len(rows),
        "lateral_m": lateral[0],
        "lateral_m_p95": lateral[1],
        "heading_deg": heading[0],
        "heading_deg_p95": heading[1],
        "curvature_per_m": curvature[0],
        "curvature_per_m_p95": curvature[1],
        "path_30m_m": ahead[0],
        "path_30m_m_p95": ahead[1],
        "other_lane": round(float(np.mean([row.other_lane for row in rows])), 4),
        "neighbours_right": round(float(np.mean([row.neighbours for row in rows])), 4),
        "enterable_right": round(float(np.mean([row.enterable for row in rows])), 4),
        "confidence": round(float(np.mean([row.confidence for row in rows])), 4),
    }


def judge_images(network: LaneNetwork, frames: Sequence[StoredFrame]) -> dict[str, float]:
    """Errors from single images, with no memory: the road's shape fitted once, and each boundary."""
    grid = network.grid
    errors: list[tuple[float, float, float]] = []
    boundary: list[NDArray[np.float64]] = []
    for frame in frames:
        sighting, truth = network.see(frame.image()), frame.lanes
        shape = ShapeFilter()
        shape.update(grid.anchors, sighting.y, sighting.sigma, rounds=8)
        lateral = float(shape.mean[OFFSET]) - float(truth["offset"])
        lateral -= round(lateral / float(truth["width"])) * float(truth["width"])
        heading = float(shape.mean[HEADING]) - float(truth["heading"])
        errors.append((lateral, np.degrees(heading), float(shape.mean[CURVATURES][0] - truth["curvature"])))
        clear = truth["clear"].astype(np.bool_) & np.isfinite(sighting.y)
        boundary.append(np.abs(sighting.y - truth["y"].astype(np.float64))[clear])
    spread = np.quantile(np.abs(np.array(errors)), [0.5, 0.95], axis=0)
    lines = np.concatenate(boundary)
    return {
        "images": len(frames),
        "lateral_m": round(float(spread[0, 0]), 4),
        "lateral_m_p95": round(float(spread[1, 0]), 4),
        "heading_deg": round(float(spread[0, 1]), 4),
        "heading_deg_p95": round(float(spread[1, 1]), 4),
        "curvature_per_m": round(float(spread[0, 2]), 6),
        "curvature_per_m_p95": round(float(spread[1, 2]), 6),
        "boundary_m": round(float(np.median(lines)), 4),
        "boundary_m_p95": round(float(np.quantile(lines, 0.95)), 4),
    }
