"""Drives the scenes of the golden traces and images, and records the inputs of the stages."""

from __future__ import annotations

from pathlib import Path

from golden_traces.codec import as_stored
from golden_traces.trace import Inputs, Scene
from tiny_world import PLATFORM, TinyWorld, straight_road

from agents.config import ModularConfig
from agents.registry import CONFIGS, build_agent
from agents.stages import build_stages
from drive_stack.config import load_model
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.pipeline.driving import Stages
from drive_stack.types import Image, Observation
from envs.oracles import Oracles

GOLDEN = Path(__file__).parent / "golden"
STEPS = 14  # of a trace

TRACES = {
    "person_crosses": Scene("pedestrian_crossing", 3, 104),
    "car_cuts_in": Scene("cut_in", 3, 50),
    "lane_is_closed": Scene("construction", 3, 60),
}
IMAGES = {
    "car_cuts_in": Scene("cut_in", 3, 50),
    "person_crosses": Scene("pedestrian_crossing", 3, 104),
    "curve": Scene("curves", 3, 80),
}


def without_networks(*overrides: str) -> Stages:
    """The stages of the modular agent, without detector network and lane network."""
    settings = ["perception.detector=none", "perception.lanes=oracle", *overrides]
    config = load_model(CONFIGS / "modular.yaml", ModularConfig, settings)
    return build_stages(config, PLATFORM, Oracles(TinyWorld(straight_road()), PLATFORM))


def record_trace(scene: Scene) -> list[Inputs]:
    """Record inputs while the expert drives: sensor values, true detections and true lanes."""
    env = DrivingEnv(EnvSpec(scene.scenario, labels=True))
    try:
        agent = build_agent("expert", env.platform, oracles=env.oracles)
        detector, lanes = env.oracles.detector(), env.oracles.lanes()
        observation, inputs = env.reset(scene.seed), []
        agent.reset(scene.seed)
        for step in range(scene.first_step + STEPS):
            if step >= scene.first_step:
                perceived = (
                    detector.detect(observation.image),
                    lanes.estimate(observation.image, observation.speed, observation.yaw_rate),
                )
                acceleration = env.truth.world_state().ego.acceleration
                inputs.append(
                    as_stored(
                        Inputs,
                        Inputs(
                            speed=observation.speed,
                            acceleration=acceleration,
                            yaw_rate=observation.yaw_rate,
                            speed_limit=observation.speed_limit,
                            command=observation.command,
                            blind_spot_left=observation.blind_spot_left,
                            blind_spot_right=observation.blind_spot_right,
                            detections=perceived[0],
                            lanes=perceived[1],
                            rain=observation.rain,
                        ),
                    )
                )
            observation = env.step(agent.act(observation)).observation
        return inputs
    finally:
        env.close()


def record_image(scene: Scene) -> Image:
    """The camera image at the first step of a scene that the expert drives."""
    env = DrivingEnv(EnvSpec(scene.scenario))
    try:
        agent = build_agent("expert", env.platform, oracles=env.oracles)
        observation: Observation = env.reset(scene.seed)
        agent.reset(scene.seed)
        for _ in range(scene.first_step):
            observation = env.step(agent.act(observation)).observation
        return observation.image
    finally:
        env.close()
