"""The driver learnt by reinforcement: a network on the observation vector, which reads the truth."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Platform, TruthSource
from drive_stack.rl.accelerations import control_of_accelerations
from drive_stack.rl.meta_actions import MetaAction, MetaController
from drive_stack.rl.vector import VECTOR_SIZE, vector_of
from drive_stack.runtime.sessions import open_session
from drive_stack.runtime.weights import Card, read_card
from drive_stack.support.layout import MODELS
from drive_stack.types import Control, Observation, StepTrace
from drive_stack.world_state import WorldState

WEIGHTS = MODELS / "ppo.onnx"
COMMAND = "python examples/learn_ppo.py"


class PpoConfig(StrictModel):
    """Configuration of a driver learnt by reinforcement."""

    kind: Literal["ppo"]
    name: str
    about: str = ""  # a one-line description
    weights: Path | None = None  # file of the network; None: the shipped weights
    engine: Literal["openvino", "onnxruntime"] = "openvino"
    threads: Annotated[int, Field(ge=1, le=64)] = 1

    @property
    def privileged(self) -> bool:
        """Always True: the observation vector is read from the truth."""
        return True

    @property
    def uses_camera(self) -> bool:
        """Always False."""
        return False

    @property
    def network(self) -> Path:
        """Weights file of the network that it runs."""
        return self.weights or WEIGHTS


class Layout(StrictModel):
    """Inputs and outputs of the network, from its card."""

    action: Literal["discrete_meta", "accelerations"]
    decision_period: Annotated[float, Field(gt=0.0)]  # time between two decisions [s]
    vector: Literal[106]  # number of inputs


class _PpoCard(Card):
    layout: Layout


class PpoAgent:
    """Drives with the most probable action of the network. It has no detections, lanes or tracks.

    Args:
        config: The configuration.
        platform: The car and its control rate.
        truth: The state of the world.

    Raises:
        ConfigError: There is no truth, or the weights are missing, altered or do not match their card.
    """

    privileged = True
    trace: StepTrace | None

    def __init__(self, config: PpoConfig, platform: Platform, truth: TruthSource | None) -> None:
        if truth is None:
            raise ConfigError(f"{config.name}: this agent reads the truth, which is not available here")
        path = config.network
        self._layout = read_card(path, COMMAND, _PpoCard)["layout"]
        self._session = open_session(path, engine=config.engine, threads=config.threads)
        if self._session.input_shape != (1, VECTOR_SIZE):
            raise ConfigError(f"{path}: takes {self._session.input_shape}, expected (1, {VECTOR_SIZE})")
        self.name, self._platform, self._truth = config.name, platform, truth
        self._decision_steps = max(round(self._layout.decision_period / platform.dt), 1)
        self._controller = MetaController(platform.car)
        self._step = 0
        self._last = Control(0.0, 0.0)
        self._note = ""
        self.trace = None

    def reset(self, seed: int) -> None:  # noqa: ARG002 - required by the protocol
        """Discard the state of the previous episode."""
        self._step = 0
        self.trace = None

    def act(self, observation: Observation) -> Control:  # noqa: ARG002 - it reads the truth instead
        """Decide, if a decision is due, and carry on with the last one otherwise."""
        start = time.perf_counter()
        state = self._truth.world_state()
        if self._step == 0:
            self._controller.reset(state.ego, state.road, state.speed_limit)
        if self._step % self._decision_steps == 0:
            self._decide(state)
        self._step += 1
        if self._layout.action == "discrete_meta":
            self._last = self._controller.control(state.ego, state.road, state.speed_limit)
        milliseconds = 1000.0 * (time.perf_counter() - start)
        self.trace = StepTrace(self._last, stage_ms={"policy": milliseconds}, notes=(self._note,))
        return self._last

    def _decide(self, state: WorldState) -> None:
        """Run the network on the observation vector and take its most probable action."""
        (outputs,) = self._session.run(vector_of(state)[None])
        if self._layout.action == "discrete_meta":
            action = MetaAction(int(np.argmax(outputs[0])))
            self._controller.choose(action, state.ego, state.road, state.speed_limit)
            self._note = f"One network, from the true surroundings to: {action.name.lower()}."
            return
        values = np.clip(outputs[0], -1.0, 1.0).astype(np.float32)
        self._last = control_of_accelerations(values, state.ego.speed, self._platform.car)
        self._note = "One network, from the true surroundings to two accelerations."
