"""The privileged expert: the modular driver's planner and controllers on the true surroundings."""

from __future__ import annotations

from drive_stack.errors import ConfigError
from drive_stack.interfaces import OracleStages, Platform

from .config import ModularConfig
from .modular import ModularAgent


class ExpertAgent(ModularAgent):
    """A modular driver whose tracker and lanes read the truth; it needs no camera."""

    def __init__(self, config: ModularConfig, platform: Platform, oracles: OracleStages | None) -> None:
        implementations = (config.perception.detector, config.perception.lanes, config.tracking.tracker)
        if implementations != ("none", "oracle", "oracle"):
            raise ConfigError(
                f"{config.name}: the expert has detector none, lanes oracle and tracker oracle, not "
                + ", ".join(implementations)
            )
        super().__init__(config, platform, oracles)
