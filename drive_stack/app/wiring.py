"""What the commands that drive batches are told by the command line alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.fingerprint import AgentFacts, fingerprint
from drive_stack.evaluation.batch.tasks import EpisodeTask


@dataclass(frozen=True, slots=True)
class Outside:
    """The worlds and the drivers."""

    scenarios: Sequence[str]  # the catalogue
    scenario_content: Callable[[str], str]  # name or file → all that its episodes are drawn from
    world_name: Callable[[str], str]  # name or file → what seeds its worlds
    agent_facts: Callable[[str, Sequence[str]], AgentFacts]
    build: AgentBuilder
    packages: Sequence[Path]  # whose sources drive
    sharing_process: Callable[[str], Sequence[str]]  # what ``--in-process`` sets for a driver, if anything

    def with_trust(self, trusted: bool) -> Outside:
        """The same with ``--trust`` as the command line has it: no file can say so."""
        return replace(self, build=partial(self.build, trusted=True)) if trusted else self

    def hash_of(self, task: EpisodeTask) -> str:
        """Of all that decides a task's result, as it is now."""
        facts = self.agent_facts(task.agent, task.overrides)
        return fingerprint(facts, self.scenario_content(task.scenario))
