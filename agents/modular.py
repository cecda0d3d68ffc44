"""The modular driver: the whole chain from the camera image to the controls."""

from __future__ import annotations

from agents.config import ModularConfig
from agents.stages import build_stages
from drive_stack.fault_injection import FaultInjector
from drive_stack.interfaces import OracleStages, Platform
from drive_stack.pipeline import Pipeline
from drive_stack.types import Control, Observation, StepTrace


class ModularAgent:
    """Drives by a `Pipeline`. It is handed oracles only where its configuration names one."""

    def __init__(
        self, config: ModularConfig, platform: Platform, oracles: OracleStages | None = None
    ) -> None:
        self._config = config
        given = oracles if config.privileged else None
        self._faults = FaultInjector(config.faults, platform.dt)
        self._pipeline = Pipeline(self._faults.wrap(build_stages(config, platform, given)), platform)
        self._trace: StepTrace | None = None

    @property
    def name(self) -> str:
        """As its configuration has it."""
        return self._config.name

    @property
    def privileged(self) -> bool:
        """Whether any stage reads the truth."""
        return self._config.privileged

    @property
    def trace(self) -> StepTrace | None:
        """What it thought in its last step."""
        return self._trace

    def reset(self, seed: int) -> None:
        """Forget the episode before; only faults made on purpose draw from ``seed``."""
        self._trace = None
        self._faults.reset(seed)
        self._pipeline.reset()

    def act(self, observation: Observation) -> Control:
        """One step of the chain."""
        self._trace = self._pipeline.step(self._faults.observe(observation))
        return self._trace.control
