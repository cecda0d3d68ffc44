"""Inputs of a planner in the tiny world, from ground truth."""

from __future__ import annotations

from tiny_world import PLATFORM, TinyWorld

from drive_stack.prediction.lane_following import LaneFollowingPredictor
from drive_stack.types import PlanningInput
from drive_stack.vehicle import DRY_GRIP
from envs.oracles import Oracles


def planning_input(world: TinyWorld, grip: float = DRY_GRIP) -> PlanningInput:
    oracles, observation = Oracles(world, PLATFORM), world.observation()
    lanes = oracles.lanes().estimate(observation.image, observation.speed, observation.yaw_rate)
    tracks = oracles.tracker().update((), observation.speed, observation.yaw_rate)
    return PlanningInput(
        speed=observation.speed,
        acceleration=0.0,
        yaw_rate=observation.yaw_rate,
        speed_limit=observation.speed_limit,
        command=observation.command,
        blind_spot_left=observation.blind_spot_left,
        blind_spot_right=observation.blind_spot_right,
        lanes=lanes,
        predictions=LaneFollowingPredictor().predict(tracks, lanes),
        grip=grip,
    )
