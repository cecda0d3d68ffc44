"""Between pipeline and end to end: the perception of the modular driver, then one network to the controls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from drive_stack.bounds import Batch, Threads
from drive_stack.config import StrictModel
from drive_stack.interfaces import OracleStages, Platform
from drive_stack.pipeline.perceiving import Perception, StageClock
from drive_stack.pipeline.sampled import SampledPerception
from drive_stack.policy.track_policy import WEIGHTS, TrackPolicy
from drive_stack.types import Control, Observation, StepTrace

from .config import PerceptionConfig, PerceptionOracleSettings, TrackingConfig
from .stages import build_perception, perception_with_oracles
from .switch import Switch


class MidToEndConfig(StrictModel):
    """Configuration of a driver by tracks, lanes and a network."""

    kind: Literal["mid_to_end"]
    name: str
    about: str = ""  # a one-line description
    perception: PerceptionConfig = PerceptionConfig()  # the grip is not used
    tracking: TrackingConfig = TrackingConfig()
    oracles: PerceptionOracleSettings = PerceptionOracleSettings()
    perceive_every: Batch = 2  # steps between two perceptions, as between two rows of its recordings
    weights: Path | None = None  # file of the network; None: the shipped weights
    engine: Literal["openvino", "onnxruntime"] = "openvino"
    threads: Threads = 1

    @property
    def privileged(self) -> bool:
        """Whether any stage reads the truth."""
        perception = self.perception
        stages = (perception.detector, perception.lanes, perception.lifter, self.tracking.tracker)
        return "oracle" in stages or bool(self.oracles.stages)

    @property
    def replaceable_stages(self) -> tuple[str, ...]:
        """Stages of perception that are no oracles; the network has none."""
        perception = self.perception
        stages = {
            "detector": perception.detector,
            "lifter": perception.lifter if perception.detector != "none" else "none",
            "tracker": self.tracking.tracker,
            "lanes": perception.lanes,
        }
        return tuple(stage for stage, name in stages.items() if name not in ("oracle", "none"))

    @property
    def uses_camera(self) -> bool:
        """Whether any stage needs the camera: its image, or the labels that come with it."""
        return self.perception.detector != "none" or self.perception.lanes == "network"

    @property
    def network(self) -> Path:
        """Weights file of the network that it runs."""
        return self.weights or WEIGHTS


class MidToEndAgent:
    """Drives with `SampledPerception` and a `TrackPolicy`; it has no predictions and no plan.

    Raises:
        ConfigError: An oracle is not available, or weights are missing, altered or do not match their card.
    """

    def __init__(
        self, config: MidToEndConfig, platform: Platform, oracles: OracleStages | None = None
    ) -> None:
        self.name, self.privileged = config.name, config.privileged
        sampled = replace(platform, dt=platform.dt * config.perceive_every)
        self._policy = TrackPolicy(
            config.network,
            platform.car,
            platform.dt,
            sampled.dt,
            threads=config.threads,
            engine=config.engine,
        )
        oracles = oracles if config.privileged else None
        self._stages = build_perception(config.perception, config.tracking, sampled, oracles)
        self._replaced = perception_with_oracles(self._stages, config.oracles.stages, oracles)
        self._switch = Switch(config.oracles.start, platform.dt)
        perception = Perception(self._stages, sampled.dt)
        self._perception = SampledPerception(perception, config.perceive_every, platform.dt)
        self.trace: StepTrace | None = None

    def reset(self, seed: int) -> None:  # noqa: ARG002 - required by the protocol
        """Clear the state of the previous episode."""
        self.trace = None
        self._switch.reset()
        for stages in (self._replaced, self._stages):
            self._perception.use(stages)
            self._perception.reset()
        self._policy.reset()

    def act(self, observation: Observation) -> Control:
        """Perceive if it is due, and run the network once."""
        clock = StageClock()
        if self._switch.step():
            self._perception.use(self._replaced)
        percept = self._perception.perceive(observation, clock)
        tracks, lanes = percept.tracks, percept.lanes
        control = clock.time("policy", lambda: self._policy.drive(tracks, lanes, observation))
        self.trace = StepTrace(
            control,
            detections=percept.detections,
            objects=percept.objects,
            tracks=tracks,
            lanes=lanes,
            stage_ms=clock.milliseconds,
            notes=(*percept.notes, "One network, from tracks and lanes to the controls."),
        )
        return control
