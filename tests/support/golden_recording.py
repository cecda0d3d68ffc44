"""Drives the scenes of the golden traces and pictures, and keeps what the stages are given there."""

from __future__ import annotations

from pathlib import Path

from golden_traces.codec import as_stored
from golden_traces.trace import About, Given
from tiny_world import PLATFORM, TinyWorld, straight_road

from agents.config import ModularConfig
from agents.registry import CONFIGS, build_agent
from agents.stages import build_stages
from drive_stack.config import load_model
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.pipeline import Stages
from drive_stack.types import Image, Observation
from envs.oracles import Oracles

GOLDEN = Path(__file__).parent / "golden"
STEPS = 14  # of a trace

TRACES = {
    "person_crosses": About("pedestrian_crossing", 3, 104),
    "car_cuts_in": About("cut_in", 3, 50),
    "lane_is_closed": About("construction", 3, 60),
}
PICTURES = {
    "car_cuts_in": About("cut_in", 3, 50),
    "person_crosses": About("pedestrian_crossing", 3, 104),
    "curve": About("curves", 3, 80),
}


def without_networks(*overrides: str) -> Stages:
    """The modular agent's stages, but for detector and lanes."""
    given = ["perception.detector=none", "perception.lanes=oracle", *overrides]
    config = load_model(CONFIGS / "modular.yaml", ModularConfig, given)
    return build_stages(config, PLATFORM, Oracles(TinyWorld(straight_road()), PLATFORM))


def record_trace(about: About) -> list[Given]:
    """What the world gives while the expert drives: true detections and lanes."""
    env = DrivingEnv(EnvSpec(about.scenario, labels=True))
    try:
        agent = build_agent("expert", env.platform, oracles=env.oracles)
        detector, lanes = env.oracles.detector(), env.oracles.lanes()
        seen, given = env.reset(about.seed), []
        agent.reset(about.seed)
        for step in range(about.first_step + STEPS):
            if step >= about.first_step:
                found = detector.detect(seen.image), lanes.estimate(seen.image, seen.speed, seen.yaw_rate)
                acceleration = env.truth.world_state().ego.acceleration
                given.append(
                    as_stored(
                        Given,
                        Given(
                            speed=seen.speed,
                            acceleration=acceleration,
                            yaw_rate=seen.yaw_rate,
                            speed_limit=seen.speed_limit,
                            command=seen.command,
                            blind_spot_left=seen.blind_spot_left,
                            blind_spot_right=seen.blind_spot_right,
                            detections=found[0],
                            lanes=found[1],
                            rain=seen.rain,
                        ),
                    )
                )
            seen = env.step(agent.act(seen)).observation
        return given
    finally:
        env.close()


def record_picture(about: About) -> Image:
    """The camera's picture while the expert drives."""
    env = DrivingEnv(EnvSpec(about.scenario))
    try:
        agent = build_agent("expert", env.platform, oracles=env.oracles)
        seen: Observation = env.reset(about.seed)
        agent.reset(about.seed)
        for _ in range(about.first_step):
            seen = env.step(agent.act(seen)).observation
        return seen.image
    finally:
        env.close()
