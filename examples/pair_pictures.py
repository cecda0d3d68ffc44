"""Write a picture of paired courses: the base and each severity of a family as the front camera shows them.

python -m examples.pair_pictures pairs.jpg            # all families whose shift can be seen
python -m examples.pair_pictures pairs.jpg grade lens
"""

from __future__ import annotations

import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.scenario_name import ScenarioName
from drive_stack.shifts import families, load_family
from drive_stack.world_state import WorldState
from envs.camera.camera import Camera
from envs.lane_hold import hold_lane
from envs.scenarios.scenario import load_scenario
from envs.spawning.episode_setup import FIRST_TRAFFIC_ID
from envs.world import World

SEED = 8  # of training
UNSEEN = ("latency",)  # families that change no single image
NEAR, MAX_LATERAL = 32.0, 2.5  # a hazard is shown from this distance ahead, if it is as close to the path [m]
LATEST = 330.0  # progress at which the picture is taken where no hazard comes near [m]
SCALE = 0.5  # of the front camera's images


def main(path: str, names: list[str]) -> None:
    """Draw the families ``names``, or all."""
    camera = Camera(CameraModel())
    chosen = names or [name for name in families() if name not in UNSEEN]
    rows = [np.hstack([image_of(course, camera) for course in courses_of(name)]) for name in chosen]
    for name, row in zip(chosen, rows, strict=True):
        for colour, thickness in (((0, 0, 0), 6), ((255, 255, 255), 2)):
            cv2.putText(row, name, (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.1, colour, thickness, cv2.LINE_AA)
    sheet = cv2.resize(np.vstack(rows), None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    cv2.imwrite(path, cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])


def courses_of(name: str) -> list[str]:
    """The first base course of a family and its twins."""
    family = load_family(name)
    base = family.bases[0]
    twins = [ScenarioName(base.scenario, (*base.name.settings, shift.setting)) for shift in family.shifts]
    return [str(course) for course in (base.name, *twins)]


def image_of(course: str, camera: Camera, seed: int = SEED) -> NDArray[np.uint8]:
    """The front camera's image shortly before the hazard; the ego keeps its lane and its initial speed."""
    world = World(load_scenario(course), seed)
    lane, speed = world.road.lane_at(world.ego.station, world.ego.lateral), world.ego.speed
    while world.outcome is None and world.progress < LATEST and not is_hazard_near(world.state()):
        world.step(hold_lane(world.ego, world.road, lane, speed, world.car))
    camera.load(world.road, world.conditions, world.limits)
    return np.array(camera.render(world.state()))


def is_hazard_near(state: WorldState) -> bool:
    """Whether an actor of the scenario is close ahead, in the ego's path or about to enter it."""
    forward = np.array([np.cos(state.ego.yaw), np.sin(state.ego.yaw)])
    for group in (state.vehicles, state.pedestrians, state.obstacles):
        offset = np.stack([group.x - state.ego.x, group.y - state.ego.y], axis=1)
        ahead, to_the_side = offset @ forward, np.abs(offset @ np.array([-forward[1], forward[0]]))
        near = (ahead > 0.0) & (ahead < NEAR) & (to_the_side < MAX_LATERAL) & (group.id < FIRST_TRAFFIC_ID)
        if near.any():
            return True
    return False


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
