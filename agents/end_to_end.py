"""The end-to-end driver: one network from the camera image to steering and pedals."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.interfaces import Platform
from drive_stack.policy.runner import TRUNK, PolicyRunner
from drive_stack.types import Control, Observation, StepTrace


class EndToEndConfig(StrictModel):
    """One driver of the end-to-end kind."""

    kind: Literal["end_to_end"]
    name: str
    about: str = ""  # one line for people
    weights: Path | None = None  # of the trunk, the head beside it; None: those that are shipped
    engine: Literal["openvino", "onnxruntime"] = "openvino"
    threads: Annotated[int, Field(ge=1, le=64)] = 1

    @property
    def privileged(self) -> bool:
        """Never: it reads no truth."""
        return False

    @property
    def looks(self) -> bool:
        """Always, at the picture."""
        return True

    @property
    def trunk(self) -> Path:
        """The weights it runs."""
        return self.weights or TRUNK


class EndToEndAgent:
    """Drives by a `PolicyRunner`: no box, lane or track anywhere inside."""

    privileged = False

    def __init__(self, config: EndToEndConfig, platform: Platform) -> None:
        self._name = config.name
        self.trace: StepTrace | None = None
        self._runner = PolicyRunner(
            config.trunk, platform.car, platform.dt, threads=config.threads, engine=config.engine
        )

    @property
    def name(self) -> str:
        """As its configuration has it."""
        return self._name

    def reset(self, seed: int) -> None:  # noqa: ARG002 - the protocol's
        """Forget the episode before."""
        self._runner.reset()
        self.trace = None

    def act(self, observation: Observation) -> Control:
        """One step of the network."""
        begin = time.perf_counter()
        control = self._runner.drive(observation)
        milliseconds = 1000.0 * (time.perf_counter() - begin)
        self.trace = StepTrace(
            control,
            stage_ms={"policy": milliseconds},
            notes=("One network, from the picture to the controls.",),
            attention=partial(self._runner.attention, observation.image),
        )
        return control
