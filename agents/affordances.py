"""Direct perception: affordances of the road ahead, and a hand-designed driver that acts on them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field

from drive_stack.bounds import Threads
from drive_stack.config import StrictModel
from drive_stack.direct_perception.affordances import Affordances
from drive_stack.direct_perception.road_ahead import road_ahead
from drive_stack.direct_perception.surroundings import lanes_of, tracks_of
from drive_stack.direct_perception.truth import SurroundingActors, true_affordances
from drive_stack.errors import ConfigError
from drive_stack.interfaces import OracleStages, Platform, TruthSource
from drive_stack.monitoring.camera_monitor import CameraMonitor
from drive_stack.pipeline.driving import Driving
from drive_stack.pipeline.perceiving import Percept, StageClock
from drive_stack.policy.affordance_network import WEIGHTS, AffordanceNetwork
from drive_stack.types import Control, Observation, StepTrace

from .config import DrivingConfig
from .stages import build_driving
from .switch import Switch


class AffordanceOracleSettings(StrictModel):
    """From when on true affordances replace the estimated ones."""

    stages: tuple[Literal["affordances"], ...] = ()
    start: Annotated[float, Field(ge=0.0)] = 0.0  # since the start of the episode [s]


class AffordancesConfig(DrivingConfig):
    """Configuration of a driver by affordances."""

    kind: Literal["affordances"]
    name: str
    about: str = ""  # a one-line description
    estimator: Literal["network", "oracle"] = "network"
    weights: Path | None = None  # file of the trunk, with the head in the same folder; None: the shipped ones
    engine: Literal["openvino", "onnxruntime"] = "openvino"
    threads: Threads = 1
    grip: Literal["rain_sensor", "oracle"] = "rain_sensor"
    oracles: AffordanceOracleSettings = AffordanceOracleSettings()

    @property
    def privileged(self) -> bool:
        """Whether any stage reads the truth."""
        control = (self.control.lateral, self.control.longitudinal)
        stages = (self.estimator, self.grip, self.prediction.predictor, *control)
        return "oracle" in stages or bool(self.oracles.stages)

    @property
    def replaceable_stages(self) -> tuple[str, ...]:
        """The network, if it estimates the affordances: true ones can take the place of its answers."""
        return ("affordances",) if self.estimator == "network" else ()

    @property
    def uses_camera(self) -> bool:
        """Whether a network reads the image."""
        return self.estimator == "network"

    @property
    def trunk(self) -> Path:
        """Weights file of the trunk that it runs."""
        return self.weights or WEIGHTS


class AffordanceEstimator(Protocol):
    """Estimates the affordances of each step."""

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        ...

    def estimate(self, observation: Observation) -> Affordances:
        """The affordances of the present step."""
        ...


class TrueAffordances:
    """An oracle: the affordances that a perfect network would read off the image."""

    def __init__(self, truth: TruthSource, platform: Platform) -> None:
        self._truth, self._platform = truth, platform

    def reset(self) -> None:
        """Do nothing; this stage has no state."""

    def estimate(self, observation: Observation) -> Affordances:
        """The affordances of the present step; of the observation only the speed is used."""
        state, platform = self._truth.world_state(), self._platform
        return true_affordances(
            road_ahead(state), SurroundingActors.of(state), observation.speed, platform.camera, platform.car
        )


class AffordancesAgent:
    """Estimates affordances, and drives on them with the planner and the controllers of the modular driver.

    Raises:
        ConfigError: An oracle has no truth, or weights are missing, altered or do not match their card.
    """

    def __init__(
        self,
        config: AffordancesConfig,
        platform: Platform,
        oracles: OracleStages | None = None,
        truth: TruthSource | None = None,
    ) -> None:
        self.name, self.privileged = config.name, config.privileged
        self._platform = platform
        self._estimator = _estimator(config, platform, truth)
        self._monitor = CameraMonitor() if config.uses_camera else None
        self._true = _true_affordances(truth, platform) if config.oracles.stages else self._estimator
        self._switch = Switch(config.oracles.start, platform.dt)
        oracles = oracles if config.privileged else None
        self._driving = Driving(build_driving(config, config.grip, platform, oracles), platform)
        self.trace: StepTrace | None = None

    def reset(self, seed: int) -> None:  # noqa: ARG002 - required by the protocol
        """Clear the state of the previous episode."""
        self.trace = None
        self._switch.reset()
        self._estimator.reset()
        self._driving.reset()
        if self._monitor is not None:
            self._monitor.reset()

    def act(self, observation: Observation) -> Control:
        """Estimate the affordances, and drive one step on them."""
        clock, platform = StageClock(), self._platform
        fault = None if self._monitor is None else self._monitor.check(observation).fault
        estimator = self._true if self._switch.step() else self._estimator
        affordances = clock.time("affordances", lambda: estimator.estimate(observation))
        lanes = lanes_of(affordances, platform.camera)
        tracks = tracks_of(affordances, lanes, observation.speed, platform.car)
        percept = Percept(detections=(), objects=(), tracks=tracks, lanes=lanes, fault=fault)
        trace = self._driving.drive(observation, percept, clock)
        if isinstance(self._estimator, AffordanceNetwork):
            trace = replace(trace, attention=partial(self._estimator.attention, observation.image))
        self.trace = trace
        return trace.control


def _estimator(
    config: AffordancesConfig, platform: Platform, truth: TruthSource | None
) -> AffordanceEstimator:
    if config.estimator == "network":
        return AffordanceNetwork(config.trunk, platform.dt, threads=config.threads, engine=config.engine)
    return _true_affordances(truth, platform)


def _true_affordances(truth: TruthSource | None, platform: Platform) -> TrueAffordances:
    if truth is None:
        raise ConfigError("an oracle stage needs the simulator's truth, which this agent does not get")
    return TrueAffordances(truth, platform)
