"""The facts about scenarios and agents that a batch needs; they are injected from outside the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.fingerprint import AgentFacts, fingerprint
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.redraws.search import HazardDrive


@dataclass(frozen=True, slots=True)
class ScenarioFacts:
    """What is known about a scenario once its file has been read and checked."""

    description: str
    source: str  # where the scenario comes from, such as an article or a test protocol
    world_name: str  # seeds the scenario's worlds, together with the episode's seed
    content: str  # everything that its episodes are drawn from, as JSON


@dataclass(frozen=True, slots=True)
class BatchWiring:
    """The scenarios and agents that a batch can use.

    `drive_stack` imports neither the environment nor the agents, so the command line passes in what is
    needed from them. Worker processes must be able to import ``build_agent`` by its name.
    """

    scenarios: Sequence[str]  # names in the catalogue
    scenario_facts: Callable[[str], ScenarioFacts]  # by name or file; raises `ConfigError` if unusable
    agent_facts: Callable[[str, Sequence[str]], AgentFacts]  # by agent and overrides
    build_agent: AgentBuilder
    packages: Sequence[Path]  # folders of the source code that drives; hashed for each row
    in_process_overrides: Callable[[str], Sequence[str]]  # agent → settings that ``--in-process`` adds
    drive_into_hazard: HazardDrive  # for the check that the hazards of paired courses can be avoided

    def with_trust(self, trusted: bool) -> BatchWiring:
        """Return a copy that may load agents which run code of their own.

        Only the command line grants this (``--trust``); no file can.
        """
        return replace(self, build_agent=partial(self.build_agent, trusted=True)) if trusted else self

    def world_name(self, scenario: str) -> str:
        """Return the name that seeds a scenario's worlds; ``scenario`` is a name or a file."""
        return self.scenario_facts(scenario).world_name

    def hash_of(self, task: BatchTask) -> str:
        """Return the present hash of everything that determines the task's result."""
        facts = self.agent_facts(task.agent, task.overrides)
        return fingerprint(facts, self.scenario_facts(task.scenario).content)
