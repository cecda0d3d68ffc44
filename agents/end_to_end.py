"""The end-to-end driver: one network from the camera image to steering and pedals."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.interfaces import Platform
from drive_stack.policy.runner import PLAIN_TRUNK, TRUNK, PolicyRunner
from drive_stack.types import Control, Observation, StepTrace

from .switch import Switch


class EndToEndConfig(StrictModel):
    """Configuration of an end-to-end driver."""

    kind: Literal["end_to_end"]
    name: str
    about: str = ""  # a one-line description
    weights: Path | None = (
        None  # file of the trunk, with the head in the same folder; None: the shipped weights
    )
    # the shipped weights: learnt with auxiliary targets, or from the expert's controls alone
    auxiliary_targets: bool = True
    engine: Literal["openvino", "onnxruntime"] = "openvino"
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    # from this time on, the present image stands for all earlier ones, as at the start of an episode [s]
    no_history_from: Annotated[float, Field(ge=0.0)] = float("inf")

    @property
    def privileged(self) -> bool:
        """Always False: the policy never reads the truth."""
        return False

    @property
    def uses_camera(self) -> bool:
        """Always True: the policy reads the image."""
        return True

    @property
    def trunk(self) -> Path:
        """Weights file of the trunk that it runs."""
        return self.weights or (TRUNK if self.auxiliary_targets else PLAIN_TRUNK)


class EndToEndAgent:
    """Drives with a `PolicyRunner`; it has no detections, lanes or tracks."""

    privileged = False

    def __init__(self, config: EndToEndConfig, platform: Platform) -> None:
        self.name = config.name
        self._no_history = Switch(config.no_history_from, platform.dt)
        self.trace: StepTrace | None = None
        self._runner = PolicyRunner(
            config.trunk, platform.car, platform.dt, threads=config.threads, engine=config.engine
        )

    def reset(self, seed: int) -> None:  # noqa: ARG002 - required by the protocol
        """Clear the state of the previous episode."""
        self._runner.reset()
        self._no_history.reset()
        self.trace = None

    def act(self, observation: Observation) -> Control:
        """Run the network once."""
        if self._no_history.step():
            self._runner.reset()
        start = time.perf_counter()
        control = self._runner.drive(observation)
        milliseconds = 1000.0 * (time.perf_counter() - start)
        self.trace = StepTrace(
            control,
            stage_ms={"policy": milliseconds},
            notes=("One network, from the picture to the controls.",),
            attention=partial(self._runner.attention, observation.image),
        )
        return control
