"""The modular driver: the whole chain from the camera image to the controls."""

from __future__ import annotations

from drive_stack.fault_injection import FaultInjector
from drive_stack.interfaces import OracleStages, Platform
from drive_stack.pipeline.driving import Pipeline
from drive_stack.types import Control, Observation, StepTrace

from .config import ModularConfig
from .stages import build_stages, switched_stages
from .switch import Switch


class ModularAgent:
    """Drives with a `Pipeline`. It receives oracles only when its configuration names one."""

    def __init__(
        self, config: ModularConfig, platform: Platform, oracles: OracleStages | None = None
    ) -> None:
        self.name, self.privileged = config.name, config.privileged
        oracles = oracles if config.privileged else None
        self._faults = FaultInjector(config.faults, platform.dt)
        stages = self._faults.wrap(build_stages(config, platform, oracles))
        self._stages, self._replaced = switched_stages(config, stages, platform, oracles)
        self._pipeline = Pipeline(self._stages, platform)
        self._switch = Switch(config.oracles.start, platform.dt)
        self.trace: StepTrace | None = None

    def reset(self, seed: int) -> None:
        """Clear the state of the previous episode; only injected faults draw from ``seed``."""
        self.trace = None
        self._switch.reset()
        self._faults.reset(seed)
        for stages in (self._replaced, self._stages):
            self._pipeline.use(stages)
            self._pipeline.reset()

    def act(self, observation: Observation) -> Control:
        """Run the pipeline once."""
        if self._switch.step():
            self._pipeline.use(self._replaced)
        self.trace = self._pipeline.step(self._faults.observe(observation))
        return self.trace.control

    def applied(self, control: Control) -> None:
        """Take ``control`` as that of the present step in place of the own one."""
        self._pipeline.applied(control)
