"""Which episodes a session drives, and how one starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.rollout import Rollout
from drive_stack.interfaces import Agent, close_agent
from drive_stack.seeds import seed_range


@dataclass(frozen=True, slots=True)
class EpisodeSpec:
    """One scenario with one seed."""

    scenario: str
    seed: int


@dataclass(frozen=True, slots=True)
class Factories:
    """How to make a world, and an agent that drives in it."""

    env: Callable[[str], DrivingEnv]  # by a scenario's name or path
    agent: Callable[[DrivingEnv], Agent]


class EpisodeStarter:
    """Starts episodes, and owns the world and the agent of the present one.

    World and agent are reused while the scenario stays the same, because making a camera takes time.
    """

    def __init__(self, factories: Factories) -> None:
        self._factories = factories
        self._env: DrivingEnv | None = None
        self._agent: Agent | None = None

    def start(self, spec: EpisodeSpec) -> tuple[DrivingEnv, Rollout]:
        """Start an episode; returns its world, and the rollout at its first step."""
        if self._env is None or self._env.spec.scenario != spec.scenario:
            self.close()
            self._env = self._factories.env(spec.scenario)
            self._agent = self._factories.agent(self._env)
        assert self._agent is not None
        return self._env, Rollout(self._env, self._agent, scenario=spec.scenario, seed=spec.seed)

    def close(self) -> None:
        """Free the world and the agent."""
        if self._agent is not None:
            close_agent(self._agent)
        if self._env is not None:
            self._env.close()
        self._env = self._agent = None


def consecutive_episodes(scenario: str, seed: int, count: int) -> Sequence[EpisodeSpec]:
    """Return episodes of one scenario with the seeds from ``seed`` on; `ConfigError` beyond the last seed."""
    return [EpisodeSpec(scenario, own_seed) for own_seed in seed_range(seed, count)]


def in_next_scenario(spec: EpisodeSpec, catalogue: Sequence[str]) -> EpisodeSpec:
    """Return an episode with the same seed in the next scenario of the catalogue.

    A scenario that is not in the catalogue is followed by the first one.
    """
    names = tuple(catalogue)
    index = (names.index(spec.scenario) + 1) % len(names) if spec.scenario in names else 0
    return EpisodeSpec(names[index], spec.seed)
