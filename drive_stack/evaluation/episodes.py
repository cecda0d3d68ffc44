"""Which episode to drive, and which agent drives it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Episode:
    """One episode: a scenario and the seed that its random draws come from."""

    scenario: str  # a name of the catalogue or a file, with keys set or without, see `scenario_name`
    seed: int


@dataclass(frozen=True, slots=True)
class EpisodeTask(Episode):
    """One episode and the agent that drives it; this is all that a worker process needs."""

    agent: str  # registered name, configuration file or ``package.module:Class``
    overrides: tuple[str, ...] = ()  # KEY=VALUE, of the agent's configuration
